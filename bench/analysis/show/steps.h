/* Prints the figures of steps that the step driver measured. */
#ifndef BUSBAR_SHOW_STEPS_H
#define BUSBAR_SHOW_STEPS_H

#include "analysis/compare/aggregate.h"

/* Prints a paragraph for each step of the run, in lines of 80 columns. wide: in one line of any length. */
void steps_print(const struct run_summary *, bool markdown, bool wide, struct text *out);

#endif
