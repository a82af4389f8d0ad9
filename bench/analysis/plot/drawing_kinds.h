/* The three kinds of drawings. Each function adds the rows of the drawing's TSV file to `data`, and the
   variables that its gnuplot script needs to `script`. */
#ifndef BUSBAR_DRAWING_KINDS_H
#define BUSBAR_DRAWING_KINDS_H

#include "analysis/plot/drawing.h"

void write_curves(const struct drawing *, struct text *data, struct text *script);
void write_bars(const struct drawing *, struct text *data, struct text *script);
void write_heat(const struct drawing *, struct text *data, struct text *script);

#endif
