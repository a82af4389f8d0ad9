/* The simulated machine, as the platform file of scripts/simulate describes it (SimGrid's properties). */
#ifndef BUSBAR_PLATFORM_H
#define BUSBAR_PLATFORM_H

/* A property of the whole machine, or of the host (one for each GPU) on which this rank runs. Ends the
   process with status 5 if the platform file does not have it. */
const char *platform_machine(const char *property);
const char *platform_gpu(const char *property);

#endif
