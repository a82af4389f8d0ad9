/* Other tools' output as it stands in their files: tables of rows, what their headers say, and what
 * contradicts itself. */
#ifndef BUSBAR_SOURCE_H
#define BUSBAR_SOURCE_H

#include "collective/collective.h"
#include "record/record.h"

#include <stdbool.h>
#include <stdint.h>

/* A printed number and one unit of its last digit: what was measured lies within step/2 of it. NAN: none. */
struct printed {
    double value, step;
};

/* One placement of a row. */
struct figures {
    bool present;
    struct printed time_us, algbw_gbps, busbw_gbps;
    double cpu_time_us;            /* printed in place of the time (-C) */
    int64_t wrong;                 /* ABSENT: not checked, or not said as a count */
    bool has_error;                /* before 2.13: the largest deviation stands where the count does today */
    double min_us, max_us, p99_us; /* of iterations (-I) */
    struct samples samples_us;     /* of iterations, the slowest process of each (JSON with -I) */
};

struct source_row {
    size_t line;
    int64_t bytes, count;      /* count: ABSENT when the tool has none (OSU) */
    const char *dtype, *op;    /* our names; NULL: not said */
    int64_t root;              /* ABSENT: none */
    struct figures figures[2]; /* out of place, in place */
    const char *contradiction; /* what in this row does not fit; NULL: nothing found */
};

struct source_device {
    int64_t rank, device;
    const char *host, *gpu;
};

/* Where a fact about a table comes from, the strongest first. */
enum evidence { FROM_NOTHING, FROM_FIGURES, FROM_FILE_NAME, FROM_WORDS, FROM_COMMAND, FROM_TABLE };

struct source_table {
    size_t line;         /* where it begins */
    const char *label;   /* of a line prefix ("0", "1,0", a pod), NULL: none */
    const char *program; /* "all_reduce_perf" as the tool says; NULL: not said */
    const struct collective *collective;
    enum evidence collective_from;
    bool inherited;      /* what its opening said is an earlier table's: it yields to the figures */
    const char *started; /* as written there: local time without a zone */
    int64_t min_bytes, step, warmup, iterations, batch, graph, average; /* ABSENT: not said */
    bool step_is_factor;
    bool bytes_per_rank; /* sizes are one rank's share (OSU): source_check() makes them ours when it knows the
                            ranks */
    bool cpu_time;       /* times are the CPU's, not the operation's */
    double printed_average; /* of the bus bandwidth; NAN: not printed */
    double average_step;
    int64_t out_of_bounds; /* ABSENT: not printed */
    struct source_row *rows;
    size_t row_count;
    struct source_device *devices;
    size_t device_count;
    size_t incomplete; /* rows that were begun and not finished */
    json_t *facts;     /* versions, GPU: goes into the record */
    json_t *env, *args;
    json_t *warnings; /* list of strings "line: text" */

    /* what source_check() finds */
    int64_t ranks, nodes;       /* taken for the record; ABSENT: not known */
    int64_t ranks_lo, ranks_hi; /* by busbw/algbw; ABSENT: does not tell; hi INT64_MAX: no upper end */
    int64_t ranks_likely;       /* within them; ABSENT */
    int64_t ranks_exact;        /* by size/count; ABSENT: does not tell */
    double recomputed_average;
    double peak[2], at_largest[2]; /* bus bandwidth: the best, and that of the largest size */
};

struct source {
    const char *path;   /* as given */
    const char *format; /* nccl-tests-text | nccl-tests-json | osu */
    char sha256[65];
    struct arena arena;
    struct source_table *tables;
    size_t table_count;
    const char *instance; /* that the file names; NULL: none */
};

/* What the user says of a file. ABSENT and NULL: nothing. */
struct source_given {
    const char *collective, *cloud, *instance, *gpu, *label, *origin;
    int64_t ranks, nodes, domains;
    bool no_hosts; /* host names stay out of the records */
};

/* Each fills `source` from the file's content (0-terminated behind `length`): any bytes are met without a
   crash, what cannot be read is warned of by line. They return the number of tables found. */
size_t source_read_nccl_text(struct source *, const char *data, size_t length);
size_t source_read_nccl_json(struct source *, const char *data, size_t length);
size_t source_read_osu(struct source *, const char *data, size_t length);

/* Chooses among them by content. 0 tables: nothing was found; the caller says so. */
size_t source_read(struct source *, const char *path, const char *data, size_t length);
void source_free(struct source *);

/* Weighs what the tables say against what was given and against itself: fills the members above; every
   contradiction is a warning with both values. */
void source_check(struct source *, const struct source_given *);

/* The distinct hosts of the device lines with their ranks, by name; the caller frees the list. */
size_t source_hosts(const struct source_table *, struct world_host **hosts);

/* Writes one table as one launch DIR/RUN/LAUNCH.jsonl, provenance "imported" (dir NULL: writes nothing, but
   does all the rest). `catalog` may be NULL; then no bounds are given. */
struct catalog;
enum status source_record(struct source *, size_t table, const struct source_given *, const struct catalog *,
                          const char *dir, const char *run, const char *launch);

/* Prints "path:line: text" and keeps it in the table's warnings. */
void source_warn(struct source *, struct source_table *, size_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A new table at the end, everything absent; the pointer is good until the next. */
struct source_table *source_add_table(struct source *, size_t line);
struct source_row *source_add_row(struct source_table *, size_t line);
void source_add_device(struct source_table *, struct source_device);
void source_fact(struct source_table *, const char *key, const char *value,
                 size_t length); /* the first stays */

void source_nccl_version(struct source_table *, int64_t code); /* 22902: "2.29.2" */

/* A collective by any tool's word for it: "all_reduce", "AllReduce", "allreduce_perf", "all-gather". NULL:
 * none. */
const struct collective *collective_by_any_name(const char *word, size_t length);
/* dtype and operation by other tools' names, as ours; NULL: none. */
const char *dtype_by_any_name(const char *word);
const char *op_by_any_name(const char *word);

/* A number as printed, whole or none: "12.90", "1.2e+06", "nan". false: not a number. */
bool read_printed(const char *text, struct printed *);

#endif
