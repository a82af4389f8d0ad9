/* Who measures together: fills `struct world` (backend/backend.h) from a communicator. */
#ifndef BUSBAR_WORLD_H
#define BUSBAR_WORLD_H

#include "backend/backend.h"

/* Collective over `comm`, after MPI_Init. Ranks with equal host names share a node; nodes are numbered by
   their first rank. The environment variable BUSBAR_HOST, where a rank has it, replaces its host name (tests,
   emulated clusters): world->renamed says so on all ranks. Refuses (STATUS_ENVIRONMENT, one line) a process
   that a launcher started as one of several, but whose MPI library sees it alone: N such processes would be N
   separate jobs. */
enum status world_open(MPI_Comm comm, struct world *world);
void world_close(struct world *);

/* The hosts in the form of the launch header, one for each node; the names stay the world's, the caller frees
 * the list. */
struct world_host *world_host_list(const struct world *);

/* Collective: the worst status of all ranks; a failure is worse than a case that cannot be had. */
enum status agree_over(MPI_Comm, enum status own);

/* --expect-ranks, --expect-hosts; 0: anything. STATUS_ENVIRONMENT with one line. */
enum status check_expected(const struct world *, int64_t ranks, int64_t hosts);

#endif
