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

/* A row: a collective, or a multiplication. */
struct workload_row {
    size_t line;                         /* in the file */
    const struct collective *collective; /* NULL: a matmul */
    const char *imbalance;               /* of alltoallv ("1.5"); else NULL */
    const char *part, *note;             /* "all_reduce", "alltoallv:1.5", "matmul" */
    unsigned axes;       /* bits 1 << enum parallel: the group varies along these; 0: all ranks */
    const char *group;   /* as written, without sizes: "data+expert"; NULL: all ranks */
    const char *dtype;   /* of elements or operands; NULL: not given */
    int64_t bytes;       /* of a collective, as nccl-tests counts them */
    int64_t m, n, k;     /* of a matmul; 0: not given, only `flops` is */
    double count;        /* calls, back to back, in one iteration; NAN: a matmul without shape */
    double flops;        /* of all calls of a matmul in one iteration; NAN: a collective */
    const char *loop;    /* consecutive rows with this name repeat together; NULL: no loop */
    int64_t times;       /* iterations of the loop; 1: no loop */
    const char *overlap; /* consecutive rows with this word run at the same time; NULL: the row runs alone */
};

/* All calls of a collective of one size, type and group in a step. */
struct workload_part {
    const char *name;                   /* "all_reduce", "alltoallv:1.5" */
    const char *collective, *imbalance; /* imbalance: of alltoallv ("1.5"); else NULL */
    const char *group;                  /* NULL: all ranks */
    int64_t bytes;                      /* message size as nccl-tests defines it for the collective */
    double count;                       /* per step */
    const char *note;
};

struct workload {
    const char *name;
    struct workload_row *rows; /* in the order of the file, which is that of the step */
    size_t row_count;
    struct workload_part *parts;
    size_t part_count;
    double flops;             /* floating-point operations per step and GPU; NAN: not given */
    double tokens;            /* per step and GPU; NAN: not given */
    const char *dtype, *note; /* of the matmuls; note: of the first */
    bool types_differ;        /* the matmuls have several types; `dtype` is the first one's */
    int64_t sizes[AXES];      /* suggested numbers of ranks along each axis; 0: none */
};

struct workloads {
    struct workload *list;
    size_t count;
    const char *path;
    struct arena arena;
};

/* Reads the table at `path`; NULL: workloads.tsv in the folder of the catalog. Returns STATUS_ENVIRONMENT
   after printing one line that names the file, the line and the column. */
enum status workloads_read(struct workloads *, const struct catalog *, const char *path);
void workloads_free(struct workloads *);
const struct workload *workload_find(const struct workloads *, const char *name);
/* The same; STATUS_USAGE after one line with the names that there are. */
enum status workload_choose(const struct workloads *, const char *name, const struct workload **);

#endif
