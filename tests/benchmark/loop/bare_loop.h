/* The plainest way to time an all-reduce, for comparison: shares no code with busbar. */
#ifndef BARE_LOOP_H
#define BARE_LOOP_H

#include <mpi.h>

/* `n` times: barrier, two readings of the clock, the blocking call between them. us[i] is the maximum over
 * ranks (on rank 0). */
void bare_loop(MPI_Comm comm, float *send, float *recv, int count, int n, double *us);

#endif
