/* The readable tables of a run, as `show` and `report` print them: one per collective and world. */
#ifndef BUSBAR_LISTING_H
#define BUSBAR_LISTING_H

#include "analysis/common/table.h"
#include "analysis/compare/aggregate.h"

/* Do two neighbouring lines stand in one table? */
bool listing_same_table(const struct case_summary *, const struct case_summary *);
/* What all n lines of a table have in common. */
void listing_title(const struct case_summary *lines, size_t n, struct text *out);
/* Columns, and a row for each of the n lines that has a figure, `most` at the most. What differs between the
   lines has a column. */
void listing_fill(const struct case_summary *lines, size_t n, size_t most, struct table *);
/* Lines first…last-1 that have no figure, compactly, a line per reason: "unsupported: 14 cases of half prod,
 * from 8 B: why". */
void listing_without_figure(const struct run_summary *, size_t first, size_t last, struct text *out);

#endif
