/* Known problems of the NCCL version that a launch uses. */
#ifndef BUSBAR_MEASURE_PROBLEMS_H
#define BUSBAR_MEASURE_PROBLEMS_H

#include "measure/cases.h"

/* On rank 0: warns of each known problem that affects one of the cases, and adds it to the header's facts as
   nccl.known_problems. Needs the labels of the cases (labels.h). Does nothing for other backends. */
void problems_tell(const struct cases *, const struct settings *, struct launch_header *);

#endif
