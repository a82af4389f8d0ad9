/* A library for LD_PRELOAD (tests/e2e/mpi_errors.sh) that makes one MPI call of a driver invalid, so that the
   MPI library reports an error through the error handler of the call's communicator:
     BREAK_CALL=MPI_Bcast  the function
     BREAK_RANK=1          on this rank of MPI_COMM_WORLD (default: 0)
     BREAK_AT=5            its fifth call (default: the first)
     BREAK_SIZE=2          counts only calls on communicators of this size (default: any) */
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

static int number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

static int breaks(const char *call, MPI_Comm comm)
{
    static int calls;
    const char *wanted = getenv("BREAK_CALL");
    int rank, size;
    if (!wanted || strcmp(wanted, call) != 0) return 0;
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    PMPI_Comm_size(comm, &size);
    if (rank != number("BREAK_RANK", 0) || size != number("BREAK_SIZE", size)) return 0;
    return ++calls == number("BREAK_AT", 1);
}

#define COUNT(call, count, comm) (breaks(call, comm) ? -1 : (count))
#define COMM(call, comm)         (breaks(call, comm) ? MPI_COMM_NULL : (comm))

int MPI_Allreduce(const void *s, void *r, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c)
{
    return PMPI_Allreduce(s, r, COUNT("MPI_Allreduce", n, c), t, op, c);
}

int MPI_Reduce(const void *s, void *r, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm c)
{
    return PMPI_Reduce(s, r, COUNT("MPI_Reduce", n, c), t, op, root, c);
}

int MPI_Bcast(void *b, int n, MPI_Datatype t, int root, MPI_Comm c)
{
    return PMPI_Bcast(b, COUNT("MPI_Bcast", n, c), t, root, c);
}

int MPI_Gather(const void *s, int n, MPI_Datatype t, void *r, int m, MPI_Datatype u, int root, MPI_Comm c)
{
    return PMPI_Gather(s, COUNT("MPI_Gather", n, c), t, r, m, u, root, c);
}

int MPI_Allgather(const void *s, int n, MPI_Datatype t, void *r, int m, MPI_Datatype u, MPI_Comm c)
{
    return PMPI_Allgather(s, COUNT("MPI_Allgather", n, c), t, r, m, u, c);
}

int MPI_Send(const void *b, int n, MPI_Datatype t, int to, int tag, MPI_Comm c)
{
    return PMPI_Send(b, COUNT("MPI_Send", n, c), t, to, tag, c);
}

int MPI_Barrier(MPI_Comm c)
{
    return PMPI_Barrier(COMM("MPI_Barrier", c));
}

int MPI_Ibarrier(MPI_Comm c, MPI_Request *request)
{
    return PMPI_Ibarrier(COMM("MPI_Ibarrier", c), request);
}

int MPI_Comm_dup(MPI_Comm c, MPI_Comm *copy)
{
    return PMPI_Comm_dup(COMM("MPI_Comm_dup", c), copy);
}

int MPI_Comm_split(MPI_Comm c, int colour, int key, MPI_Comm *part)
{
    return PMPI_Comm_split(COMM("MPI_Comm_split", c), colour, key, part);
}
