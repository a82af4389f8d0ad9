/* The one place that handles errors of MPI. A rank whose MPI call failed is out of step with the others: it can
   neither go on nor agree with them to stop. It says what failed, and ends the launch with status 5. */
#ifndef BUSBAR_MPI_STATUS_H
#define BUSBAR_MPI_STATUS_H

#include "base/status.h"

#include <mpi.h>

/* After MPI_Init: errors on MPI_COMM_WORLD, MPI_COMM_SELF and all communicators made from them are returned
   (MPI's own default ends the process with a message of its own). `last_words` runs before a failed call ends
   the launch. */
void mpi_return_errors(void (*last_words)(void *state), void *state);

/* mpi_must(MPI_Bcast(...)): returns when the call succeeded; else see mpi_require. */
#define mpi_must(expression) mpi_require((expression), #expression)

/* When `error` is not MPI_SUCCESS: prints "MPI_Bcast failed on rank 3 of host n2: <MPI's words>" and ends all
   ranks. `call` is the function's name; what follows an opening parenthesis is not printed. */
void mpi_require(int error, const char *call) SYMBOL("mpi_require");

#endif
