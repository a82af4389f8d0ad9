/* The record format: a launch writes a record, and all analysis reads records. results/README.md describes
   the format for users. Each line of a file is one struct here; the table in fields.c maps its members to
   JSON keys, for writing and reading. A figure that was not measured is NAN (double), ABSENT (integer), 0
   (enum) or NULL (string, JSON) in memory and is omitted on disk. */
#ifndef BUSBAR_RECORD_H
#define BUSBAR_RECORD_H

#include "base/status.h"
#include "base/text.h"
#include "record/words.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { RECORD_SCHEMA = 1 };
#define ABSENT INT64_MIN

/* The minimum, median and maximum over ranks of a figure, and which rank has the maximum. */
struct spread {
    double min, median, max; /* µs */
    int64_t rank, device;    /* of the maximum */
    const char *host;
};

/* The samples of a row, in measured order. */
struct samples {
    double *us;
    size_t count;
};

/* What the load beside a case did while the case was sampled. */
struct load {
    int64_t operations; /* that it completed */
    int64_t wrong;      /* wrong elements of the last one, over all its ranks; ABSENT: unchecked */
    double share;       /* of the time that an operation was under way; the least of its ranks */
    double us;          /* for each operation: the mean; the most of its ranks */
};

struct overlap_row;

/* One case row: one pass over one case in one launch; readers merge the passes. The struct does not own its
   strings. */
struct case_row {
    /* the request: independent variables, from which case_key() makes `key` */
    const char *key;
    int64_t pass;
    const char *collective, *gemm; /* exactly one of them: "all_reduce", or "step" (see workload); "gemm" */
    enum mode mode;                /* imports: absent */
    enum placement placement;
    enum sync sync;
    enum cache cache;
    enum memory memory;
    int64_t graph;     /* calls per graph; 0: none */
    int64_t aggregate; /* operations in a group; 1, or absent: none */
    enum registration registration;
    const char *cta;
    const char *imbalance; /* alltoallv: "1.5:7:send", "matrix:0123456789abcdef" (hash of the file) */
    const char *beside;    /* the load that ran beside it, on other ranks: "alltoall:256M"; NULL: none */
    const char *workload;  /* of a step: name and hash of what it replays, "gpt2-ddp@0123abcd"; else NULL */
    enum overlap_progress progress; /* of a step: what advances collectives during multiplications */
    /* message sizes as nccl-tests counts them; bytes: rounded down to whole elements per rank */
    int64_t requested_bytes, bytes;
    int64_t send_bytes, recv_bytes; /* sizes of the buffers */
    int64_t count;                  /* elements */
    const char *dtype, *op;
    int64_t root, nodes, ranks; /* nodes, ranks: of the communicator that the case ran on */
    const char *group;          /* world | node | domain | rail | pairs | N | beside (of --beside) */
    int64_t m, n, k;
    const char *layout;
    enum accumulator accumulator;
    enum phase phase;
    const char *scaling;
    const char *algorithm; /* as the library told: gemm: in words; collectives: "RING" */
    const char *protocol;  /* collectives: "SIMPLE" */
    int64_t channels;      /* collectives: thread blocks */

    /* how it was sampled */
    struct samples samples_us; /* µs for each operation; max over ranks, mode nccl-tests: mean over ranks */
    struct samples global_us;  /* latest end - earliest start over ranks; only with --sync window */
    int64_t batch, warmup, preempted;
    const char *stopped_by; /* precision | samples | time | fixed */
    enum kept_rule kept;
    double line_ns; /* round trip of a cache line between neighbouring ranks on a host */
    double drift; /* median of the pass's second half / first half, if they differ significantly; else NAN */

    /* results */
    double time_us;                 /* the time as the source reports it; imports have only this */
    enum statistic statistic;       /* of time_us */
    const char *rank_reduction;     /* of time_us: max | mean | … */
    int64_t includes_launch;        /* 1: time_us includes what the host takes to launch the operations */
    double median_us, lo_us, hi_us; /* the median of the samples and its 95 % interval */
    double min_us, max_us, p95_us, p99_us;
    double p99_lo_us, p99_hi_us; /* the 95 % interval of the 99th percentile */
    struct load load;
    /* With a load, over the same case without one: the ratios of the medians and of the 99th percentiles, and
       what follows from their intervals (case_row_compare_idle()) */
    double slowdown, slowdown_lo, slowdown_hi;
    double p99_slowdown, p99_slowdown_lo, p99_slowdown_hi;
    double algbw_gbps, busbw_gbps, tflops, peak_tflops;
    double first_us;    /* gemm: time with the library's first recommended algorithm */
    int64_t heuristics; /* gemm: how many of the recommended algorithms were timed */
    double bound_us;
    const char *bound;          /* formula and inputs */
    int64_t wrong;              /* wrong elements over all ranks; ABSENT: unchecked (null on disk) */
    struct spread rank_wait_us; /* over ranks: each rank's own median, with its waiting for others */
    double rank_median_us;      /* not on disk: the median of rank_wait_us.median over merged passes; unlike a
                                   maximum, it does not grow with the number of ranks */
    struct spread arrival_us;   /* how late each rank started, with --sync window */
    struct spread rank_time_us; /* matmul: each rank's median, since ranks do not wait for each other */
    double skew_us;             /* residual clock skew */
    json_t *telemetry;
    json_t *groups; /* one object per group of --group: [{"ranks":[…],"median_us":…}] */
    json_t *step;   /* of a step: its parts, and figures of all passes so far (results/README.md) */
    const struct overlap_row *overlap; /* not on disk: the line of overlap that this case stands for
                                          (analysis/compare/overlap_cases.h); NULL: none */
    enum case_status status;
    const char *error;   /* one line if status is not CASE_OK */
    int64_t source_line; /* imports: line in the source file */
};

struct world_host {
    const char *name;
    int64_t ranks, gpus;
    const char *domain;
};

/* The first line of a launch. */
struct launch_header {
    int64_t schema;
    const char *run, *launch, *started, *driver, *backend;
    json_t *provenance; /* list of names from enum provenance */
    const char *cloud_provider, *cloud_instance, *cloud_label;
    json_t *args; /* list of strings */
    const char *allocation_id, *allocation_hosts_hash, *allocation_placement;
    int64_t nodes, ranks, ranks_per_node, domains;
    struct world_host *hosts;
    size_t host_count;
    json_t *facts, *env, *source; /* source: imports: {"file","sha256","format","table"} */
};

struct launch_end {
    enum end_status status; /* absent: no end line, the launch died */
    int64_t cases;
    double elapsed_s;
    const char *error; /* why it failed, if the sweep wrote the record in place of the launch; else NULL */
};

/* A launch as read from a file. */
struct launch {
    const char *path;
    struct launch_header header;
    struct case_row *cases;
    size_t case_count;
    struct overlap_row *overlaps; /* record/overlap.h */
    size_t overlap_count;
    struct launch_end end;
    size_t broken_lines; /* skipped, each with a warning */
    const char *table;   /* see archive_make_comparable(); NULL from the reader */
};

/* Launches read from files, and all memory that they point to. {0} is an empty archive. */
struct archive {
    struct launch *launches;
    size_t count;
    struct arena arena;
};

/* A row and a header with all members absent. Always start from these. */
struct case_row case_row_absent(void);
struct launch_header launch_header_absent(void);
struct load load_absent(void);
/* The sum of two counts, of which either may be ABSENT. Saturates, since a file may contain any number. */
int64_t add_counts(int64_t, int64_t);
/* Adds what the load did in another visit. */
void load_add(struct load *, const struct load *more);

/* Appends a key that identifies the case, one line without spaces, for example
   "all_reduce/float/sum/1048576/out_of_place/isolated/barrier/cold/host/nodes=1/ranks=4/group=world". Equal
   cases have equal keys on every machine. Omits members from nodes= on if they are absent or default. */
void case_key(const struct case_row *, struct text *key);

/* ---- writing (write.c) ---- */

struct record_writer {
    int fd; /* -1: no file */
    char *path;
    FILE *echo;         /* also receives each line (--format json); NULL: none */
    int64_t cases;      /* rows written, of any kind */
    enum status status; /* the first failure, which has been printed; later writes do nothing */
};

/* Creates DIR/RUN/LAUNCH.jsonl and its folders. Fails if the file exists. dir NULL: no file. */
enum status record_open(struct record_writer *, const char *dir, const char *run, const char *launch,
                        FILE *echo);
/* Each writes one line with a single write(2). After a partial write, truncates the file to its complete
   lines. */
enum status record_launch(struct record_writer *, const struct launch_header *);
enum status record_case(struct record_writer *, const struct case_row *);
enum status record_overlap(struct record_writer *, const struct overlap_row *);
enum status record_end(struct record_writer *, enum end_status, double elapsed_s);
/* Writes the end line of a launch that failed; error: the reason, one line. */
enum status record_failure(struct record_writer *, double elapsed_s, const char *error);
enum status record_close(struct record_writer *);
/* Makes the line, without a newline; the caller frees the text. */
void case_line(const struct case_row *, struct text *);
void launch_line(const struct launch_header *, struct text *);
/* A JSON string from text in an unknown encoding: if it is not valid UTF-8, every byte beyond ASCII becomes
   '?'. */
json_t *clean_string(const char *text);

/* ---- reading (read.c) ---- */

/* Reads one file, or every *.jsonl below a folder in sorted order, and adds the launches to the archive.
   Skips broken lines with a warning. Returns STATUS_ENVIRONMENT after printing one line if a file cannot be
   read or has a newer schema, or if the path has no launch. */
enum status archive_read(struct archive *, const char *path);
void archive_free(struct archive *);
/* Removes the launches whose flag is set; the rest keep their order. */
void archive_drop(struct archive *, const bool *drop);

/* Merges the passes of each case of each launch into one row (pass ABSENT): joins their samples and computes
   the figures from them. */
void archive_merge_passes(struct archive *);

/* Computes from the row's samples: median, interval, min, max, p95 (isolated mode, at least 20 samples), p99
   (at least 100), in mode nccl-tests the mean as time_us, algbw and busbw or tflops. A row without samples
   stays unchanged. */
void case_row_summarise(struct case_row *);

/* Sets the slowdown of a row with a load, from the same case without one; both are summarised. The interval
   reaches from the lower end of the one over the upper end of the other to the opposite. Both medians lie
   within their 95 % intervals with probability 0.9 at least; about 0.99 if they are independent and alike. */
void case_row_compare_idle(struct case_row *loaded, const struct case_row *idle);
/* The row that measures the same without the load; NULL: the row has no load, or the launch no such row. */
const struct case_row *case_row_idle(const struct launch *, const struct case_row *loaded);

/* The figure of a summarised row with samples: their median, in mode nccl-tests their mean. */
enum statistic sampled_statistic(const struct case_row *);
double sampled_time_us(const struct case_row *);

/* The operations in a group: 1 if there is no group, or none is stated. */
int64_t case_aggregate(const struct case_row *);

/* One rank in place moves no data and so has no bandwidth, however long it takes. */
bool case_moves_data(const struct case_row *);
/* The algorithm bandwidth of a row that takes `us` µs, GB/s; NAN: it moves no data, or no size is known. All
   that derives a bandwidth from a row's time uses this. */
double case_algbw(const struct case_row *, double us);
/* The bus factor of the row's collective and ranks; NAN: unknown, or a single rank, which has no bus. */
double case_bus_factor(const struct case_row *);
/* Floating-point operations of one call of a matmul row; NAN: not a matmul, or its shape is unknown. */
double case_flop(const struct case_row *);

/* Does the group contain all ranks? So "world", or NULL as in some imports. */
bool is_world(const char *group);

bool launch_has_provenance(const struct launch_header *, enum provenance);
void launch_add_provenance(struct launch_header *, enum provenance);

#endif
