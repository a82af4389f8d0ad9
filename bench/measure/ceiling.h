/* The physical bounds of a launch's cases (collective/bounds.h), from results/clouds.tsv and gpus.tsv: known where the memory is a
   GPU's and --instance or the GPU's model is in the tables. */
#ifndef BUSBAR_CEILING_H
#define BUSBAR_CEILING_H

#include "measure/cases.h"

/* Sets bound_us and bound of every case that has one. `header` is complete: instance, GPU, hosts, domains. */
void ceiling_set(struct cases *, const struct launch_header *header);

#endif
