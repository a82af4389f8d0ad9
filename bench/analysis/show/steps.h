/* Prints what the step driver measured beside the time of a step. */
#ifndef BUSBAR_SHOW_STEPS_H
#define BUSBAR_SHOW_STEPS_H

#include "analysis/compare/aggregate.h"

/* A line for each step of the run; nothing if it has none. */
void steps_print(const struct run_summary *, bool markdown, struct text *out);

#endif
