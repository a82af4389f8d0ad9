#include "backend/mpi_arguments.h"

bool mpi_can_start(enum collective_id id)
{
    return id != HYPERCUBE; /* its steps follow each other */
}

/* MPI_Ibcast() has one buffer: out of place, the root broadcasts from its send buffer. Its copy to the receive
   buffer is complete before the broadcast starts. */
static int start_broadcast(const struct arguments *a, MPI_Request *request)
{
    bool copies = !a->in_place && a->is_root;
    int error = MPI_SUCCESS;
    if (copies)
        error = MPI_Sendrecv(a->send, a->count, a->type, 0, 0, a->recv, a->count, a->type, 0, 0,
                             MPI_COMM_SELF, MPI_STATUS_IGNORE);
    return error ? error
                 : MPI_Ibcast(copies ? a->send : a->recv, a->count, a->type, a->root, a->mpi, request);
}

static int start_exchange(const struct arguments *a, MPI_Request requests[MPI_REQUESTS])
{
    if (a->in_place) return MPI_ERR_UNSUPPORTED_OPERATION; /* there is no MPI_Isendrecv_replace() in MPI 3 */
    int error = MPI_Irecv(a->recv, a->count, a->type, a->previous, 0, a->mpi, &requests[0]);
    return error ? error : MPI_Isend(a->send, a->count, a->type, a->next, 0, a->mpi, &requests[1]);
}

int mpi_start(const struct arguments *a, MPI_Request requests[MPI_REQUESTS])
{
    for (int i = 0; i < MPI_REQUESTS; i++) requests[i] = MPI_REQUEST_NULL;
    if (a->is_large && a->op != MPI_OP_NULL) return MPI_ERR_COUNT;
    switch (a->id) {
    case ALL_REDUCE:
        return MPI_Iallreduce(a->send, a->recv, a->count, a->type, a->op, a->mpi, requests);
    case ALL_GATHER:
        return MPI_Iallgather(a->send, a->part, a->type, a->recv, a->part, a->type, a->mpi, requests);
    case REDUCE_SCATTER:
        return MPI_Ireduce_scatter_block(a->send, a->recv, a->part, a->type, a->op, a->mpi, requests);
    case BROADCAST:
        return start_broadcast(a, requests);
    case REDUCE:
        return MPI_Ireduce(a->send, a->recv, a->count, a->type, a->op, a->root, a->mpi, requests);
    case ALL_TO_ALL:
        return MPI_Ialltoall(a->send, a->part, a->type, a->recv, a->part, a->type, a->mpi, requests);
    case ALL_TO_ALL_V:
        return MPI_Ialltoallv(a->send, a->pairs->send_counts, a->pairs->send_at, a->type, a->recv,
                              a->pairs->recv_counts, a->pairs->recv_at, a->type, a->mpi, requests);
    case SEND_RECV:
        return start_exchange(a, requests);
    case GATHER:
        return MPI_Igather(a->send, a->part, a->type, a->recv, a->part, a->type, a->root, a->mpi, requests);
    case SCATTER:
        return MPI_Iscatter(a->send, a->part, a->type, a->in_place && a->is_root ? MPI_IN_PLACE : a->recv,
                            a->part, a->type, a->root, a->mpi, requests);
    default:
        return MPI_ERR_UNSUPPORTED_OPERATION;
    }
}
