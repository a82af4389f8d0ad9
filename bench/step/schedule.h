/* What a step does, in order: made of a workload (catalog/workloads.h) for a number of ranks. No MPI: every
   rank computes the same schedule. */
#ifndef BUSBAR_STEP_SCHEDULE_H
#define BUSBAR_STEP_SCHEDULE_H

#include "catalog/workloads.h"
#include "record/gemm_type.h"
#include "record/shapes.h"

/* What replaces a workload's own. */
struct schedule_options {
    int64_t sizes[AXES]; /* ranks along an axis; 0: as the workload suggests, else 1 */
    int dtype;           /* enum dtype of all collectives; -1: the rows' */
    int gemm_type;       /* enum gemm_type of all matmuls; -1: the rows' */
    struct shape shape;  /* of the matmul without a shape; m 0: there must be none */
};

/* A collective that the step makes, of one size, type and group. */
struct step_call {
    const struct workload_row *row; /* the first that makes it */
    enum dtype dtype;
    unsigned axes;
    int ranks;       /* in its group; at least 2 */
    size_t count;    /* elements; 0: fewer bytes than one element for each rank */
    int64_t bytes;   /* of these */
    int64_t in_step; /* calls in a step, and how many of these beside matmuls */
    int64_t beside;
};

/* A multiplication that the step makes, of one shape and type. */
struct step_product {
    const struct workload_row *row;
    enum gemm_type type;
    int64_t m, n, k, in_step;
};

/* Calls of one of both, back to back. */
struct step_item {
    bool is_call; /* else a product */
    size_t index; /* in schedule.calls or schedule.products */
    int count;
};

/* Items that run at the same time: all collectives, in order, beside all matmuls; or a single item. */
struct step_section {
    size_t first, last;  /* in schedule.items; last: behind the end */
    const char *overlap; /* the word of the workload; NULL: a single item */
    int64_t in_step;     /* how often a step runs it */
};

/* Sections that repeat together. */
struct step_loop {
    size_t first, last; /* in schedule.sections */
    int64_t times;
};

struct schedule {
    const struct workload *workload;
    int ranks;
    int64_t sizes[AXES]; /* their product is `ranks` */
    struct step_call *calls;
    struct step_product *products;
    struct step_item *items;
    struct step_section *sections;
    struct step_loop *loops;
    size_t call_count, product_count, item_count, section_count, loop_count;
    const char *label; /* "gpt2-ddp@0123abcd": the name, and a hash of what the step does */
};

/* STATUS_USAGE or STATUS_ENVIRONMENT after one line, which names the file, line and column where a row is the
   reason. The workload, and the table's path, must outlive the schedule. */
enum status schedule_make(struct schedule *, const struct workload *, const char *path, int ranks,
                          const struct schedule_options *);
void schedule_free(struct schedule *);

/* The group of `rank` among those that differ along `axes`: ranks with the same number are in one group. 0
   for all ranks. */
int schedule_group(const struct schedule *, unsigned axes, int rank);

/* "data+expert"; "" for all ranks. */
const char *axes_words(unsigned axes, struct text *);

#endif
