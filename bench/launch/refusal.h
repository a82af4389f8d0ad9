/* Ends a rank whose command line was refused. */
#ifndef BUSBAR_REFUSAL_H
#define BUSBAR_REFUSAL_H

#include "base/status.h"

/* Called on every rank, before MPI is initialised and after rank 0 has printed the reason. Returns `status`, to exit
   with; or does not return and ends the launch with that status, if that keeps the launcher from printing its own
   message after the reason. */
enum status end_refused(enum status status);

#endif
