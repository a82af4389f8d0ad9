/* Declarations that the two parts of the reader of nccl-tests' text share: source_nccl_text.c reads lines and
   tables, source_nccl_rows.c reads rows. */
#ifndef BUSBAR_SOURCE_NCCL_H
#define BUSBAR_SOURCE_NCCL_H

#include "analysis/import/source.h"
#include "analysis/import/source_line.h"

enum column { OTHER, OP, ROOT, TIME, CPU_TIME, ALGBW, BUSBW, WRONG, ERROR, ITER_MIN, ITER_MAX, ITER_P99 };

/* The columns after the type, as the header line names them. */
struct columns {
    enum column list[32];
    size_t count;
    size_t first;      /* index of the first placement's first column */
    size_t group;      /* number of columns of one placement */
    size_t placements; /* 0: no header line was seen */
    bool has_root;
    bool is_old; /* header of NCCL 2.4's tests: "bytes N type" */
};

/* A row that is not complete yet: its figures may come later, because NCCL's log, which goes to stdout too,
   can split a row. */
struct pending {
    bool active, after_gap; /* after_gap: only in-place figures, after blanks */
    size_t line;
    int64_t bytes, count, root;
    const char *dtype, *op;
    char figures[WORD_LIMIT][24];
    size_t figure_count;
};

/* The output of one process. */
struct stream {
    const char *label;
    size_t table; /* index + 1 of the table that its lines belong to; 0: none */
    bool footer, seen_version, seen_start, seen_threads;
    struct columns columns;
    struct pending pending;
};

struct parser {
    struct source *source;
    struct stream **streams;
    size_t stream_count;
    const struct collective *hint; /* named by a command or by prose before a table */
    enum evidence hint_from;
    bool hint_used;    /* a table took it: weaker evidence may replace it now */
    const char *title; /* the last line of prose; NULL: none since the last table */
    int64_t average;   /* value of -a in a command line; ABSENT: none */
    json_t *facts;     /* facts that apply to the whole file */
    struct lines lines;
};

/* Sets the table's program and collective from a program's name such as "alltoallv_perf". */
void nccl_set_program(struct arena *, struct source_table *, const char *word);

/* The table that the stream's lines belong to; NULL: none. */
struct source_table *nccl_table_of(struct parser *, const struct stream *);

/* Begins a new table of the stream. inherit: it continues the job of the stream's last table (a second column
   header, or rows after a footer, without a new start), and takes over its facts. */
struct source_table *nccl_open_table(struct parser *, struct stream *, bool inherit);

/* Reads the header line "size count type [redop] [root] time algbw busbw #wrong …", or that of NCCL 2.4,
   "bytes N type …". false: it is no header line. */
bool nccl_read_columns(const struct word *words, size_t count, struct columns *);

/* Do the words hold a row? Is the word a number or N/A, as the figures of a row are? */
bool nccl_is_row(const struct word *words, size_t count);
bool nccl_is_figure(const char *word);

/* Reads a row, complete or not. May shorten words in place. */
void nccl_read_row(struct parser *, struct stream *, const struct word *words, size_t count);

/* Adds a line that holds only figures to the stream's pending row. false: there is no pending row, or the
   line has other words or fewer than three figures. */
bool nccl_read_continuation(struct parser *, struct stream *, const struct word *words, size_t count);

/* Ends the stream's pending row: adds it to the table if one placement is complete, else warns and drops
   it. */
void nccl_flush(struct parser *, struct stream *);

#endif
