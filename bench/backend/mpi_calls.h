/* The arguments of an MPI collective, and the call in its blocking and its non-blocking form. */
#ifndef BUSBAR_MPI_CALLS_H
#define BUSBAR_MPI_CALLS_H

#include "collective/collective.h"

#include <mpi.h>
#include <stdbool.h>

/* The arguments of MPI_Alltoallv that depend on the case: elements that go to and come from each rank, and
   where they begin. All are in one block. */
struct pairs {
    int *send_counts, *send_at, *recv_counts, *recv_at; /* [ranks] */
    const struct traffic *traffic;                      /* of the case that they are for */
    size_t count;                                       /* of that case; 0: none yet */
};

struct arguments {
    enum collective_id id;
    char *send, *recv; /* of the current slot; send may be MPI_IN_PLACE */
    size_t step;       /* bytes from one slot to the next */
    size_t part_bytes;
    int count, part, rank, ranks, root, next, previous;
    size_t large; /* the call's count; used if is_large (above INT_MAX) */
    bool in_place, is_root, is_large;
    const struct pairs *pairs; /* alltoallv; else NULL */
    MPI_Datatype type;
    MPI_Op op;
    MPI_Comm mpi;
};

/* One blocking call. Returns MPI's error; MPI_ERR_COUNT for a reduction of more elements than this MPI
   library can count. */
int mpi_issue(const struct arguments *);

/* The name of the MPI function that mpi_issue() calls, for messages. */
const char *mpi_call_name(const struct arguments *);

enum { MPI_REQUESTS = 2 };

/* Is there a non-blocking form of it? */
bool mpi_can_start(enum collective_id);

/* Starts the call without waiting for it. Sets all requests; those that it does not need to MPI_REQUEST_NULL.
   Returns MPI's error; MPI_ERR_COUNT for more elements than an int can count, MPI_ERR_UNSUPPORTED_OPERATION
   where MPI has no such call. */
int mpi_start(const struct arguments *, MPI_Request[MPI_REQUESTS]);

#endif
