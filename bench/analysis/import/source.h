/* Other tools' output as it stands in their files: tables of rows, what their headers say, and what
 * contradicts itself. A format is one file source_*.c and one row of the table in source.c. */
#ifndef BUSBAR_SOURCE_H
#define BUSBAR_SOURCE_H

#include "collective/collective.h"
#include "record/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A printed number and one unit of its last digit: what was measured lies within step/2 of it. NAN: none. */
struct printed {
    double value, step;
};

/* One placement of a row. */
struct figures {
    bool present;
    struct printed time_us, algbw_gbps, busbw_gbps;
    double cpu_time_us;            /* printed in place of the time (-C) */
    int64_t wrong;                 /* wrong elements; ABSENT: not checked, or not said as a count */
    bool failed;                   /* the tool found wrong data but prints no count */
    bool has_error;                /* before 2.13: the largest deviation stands where the count does today */
    double min_us, max_us, p99_us; /* over iterations (nccl-tests -I) */
    struct samples samples_us;     /* per iteration, the slowest process of each (JSON with -I) */
    /* Over ranks, of each rank's own mean over iterations. */
    double least_rank_us, mean_rank_us, most_rank_us;
    double overlap_percent; /* of computation and a non-blocking collective */
};

struct source_row {
    size_t line;
    int64_t bytes, count;      /* count: ABSENT when the tool prints none */
    const char *dtype, *op;    /* our names; NULL: not said */
    int64_t root;              /* ABSENT: none */
    struct figures figures[2]; /* out of place, in place */
    const char *contradiction; /* what in this row does not fit; NULL: nothing found */
};

struct source_device {
    int64_t rank, device;
    const char *host, *gpu;
};

/* Where a fact about a table comes from, the strongest last. */
enum evidence { FROM_NOTHING, FROM_FIGURES, FROM_FILE_NAME, FROM_WORDS, FROM_COMMAND, FROM_TABLE };

/* What the heading before a table, or a file's name, says of the world; ABSENT: nothing. */
struct spoken {
    int64_t ranks, nodes, per_node; /* ranks: where only the others are said, their product */
};

struct source_table {
    size_t line;         /* where it begins */
    const char *format;  /* of the reader that found it */
    const char *label;   /* of a line prefix ("0", "1,0", a pod); NULL: none */
    const char *title;   /* the last line of prose before it; NULL: none */
    const char *program; /* "all_reduce_perf" as the tool says; NULL: not said */
    const struct collective *collective;
    enum evidence collective_from;
    bool inherited;        /* what its opening said is an earlier table's: it yields to the figures */
    const char *started;   /* as written there: local time without a zone */
    const char *backend;   /* mpi, nccl, rccl, …; NULL: not said */
    const char *memory;    /* host, device, managed; NULL: not said */
    const char *mode;      /* what tells the test from the plain collective: nonblocking, persistent, uneven,
                               ping_pong, unidirectional, bidirectional; NULL: the plain one */
    const char *statistic; /* over iterations: mean, median, trimmed_mean; NULL: not said */
    const char *rank_reduction; /* over ranks: mean, max, …; NULL: not said */
    int64_t includes_launch;    /* 1: kernel launch is inside the time */
    int64_t min_bytes, step, warmup, iterations, batch, graph, average; /* ABSENT: not said */
    bool step_is_factor;
    bool bytes_per_rank;    /* sizes are one rank's share: source_check() makes them ours when it knows the
                               ranks */
    bool unscaled;          /* set by source_check(): the ranks that sizes need are not known */
    bool no_sendrecv;       /* its version has no send-recv (nccl-tests of NCCL 2.4) */
    bool rate_is_not_bytes; /* algbw is not bytes / time: the tool counts other bytes (alltoallv) */
    bool cpu_time;          /* times are the CPU's, not the operation's */
    bool interrupted;       /* the tool did not finish this table */
    bool by_heading;  /* set by source_tell_apart(): its heading tells it from a table of the same cases */
    bool repetitions; /* this and other tables of the file are said to be repetitions of one test */
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

    /* what source_check() finds; a reader sets ranks and nodes where its format says them */
    int64_t ranks, nodes; /* taken for the record; ABSENT: not known */
    int64_t ranks_said;   /* by the file in words of its own ("-r 2", "#processes = 4"); ABSENT */
    int64_t nodes_said;   /* ABSENT */
    int64_t domains_said; /* NVLink domains; ABSENT */
    const char *cloud, *instance, *name, *origin; /* of a published table's row; NULL: not said */
    int64_t ranks_lo, ranks_hi; /* by busbw/algbw; ABSENT: does not tell; hi INT64_MAX: no upper end */
    int64_t ranks_likely;       /* within them; ABSENT */
    int64_t ranks_exact;        /* by size/count; ABSENT: does not tell */
    double recomputed_average;
    double peak[2], at_largest[2]; /* bus bandwidth: the best, and that of the largest size */
};

struct source {
    const char *path;   /* as given */
    const char *format; /* of the reader at work */
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
    bool no_hosts;    /* host names stay out of the records */
    bool repetitions; /* tables of one file are repetitions of one test */
};

/* The readers. Each fills `source` from the file's content (0-terminated behind `length`): any bytes are met
   without a crash, what cannot be read is warned of by line. They return the number of tables found; every
   table has rows. */
size_t source_read_nccl_text(struct source *, const char *data, size_t length);
size_t source_read_nccl_json(struct source *, const char *data, size_t length);
size_t source_read_rccl_json(struct source *, const char *data, size_t length);
size_t source_read_inspector(struct source *, const char *data, size_t length);
size_t source_read_osu(struct source *, const char *data, size_t length);
size_t source_read_imb(struct source *, const char *data, size_t length);
size_t source_read_nccom(struct source *, const char *data, size_t length);
size_t source_read_hccl(struct source *, const char *data, size_t length);
size_t source_read_param(struct source *, const char *data, size_t length);
size_t source_read_deepspeed(struct source *, const char *data, size_t length);
size_t source_read_perftest(struct source *, const char *data, size_t length);
size_t source_read_published(struct source *, const char *data, size_t length);

/* The columns of a published table, explained, with an example. */
void published_template(FILE *);

struct source_reader {
    const char *format;   /* as the records name it */
    const char *marks[4]; /* the file has one of these; none: any file may be this */
    bool is_json;         /* the file begins with '{' or '[' */
    size_t (*read)(struct source *, const char *data, size_t length);
};
extern const struct source_reader source_readers[];
extern const size_t source_reader_count;

extern const struct source_reader source_published; /* only where the user asks for it */

/* Chooses among them by content; a page may hold output of several tools. The tables come in the file's
   order. 0 tables: nothing was found; the caller says so. */
size_t source_read(struct source *, const char *path, const char *data, size_t length);
/* The same with one reader. */
size_t source_read_as(struct source *, const struct source_reader *, const char *path, const char *data,
                      size_t length);
void source_free(struct source *);

/* The tool that a file seems to come from of which nothing could be imported ("IMB-P2P"); NULL: none
   known. */
const char *source_looks_like(const char *data, size_t length);

/* Weighs what the tables say against what was given and against itself: fills the members above; every
   contradiction is a warning with both values. */
void source_check(struct source *, const struct source_given *);

/* Warns of tables of one file that would be taken for the same case though nobody says that they are
   repetitions, and gives each its own label where a heading tells them apart. (source_twins.c) */
void source_tell_apart(struct source *, const struct source_given *);
/* The label of a table's launch: the user's, and the heading where it tells tables apart. */
const char *source_label(struct source *, size_t table, const struct source_given *);

/* The distinct hosts of the device lines with their ranks, by name; the caller frees the list. */
size_t source_hosts(const struct source_table *, struct world_host **hosts);

/* Writes one table as one launch DIR/RUN/LAUNCH.jsonl, provenance "imported" (dir NULL: writes nothing, but
   does all the rest). `catalog` may be NULL; then no bounds are given. *wrong: some of its data are wrong. */
struct catalog;
enum status source_record(struct source *, size_t table, const struct source_given *, const struct catalog *,
                          const char *dir, const char *run, const char *launch, bool *wrong);

/* Prints "path:line: text" and keeps it in the table's warnings. line 0: the whole table. */
void source_warn(struct source *, struct source_table *, size_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A printed count of wrong elements. One that is no count (negative, broken, beyond all elements) is a
   contradiction: the row is not ok. */
void source_wrong_count(struct source *, struct source_table *, struct source_row *, struct figures *,
                        double count);

/* A new table at the end, everything absent; the pointer is good until the next. */
struct source_table *source_add_table(struct source *, size_t line);
struct source_row *source_add_row(struct source_table *, size_t line);
/* A new row whose figures out of place are present: its size in bytes, and whether it has its figure, which
   `what` names ("time"). NULL without a size (ABSENT) or figure, after a warning; it counts as incomplete. */
struct source_row *source_take_row(struct source *, struct source_table *, size_t line, int64_t bytes,
                                   bool has_figure, const char *what);
void source_add_device(struct source_table *, struct source_device);
void source_fact(struct source_table *, const char *key, const char *value,
                 size_t length); /* the first stays */
/* What nccl-tests' -a N takes over ranks; ABSENT: its default, the mean. */
const char *nccl_rank_reduction(int64_t average);
void source_forget_tables(struct source *);
/* Drops tables without rows, with a warning each: a test that never got to its first row. */
size_t source_drop_empty(struct source *);

void source_nccl_version(struct source_table *, const char *key, int64_t code); /* 22902: "2.29.2" */

/* A collective by any tool's word for it: "all_reduce", "AllReduce", "allreduce_perf_mpi", "all-gather".
   NULL: none. */
const struct collective *collective_by_any_name(const char *word, size_t length);
/* Whether the word is a program of nccl-tests or rccl-tests, whatever suffix its build gave it. */
bool is_perf_program(const char *word, size_t length);
/* dtype and operation by other tools' names, as ours; NULL: none. */
const char *dtype_by_any_name(const char *word);
const char *op_by_any_name(const char *word);

/* "8 ranks on 2 nodes", "n64", "16 GPUs": a number is taken only if the text says exactly one of its kind. */
struct spoken read_spoken(const char *text);

/* A line of prose may say what tells the next table from the others: "Over the 200 Gb/s link:", "## Two
   nodes". Lines behind a single '#' are a tool's own. NULL: none. */
const char *prose_title(struct arena *, const char *line);

/* A number as printed, whole or none: "12.90", "1.2e+06", "nan". false: not a number. */
bool read_printed(const char *text, struct printed *);

#endif
