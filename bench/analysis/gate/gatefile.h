/* The gate file, which a project keeps with its code for CI. One rule per line, '#' starts a comment:

       PATTERN [CONDITION…] REQUIREMENT…

   PATTERN: a collective's name, "matmul", or a shell pattern that matches such names (all_*, *).

   CONDITION, on the settings of a case: requested_bytes>=1G, ranks=8, dtype=float, mode!=isolated. Texts are
   shell patterns.

   REQUIREMENT: delta=5%, the tolerance of `busbar compare` for matching cases (if several rules match, the
   last one with a delta counts); or an absolute limit on each matching case: busbw_gbps>=460, median_us<=25,
   tflops>=700 (all matching rules count). */
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
enum quantity { QUANTITY_NONE, MEDIAN_US, P95_US, P99_US, ALGBW_GBPS, BUSBW_GBPS, TFLOPS };

struct gate_term {
    const char *text;       /* as written: "busbw_gbps>=460" */
    const char *name;       /* "busbw_gbps" */
    enum quantity quantity; /* what a requirement limits; QUANTITY_NONE: the term is a condition */
    enum relation relation;
    double number;
    const char *pattern;       /* compared with a text; NULL: the term compares numbers */
    const struct field *field; /* the member of struct case_row */
};

enum { GATE_TERMS = 16 };

struct gate_rule {
    size_t line;
    const char *text; /* the rule as written, without comment, its words separated by single blanks */
    const char *pattern;
    struct gate_term conditions[GATE_TERMS], requirements[GATE_TERMS];
    size_t condition_count, requirement_count;
    double delta; /* NAN: none given */
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

bool gate_matches(const struct gate_rule *, const struct case_row *);
/* The delta of the last matching rule that has one, or `otherwise`. The gate may be NULL. */
double gate_delta(const struct gate *, const struct case_row *, double otherwise);
bool gate_holds(enum relation, double measured, double required);

#endif
