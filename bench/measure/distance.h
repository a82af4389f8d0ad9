/* How far apart the processors of neighbouring ranks of a host are, measured as the round trip of a cache
   line.

   A virtual machine's processors are near each other (they share a last-level cache) or far apart, and the
   hypervisor moves them every few seconds. On the machine of the README the round trip is 80 ns when near and
   320 ns when far, and collectives of every size take 2.5 to 6 times as long when far. No sampling can
   correct this, but a launch can report its state. */
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
    double least_ns, most_ns; /* on rank 0: shortest and longest round trip so far; NAN before the first */
};

/* Collective. If MPI cannot allocate shared memory on a host, its ranks have the role DISTANCE_ALONE and are
   not measured. */
void distance_open(struct distance *, MPI_Comm);
void distance_close(struct distance *);

/* Collective. On rank 0: the median round trip, in ns, of the pair that is farthest apart; NAN without pairs.
   The ranks spin, so call it only if no two ranks share a processor. */
double distance_measure(struct distance *);

/* Prints the round trip, or a warning if it changed during the launch; nothing if it was not measured. */
void distance_print(const struct distance *, FILE *);

/* The median round trip, in ns. Both ranks of a pair call it with the same *turn, and spin on `line`. */
double round_trip_ns(_Atomic uint32_t *line, enum distance_role, uint32_t *turn);

#endif
