/* Prints what a load does to the cases beside it (--beside): the same cases idle and loaded, and the
   ratio. */
#ifndef BUSBAR_SHOW_LOADS_H
#define BUSBAR_SHOW_LOADS_H

#include "analysis/common/table.h"
#include "analysis/compare/aggregate.h"

#include <jansson.h>

/* A table for each load. Nothing if the run has no case beside one. wide: see terminal_table(). */
void loads_print(const struct run_summary *, bool markdown, bool wide, struct text *out);
/* Adds members to the object of a case that ran beside a load. */
void loads_json(const struct run_summary *, const struct case_summary *, json_t *object);
/* If a run has such cases: adds their columns, and returns how many; loads_csv_cells() then adds the cells of
   a case. */
size_t loads_csv_columns(const struct aggregate *, struct table *);
void loads_csv_cells(const struct run_summary *, const struct case_summary *, struct table *);

#endif
