/* Reads tables of tab-separated values that people edit: one header line with the names of the columns; lines
   that start with # are comments. */
#ifndef BUSBAR_TSV_H
#define BUSBAR_TSV_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

struct tsv {
    const char *name;     /* of the file, for messages */
    char *text;           /* the cells point into it */
    const char **cells;   /* rows x columns; row 0 is the header */
    size_t *lines;        /* line number of each row, header included */
    size_t rows, columns; /* rows: without the header */
};

/* Returns STATUS_ENVIRONMENT after printing one line "file:line: …" if the file is unreadable, empty or
   binary, if a row is longer than the header, or if two columns have the same name. A row may be shorter than
   the header, since editors cut trailing tabs: the missing cells are "". `path` must outlive the table. */
enum status tsv_read(const char *path, struct tsv *);
/* The same from memory. */
enum status tsv_parse(const char *name, const char *data, size_t length, struct tsv *);
void tsv_free(struct tsv *);

/* The cell of a row (from 0, without the header). "" if it is empty or the table has no such column. */
const char *tsv_cell(const struct tsv *, size_t row, const char *column);
/* The same, in the arena: it outlives the table. */
const char *tsv_text(const struct tsv *, size_t row, const char *column, struct arena *);

/* Returns STATUS_ENVIRONMENT after printing one line if the table lacks one of these columns
   (NULL-terminated). */
enum status tsv_need(const struct tsv *, const char *const *columns);

/* Reads the cell as a number >= 0 (NAN if it is empty), or as an integer from least to most (an empty cell is
   an error). Returns STATUS_ENVIRONMENT after printing one line for anything else. */
enum status tsv_number(const struct tsv *, size_t row, const char *column, double *value);
enum status tsv_integer(const struct tsv *, size_t row, const char *column, int64_t least, int64_t most,
                        int64_t *value);

/* Prints "file:line: column 'cell': expected …". Returns STATUS_ENVIRONMENT. */
enum status tsv_expected(const struct tsv *, size_t row, const char *column, const char *expected);

#endif
