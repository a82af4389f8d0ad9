/* The schedule of a step: its collectives and multiplications in their order, made from a workload
   (catalog/workloads.h) for a number of ranks. Uses no MPI: every rank computes the same schedule. */
#ifndef BUSBAR_STEP_SCHEDULE_H
#define BUSBAR_STEP_SCHEDULE_H

#include "catalog/workloads.h"
#include "record/gemm_type.h"
#include "record/shapes.h"

/* Values that replace those of the workload. */
struct schedule_options {
    int64_t sizes[AXES]; /* ranks along each axis; 0: as the workload suggests, or 1 */
    int dtype;           /* enum dtype of all collectives; -1: those of the rows */
    int gemm_type;       /* enum gemm_type of all matmuls; -1: those of the rows */
    struct shape shape;  /* of matmuls without a shape; m 0: such matmuls are refused */
};

/* A collective of the step: one size, element type and group. */
struct step_call {
    const struct workload_row *row; /* the first row with it */
    enum dtype dtype;
    unsigned axes;
    int ranks;       /* in its group; at least 2 */
    size_t count;    /* elements; 0: the size is less than one element for each rank */
    int64_t bytes;   /* size of `count` elements */
    int64_t in_step; /* calls in a step; `beside`: those of them that overlap with matmuls */
    int64_t beside;
};

/* A multiplication of the step: one shape and type. */
struct step_product {
    const struct workload_row *row;
    enum gemm_type type;
    int64_t m, n, k, in_step;
};

/* Repetitions of a collective or a multiplication, back to back. */
struct step_item {
    bool is_call; /* else a product */
    size_t index; /* in schedule.calls or schedule.products */
    int count;
};

/* A single item, or an overlap: its collectives run in their order, and its matmuls at the same time. */
struct step_section {
    size_t first, last;  /* items first … last - 1 of the schedule */
    const char *overlap; /* the overlap's word in the workload; NULL: a single item */
    int64_t in_step;     /* how often a step runs it */
};

/* Sections that repeat together, as one sequence. */
struct step_loop {
    size_t first, last; /* sections first … last - 1 of the schedule */
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
    const char *label; /* "gpt2-ddp@0123abcd": the workload's name, and a hash of the schedule */
};

/* Makes the schedule. Returns STATUS_USAGE or STATUS_ENVIRONMENT after printing one line; if a row is the
   reason, the line names file, line and column. The workload and `path` must outlive the schedule. */
enum status schedule_make(struct schedule *, const struct workload *, const char *path, int ranks,
                          const struct schedule_options *);
void schedule_free(struct schedule *);

/* The number of the group that `rank` belongs to if groups extend along `axes`: ranks of a group differ only
   in their places on these axes. If `axes` is 0, all ranks are in group 0. */
int schedule_group(const struct schedule *, unsigned axes, int rank);

/* Writes "expert+data" into `text`, and returns it; "" if axes is 0. */
const char *axes_words(unsigned axes, struct text *);

#endif
