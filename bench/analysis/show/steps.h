/* Prints the figures of steps that the step driver measured. */
#ifndef BUSBAR_SHOW_STEPS_H
#define BUSBAR_SHOW_STEPS_H

#include "analysis/compare/aggregate.h"

/* Prints a paragraph for each step of the run, in lines of 80 columns. wide: in one line of any length. */
void steps_print(const struct run_summary *, bool markdown, bool wide, struct text *out);

/* Adds the figures of a step's line to its object; nothing for other lines. */
void steps_json(const struct case_summary *, json_t *object);
/* If a run has steps: adds the columns of their figures, and returns how many; steps_csv_cells() then adds
   the cells of any case. */
size_t steps_csv_columns(const struct aggregate *, struct table *);
void steps_csv_cells(const struct case_summary *, struct table *);

#endif
