/* The tables of a run that `show` and `report` print: one per collective, ranks, nodes, group and
   conditions. */
#ifndef BUSBAR_LISTING_H
#define BUSBAR_LISTING_H

#include "analysis/common/table.h"
#include "analysis/compare/aggregate.h"

/* Do two successive lines belong to the same table? */
bool listing_same_table(const struct case_summary *, const struct case_summary *);
/* Adds a title with what all n lines of a table have in common. */
void listing_title(const struct case_summary *lines, size_t n, struct text *out);
/* Fills a table with a row for each of the n lines that has a figure, at most `most` rows. Attributes that
   differ between the lines get a column. */
void listing_fill(const struct case_summary *lines, size_t n, size_t most, struct table *);
/* Summarises the lines first to last-1 that have no figure, one text line per reason: "unsupported: 14 cases
   of half prod, from 8 B: why". */
void listing_without_figure(const struct run_summary *, size_t first, size_t last, struct text *out);

/* Do two rows agree in the attributes for which listing_fill() makes columns (cache, root, load, …)? */
bool listing_same_attributes(const struct case_row *, const struct case_row *);
/* Adds the attributes that do not have their usual value: ", cache cold, root 1". */
void listing_attributes(const struct case_row *, struct text *out);

#endif
