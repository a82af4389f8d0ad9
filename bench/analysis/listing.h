/* The readable tables of a run, as `show` and `report` print them: one per collective and world. */
#ifndef BUSBAR_LISTING_H
#define BUSBAR_LISTING_H

#include "analysis/aggregate.h"
#include "analysis/table.h"

/* Do two neighbouring lines stand in one table? */
bool listing_same_table(const struct case_summary *, const struct case_summary *);
void listing_title(const struct case_row *, struct text *);
void listing_columns(struct table *, bool gemm);
void listing_row(struct table *, const struct case_summary *);
/* Lines first…last-1 that have no figure, compactly, a line per reason: "unsupported: 14 cases of half prod,
 * from 8 B: why". */
void listing_without_figure(const struct run_summary *, size_t first, size_t last, struct text *out);

#endif
