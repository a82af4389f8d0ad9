/* Prints the figures of steps that the step driver measured. */
#ifndef BUSBAR_SHOW_STEPS_H
#define BUSBAR_SHOW_STEPS_H

#include "analysis/compare/aggregate.h"

/* Prints a line for each measured step of the run; nothing if it has none. */
void steps_print(const struct run_summary *, bool markdown, struct text *out);

#endif
