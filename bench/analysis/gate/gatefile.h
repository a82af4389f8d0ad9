/* The gate file, which a project keeps with its code for CI. One rule per line, '#' starts a comment:

       PATTERN [CONDITION…] REQUIREMENT…

   PATTERN: a collective's name, "matmul", "step", "overlap", or a shell pattern that matches such names
   (all_*, *).

   CONDITION, on the settings of a case: requested_bytes>=1G, ranks=8, dtype=float, mode!=isolated. Texts are
   shell patterns.

   REQUIREMENT: delta=5%, the tolerance of `busbar compare` for matching cases (if several rules match, the
   last one with a delta counts); or a limit on each matching case (all matching rules count):
   busbw_gbps>=460, median_us<=25, tflops>=700, bound_percent>=80 (of the physical bound or peak), wrong<=0,
   launches>=6, transport=*GDRDMA*. A rate or time may be limited by a share of what a reference run has in
   the same case: busbw_gbps>=90%, median_us<=110%.

   The comment lines right above a rule are its reason. */
#ifndef BUSBAR_GATEFILE_H
#define BUSBAR_GATEFILE_H

#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>

enum relation {
    RELATION_EQUAL,
    RELATION_UNEQUAL,
    RELATION_LEAST,
    RELATION_MOST,
    RELATION_ABOVE,
    RELATION_BELOW
};

/* The measured quantity that a requirement limits. */
enum quantity {
    QUANTITY_NONE,
    MEDIAN_US,
    P95_US,
    P99_US,
    ROW_RATIO,     /* a ratio in the rows: the slowdown beside a load, the loaded share of the time */
    OVERLAP_RATIO, /* a ratio in the lines of overlap: the hidden share, a side's slowdown */
    ALGBW_GBPS,
    BUSBW_GBPS,
    TFLOPS,
    BOUND_PERCENT,  /* of the physical bound, or of the peak of a matmul */
    WRONG_ELEMENTS, /* over all launches; not checked in some launch: no figure */
    LAUNCHES,       /* that have a figure */
    TRANSPORT       /* a text: how NCCL connected the ranks */
};

struct gate_term {
    const char *text;       /* as written: "busbw_gbps>=460" */
    const char *name;       /* "busbw_gbps" */
    enum quantity quantity; /* what a requirement limits; QUANTITY_NONE: the term is a condition */
    enum relation relation;
    double number;
    bool of_reference;                 /* the number is a share of the reference's figure: 0.9 for ">=90%" */
    const char *pattern;               /* compared with a text; NULL: the term compares numbers */
    const struct field *field;         /* of struct case_row; NULL: the launch or the aggregate knows it */
    const struct field *overlap_field; /* of struct overlap_row; NULL: it has no such member */
};

enum { GATE_TERMS = 16 };

struct gate_rule {
    size_t line;
    const char *text; /* the rule as written, without comment, its words separated by single blanks */
    const char *pattern;
    struct gate_term conditions[GATE_TERMS], requirements[GATE_TERMS];
    size_t condition_count, requirement_count;
    double delta;       /* NAN: none given */
    const char *reason; /* NULL: none given */
};

struct gate {
    const char *path;
    struct gate_rule *rules;
    size_t count;
    struct arena arena;
};

/* Returns STATUS_ENVIRONMENT if the file cannot be read; STATUS_USAGE if it has no rule, or after printing
   one line that names the file and the first line that is not a valid rule. */
enum status gate_read(struct gate *, const char *path);
void gate_free(struct gate *);

/* domains: number of NVLink domains that the case ran on; ABSENT: not known, so that no condition on it
   holds. */
bool gate_matches(const struct gate_rule *, const struct case_row *, int64_t domains);
/* Whether the rule's pattern has a collective's name. */
bool gate_names(const struct gate_rule *, const char *collective);
/* The value of the condition name=value; NAN: there is none. */
double gate_condition(const struct gate_rule *, const char *name);
/* The delta of the last matching rule that has one, or `otherwise`. The gate may be NULL. */
double gate_delta(const struct gate *, const struct case_row *, double otherwise);
bool gate_holds(enum relation, double measured, double required);

/* Whether a requirement is on such cases. Times and rates of overlap are of as many calls as a launch chose,
   so no rule limits them; only overlap has a hidden share. */
bool gate_concerns(const struct gate_term *, const struct case_row *);
/* Whether the term limits a count, which has no interval and no bound. */
bool gate_counts(const struct gate_term *);
/* Whether no machine that `bound` describes can hold the limit; then sets `why`: "800 GB/s is above the bound
   of 787.5 GB/s". limit: the term's number or, for a share, that share of the reference's figure; NAN: not
   known. bound: of the quantity (busbw in GB/s, time in us, peak in TFLOP/s); NAN: not known. */
bool gate_beyond(const struct gate_term *, double limit, double bound, const char *formula, struct text *why);

#endif
