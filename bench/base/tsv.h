/* Small tables that people edit: one header line of column names, tabs between, # starts a comment line. */
#ifndef BUSBAR_TSV_H
#define BUSBAR_TSV_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct tsv {
    const char *name;     /* of the file, for messages */
    char *text;           /* what the cells point into */
    const char **cells;   /* rows x columns; row 0 is the header */
    size_t *lines;        /* line number of each row, header included */
    size_t rows, columns; /* rows: without the header */
};

/* STATUS_ENVIRONMENT after one line "file:line: …": unreadable, empty, binary, a row longer than the header,
   a column named twice. A row may be shorter than the header (editors cut trailing tabs): what is missing is
   "". `path` must outlive the table. */
enum status tsv_read(const char *path, struct tsv *);
/* The same from memory. */
enum status tsv_parse(const char *name, const char *data, size_t length, struct tsv *);
void tsv_free(struct tsv *);

/* Row from 0, the header not counted. "" for an empty cell and for a column that is not there. */
const char *tsv_cell(const struct tsv *, size_t row, const char *column);

/* STATUS_ENVIRONMENT after one line when one of the NULL-terminated names is no column. */
enum status tsv_need(const struct tsv *, const char *const *columns);

/* The cell as a number >= 0: NAN when empty. Another thing: STATUS_ENVIRONMENT after one line. */
enum status tsv_number(const struct tsv *, size_t row, const char *column, double *value);
enum status tsv_integer(const struct tsv *, size_t row, const char *column, int64_t least, int64_t most,
                        int64_t *value);

#endif
