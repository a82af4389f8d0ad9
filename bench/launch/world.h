/* Fills `struct world` (backend/backend.h), the ranks that measure together, from a communicator. */
#ifndef BUSBAR_WORLD_H
#define BUSBAR_WORLD_H

#include "backend/backend.h"

/* Collective over `comm`, after MPI_Init. Ranks with equal host names share a node; nodes are numbered by
   their first rank. The environment variable BUSBAR_HOST replaces a rank's host name (tests, emulated
   clusters); then world->renamed is set on all ranks. Returns STATUS_ENVIRONMENT after printing one line if a
   launcher started several processes, but the MPI library sees only this one: they would run as separate
   jobs. */
enum status world_open(MPI_Comm comm, struct world *world);
void world_close(struct world *);

/* The hosts in the form of the launch header, one per node. The caller frees the list; the world owns the
   names. */
struct world_host *world_host_list(const struct world *);

/* Collective. Returns the worst status of all ranks; a failure is worse than the status of a case that cannot
   run. The first rank that failed prints its error if it was silenced. */
enum status agree_over(MPI_Comm, enum status own);

/* Checks --expect-ranks and --expect-hosts; 0: any number. On a mismatch prints one line and returns
   STATUS_ENVIRONMENT. */
enum status check_expected(const struct world *, int64_t ranks, int64_t hosts);

#endif
