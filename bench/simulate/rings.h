/* Collectives on two levels of rings, as NCCL runs them over NVLink domains.

   All-reduce: a reduce-scatter in each domain; an all-reduce of every part between the GPUs that have the
   same number in their domains, each over its own NIC (a rail); an all-gather in each domain. All-gather: on
   the rails first, then in each domain. The buffer is cut into chunks, and each phase works on one chunk
   after the other: so chunks in different phases keep NVLink and NICs busy at the same time. */
#ifndef BUSBAR_RINGS_H
#define BUSBAR_RINGS_H

#include <mpi.h>
#include <stddef.h>

/* The ranks of a communicator in order, each of which sends to the next one. */
struct ring {
    MPI_Comm comm;
    int rank, ranks;
};

/* Rank `rail.rank * domain.ranks + domain.rank` of the world. */
struct levels {
    struct ring domain, rail;
    int chunks; /* at most CHUNKS_MOST */
};
enum { CHUNKS_MOST = 64 };

/* Elements that messages carry. */
struct elements {
    MPI_Datatype type;
    MPI_Op op;
    size_t size; /* of one, in bytes */
    char *data;  /* the buffer; NULL: messages carry no data, only their size counts */
    /* Received data that is not yet reduced. Without data, all messages are sent from here and received into
       it. Has levels_scratch() bytes. */
    char *scratch;
};

/* The bytes of scratch memory that a collective on a buffer of `bytes` bytes needs. */
size_t levels_scratch(const struct levels *, size_t bytes);

/* Both work in place: the input of all-reduce is the buffer, that of all-gather is this rank's part of it.
   `count`: elements of the whole buffer. Return MPI_SUCCESS, or the error of the MPI call that failed. */
int levels_all_reduce(const struct levels *, const struct elements *, size_t count);
int levels_all_gather(const struct levels *, const struct elements *, size_t count);

#endif
