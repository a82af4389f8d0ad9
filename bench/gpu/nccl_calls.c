/* Enqueues the collectives. Uses sends and receives in a group for those that this NCCL has no function
   for. */
#include "gpu/nccl.h"
#include "kernels/pattern.h"

/* ncclBfloat16, which nccl.h before 2.24 defines only for C++. */
enum { BFLOAT16 = 9 };

int nccl_type(enum dtype dtype)
{
    switch (dtype) {
    case DTYPE_INT8:
        return ncclInt8;
    case DTYPE_UINT8:
        return ncclUint8;
    case DTYPE_INT32:
        return ncclInt32;
    case DTYPE_UINT32:
        return ncclUint32;
    case DTYPE_INT64:
        return ncclInt64;
    case DTYPE_UINT64:
        return ncclUint64;
    case DTYPE_HALF:
        return ncclFloat16;
    case DTYPE_BFLOAT16:
        return BFLOAT16;
    case DTYPE_FLOAT:
        return ncclFloat32;
    case DTYPE_DOUBLE:
        return ncclFloat64;
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 24, 0)
    case DTYPE_FP8_E4M3:
        return ncclFloat8e4m3;
    case DTYPE_FP8_E5M2:
        return ncclFloat8e5m2;
#endif
    default:
        return -1;
    }
}

static ncclResult_t op_of(struct comm *c, const struct call *call, ncclRedOp_t *op)
{
    static const ncclRedOp_t ops[] = {ncclSum, ncclProd, ncclMax, ncclMin, ncclAvg};
    if (call->op != OP_PREMULSUM) {
        *op = ops[call->op];
        return ncclSuccess;
    }
    if (!c->has_premul[call->dtype]) {
        uint64_t scalar = pattern_encode(call->dtype, pattern_premul(c->world->rank));
        ncclResult_t result =
            ncclRedOpCreatePreMulSum(&c->premul[call->dtype], &scalar, (ncclDataType_t)nccl_type(call->dtype),
                                     ncclScalarHostImmediate, c->nccl);
        if (result) return result;
        c->has_premul[call->dtype] = true;
    }
    *op = c->premul[call->dtype];
    return ncclSuccess;
}

/* Sends and receives in one group, for collectives for which NCCL before 2.28 has no function. send_to and
   receive_from: a rank, EVERY_RANK or NO_RANK; each gets or gives one part. */
static ncclResult_t exchange(struct comm *c, const struct call *call, const struct place *p, int send_to,
                             int receive_from)
{
    const int n = c->world->ranks;
    const ncclDataType_t type = (ncclDataType_t)nccl_type(call->dtype);
    size_t part = call->count / (size_t)n, bytes = part * dtypes[call->dtype].size;
    ncclResult_t result = ncclGroupStart(), ended;
    for (int r = 0; r < n && !result; r++) {
        if (send_to == EVERY_RANK || send_to == r)
            result = ncclSend(p->send + (send_to == EVERY_RANK ? (size_t)r * bytes : 0), part, type, r,
                              c->nccl, c->stream);
        if (!result && (receive_from == EVERY_RANK || receive_from == r))
            result = ncclRecv(p->recv + (receive_from == EVERY_RANK ? (size_t)r * bytes : 0), part, type, r,
                              c->nccl, c->stream);
    }
    ended = ncclGroupEnd();
    return result ? result : ended;
}

enum { NO_RANK = -2 };

static ncclResult_t all_to_all(struct comm *c, const struct call *call, const struct place *p)
{
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 28, 0)
    if (ncclAlltoAll)
        return ncclAlltoAll(p->send, p->recv, call->count / (size_t)c->world->ranks,
                            (ncclDataType_t)nccl_type(call->dtype), c->nccl, c->stream);
#endif
    return exchange(c, call, p, EVERY_RANK, EVERY_RANK);
}

static ncclResult_t gather(struct comm *c, const struct call *call, const struct place *p)
{
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 28, 0)
    if (ncclGather)
        return ncclGather(p->send, p->recv, call->count / (size_t)c->world->ranks,
                          (ncclDataType_t)nccl_type(call->dtype), call->root, c->nccl, c->stream);
#endif
    return exchange(c, call, p, call->root, c->world->rank == call->root ? EVERY_RANK : NO_RANK);
}

static ncclResult_t scatter(struct comm *c, const struct call *call, const struct place *p)
{
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 28, 0)
    if (ncclScatter)
        return ncclScatter(p->send, p->recv, call->count / (size_t)c->world->ranks,
                           (ncclDataType_t)nccl_type(call->dtype), call->root, c->nccl, c->stream);
#endif
    return exchange(c, call, p, c->world->rank == call->root ? EVERY_RANK : NO_RANK, call->root);
}

static ncclResult_t send_receive(struct comm *c, const struct call *call, const struct place *p)
{
    const int n = c->world->ranks, rank = c->world->rank;
    const ncclDataType_t type = (ncclDataType_t)nccl_type(call->dtype);
    ncclResult_t result = ncclGroupStart(), ended;
    if (!result) result = ncclSend(p->send, call->count, type, (rank + 1) % n, c->nccl, c->stream);
    if (!result) result = ncclRecv(p->recv, call->count, type, (rank + n - 1) % n, c->nccl, c->stream);
    ended = ncclGroupEnd();
    return result ? result : ended;
}

/* As in nccl-tests' src/alltoallv.cu (AlltoAllvRunColl): one group, without the pairs that have nothing. */
static ncclResult_t all_to_all_v(struct comm *c, const struct call *call, const struct place *p)
{
    const int n = c->world->ranks, rank = c->world->rank;
    const size_t size = dtypes[call->dtype].size;
    const struct layout layout = call_layout(call, c->world);
    const ncclDataType_t type = (ncclDataType_t)nccl_type(call->dtype);
    const char *send = p->send;
    char *recv = p->recv;
    ncclResult_t result = ncclGroupStart(), ended;
    for (int r = 0; r < n && !result; r++) {
        size_t sent = pair_count(&layout, rank, r), received = pair_count(&layout, r, rank);
        if (sent) result = ncclSend(send, sent, type, r, c->nccl, c->stream);
        if (received && !result) result = ncclRecv(recv, received, type, r, c->nccl, c->stream);
        send += sent * size;
        recv += received * size;
    }
    ended = ncclGroupEnd();
    return result ? result : ended;
}

/* As in nccl-tests' src/hypercube.cu: in each step a rank exchanges all that it has with the partner whose
   number differs in one bit, and has twice as much afterwards. */
static ncclResult_t hypercube(struct comm *c, const struct call *call, const struct place *p)
{
    const int n = c->world->ranks, rank = c->world->rank;
    const ncclDataType_t type = (ncclDataType_t)nccl_type(call->dtype);
    const size_t part = call->count / (size_t)n, bytes = part * dtypes[call->dtype].size;
    char *own = p->recv + bytes * (size_t)rank;
    ncclResult_t result = ncclSuccess;
    if (own != p->send && cudaMemcpyAsync(own, p->send, bytes, cudaMemcpyDeviceToDevice, c->stream))
        return ncclUnhandledCudaError;
    for (int mask = 1; mask < n && !result; mask <<= 1) {
        int from = rank & ~(mask - 1), to = from ^ mask;
        ncclResult_t ended;
        result = ncclGroupStart();
        if (!result)
            result = ncclSend(p->recv + bytes * (size_t)from, part * (size_t)mask, type, rank ^ mask, c->nccl,
                              c->stream);
        if (!result)
            result = ncclRecv(p->recv + bytes * (size_t)to, part * (size_t)mask, type, rank ^ mask, c->nccl,
                              c->stream);
        ended = ncclGroupEnd();
        if (!result) result = ended;
    }
    return result;
}

static ncclResult_t issue_one(struct comm *c, const struct call *call, size_t slot, int operation)
{
    const struct place p = nccl_place(c, call, slot, operation);
    const ncclDataType_t type = (ncclDataType_t)nccl_type(call->dtype);
    size_t part = call->count / (size_t)c->world->ranks;
    ncclRedOp_t op = ncclSum;
    if (atomic_load(&c->aborted)) return ncclInvalidUsage; /* the communicator no longer exists */
    ncclResult_t result = call->collective->reduces ? op_of(c, call, &op) : ncclSuccess;
    if (result) return result;
    switch (call->collective->id) {
    case ALL_REDUCE:
        return ncclAllReduce(p.send, p.recv, call->count, type, op, c->nccl, c->stream);
    case ALL_GATHER:
        return ncclAllGather(p.send, p.recv, part, type, c->nccl, c->stream);
    case REDUCE_SCATTER:
        return ncclReduceScatter(p.send, p.recv, part, type, op, c->nccl, c->stream);
    case BROADCAST:
        return ncclBroadcast(p.send, p.recv, call->count, type, call->root, c->nccl, c->stream);
    case REDUCE:
        return ncclReduce(p.send, p.recv, call->count, type, op, call->root, c->nccl, c->stream);
    case ALL_TO_ALL:
        return all_to_all(c, call, &p);
    case SEND_RECV:
        return send_receive(c, call, &p);
    case GATHER:
        return gather(c, call, &p);
    case SCATTER:
        return scatter(c, call, &p);
    case ALL_TO_ALL_V:
        return all_to_all_v(c, call, &p);
    case HYPERCUBE:
        return hypercube(c, call, &p);
    default:
        return ncclInvalidArgument;
    }
}

ncclResult_t nccl_issue(struct comm *c, const struct call *call, size_t slot)
{
    if (call->aggregate == 1) return issue_one(c, call, slot, 0);
    ncclResult_t result = ncclGroupStart(), ended;
    for (int i = 0; i < call->aggregate && !result; i++) result = issue_one(c, call, slot, i);
    ended = ncclGroupEnd();
    return result ? result : ended;
}
