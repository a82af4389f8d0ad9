/* Rows of a collective beside a matmul (record/overlap.h), over the launches of a run. Rule 1 (README.md)
   holds for them as for cases: only repetitions of one case become one figure. They are no cases, so no
   ranking or plot of cases sees them; overlap_cases.h makes cases of them for the commands that judge. */
#ifndef BUSBAR_OVERLAPS_H
#define BUSBAR_OVERLAPS_H

#include "analysis/compare/aggregate.h"
#include "record/overlap.h"

/* Launches with wrong results count in `wrong`, but contribute no figure. */
struct overlap_summary {
    const struct overlap_row *row; /* of the first launch that has it */
    struct conditions conditions;
    const char *key, *curve; /* completed by the conditions; curve: without the ratio, so equal for rows that
                                differ in nothing else */
    struct figure communication_us, computation_us, both_us;
    struct figure hidden_share, communication_slowdown, computation_slowdown;
    size_t launches, attempts; /* launches with a figure; all with such a row */
    int64_t wrong;             /* over all launches and both sides; ABSENT: no launch checked */
    enum case_status status;   /* the worst of all launches */
    const char *error;         /* of the launch with that status; may be NULL */
};

struct overlaps {
    struct overlap_summary *list; /* rows that differ only in their ratio are neighbours, in ascending order
                                     of the ratio */
    size_t count;
    struct arena arena;
};

/* The run must outlive the result. */
struct overlaps overlaps_of(const struct run_summary *);
void overlaps_free(struct overlaps *);

#endif
