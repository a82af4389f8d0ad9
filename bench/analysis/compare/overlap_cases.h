/* Lines of the driver overlap as cases, for the commands compare, contract and history. The number of calls
   in a sample is chosen anew in each launch, so times of two launches cannot be compared; the ratios of a
   round can. A case has as its samples the time of both sides at once, in percent of their times one after
   the other: 100 where nothing overlaps, 50 where two equal sides cost as much as one. Lower is better, as
   with times. */
#ifndef BUSBAR_OVERLAP_CASES_H
#define BUSBAR_OVERLAP_CASES_H

#include "record/record.h"

/* Adds a case for each line of overlap, with the key of the line; `overlap` points to the line, summarised.
   For archives whose passes are merged and whose keys are not complete yet. */
void add_overlap_cases(struct archive *);

#endif
