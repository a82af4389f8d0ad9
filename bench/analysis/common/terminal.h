/* Output for people that fits the 80 columns of a terminal (base/wrap.h). */
#ifndef BUSBAR_TERMINAL_H
#define BUSBAR_TERMINAL_H

#include "analysis/common/table.h"

/* Prints the table as text. If it is too wide: notes go below their rows; what all rows have in common, and
   then the sections, stand on lines of their own; spare columns are left out, and named below the table; the
   last columns go below the rows. Stops as soon as the rest fits. wide: prints all columns in one line, of
   any length. */
void terminal_table(const struct table *, bool wide, struct text *out);

/* Adds lines of text, broken at 80 columns. wide: as they are. */
void terminal_lines(const char *lines, bool wide, struct text *out);

#endif
