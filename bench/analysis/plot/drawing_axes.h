/* The axes of a plot with curves: their ranges and ticks. */
#ifndef BUSBAR_DRAWING_AXES_H
#define BUSBAR_DRAWING_AXES_H

#include "analysis/plot/drawing.h"

struct span {
    double least, most;
    bool logarithmic;
};

/* The range of the data on the axis, with some room. of_x: bounds and references do not widen it. */
struct span span_of(const struct drawing *, enum axis, bool of_x);
/* Where a value is on the axis: 0 at its beginning, 1 at its end. */
double span_place(const struct span *, double value);
/* Adds the commands that set the ticks of the axis `name`, 'x' or 'y'. */
void write_ticks(struct text *out, char name, enum axis, const struct span *);

#endif
