/* The record format: what one launch writes and everything else reads. results/README.md describes it for
   users. One struct per line of the file; one table (fields.c) maps members to keys for the writer and the
   reader alike. Absent figures are NAN (doubles), ABSENT (integers) or NULL (strings, JSON) in memory, and
   left out on disk. */
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

/* A figure per rank, reduced over ranks, with the rank that has the largest. */
struct spread {
    double min, median, max; /* µs */
    int64_t rank, device;    /* of the largest */
    const char *host;
};

/* The samples of a row, in measured order. */
struct samples {
    double *us;
    size_t count;
};

/* One case row: a pass of one case in one launch (readers merge the passes). All strings are owned by
 * somebody else. */
struct case_row {
    /* what was asked: the independent variables; case_key() writes them into `key` */
    const char *key;
    int64_t pass;
    const char *collective, *gemm; /* exactly one of them: "all_reduce"; "gemm" */
    enum mode mode;                /* imports: absent */
    enum placement placement;
    enum sync sync;
    enum cache cache;
    enum memory memory;
    int64_t graph; /* calls per graph; 0: none */
    const char *registration, *cta;
    int64_t requested_bytes, bytes, send_bytes, recv_bytes,
        count; /* bytes: by nccl-tests' rule for the collective */
    const char *dtype, *op;
    int64_t root, nodes, ranks; /* of the communicator the case ran on */
    const char *group;          /* world | node | domain | rail | pairs | N */
    int64_t m, n, k;
    const char *layout;
    enum accumulator accumulator;
    enum phase phase;
    const char *scaling, *algorithm;

    /* how it was sampled */
    struct samples samples_us; /* max over ranks, µs */
    struct samples global_us;  /* latest end - earliest start; only with synchronised clocks */
    int64_t batch, warmup, preempted;
    const char *stopped_by; /* precision | samples | time | fixed */
    enum kept_rule kept;
    double line_ns; /* round trip of a cache line between neighbouring ranks of a host */
    double drift;   /* median of the pass's second half over its first, where they differ */

    /* what came out */
    double time_us;                 /* the source's own statistic: imports only have this */
    enum statistic statistic;       /* of time_us */
    const char *rank_reduction;     /* of time_us: max | mean | … */
    int64_t includes_launch;        /* 1: kernel launch time is inside time_us */
    double median_us, lo_us, hi_us; /* with the 95 % interval of the median */
    double min_us, max_us, p95_us, p99_us;
    double algbw_gbps, busbw_gbps, tflops, peak_tflops;
    double first_us; /* gemm: by the library's own first choice of algorithm, where it offers several */
    int64_t
        heuristics; /* gemm: how many of its offers ran and were timed, before the winner was timed afresh */
    double bound_us;
    const char *bound; /* formula and inputs */
    int64_t wrong;     /* wrong elements over all ranks; ABSENT: unchecked (null on disk) */
    struct spread rank_wait_us, arrival_us; /* key of the extreme: longest, latest */
    struct spread
        rank_time_us; /* of each rank's own median where ranks do not wait for each other (matmul): slowest */
    double skew_us;   /* residual clock skew */
    json_t *telemetry;
    json_t *groups; /* per group: [{"ranks":[…],"median_us":…}]; members that ran side by side */
    enum case_status status;
    const char *error;   /* one line, when not ok */
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
    json_t *provenance; /* list of the names of enum provenance */
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
    const char
        *error; /* why it failed, where somebody else than the launch had to write the record; else NULL */
};

/* A launch as read from a file. */
struct launch {
    const char *path;
    struct launch_header header;
    struct case_row *cases;
    size_t case_count;
    struct launch_end end;
    size_t broken_lines; /* skipped; each was warned of with file and line number */
    const char *table;   /* see archive_make_comparable(); NULL from the reader */
};

/* All launches read, with all that they point to. {0} is an empty one. */
struct archive {
    struct launch *launches;
    size_t count;
    struct arena arena;
};

/* All members absent. Always start from these. */
struct case_row case_row_absent(void);
struct launch_header launch_header_absent(void);

/* The content of a case as one readable line without spaces, e.g.
   "all_reduce/float/sum/1048576/out_of_place/isolated/barrier/cold/host/nodes=1/ranks=4/group=world": equal
   content, equal key, on any machine. Absent and default members are left out behind the fixed ones. The text
   is added to `key`. */
void case_key(const struct case_row *, struct text *key);

/* ---- writing (write.c) ---- */

struct record_writer {
    int fd; /* -1: nowhere */
    char *path;
    FILE *echo; /* also here (--format json); NULL: no */
    int64_t cases;
    enum status status; /* sticky: the first failure, said once */
};

/* Creates DIR/RUN/LAUNCH.jsonl (and folders); a launch that exists already is refused. dir NULL: no file. */
enum status record_open(struct record_writer *, const char *dir, const char *run, const char *launch,
                        FILE *echo);
/* Each writes one whole line by one write(2). A short write is cut off again, so that the file stays
 * readable. */
enum status record_launch(struct record_writer *, const struct launch_header *);
enum status record_case(struct record_writer *, const struct case_row *);
enum status record_end(struct record_writer *, enum end_status, double elapsed_s);
/* The end of a launch that failed, with one line that says why. */
enum status record_failure(struct record_writer *, double elapsed_s, const char *error);
enum status record_close(struct record_writer *);
/* The line itself, without the newline; the caller frees the text. */
void case_line(const struct case_row *, struct text *);
void launch_line(const struct launch_header *, struct text *);
/* Text from outside may be in any encoding, JSON is UTF-8: where it is not, bytes beyond ASCII become '?'. */
json_t *clean_string(const char *text);

/* ---- reading (read.c) ---- */

/* Reads one file, or every *.jsonl below a folder in sorted order, and adds the launches to the archive.
   Broken lines are warned of and skipped; a newer schema or an unreadable file is STATUS_ENVIRONMENT (after
   one line), and a path without any launch too. Several calls add up. */
enum status archive_read(struct archive *, const char *path);
void archive_free(struct archive *);
/* Removes the launches whose flag is set; the rest keep their order. */
void archive_drop(struct archive *, const bool *drop);

/* Merges the passes of each case of each launch into one row (pass ABSENT): samples in measured order,
 * figures recomputed from them. */
void archive_merge_passes(struct archive *);

/* Recomputes median, interval, min, max, p95 (from 20 samples, isolated only), p99 (from 100), algbw, busbw
   or tflops from the row's samples, and whatever else follows from them; leaves a row without samples as it
   is. */
void case_row_summarise(struct case_row *);

/* The bus factor of the row's collective and ranks; NAN: not known, or one rank, which has no bus. */
double case_bus_factor(const struct case_row *);
/* Floating-point operations of one call of a matmul row; NAN: not a matmul, or its shape is not known. */
double case_flop(const struct case_row *);

/* The group of a case that ran on all ranks; imports may leave it out. */
bool is_world(const char *group);

bool launch_has_provenance(const struct launch_header *, enum provenance);
void launch_add_provenance(struct launch_header *, enum provenance);

#endif
