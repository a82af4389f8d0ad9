/* How far apart the processors of neighbouring ranks of a host are: the round trip of a cache line.

   A virtual machine's processors lie near each other (one last-level cache) or far apart, and the host moves
   them every few seconds. On the machine of the README the round trip is then 80 or 320 ns, and collectives
   of every size take 2.5 to 6 times as long. No sampling can correct this, but a launch can tell its
   state. */
#ifndef BUSBAR_DISTANCE_H
#define BUSBAR_DISTANCE_H

#include <mpi.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

enum distance_role { DISTANCE_ALONE, DISTANCE_FIRST, DISTANCE_SECOND };

struct distance {
    MPI_Comm comm, host;
    MPI_Win window;
    _Atomic uint32_t *line; /* shared by a pair: ranks 0 and 1 of a host, 2 and 3, ... */
    enum distance_role role;
    uint32_t turn;
    double least_ns, most_ns; /* rank 0: of all measurements so far; NAN before the first */
};

/* Collective. Where the host has no shared memory to give, every rank is alone and nothing is measured. */
void distance_open(struct distance *, MPI_Comm);
void distance_close(struct distance *);

/* Collective. On rank 0: the median round trip, in ns, of the pair that is farthest apart; NAN without pairs.
   The ranks spin: call it only where each has a processor of its own. */
double distance_measure(struct distance *);

/* One line for the end of a launch: the round trip, or that it changed while the launch ran. */
void distance_print(const struct distance *, FILE *);

/* The median time of a round trip as the first of a pair sees it; both spin on `line`, each from the same
   *turn. */
double round_trip_ns(_Atomic uint32_t *line, enum distance_role, uint32_t *turn);

#endif
