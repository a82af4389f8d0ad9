/* The table at the end of a launch. Rank 0 only. */
#ifndef BUSBAR_TABLE_H
#define BUSBAR_TABLE_H

#include "measure/cases.h"

#include <stdio.h>

/* Sorts the cases' samples in place: call it when they have been written. */
void collective_table(struct cases *, const struct settings *, const struct world *, unsigned capabilities,
                      FILE *);

#endif
