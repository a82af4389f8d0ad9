/* Makes a workload of a trace: reads the collectives and matrix multiplications that one rank of a PyTorch
   job ran in one step, and writes them as rows of a table of workloads (results/README.md). trace_read.c
   reads the events, trace_operations.c selects one step's operations, trace_rows.c writes the rows. */
#ifndef BUSBAR_TRACE_H
#define BUSBAR_TRACE_H

#include "base/text.h"
#include "collective/collective.h"
#include "collective/dtype.h"

#include <jansson.h>
#include <stdint.h>

enum { TRACE_TENSORS = 3, TRACE_DIMENSIONS = 8 };
#define NO_EVENT  ((size_t)-1)
#define NO_NUMBER ((int64_t)-1) /* missing, or not a whole number of at least 0 */

/* A tensor, or a list of tensors, in the inputs of an operation. */
struct trace_tensor {
    int64_t elements; /* in a list: of all its tensors; NO_NUMBER: missing, or too many for an int64_t */
    size_t dimension_count; /* 0: a list, or missing */
    int64_t dimensions[TRACE_DIMENSIONS];
    const char *type; /* "float", "c10::BFloat16"; NULL: missing */
};

/* The ranks start, start + stride, … of the job. */
struct trace_group {
    const char *name, *description; /* PyTorch's: "3", "mesh_tp"; NULL: missing */
    int64_t size, start, stride;    /* NO_NUMBER: missing; stride: also if the ranks are irregular */
};

/* What the arguments of a collective or of a matmul say. */
struct trace_facts {
    const char *collective; /* "allreduce", as the process group calls it; NULL: missing */
    const char *type;       /* "BFloat16"; NULL: missing */
    int64_t in, out;        /* elements of this rank's input and output; NO_NUMBER: missing */
    bool uneven;            /* an all-to-all whose parts differ in size */
    struct trace_group group;
    struct trace_tensor inputs[TRACE_TENSORS];
};

enum trace_kind {
    TRACE_OPERATION,  /* any other operation of PyTorch */
    TRACE_COLLECTIVE, /* an operation or annotation that describes a collective */
    TRACE_WORKER,     /* a thread of gloo or MPI while it carries out a collective */
    TRACE_MATMUL,     /* an operation that multiplies matrices */
    TRACE_STEP,       /* "ProfilerStep#7" */
    TRACE_LAUNCH,     /* a call of the CUDA runtime or driver */
    TRACE_KERNEL,     /* a kernel on the GPU */
};

struct trace_event {
    enum trace_kind kind;
    const char *name;
    double start, end; /* µs; in a Chakra trace, which has no times, both are the number of the node */
    double thread;
    double id;     /* PyTorch's number of the call; ascends in the order of start */
    double link;   /* a kernel and its launch have the same number; Chakra: the number of the parent node */
    size_t parent; /* index of the operation that called it, or NO_EVENT */
    struct trace_facts *facts; /* of collectives, workers and matmuls; else NULL */
};

struct trace {
    const char *path;
    bool timed, has_kernels;    /* the events have times; some of them are kernels */
    struct trace_event *events; /* parents before children */
    size_t count, capacity;
    size_t broken;          /* events and process groups that are not valid JSON or lack a required member */
    double process;         /* the process of the operations; NAN: no operation yet */
    bool several_processes; /* the operations belong to more than one process */
    int64_t rank, ranks;    /* of this process, and their number in the job; NO_NUMBER: missing */
    struct trace_group *groups;
    size_t group_count;
    struct arena arena;
};

/* Reads a trace of PyTorch's profiler, or of its ExecutionTraceObserver (Chakra). Free it with trace_free().
   Returns STATUS_ENVIRONMENT after printing one line, with nothing to free, if the file cannot be read, has
   neither format, is cut off, or has operations of several processes. */
enum status trace_read(struct trace *, const char *path);
void trace_free(struct trace *);

/* ---- the operations of one step ---- */

/* A collective or a matmul. */
struct trace_operation {
    const struct collective *collective; /* NULL: a matmul */
    const char *source;                  /* PyTorch's name */
    enum dtype dtype;
    int64_t bytes;   /* message size of a collective, as nccl-tests defines it */
    int64_t m, n, k; /* of a matmul */
    int64_t count;   /* calls; of a batched matmul: the size of the batch */
    struct trace_group group;
    bool group_unknown; /* the trace does not say which ranks are in the group; the row assumes all */
    bool uneven;        /* an all-to-all whose parts differ in size */
    char axes[96];      /* the group in the syntax of the table; "": all ranks */
    double from, to;    /* when it ran, in µs; NAN: unknown */
};

/* Operations of the step that have no row, counted by name and reason. */
struct trace_left_out {
    const char *name, *why; /* why NULL: neither a matmul nor a collective */
    int64_t count;
    double us; /* time that they computed; 0: unknown, or a collective */
};

struct trace_step {
    int64_t number;   /* of ProfilerStep#; NO_NUMBER: the trace has no steps, so this is the whole trace */
    size_t steps;     /* in the trace */
    bool later_short; /* the step after this one has fewer operations, so this one was selected */
    int64_t ranks;    /* of the job; NO_NUMBER: unknown */
    struct trace_operation *operations; /* in the order in which the rank called them */
    size_t count;
    struct trace_left_out *left_out;
    size_t left_out_count;
    double us; /* time of the matmuls; 0: unknown */
};

/* Selects the operations of the step `number`, or of the last whole step if it is NO_NUMBER. ranks: of the
   job, NO_NUMBER to take their number from the trace. The names in *step belong to the trace; free *step with
   trace_step_free(), also after a failure, and before the trace. Returns STATUS_ENVIRONMENT after printing
   one line if the trace has no such step, if its steps are empty, or if it is of another number of ranks. */
enum status trace_select_step(struct trace *, int64_t number, int64_t ranks, struct trace_step *step);
void trace_step_free(struct trace_step *);

/* Sets the group of a collective, from its facts and from the job's list of groups; `ranks` is the number of
   ranks in the job. Returns the size of the group; NO_NUMBER: unknown. */
int64_t trace_resolve_group(const struct trace *, int64_t ranks, const struct trace_facts *,
                            struct trace_operation *);
/* Sets the axes of all operations. Leaves out the operations whose groups are not along axes of the table. */
void trace_assign_axes(struct trace_step *);
/* Adds one operation to step->left_out, without merging. */
void trace_leave_out(struct trace_step *, const char *name, const char *why, double us);
/* Merges the entries of step->left_out that have the same name and reason. Sorts the list: entries with a
   reason first, then by time and count, largest first. */
void trace_merge_left_out(struct trace_step *);

struct trace_rows {
    size_t count;        /* without the header */
    size_t not_searched; /* operations whose overlap with others much later was not looked for */
    size_t longest_loop; /* 0, or: there may be loops with more rows than this, which were not looked for */
};

/* Adds the header and the rows of the step to `out`. */
struct trace_rows trace_add_rows(const struct trace_step *, const char *workload, struct text *out);

/* Settings of busbar import --workload NAME. */
struct trace_import {
    const char *workload, *output; /* output NULL: standard output */
    int64_t step, ranks;           /* NO_NUMBER: not given */
    bool check;                    /* writes no table */
};

/* Writes the table of one step of the trace, and prints on stderr what was left out and assumed. Returns
   STATUS_USAGE if the name of the workload is invalid, STATUS_ENVIRONMENT if the trace has no workload or the
   table cannot be written; each after printing one line. */
enum status trace_import(const struct trace_import *, const char *path);

#endif
