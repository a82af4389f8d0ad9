/* Baselines: runs that are kept with the code, in results/baselines/NAME. */
#ifndef BUSBAR_BASELINE_H
#define BUSBAR_BASELINE_H

#include "base/text.h"

/* If `path` does not exist but a baseline of that name does, returns the path of the baseline; else
   `path`. */
const char *baseline_path(struct arena *, const char *path);

#endif
