/* Baselines: runs kept beside the code, in results/baselines/NAME. */
#ifndef BUSBAR_BASELINE_H
#define BUSBAR_BASELINE_H

#include "base/text.h"

/* The path of a baseline of that name where nothing lies at the path itself; else the path as given. */
const char *baseline_path(struct arena *, const char *path);

#endif
