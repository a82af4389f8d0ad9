/* The table of workloads (workloads.tsv): the collectives and matrix multiplications of one step of a job.
   results/README.md describes its columns. People edit the file, and `busbar import` writes such files. */
#ifndef BUSBAR_WORKLOADS_H
#define BUSBAR_WORKLOADS_H

#include "base/text.h"
#include "catalog/catalog.h"
#include "collective/collective.h"
#include "collective/dtype.h"

/* The axes along which a job divides its ranks, the fastest first: ranks that are next to each other differ
   in their tensor index. */
enum parallel { PARALLEL_TENSOR, PARALLEL_EXPERT, PARALLEL_DATA, PARALLEL_PIPELINE, AXES };
extern const char *const axis_names[AXES + 1]; /* NULL-terminated */

/* A row: a collective, or a matmul. */
struct workload_row {
    size_t line;                         /* in the file */
    const struct collective *collective; /* NULL: a matmul */
    const char *imbalance;               /* of alltoallv, as records name it ("1.5"); else NULL */
    const char *part, *note;             /* "all_reduce", "alltoallv:1.5", "matmul" */
    unsigned axes;       /* bits 1 << enum parallel: the group varies along these; 0: all ranks */
    const char *group;   /* names of the axes, in the order of the enum: "expert+data"; NULL: all ranks */
    const char *dtype;   /* of elements or operands; NULL: not given */
    int64_t bytes;       /* message size of a collective, as nccl-tests defines it */
    int64_t m, n, k;     /* of a matmul; 0: not given, only `flops` is */
    double count;        /* calls, back to back, in one iteration; NAN: a matmul without shape */
    double flops;        /* of all calls of a matmul in one iteration; NAN: a collective */
    const char *loop;    /* consecutive rows with this name repeat together; NULL: no loop */
    int64_t times;       /* iterations of the loop; 1: no loop */
    const char *overlap; /* consecutive rows with this word run at the same time; NULL: the row runs alone */
};

/* All calls in a step of one collective with one size, type and group. */
struct workload_part {
    const char *name;                   /* "all_reduce", "alltoallv:1.5" */
    const char *collective, *imbalance; /* imbalance: of alltoallv ("1.5"); else NULL */
    const char *group;                  /* NULL: all ranks */
    const char *dtype;
    int64_t bytes; /* message size as nccl-tests defines it for the collective */
    double count;  /* per step */
    const char *note;
};

struct workload {
    const char *name;
    struct workload_row *rows; /* in the order of the file, in which the step runs them */
    size_t row_count;
    struct workload_part *parts;
    size_t part_count;
    double flops;             /* floating-point operations per step and GPU; NAN: not given */
    double tokens;            /* per step and GPU; NAN: not given */
    const char *dtype, *note; /* of the first matmul; NULL: no matmul */
    bool types_differ;        /* the matmuls have several types */
    int64_t sizes[AXES];      /* suggested numbers of ranks along each axis; 0: none */
};

struct workloads {
    struct workload *list;
    size_t count;
    const char *path;
    struct arena arena;
};

/* Reads the table at `path`; NULL: workloads.tsv in the folder of the catalog. Free it with workloads_free().
   Returns STATUS_ENVIRONMENT after printing one line that names the file, the line and the column, with
   nothing to free. */
enum status workloads_read(struct workloads *, const struct catalog *, const char *path);
void workloads_free(struct workloads *);
const struct workload *workload_find(const struct workloads *, const char *name); /* NULL: there is none */
/* Sets *workload to the workload of this name. Returns STATUS_USAGE after printing one line with the names of
   all workloads if there is none. */
enum status workload_choose(const struct workloads *, const char *name, const struct workload **workload);

#endif
