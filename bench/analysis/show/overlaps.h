/* Prints what the overlap driver measured: a collective and a matmul at once. */
#ifndef BUSBAR_SHOW_OVERLAPS_H
#define BUSBAR_SHOW_OVERLAPS_H

#include "analysis/common/table.h"
#include "analysis/compare/aggregate.h"

/* A table for each set of rows that differ in their ratio only. Nothing if the run has none. */
void overlaps_print(const struct run_summary *, bool markdown, bool wide, struct text *out);
/* Adds the member "overlaps" to the run's object. */
void overlaps_json(const struct run_summary *, json_t *object);
/* Adds the columns of these rows after those of cases. Returns their number: 0 if no run has such rows. */
size_t overlaps_csv_columns(const struct aggregate *, struct table *);
void overlaps_csv_rows(const struct aggregate *, size_t own, struct table *); /* own: that number */

#endif
