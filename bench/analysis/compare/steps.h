/* Figures of measured steps (driver step) over the launches of a run. */
#ifndef BUSBAR_STEPS_H
#define BUSBAR_STEPS_H

#include "analysis/compare/aggregate.h"

/* The figure, over the launches of a line, of one number in the member `step` of its rows ("computed_us").
   Absent unless all launches have the number. */
struct figure step_figure(const struct case_summary *, const char *key);

/* Whether the line is a measured step of the workload of this name. Ignores the hash of the workload's
   rows. */
bool is_step_of(const struct case_summary *, const char *workload);

/* Adds what tells measured steps of one workload apart: " 2 ranks on 1 node, progress thread, cache warm". */
void step_settings(const struct case_summary *, struct text *out);

/* Adds the figures of a measured step that are present: "step 1.2 s; computed from its parts 1.3 s; error
   8 %; …". */
void step_words(const struct case_summary *, struct text *out);

#endif
