/* The physical bounds of a launch's cases (collective/bounds.h), from results/clouds.tsv and gpus.tsv. They
   are known if the buffers are in GPU memory and the tables have the --instance or the GPU's model.
   Otherwise, between hosts, --network-gbit gives a bound. */
#ifndef BUSBAR_CEILING_H
#define BUSBAR_CEILING_H

#include "measure/cases.h"

/* Sets bound_us and bound of every case that has one. `header` must be complete: instance, GPU, hosts,
   domains, and what NCCL tells: if it does not use NVLink between hosts, these do not count as a domain.
   network_only: the GPUs of one host, too, communicate by their NICs (--expect-transport rdma).
   network_gbit: bandwidth of one host's network in each direction, Gbit/s; 0: not known. */
void ceiling_set(struct cases *, const struct world *, const struct launch_header *header, bool network_only,
                 double network_gbit);

#endif
