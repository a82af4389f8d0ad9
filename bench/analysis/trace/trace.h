/* Workloads of traces: what one rank of a PyTorch job communicated and multiplied in one step, as rows of a
   table of workloads (results/README.md). trace_read.c reads the events, trace_operations.c takes one step's
   operations from them, trace_rows.c writes the rows. */
#ifndef BUSBAR_TRACE_H
#define BUSBAR_TRACE_H

#include "base/text.h"
#include "collective/collective.h"
#include "collective/dtype.h"

#include <jansson.h>
#include <stdint.h>

enum { TRACE_TENSORS = 3, TRACE_EDGES = 8 };
#define NO_EVENT  ((size_t)-1)
#define NO_NUMBER ((int64_t)-1) /* not told, or no whole number of at least 0 */

/* A tensor in the arguments of an operation, or a list of tensors. */
struct trace_tensor {
    int64_t elements; /* of a list: of all its tensors; NO_NUMBER: not told, or above 2^53 */
    size_t rank;      /* number of edges; 0: a list, or not told */
    int64_t edges[TRACE_EDGES];
    const char *type; /* "float", "c10::BFloat16"; NULL: not told */
};

/* Some ranks of the job: start, start + stride, … */
struct trace_group {
    const char *name, *description; /* PyTorch's: "3", "mesh_tp"; NULL: not told */
    int64_t size, start, stride;    /* NO_NUMBER: not told; stride also: irregular */
};

/* What the arguments of a collective or of a multiplication say. */
struct trace_facts {
    const char *collective; /* "allreduce", as the process group calls it; NULL: not told */
    const char *type;       /* "BFloat16"; NULL: not told */
    int64_t in, out;        /* elements of this rank's input and output */
    bool uneven;            /* its parts for the ranks are not equal */
    struct trace_group group;
    struct trace_tensor inputs[TRACE_TENSORS];
};

enum trace_kind {
    TRACE_OPERATION,  /* what PyTorch calls an operation */
    TRACE_COLLECTIVE, /* an operation or annotation that tells of a collective */
    TRACE_WORKER,     /* a thread of gloo's while it carries out a collective */
    TRACE_MATMUL,     /* an operation that multiplies matrices */
    TRACE_STEP,       /* "ProfilerStep#7" */
    TRACE_LAUNCH,     /* a call of the CUDA runtime */
    TRACE_KERNEL,     /* what ran on the GPU */
};

struct trace_event {
    enum trace_kind kind;
    const char *name;
    double start, end; /* microseconds; in a Chakra trace, which has no times, the number of the node */
    double thread;
    double id;   /* of PyTorch's call: ascending in the order of start */
    double link; /* of launches and kernels: the same number on both; of Chakra nodes: the parent's number */
    size_t parent;             /* the operation that called it, or NO_EVENT */
    struct trace_facts *facts; /* of collectives, workers and matmuls */
};

struct trace {
    const char *path;
    bool timed, has_kernels;
    struct trace_event *events; /* parents before children */
    size_t count, capacity;
    size_t broken;       /* events that are not JSON, or lack what every event has */
    double process;      /* of the operations; NAN: none yet */
    bool processes;      /* there are several */
    int64_t rank, ranks; /* of the job; NO_NUMBER: not told */
    struct trace_group *groups;
    size_t group_count;
    struct arena arena;
};

/* Reads a trace of PyTorch's profiler, or of its ExecutionTraceObserver (Chakra). STATUS_ENVIRONMENT after
   one line if the file is neither, is cut off, or has several processes. */
enum status trace_read(struct trace *, const char *path);
void trace_free(struct trace *);

/* ---- one step's operations ---- */

struct trace_operation {
    const struct collective *collective; /* NULL: a multiplication */
    const char *source;                  /* PyTorch's name */
    enum dtype dtype;
    int64_t bytes;   /* of a collective, as nccl-tests counts them */
    int64_t m, n, k; /* of a multiplication */
    int64_t count;   /* calls: the batch of bmm */
    struct trace_group group;
    bool group_unknown; /* the job has several groups, and the trace does not tell which it was */
    bool uneven;
    char axes[96];   /* the group as the table has it; "": all ranks */
    double from, to; /* when it ran, in microseconds; NAN: not known */
};

/* A kind of what the workload does not have. */
struct trace_left_out {
    const char *name, *why; /* why NULL: an operation that neither multiplies matrices nor communicates */
    int64_t count;
    double us; /* of computation; 0 if times are not known */
};

struct trace_step {
    int64_t number;   /* of ProfilerStep#; NO_NUMBER: the trace has no steps, and this is all of it */
    size_t steps;     /* in the trace */
    bool later_short; /* the last step has fewer operations than this one, so it was not taken */
    int64_t ranks;    /* of the job; NO_NUMBER: not known */
    struct trace_operation *operations; /* in the order in which the rank called them */
    size_t count;
    struct trace_left_out *left_out;
    size_t left_out_count;
    double us; /* of the multiplications; 0 if times are not known */
};

/* Takes the operations of the step `number`, or of the last whole step if it is NO_NUMBER. ranks: of the job,
   or NO_NUMBER for what the trace says. STATUS_ENVIRONMENT after one line if there is no such step, or
   nothing in it for a workload. */
enum status trace_take_step(struct trace *, int64_t number, int64_t ranks, struct trace_step *);
void trace_step_free(struct trace_step *);

/* Sets the group of a collective's operation. Returns its number of ranks; NO_NUMBER: not known. */
int64_t trace_find_group(const struct trace *, int64_t ranks, const struct trace_facts *,
                         struct trace_operation *);
/* Sets the axes of all operations. Leaves out those whose group the table cannot have. */
void trace_find_axes(struct trace_step *);
/* trace_merge_left_out() makes one entry of those of a name and reason, what took most time first. */
void trace_leave_out(struct trace_step *, const char *name, const char *why, double us);
void trace_merge_left_out(struct trace_step *);

/* Adds the rows of the step to `out`, with the header. Returns their number. */
size_t trace_add_rows(const struct trace_step *, const char *workload, struct text *out);

/* busbar import --workload NAME: prints the table of the file's step to `output` (NULL: standard output;
   check: nowhere), and on stderr what it has and lacks. */
struct trace_import {
    const char *workload, *output;
    int64_t step, ranks; /* NO_NUMBER: not given */
    bool check;
};
enum status trace_import(const struct trace_import *, const char *path);

#endif
