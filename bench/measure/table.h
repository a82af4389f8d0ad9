/* What a person sees: a line of progress while measuring, a table at the end. Rank 0 only. */
#ifndef BUSBAR_TABLE_H
#define BUSBAR_TABLE_H

#include "base/units.h"
#include "measure/cases.h"

#include <stdio.h>

struct progress_line {
    bool shown;
    double start_s, last_s;
    size_t width;
};

void progress_open(struct progress_line *, bool shown);
/* budget_s: no more time than that is left (0: no budget). */
void progress_show(struct progress_line *, size_t done, size_t all, double budget_s,
                   const struct measured *next);
void progress_text(struct progress_line *, size_t done, size_t all, double budget_s, const char *what);
void progress_clear(struct progress_line *);

/* Four significant digits without an exponent, "-" for what was not measured. */
const char *figure(double value, char text[UNIT_TEXT]);

/* Sorts the cases' samples in place: call it when they have been written. */
void table_print(struct cases *, const struct settings *, const struct world *, unsigned capabilities,
                 FILE *);

#endif
