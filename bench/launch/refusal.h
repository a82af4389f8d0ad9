/* Ends a rank whose command line was refused. */
#ifndef BUSBAR_REFUSAL_H
#define BUSBAR_REFUSAL_H

#include "base/status.h"

/* Called on every rank, before MPI is initialised and after rank 0 has printed the reason. Returns `status`,
   with which the process must exit. Where an exit would make the launcher print a message of its own after
   the reason, it does not return: it ends the launch with that status. */
enum status end_refused(enum status status);

#endif
