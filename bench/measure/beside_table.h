/* The table of --beside: each case idle, loaded, and how much slower it is then. */
#ifndef BUSBAR_BESIDE_TABLE_H
#define BUSBAR_BESIDE_TABLE_H

#include "measure/cases.h"

#include <stdio.h>

void beside_table(const struct cases *, const struct settings *, const struct world *, unsigned capabilities,
                  FILE *);

#endif
