/* The table at the end of a launch. Rank 0 only. */
#ifndef BUSBAR_TABLE_H
#define BUSBAR_TABLE_H

#include "measure/cases.h"

#include <stdio.h>

/* Sorts the cases' samples in place, so call it after they have been written to the record. */
void collective_table(struct cases *, const struct settings *, const struct world *, unsigned capabilities,
                      FILE *);

#endif
