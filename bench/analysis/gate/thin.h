/* Makes baselines small enough for git: keeps only the data that a comparison reads. */
#ifndef BUSBAR_THIN_H
#define BUSBAR_THIN_H

#include "record/record.h"

/* Keeps 20 samples of each case (21 if their number is odd), in measured order: those that define the median
   and the 95th percentile, and others spread evenly over the sorted samples. Keeps all if there are no more
   than that. Removes values that follow from the samples, and data that a comparison does not read
   (telemetry, groups, arrival times, …). Sets "thin" in the header's `source`. Passes must have been merged;
   the arena owns the new memory. */
void thin_launch(struct launch *, struct arena *);

#endif
