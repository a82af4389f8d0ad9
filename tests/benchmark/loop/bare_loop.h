/* The simplest way to time an all-reduce, for comparison: shares no code with busbar. */
#ifndef BARE_LOOP_H
#define BARE_LOOP_H

#include <mpi.h>

/* Repeats `n` times: a barrier, then the blocking call between two readings of the clock. us[i] is the
 * maximum over the ranks, in µs; valid on rank 0 only. */
void bare_loop(MPI_Comm comm, float *send, float *recv, int count, int n, double *us);

#endif
