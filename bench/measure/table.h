/* The table at the end of a launch. Rank 0 only. */
#ifndef BUSBAR_TABLE_H
#define BUSBAR_TABLE_H

#include "base/units.h"
#include "measure/cases.h"

#include <stdio.h>

/* Three or four significant digits without an exponent, down to the sixth decimal; "-" for what was not
 * measured. */
const char *figure(double value, char text[UNIT_TEXT]);

/* Sorts the cases' samples in place: call it when they have been written. */
void collective_table(struct cases *, const struct settings *, const struct world *, unsigned capabilities,
                      FILE *);

#endif
