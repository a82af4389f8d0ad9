/* What a step of a job moves and computes (results/workloads.tsv), and which clouds are comparable for it. */
#ifndef BUSBAR_WORKLOAD_H
#define BUSBAR_WORKLOAD_H

#include "analysis/compare/ranking.h"

struct workload_part {
    const char *collective;
    int64_t bytes; /* by nccl-tests' rule for the collective */
    double count;  /* per step */
    const char *note;
};

struct workload {
    const char *name;
    struct workload_part *parts;
    size_t part_count;
    double flops;             /* per step and GPU; NAN: none given */
    const char *dtype, *note; /* of the matmul */
};

struct workloads {
    struct workload *list;
    size_t count;
    const char *path;
    struct arena arena;
};

/* NULL: workloads.tsv beside the catalog's tables. STATUS_ENVIRONMENT after one line with file and line. */
enum status workloads_read(struct workloads *, const struct catalog *, const char *path);
void workloads_free(struct workloads *);
const struct workload *workload_find(const struct workloads *, const char *name);

/* One run's step in one world (a number of GPUs, conditions, cache). Times in seconds. */
struct step {
    size_t run;
    int64_t ranks;
    const char *world; /* ", 2 NVLink domains": what tells it from the run's other steps; "" */
    struct basis basis;
    struct figure communication, computation; /* computation absent: not measured */
    struct figure overlapped,
        serial;             /* max(computation, communication) and their sum: the truth is between */
    bool slower_than_first; /* of its basis, by the same intervals as the place */
    size_t place;           /* among the steps of one basis, simultaneous over all pairs; 0: no interval */
    const char *missing;    /* why there is no communication figure; else NULL */
    const char *no_computation; /* why there is none; NULL: there is, or the workload has none */
    const struct case_summary **parts,
        *gemm; /* where its figures come from: a line per part of the workload */
};

/* All steps that can be put together, grouped by what is comparable (GPUs, extent, mode, cache, statistic,
   matmul or not), fastest first in a group; then those with `missing`. The caller frees the list. Text lives
   in the arena. */
struct step *workload_steps(const struct study *, const struct workload *, size_t *count, struct arena *);
bool steps_comparable(const struct step *, const struct step *);

enum order { ORDER_FASTER, ORDER_SLOWER, ORDER_UNDECIDED };
/* Is a faster than b, whatever the overlap (as long as it is the same)? By the interval of the ratio of times
   at both ends of the range; each ratio's interval comes from the ends of both intervals, so it is at least
   as wide as stated. */
enum order steps_order(const struct step *a, const struct step *b, struct figure *ratio);

#endif
