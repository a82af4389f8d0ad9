/* Collectives on two levels of rings, as NCCL runs them over NVLink domains.

   All-reduce: a reduce-scatter in each domain; an all-reduce of every part between the GPUs that have the same
   number in their domains, each over its own NIC (a rail); an all-gather in each domain. All-gather: on the rails
   first, then in each domain. The buffer is cut into chunks, and each phase works on one chunk after the other: so
   chunks in different phases keep NVLink and NICs busy at the same time. */
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
    /* What was received and is not reduced yet; without data, all that is sent and received. levels_scratch()
       bytes. */
    char *scratch;
};

/* For a buffer of so many bytes. */
size_t levels_scratch(const struct levels *, size_t bytes);

/* In place: all-reduce's input is the buffer, all-gather's this rank's part of it. `count`: elements of the whole
   buffer. MPI_SUCCESS, or the error of the MPI call that failed. */
int levels_all_reduce(const struct levels *, const struct elements *, size_t count);
int levels_all_gather(const struct levels *, const struct elements *, size_t count);

#endif
