/* Known problems of the NCCL that a launch uses. */
#ifndef BUSBAR_MEASURE_PROBLEMS_H
#define BUSBAR_MEASURE_PROBLEMS_H

#include "measure/cases.h"

/* On rank 0: warns of each known problem that one of the cases can meet, and adds them to the record's facts
   as nccl.known_problems. Nothing for other backends. */
void problems_tell(const struct cases *, const struct settings *, struct launch_header *);

#endif
