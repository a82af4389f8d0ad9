/* The physical bounds of a launch's cases (collective/bounds.h), from results/clouds.tsv and gpus.tsv: known
   where the memory is a GPU's and --instance or the GPU's model is in the tables; else between hosts, where
   the user says what a host's network carries. */
#ifndef BUSBAR_CEILING_H
#define BUSBAR_CEILING_H

#include "measure/cases.h"

/* Sets bound_us and bound of every case that has one. `header` must be complete: instance, GPU, hosts,
   domains. network_gbit: bandwidth of one host's network in each direction, Gbit/s; 0: not known. */
void ceiling_set(struct cases *, const struct launch_header *header, double network_gbit);

#endif
