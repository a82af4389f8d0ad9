/* What the two halves of the reader of nccl-tests' text share: source_nccl_text.c knows lines and tables,
 * source_nccl_rows.c rows. */
#ifndef BUSBAR_SOURCE_NCCL_H
#define BUSBAR_SOURCE_NCCL_H

#include "analysis/import/source.h"
#include "analysis/import/source_line.h"

enum column { OTHER, OP, ROOT, TIME, CPU_TIME, ALGBW, BUSBW, WRONG, ERROR, ITER_MIN, ITER_MAX, ITER_P99 };

/* The columns behind the type, as the header line names them. */
struct columns {
    enum column list[32];
    size_t count;
    size_t first;      /* of the first placement */
    size_t group;      /* columns of one placement */
    size_t placements; /* 0: no header line was seen */
    bool has_root;
    bool is_old; /* of NCCL 2.4: "bytes N type" */
};

/* A row whose figures have not all come: NCCL's own lines may stand between (its log goes to stdout too). */
struct pending {
    bool active, after_gap; /* after_gap: the out-of-place columns are blank */
    size_t line;
    int64_t bytes, count, root;
    const char *dtype, *op;
    char figures[WORD_LIMIT][24];
    size_t figure_count;
};

/* What one process printed. */
struct stream {
    const char *label;
    size_t table; /* index + 1 of the open table; 0: none */
    bool footer, seen_version, seen_start, seen_threads;
    struct columns columns;
    struct pending pending;
};

struct parser {
    struct source *source;
    struct stream **streams;
    size_t stream_count;
    const struct collective *hint; /* from a command or words before a table */
    enum evidence hint_from;
    bool hint_used;    /* by a table: mere words may replace it */
    const char *title; /* the last line of prose; NULL: none since the last table began */
    int64_t average;   /* of a command line's -a */
    json_t *facts;     /* of the whole file */
    struct lines lines;
};

/* What the program's name says: "all_reduce_perf_mpi", "alltoallv_perf". */
void nccl_set_program(struct arena *, struct source_table *, const char *word);

/* The stream's open table; NULL: none. */
struct source_table *nccl_table_of(struct parser *, const struct stream *);

/* A new table in the stream. One that continues an earlier (a second column header, or rows after a footer,
   without a new start) is of the same job: it inherits what was said there. */
struct source_table *nccl_open_table(struct parser *, struct stream *, bool inherit);

/* The header line "size count type [redop] [root] time algbw busbw #wrong …"; false: it is none. */
bool nccl_read_columns(const struct word *words, size_t count, struct columns *);

/* Whether the words hold a row, or figures that can end one. */
bool nccl_is_row(const struct word *words, size_t count);
bool nccl_is_figure(const char *word);

/* A row, whole or begun. The words may be cut. */
void nccl_read_row(struct parser *, struct stream *, const struct word *words, size_t count);

/* A line of nothing but figures ends a row that was begun before; false: it does not. */
bool nccl_read_continuation(struct parser *, struct stream *, const struct word *words, size_t count);

/* No more figures will come for the row that was begun: it is taken when one placement is whole. */
void nccl_flush(struct parser *, struct stream *);

#endif
