/* The gate file: what a CI keeps beside its code. One rule a line, '#' starts a comment:

       PATTERN [CONDITION…] REQUIREMENT…

   PATTERN: a collective's name, "matmul", or a shell pattern of them (all_*, *).

   CONDITION, on what was asked: requested_bytes>=1G, ranks=8, dtype=float, mode!=isolated; texts are compared
   with shell patterns.

   REQUIREMENT: delta=5%, the tolerance of `busbar compare` for these cases (the last rule that matches
   counts); or an absolute limit on each matching case, busbw_gbps>=460, median_us<=25, tflops>=700 (all rules
   that match count). */
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
enum quantity { QUANTITY_NONE, MEDIAN_US, P95_US, P99_US, ALGBW_GBPS, BUSBW_GBPS, TFLOPS };

struct gate_term {
    const char *text;       /* as written: "busbw_gbps>=460" */
    const char *name;       /* "busbw_gbps" */
    enum quantity quantity; /* of a requirement; QUANTITY_NONE: the term is a condition */
    enum relation relation;
    double number;
    const char *pattern;       /* of a text; NULL: a number */
    const struct field *field; /* of struct case_row */
};

enum { GATE_TERMS = 16 };

struct gate_rule {
    size_t line;
    const char *text; /* the rule as written, without comment, single blanks */
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

/* STATUS_ENVIRONMENT where the file cannot be read; STATUS_USAGE for the first line that is no rule, named
 * with its number. */
enum status gate_read(struct gate *, const char *path);
void gate_free(struct gate *);

bool gate_matches(const struct gate_rule *, const struct case_row *);
double gate_delta(const struct gate *, const struct case_row *, double otherwise); /* gate may be NULL */
bool gate_holds(enum relation, double measured, double required);

#endif
