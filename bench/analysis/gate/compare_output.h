/* Prints a comparison: text and Markdown for people; JSON, CSV and JUnit XML for programs. */
#ifndef BUSBAR_COMPARE_OUTPUT_H
#define BUSBAR_COMPARE_OUTPUT_H

#include "analysis/gate/comparison.h"
#include "analysis/gate/contract.h"
#include "base/format.h"

struct output_choice {
    enum format format; /* text, markdown, json, csv or junit */
    bool bandwidth;     /* rates and their ratio instead of times */
    bool strict, wide;
    double alpha, delta;
    const char *gate; /* the gate file's path; NULL: none */
};

/* Adds the whole output; the same input gives the same bytes. `contract` may be NULL. */
void comparison_print(const struct comparison *, const struct contract *, const struct output_choice *,
                      struct text *out);

/* compare_programs.c */
void comparison_json(const struct comparison *, const struct contract *, const struct output_choice *,
                     struct text *out);
void comparison_csv(const struct comparison *, struct text *out);
void comparison_junit(const struct comparison *, const struct contract *, bool strict, struct text *out);

/* Whether text shows the p of a case. Not if the units are too few to decide, nor if the case is confounded
   with the allocation: the p of its launches does not hold then. JSON and CSV, which flag both, have it. */
bool shows_p(const struct compared_case *);

/* The geometric mean of the ratios of all cases that were judged, and their number; NAN: none. */
double comparison_mean_ratio(const struct comparison *, size_t *count);

#endif
