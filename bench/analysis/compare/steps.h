/* Figures of measured steps (driver step) over the launches of a run. */
#ifndef BUSBAR_STEPS_H
#define BUSBAR_STEPS_H

#include "analysis/compare/aggregate.h"

/* A number of `step` of a step's rows ("computed_us"), over the launches of a line; absent unless all have
   it. */
struct figure step_figure(const struct case_summary *, const char *key);

/* Is the line a step of the workload of this name, whatever its rows were? */
bool is_step_of(const struct case_summary *, const char *workload);

/* What a line says of a step beside its time: "computed from its parts 1.2 s, error -3 %; …". */
void step_words(const struct case_summary *, struct text *out);

#endif
