/* --format nccl-tests: prints this launch as nccl-tests would. */
#ifndef BUSBAR_NCCL_FORMAT_H
#define BUSBAR_NCCL_FORMAT_H

#include "measure/cases.h"

#include <stdio.h>

/* Collective: gathers the backend's facts and the process ids. Call it after all cases have been measured;
   rank 0 prints. */
enum status nccl_format_print(const struct cases *, const struct settings *, const struct world *,
                              const struct backend *, struct comm *, FILE *);

#endif
