/* Baselines for git: of each launch only what a comparison reads. */
#ifndef BUSBAR_THIN_H
#define BUSBAR_THIN_H

#include "record/record.h"

/* Keeps 20 of a case's samples (21 of an odd number), in measured order: their median and 95th percentile are
   those of all, the others are spread evenly over the ranks. Fewer stay as they are. What follows from the
   samples, and what a comparison does not read (telemetry, groups, arrival times, …), goes. The header's
   `source` says so. Passes must have been merged; memory is of the arena. */
void thin_launch(struct launch *, struct arena *);

#endif
