/* A table of strings, printed for people (text, Markdown, HTML) or programs (CSV). Cells may contain any
   bytes. */
#ifndef BUSBAR_TABLE_H
#define BUSBAR_TABLE_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TABLE_COLUMNS = 128 };

/* What may happen to a column if the table is too wide for a terminal (analysis/common/terminal.h). */
enum table_role {
    TABLE_PLAIN,   /* stays in the row as long as there is room */
    TABLE_SECTION, /* may become a heading above the rows that have the same value */
    TABLE_SPARE,   /* may be left out; of several, the first one first */
    TABLE_NOTE     /* may go below its row */
};

struct table {
    struct table_column {
        const char *name;
        bool left; /* aligned to the left; else to the right, like numbers */
        enum table_role role;
    } columns[TABLE_COLUMNS];
    size_t column_count;
    const char **cells; /* row by row; never NULL */
    size_t cell_count, capacity;
    struct arena arena;
};

void table_column(struct table *, const char *name, bool left); /* the name must outlive the table */
void table_role(struct table *, enum table_role);               /* of the column added last */
/* Adds columns by their names; NULL ends the list. Marks before a name set alignment and role: "<" aligned
   to the left; "=" section, "~" spare, "+" note. */
void table_columns(struct table *, const char *const *names);
/* Adds a cell: from left to right, row after row. Copies the text. */
void table_cell(struct table *, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t table_rows(const struct table *);
void table_free(struct table *);
void table_drop_empty(struct table *); /* drops the columns that are empty in all rows */
/* Adds a cell with a number; empty for INT64_MIN (ABSENT). */
void table_integer(struct table *, int64_t value);

enum table_format { TABLE_TEXT, TABLE_CSV, TABLE_MARKDOWN, TABLE_HTML };
/* HTML: a cell's lines after the first are small print. Text: leaves out columns that are empty in all rows.
   CSV: RFC 4180, with all lines of a cell. */
void table_print(const struct table *, enum table_format, struct text *out);
/* How many columns of a terminal the cell takes in a table of text. */
size_t table_cell_columns(const char *cell);

/* Adds untrusted text to HTML (element content or quoted attribute). Escapes & < > " '; control characters
   become spaces, bytes that are not UTF-8 become U+FFFD. */
void html_text(struct text *out, const char *text);
/* Adds untrusted text to XML 1.0 in the same way; characters that XML forbids and bytes that are not UTF-8
   become '?'. */
void xml_text(struct text *out, const char *text);
/* Adds untrusted text to Markdown as one line; escapes characters that could start markup or HTML. */
void markdown_text(struct text *out, const char *text);
/* Adds untrusted text to one line of a terminal or a data file: control characters become spaces, bytes that
   are not UTF-8 become '?'. Cuts it to `most` characters, of which the last is then an ellipsis. */
void plain_text(struct text *out, const char *text, size_t most);

/* Adds a cell of CSV (RFC 4180), with all its lines. One that a spreadsheet would take for a formula gets an
   apostrophe, so that it is read as text; other control characters than line breaks and tabs become '?'. */
void csv_text(struct text *out, const char *cell);
/* Prints one line on standard output. What comes from records, files or arguments can neither control the
   terminal nor add lines: control characters become spaces. */
void print_plain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* plain_text() or, with `markdown`, the same text escaped for Markdown. */
void line_text(struct text *out, const char *text, size_t most, bool markdown);
/* Is `item` one of the items that `separator` separates in `list`? */
bool list_has(const char *list, const char *separator, const char *item);

/* Formats a number with at least four significant digits: "0.001230", "123456". Uses an exponent only for
   very large and very small values; "" for NAN and infinity. */
const char *number_text(double value, char text[32]);

#endif
