/* Computes how long a step of a workload (catalog/workloads.h) takes in each run, from the measured times
   of its parts, and decides which runs are comparable for it. */
#ifndef BUSBAR_WORKLOAD_H
#define BUSBAR_WORKLOAD_H

#include "analysis/compare/ranking.h"
#include "catalog/workloads.h"

/* One run's step in one world (a number of GPUs, conditions, cache). Times in seconds. */
struct step {
    size_t run;
    int64_t ranks;
    const char *world; /* how it differs from the run's other steps: ", 2 NVLink domains"; "": it does not */
    struct basis basis;
    struct figure communication, computation; /* computation absent: not measured */
    /* full overlap: max(computation, communication); none: their sum; the true time is between them */
    struct figure overlapped, serial;
    bool slower_than_first; /* than the first of its basis, by the same intervals as the place */
    size_t place;           /* among the steps of one basis, by simultaneous intervals; 0: no interval */
    const char *missing;    /* why there is no communication figure; NULL: there is one */
    /* why there is no such figure; NULL: there is one, or the workload has none */
    const char *no_computation;
    const struct case_summary **parts, *gemm; /* the sources of the figures; parts: one per workload part */
};

/* Lists all steps: groups of comparable ones (same GPUs, extent, mode, cache, statistic, with matmul or
   without), fastest first in each group; then those with `missing`. The caller frees the list; the arena owns
   its strings. */
struct step *workload_steps(const struct study *, const struct workload *, size_t *count, struct arena *);
bool steps_comparable(const struct step *, const struct step *);

enum order { ORDER_FASTER, ORDER_SLOWER, ORDER_UNDECIDED };
/* Is a faster than b for every degree of overlap, if both overlap equally? Uses the interval of the ratio of
   times without and with full overlap. The interval is computed from the ends of both steps' intervals, so
   that it is conservative. */
enum order steps_order(const struct step *a, const struct step *b, struct figure *ratio);

#endif
