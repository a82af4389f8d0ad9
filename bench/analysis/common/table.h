/* A table of strings, printed for people (text, markdown, HTML) or programs (CSV). Cells may hold anything.
 */
#ifndef BUSBAR_TABLE_H
#define BUSBAR_TABLE_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TABLE_COLUMNS = 48 };

struct table {
    struct table_column {
        const char *name;
        bool left; /* else aligned to the right, as numbers are */
    } columns[TABLE_COLUMNS];
    size_t column_count;
    const char **cells; /* row by row; NULL reads as empty */
    size_t cell_count, capacity;
    struct arena arena;
};

void table_column(struct table *, const char *name, bool left); /* names must outlive the table */
/* Cells are added from left to right, row after row; text is copied. */
void table_cell(struct table *, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t table_rows(const struct table *);
void table_free(struct table *);
void table_drop_empty(struct table *); /* the columns that are empty in all rows */
/* A number, or an empty cell for INT64_MIN (ABSENT). */
void table_integer(struct table *, int64_t value);

enum table_format { TABLE_TEXT, TABLE_CSV, TABLE_MARKDOWN, TABLE_HTML };
/* HTML: a cell's lines after the first are small print. Text: columns that are empty in all rows are left
 * out. CSV: RFC 4180, no line of a cell lost. */
void table_print(const struct table *, enum table_format, struct text *out);

/* Untrusted text into HTML (element content or quoted attribute): & < > " ' and control characters; not UTF-8
 * becomes U+FFFD. */
void html_text(struct text *out, const char *text);
/* Untrusted text into XML 1.0, likewise; what XML cannot hold becomes '?'. */
void xml_text(struct text *out, const char *text);
/* Untrusted text as markdown: what could start markup or HTML is escaped; one line. */
void markdown_text(struct text *out, const char *text);
/* Untrusted text for one line of a terminal or a data file: control characters become spaces, not UTF-8
   becomes '?'; at most `most` characters, then an ellipsis. */
void plain_text(struct text *out, const char *text, size_t most);

/* Untrusted text for a line of a terminal or of markdown: at most `most` characters of it. */
void line_text(struct text *out, const char *text, size_t most, bool markdown);
/* Is `item` one of those that `separator` divides in `list`? */
bool list_has(const char *list, const char *separator, const char *item);

/* "0.00123" to "123456": four significant digits at least, an exponent only where nobody could count the
   zeros;
   "" for NAN. */
const char *number_text(double value, char text[32]);

#endif
