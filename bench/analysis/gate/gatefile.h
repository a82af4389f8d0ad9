/* The gate file: what a CI keeps beside its code. One rule a line, '#' starts a comment:

       PATTERN [CONDITION…] REQUIREMENT…

   PATTERN: a collective's name, "matmul", or a shell pattern of them (all_*, *).

   CONDITION, on what was asked: requested_bytes>=1G, ranks=8, dtype=float, mode!=isolated; texts are compared
   with shell patterns.

   REQUIREMENT: delta=5%, the tolerance of `busbar compare` for these cases (the last rule that matches
   counts); or a limit on each matching case (all rules that match count): busbw_gbps>=460, median_us<=25,
   tflops>=700, bound_percent>=80 (of the physical bound or peak), wrong<=0, launches>=6,
   transport=*GDRDMA*.

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

/* What a requirement limits. */
enum quantity {
    QUANTITY_NONE,
    MEDIAN_US,
    P95_US,
    P99_US,
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
    enum quantity quantity; /* of a requirement; QUANTITY_NONE: the term is a condition */
    enum relation relation;
    double number;
    const char *pattern;       /* of a text; NULL: a number */
    const struct field *field; /* of struct case_row; NULL: the launch or the aggregate knows it */
};

enum { GATE_TERMS = 16 };

struct gate_rule {
    size_t line;
    const char *text; /* the rule as written, without comment, single blanks */
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

/* STATUS_ENVIRONMENT where the file cannot be read; STATUS_USAGE for the first line that is no rule, named
 * with its number. */
enum status gate_read(struct gate *, const char *path);
void gate_free(struct gate *);

/* domains: NVLink domains that the case ran on; ABSENT: not known, which fulfils no condition. */
bool gate_matches(const struct gate_rule *, const struct case_row *, int64_t domains);
/* Whether the rule's pattern has a collective's name. */
bool gate_names(const struct gate_rule *, const char *collective);
/* The value of the condition name=value; NAN: there is none. */
double gate_condition(const struct gate_rule *, const char *name);
double gate_delta(const struct gate *, const struct case_row *, double otherwise); /* gate may be NULL */
bool gate_holds(enum relation, double measured, double required);

/* Whether the term limits a count, which has no interval and no bound. */
bool gate_counts(const struct gate_term *);
/* "800 GB/s is above the bound of 787.5 GB/s" into `why` where no machine that `bound` describes can hold the
   limit; else false. bound: of the quantity (busbw in GB/s, time in us, peak in TFLOP/s); NAN: not known. */
bool gate_beyond(const struct gate_term *, double bound, const char *formula, struct text *why);

#endif
