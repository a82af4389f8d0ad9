/* Ends ranks that have printed why, so that the launcher prints nothing of its own after that line. */
#ifndef BUSBAR_REFUSAL_H
#define BUSBAR_REFUSAL_H

#include "base/status.h"

/* Called on every rank, before MPI is initialised and after rank 0 has printed the reason. Returns `status`,
   with which the process must exit. Where an exit would make the launcher print a message of its own after
   the reason, it does not return: it ends the launch with that status. */
enum status end_refused(enum status status);

/* Calls `init`, which initialises MPI, so that ends_quietly() can be true. Returns what `init` returns. */
int quiet_init(int (*init)(void *state), void *state);

/* Should a launch without figures end by end_agreed(), and not by an exit after MPI_Finalize? */
bool ends_quietly(void);

/* Collective: all ranks have agreed on the status, and the reason has been printed. Ends the launch with it.
   Nobody must watch the other ranks any more. */
void end_agreed(enum status status);

#endif
