/* Handles all MPI errors. A rank whose MPI call failed is out of step with the others: it can neither
   continue nor agree with them to stop. So it prints what failed and ends the launch with status 5. */
#ifndef BUSBAR_MPI_STATUS_H
#define BUSBAR_MPI_STATUS_H

#include "base/status.h"

#include <mpi.h>

/* Makes MPI calls return their errors, on MPI_COMM_WORLD, MPI_COMM_SELF and all communicators made from them;
   MPI's default is to abort. Call it after MPI_Init. `last_words` is called before a failed call ends the
   launch. */
void mpi_return_errors(void (*last_words)(void *state), void *state);

/* mpi_must(MPI_Bcast(...)) returns if the call succeeded; else it ends the launch, see mpi_require(). */
#define mpi_must(expression) mpi_require((expression), #expression)

/* If `error` is not MPI_SUCCESS: prints "MPI_Bcast failed on rank 3 of host n2: <MPI's message>" and ends all
   ranks. `call` is the source text of the call, of which the function's name is printed. */
void mpi_require(int error, const char *call) SYMBOL("mpi_require");

#endif
