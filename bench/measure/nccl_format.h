/* --format nccl-tests: what nccl-tests would print of this launch. */
#ifndef BUSBAR_NCCL_FORMAT_H
#define BUSBAR_NCCL_FORMAT_H

#include "measure/cases.h"

#include <stdio.h>

/* Collective, since a backend's facts and the process numbers are; rank 0 prints, after all cases were
 * measured. */
enum status nccl_format_print(const struct cases *, const struct settings *, const struct world *,
                              const struct backend *, struct comm *, FILE *);

#endif
