/* Output for people, which fits the 80 columns of a terminal (base/wrap.h). */
#ifndef BUSBAR_TERMINAL_H
#define BUSBAR_TERMINAL_H

#include "analysis/common/table.h"

/* Prints the table as text. Folds a table that is too wide, step by step until its rows fit:
   1. notes go below their rows;
   2. columns with the same value in all rows go to a line above the table;
   3. section columns become headings above the rows that share their values;
   4. spare columns are left out, and a line below the table names them;
   5. the other columns go below their rows with their names, the last one first.
   wide: prints all columns in one row, of any length. */
void terminal_table(const struct table *, bool wide, struct text *out);

/* Prints the table as Markdown, or as terminal_table() does. */
void readable_table(const struct table *, bool markdown, bool wide, struct text *out);

/* Adds lines of text, and breaks those that are longer than 80 columns. wide: breaks none. */
void terminal_lines(const char *lines, bool wide, struct text *out);

#endif
