#include "backend/mpi_calls.h"

/* ---- blocking ---- */

/* Reductions of more elements than an int can count. */
static int issue_large(const struct arguments *a)
{
#if MPI_VERSION >= 4
    MPI_Count count = (MPI_Count)a->large;
    switch (a->id) {
    case ALL_REDUCE:
        return MPI_Allreduce_c(a->send, a->recv, count, a->type, a->op, a->mpi);
    case REDUCE_SCATTER:
        return MPI_Reduce_scatter_block_c(a->send, a->recv, count, a->type, a->op, a->mpi);
    case REDUCE:
        return MPI_Reduce_c(a->send, a->recv, count, a->type, a->op, a->root, a->mpi);
    default:
        break;
    }
#endif
    (void)a;
    return MPI_ERR_COUNT;
}

static int copy(const struct arguments *a, int count, char *to)
{
    return MPI_Sendrecv(a->send, count, a->type, 0, 0, to, count, a->type, 0, 0, MPI_COMM_SELF,
                        MPI_STATUS_IGNORE);
}

/* MPI_Bcast() has one buffer. Out of place, the root needs an extra copy to its receive buffer. */
static int broadcast(const struct arguments *a)
{
    bool copies = !a->in_place && a->is_root;
    int error = MPI_Bcast(copies ? a->send : a->recv, a->count, a->type, a->root, a->mpi);
    return error || !copies ? error : copy(a, a->count, a->recv);
}

/* As in nccl-tests' src/hypercube.cu: in each step a rank exchanges all that it has with the partner whose
   number differs in one bit, and has twice as much afterwards. */
static int hypercube(const struct arguments *a)
{
    int error = a->in_place ? MPI_SUCCESS : copy(a, a->part, a->recv + a->part_bytes * (size_t)a->rank);
    for (int mask = 1; mask < a->ranks && !error; mask <<= 1) {
        int own = a->rank & ~(mask - 1), other = own ^ mask, count = a->part * mask, partner = a->rank ^ mask;
        error = MPI_Sendrecv(a->recv + a->part_bytes * (size_t)own, count, a->type, partner, 0,
                             a->recv + a->part_bytes * (size_t)other, count, a->type, partner, 0, a->mpi,
                             MPI_STATUS_IGNORE);
    }
    return error;
}

int mpi_issue(const struct arguments *a)
{
    if (a->is_large && a->op != MPI_OP_NULL) return issue_large(a);
    switch (a->id) {
    case ALL_REDUCE:
        return MPI_Allreduce(a->send, a->recv, a->count, a->type, a->op, a->mpi);
    case ALL_GATHER:
        return MPI_Allgather(a->send, a->part, a->type, a->recv, a->part, a->type, a->mpi);
    case REDUCE_SCATTER:
        return MPI_Reduce_scatter_block(a->send, a->recv, a->part, a->type, a->op, a->mpi);
    case BROADCAST:
        return broadcast(a);
    case REDUCE:
        return MPI_Reduce(a->send, a->recv, a->count, a->type, a->op, a->root, a->mpi);
    case ALL_TO_ALL:
        return MPI_Alltoall(a->send, a->part, a->type, a->recv, a->part, a->type, a->mpi);
    case ALL_TO_ALL_V:
        return MPI_Alltoallv(a->send, a->pairs->send_counts, a->pairs->send_at, a->type, a->recv,
                             a->pairs->recv_counts, a->pairs->recv_at, a->type, a->mpi);
    case HYPERCUBE:
        return hypercube(a);
    case SEND_RECV:
        if (a->in_place)
            return MPI_Sendrecv_replace(a->recv, a->count, a->type, a->next, 0, a->previous, 0, a->mpi,
                                        MPI_STATUS_IGNORE);
        return MPI_Sendrecv(a->send, a->count, a->type, a->next, 0, a->recv, a->count, a->type, a->previous,
                            0, a->mpi, MPI_STATUS_IGNORE);
    case GATHER:
        return MPI_Gather(a->send, a->part, a->type, a->recv, a->part, a->type, a->root, a->mpi);
    case SCATTER:
        return MPI_Scatter(a->send, a->part, a->type, a->in_place && a->is_root ? MPI_IN_PLACE : a->recv,
                           a->part, a->type, a->root, a->mpi);
    default:
        return MPI_ERR_UNSUPPORTED_OPERATION;
    }
}

const char *mpi_call_name(const struct arguments *a)
{
    static const char *const names[] = {[ALL_REDUCE] = "MPI_Allreduce",
                                        [ALL_GATHER] = "MPI_Allgather",
                                        [REDUCE_SCATTER] = "MPI_Reduce_scatter_block",
                                        [BROADCAST] = "MPI_Bcast",
                                        [REDUCE] = "MPI_Reduce",
                                        [ALL_TO_ALL] = "MPI_Alltoall",
                                        [SEND_RECV] = "MPI_Sendrecv",
                                        [GATHER] = "MPI_Gather",
                                        [SCATTER] = "MPI_Scatter",
                                        [ALL_TO_ALL_V] = "MPI_Alltoallv",
                                        [HYPERCUBE] = "MPI_Sendrecv"};
    return a->id == SEND_RECV && a->in_place ? "MPI_Sendrecv_replace" : names[a->id];
}

/* ---- non-blocking ---- */

bool mpi_can_start(enum collective_id id)
{
    return id != HYPERCUBE; /* its steps follow each other */
}

/* MPI_Ibcast() has one buffer: out of place, the root broadcasts from its send buffer. Its copy to the
   receive buffer is complete before the broadcast starts. */
static int start_broadcast(const struct arguments *a, MPI_Request *request)
{
    bool copies = !a->in_place && a->is_root;
    int error = copies ? copy(a, a->count, a->recv) : MPI_SUCCESS;
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
