/* The output of other benchmarks, as read from their files: tables of rows, the facts that the headers state,
   and the contradictions that busbar found. Each format has its own reader in a file source_*.c and one row
   in source_readers[] (source_readers.c). */
#ifndef BUSBAR_SOURCE_H
#define BUSBAR_SOURCE_H

#include "collective/collective.h"
#include "record/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A printed number, and one unit of its last digit: the measured value lies within step/2 of it. NAN: no
   number. */
struct printed {
    double value, step;
};

/* The figures of a row for one placement (out of place or in place). */
struct figures {
    bool present;
    struct printed time_us, algbw_gbps, busbw_gbps;
    double cpu_time_us;            /* nccl-tests -C: the CPU's time, printed instead of the time */
    int64_t wrong;                 /* number of wrong elements; ABSENT: not checked, or no count printed */
    bool failed;                   /* the tool found wrong data, but prints no count */
    bool has_error;                /* nccl-tests before 2.13: the largest deviation, in the count's column */
    double min_us, max_us, p99_us; /* over iterations (nccl-tests -I) */
    struct samples samples_us;     /* one per iteration, of its slowest process (JSON with -I) */
    /* Minimum, mean and maximum over ranks; each rank's value is its mean over iterations. */
    double least_rank_us, mean_rank_us, most_rank_us;
    double overlap_percent; /* how much of a non-blocking collective overlaps with computation */
};

struct source_row {
    size_t line;
    int64_t bytes, count;      /* ABSENT when the tool prints none */
    const char *dtype, *op;    /* busbar's names; NULL: not stated */
    int64_t root;              /* ABSENT: none */
    const char *group;         /* "pair:0>1": only these GPUs took part; NULL: all did */
    struct figures figures[2]; /* out of place, in place */
    const char *contradiction; /* how this row contradicts itself; NULL: it does not */
};

struct source_device {
    int64_t rank, device;
    const char *host, *gpu;
};

/* What names the collective of a table, the weakest evidence first. */
enum evidence { FROM_NOTHING, FROM_FIGURES, FROM_FILE_NAME, FROM_WORDS, FROM_COMMAND, FROM_TABLE };

/* The size of the job, as the heading before a table or the file's name states it; ABSENT: not stated. */
struct spoken {
    int64_t ranks, nodes, per_node; /* ranks: if only the other two are stated, their product */
};

struct source_table {
    size_t line;         /* of the file, where the table begins */
    const char *format;  /* of the reader that found the table */
    const char *label;   /* the launcher's prefix of its lines ("0", "1,0", a pod); NULL: none */
    const char *title;   /* the last line of prose before it; NULL: none */
    const char *program; /* as the tool names itself ("all_reduce_perf"); NULL: not stated */
    const char *test;    /* labels the launch if the tool has several tests of one collective; else NULL */
    const struct collective *collective;
    enum evidence collective_from;
    bool inherited;        /* its facts are an earlier table's: the figures outweigh them */
    const char *started;   /* as written in the file: local time without a zone */
    const char *backend;   /* mpi, nccl, rccl, …; NULL: not stated */
    const char *memory;    /* host, device, managed; NULL: not stated */
    const char *mode;      /* how the test differs from the plain collective: nonblocking, persistent, uneven,
                               ping_pong, unidirectional, bidirectional; NULL: it does not */
    const char *statistic; /* over iterations: mean, median, trimmed_mean; NULL: not stated */
    const char *rank_reduction; /* over ranks: mean, max, …; NULL: not stated */
    int64_t includes_launch;    /* 1: the time includes the kernel launch; ABSENT: not stated */
    int64_t min_bytes, step, warmup, iterations, batch, graph, average; /* ABSENT: not stated */
    bool step_is_factor;
    bool bytes_per_rank;    /* sizes are one rank's share: source_check() multiplies them by the ranks */
    bool unscaled;          /* set by source_check(): sizes stay one rank's share, as the ranks are unknown */
    bool no_sendrecv;       /* the tool has no send-recv test (nccl-tests of NCCL 2.4) */
    bool rate_is_not_bytes; /* algbw is not bytes / time: some versions count other bytes in alltoallv */
    bool cpu_time;          /* times are the CPU's, not the operation's */
    bool interrupted;       /* the tool did not finish this table */
    bool by_heading;        /* set by source_tell_apart(): its heading becomes its label */
    bool repetitions;       /* the user or the file calls its tables repetitions of one test */
    double printed_average; /* of the bus bandwidth, GB/s; NAN: not printed */
    double average_step;    /* one unit of its last digit, GB/s */
    int64_t out_of_bounds;  /* wrong values by the tool's last line; ABSENT: not printed */
    struct source_row *rows;
    size_t row_count;
    struct source_device *devices;
    size_t device_count;
    size_t incomplete; /* rows that were left out, because a part of them is missing */
    json_t *facts;     /* versions and the GPU, for the record */
    json_t *env, *args;
    json_t *warnings; /* list of strings "line: text" */

    /* Set by source_check(); a reader sets the values that its format states (…_said, cloud to origin). */
    int64_t ranks, nodes; /* chosen for the record; ABSENT: not known */
    int64_t ranks_said;   /* stated by the file ("-r 2", "#processes = 4"); ABSENT: not stated */
    int64_t nodes_said;   /* ABSENT: not stated */
    int64_t domains_said; /* NVLink domains; ABSENT: not stated */
    const char *cloud, *instance, *name, *origin; /* of a published table's row; NULL: not stated */
    int64_t ranks_lo, ranks_hi; /* range by busbw/algbw; ABSENT: not determined; hi INT64_MAX: no upper end */
    int64_t ranks_likely;       /* the most likely number in that range; ABSENT: not determined */
    int64_t ranks_exact;        /* by size/count; ABSENT: not determined */
    double recomputed_average;  /* bus bandwidth over all rows, GB/s; NAN: no row has one */
    double peak[2], at_largest[2]; /* bus bandwidth by placement, GB/s: the best, and at the largest size */
};

struct source {
    const char *path;   /* as the user gave it; belongs to the caller */
    const char *format; /* of the reader that runs now */
    char sha256[65];
    struct arena arena;
    struct source_table *tables;
    size_t table_count;
    const char *instance; /* the instance type that the file or its name contains; NULL: none */
    bool wrong_data;      /* the tool found wrong data, and printed no row for them */
};

/* What the user states about a file. ABSENT and NULL: not stated. */
struct source_given {
    const char *collective, *cloud, *instance, *gpu, *label, *origin;
    int64_t ranks, nodes, domains;
    bool no_hosts;    /* keep host names out of the records */
    bool repetitions; /* tables of one file are repetitions of one test */
};

/* The readers. Each adds tables to `source` from the file's content (`length` bytes and a final 0). They
   accept any bytes, and warn with the line number of what they cannot read. They return the number of tables
   that `source` then has; every table has rows. */
size_t source_read_nccl_text(struct source *, const char *data, size_t length);
size_t source_read_nccl_json(struct source *, const char *data, size_t length);
size_t source_read_rccl_json(struct source *, const char *data, size_t length);
size_t source_read_rccl_csv(struct source *, const char *data, size_t length);
size_t source_read_inspector(struct source *, const char *data, size_t length);
size_t source_read_osu(struct source *, const char *data, size_t length);
size_t source_read_imb(struct source *, const char *data, size_t length);
size_t source_read_nccom(struct source *, const char *data, size_t length);
size_t source_read_hccl(struct source *, const char *data, size_t length);
size_t source_read_param(struct source *, const char *data, size_t length);
size_t source_read_deepspeed(struct source *, const char *data, size_t length);
size_t source_read_perftest(struct source *, const char *data, size_t length);
size_t source_read_nvbandwidth(struct source *, const char *data, size_t length);
size_t source_read_published(struct source *, const char *data, size_t length);

/* Prints the columns of a published table with their meanings, and an example. */
void published_template(FILE *);

struct source_reader {
    const char *format;   /* name in the records */
    const char *marks[4]; /* the file contains one of these; none: any file may have this format */
    bool is_json;         /* the file must begin with '{' or '[' */
    size_t (*read)(struct source *, const char *data, size_t length);
};

extern const struct source_reader source_published; /* used only with --table */

/* Applies every reader whose marks the content has, because a page may hold output of several tools. Sorts
   the tables by line. Returns their number; for 0, the caller prints the message. */
size_t source_read(struct source *, const char *path, const char *data, size_t length);
/* The same with the given reader only. */
size_t source_read_as(struct source *, const struct source_reader *, const char *path, const char *data,
                      size_t length);
void source_free(struct source *);

/* For a file from which nothing could be imported: the tool that seems to have written it ("IMB-P2P"); NULL:
   not known. */
const char *source_looks_like(const char *data, size_t length);
/* For such a file: what it is if it is no text of a tool, with what to do ("a zip archive: unpack it first
   (unzip)"); NULL: not known. */
const char *source_kind(const char *data, size_t length);

/* Checks the tables against themselves and against the user's statements, and fills the members above. Each
   contradiction becomes a warning with both values. */
void source_check(struct source *, const struct source_given *);

/* Warns about tables of one file that hold the same cases although neither the user nor the file calls them
   repetitions. Where their headings differ, the headings become their labels. (source_twins.c) */
void source_tell_apart(struct source *, const struct source_given *);
/* The label of a table's launch: the user's, and the heading where that distinguishes tables. */
const char *source_label(struct source *, size_t table, const struct source_given *);

/* Lists the distinct hosts of the device lines by name, with their numbers of ranks. Returns their number;
   the caller frees the list. */
size_t source_hosts(const struct source_table *, struct world_host **hosts);

/* Writes one table as one launch, DIR/RUN/LAUNCH.jsonl, with the provenance "imported" (dir NULL: does the
   same without writing). `catalog` may be NULL: the records then have no bounds. Sets *wrong if some data are
   wrong. */
struct catalog;
enum status source_record(struct source *, size_t table, const struct source_given *, const struct catalog *,
                          const char *dir, const char *run, const char *launch, bool *wrong);

/* Prints "path:line: text", and adds it to the table's warnings. line 0: the warning is about the whole
   table. */
void source_warn(struct source *, struct source_table *, size_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Takes over a printed count of wrong elements. A value that cannot be a count (negative, fractional, huge)
   is a contradiction: warns, and marks the row. */
void source_wrong_count(struct source *, struct source_table *, struct source_row *, struct figures *,
                        double count);

/* Adds a table with all values absent; the pointer is valid until the next call. */
struct source_table *source_add_table(struct source *, size_t line);
struct source_row *source_add_row(struct source_table *, size_t line);
/* Adds a row of `bytes` with out-of-place figures. Without a size (ABSENT) or without its figure, which
   `what` names ("time"), warns, counts the row as incomplete and returns NULL. */
struct source_row *source_take_row(struct source *, struct source_table *, size_t line, int64_t bytes,
                                   bool has_figure, const char *what);
void source_add_device(struct source_table *, struct source_device);
void source_fact(struct source_table *, const char *key, const char *value,
                 size_t length); /* keeps the first value of a key */
/* The statistic over ranks that nccl-tests -a N chooses; ABSENT: the default, the mean. */
const char *nccl_rank_reduction(int64_t average);
void source_forget_tables(struct source *);
/* Drops the tables without rows, and warns about each that names a program or sizes: that test ended before
   its first row. Returns the number of tables left. */
size_t source_drop_empty(struct source *);

void source_nccl_version(struct source_table *, const char *key, int64_t code); /* 22902 is "2.29.2" */

/* Finds a collective by the name that any tool has for it: "all_reduce", "AllReduce", "allreduce_perf_mpi",
   "all-gather". NULL: not a collective. */
const struct collective *collective_by_any_name(const char *word, size_t length);
/* Is the word a program of nccl-tests or rccl-tests, with whatever suffix its build added? */
bool is_perf_program(const char *word, size_t length);
/* Translates another tool's name of a type or an operation into busbar's; NULL: not known. */
const char *dtype_by_any_name(const char *word);
const char *op_by_any_name(const char *word);

/* Reads numbers of ranks and nodes from prose: "8 ranks on 2 nodes", "16 GPUs". Ignores a kind for which the
   text has two different numbers. */
struct spoken read_spoken(const char *text);
/* The same from the name of a file or folder, which may also put the number last: "osu_np64.txt", "n2_ppn64".
   A number without a word says nothing. */
struct spoken read_spoken_name(const char *name);

/* Takes a line of prose as the title of the next table: "Over the 200 Gb/s link:", "## Two nodes". NULL: it
   is not prose, or begins with a single '#', as the tools' own lines do. */
const char *prose_title(struct arena *, const char *line);

/* Reads a word that is a number as a whole: "12.90", "1.2e+06", "nan". false: it is not a number. */
bool read_printed(const char *text, struct printed *);

#endif
