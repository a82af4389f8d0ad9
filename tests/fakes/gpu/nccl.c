/* The functions of the emulated libnccl. A second build, with FAKE_NCCL_2_18, has only those of 2.18. */
#include "arithmetic.h"
#include "fake.h"
#include "move.h"
#include "nccl_log.h"

#include <cuda_runtime_api.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef FAKE_NCCL_2_18
enum { OWN_VERSION = 21805 };
#else
enum { OWN_VERSION = NCCL_VERSION_CODE };
#endif

static int version(void)
{
    return (int)fake_number("FAKEGPU_NCCL", OWN_VERSION);
}

#ifndef FAKE_NCCL_2_18
void ncclResetDebugInit(void);
EXPORTED void ncclResetDebugInit(void)
{
    log_anew();
}
#endif

static char last_error[256]; /* one per process, as in NCCL */

static ncclResult_t refuse(ncclResult_t result, const char *why)
{
    snprintf(last_error, sizeof last_error, "%s", why);
    return result;
}

EXPORTED const char *ncclGetErrorString(ncclResult_t result)
{
    static const char *const names[] = {"no error",
                                        "unhandled cuda error (run with NCCL_DEBUG=INFO for details)",
                                        "unhandled system error (run with NCCL_DEBUG=INFO for details)",
                                        "internal error",
                                        "invalid argument",
                                        "invalid usage",
                                        "remote process exited or there was a network error",
                                        "NCCL operation in progress"};
    return result >= 0 && (size_t)result < sizeof names / sizeof *names ? names[result]
                                                                        : "unknown result code";
}

EXPORTED const char *ncclGetLastError(ncclComm_t comm)
{
    (void)comm;
    return last_error;
}

EXPORTED ncclResult_t ncclGetVersion(int *code)
{
    *code = version();
    return ncclSuccess;
}

EXPORTED ncclResult_t ncclGetUniqueId(ncclUniqueId *id)
{
    if (fake_fault("fail", "ncclGetUniqueId")) return ncclSystemError;
    memset(id, 0, sizeof *id);
    snprintf(id->internal, sizeof id->internal, "/fakegpu-%ld-%d-%llx", fake_number("FAKEGPU_TAG", 0),
             (int)getpid(), (unsigned long long)(fake_now_s() * 1e9));
    return ncclSuccess;
}

static atomic_long communicators; /* of this process */

EXPORTED ncclResult_t ncclCommInitRankConfig(ncclComm_t *comm, int ranks, ncclUniqueId id, int rank,
                                             ncclConfig_t *config)
{
    const char *call = "ncclCommInitRankConfig";
    if (fake_fault("absent", call)) fake_never(call);
    if (fake_fault("fail", call)) return ncclSystemError;
    if (config && config->magic != 0xcafebeef) return ncclInvalidArgument;
    if (atomic_load(&communicators) >= fake_number("FAKEGPU_COMMUNICATORS", INT_MAX))
        return refuse(ncclUnhandledCudaError, "too many communicators at a time");
    struct ncclComm *c = calloc(1, sizeof *c);
    if (cudaGetDevice(&c->device) || !segment_open(&c->segment, id.internal, rank, ranks)) {
        segment_close(&c->segment);
        free(c);
        return ncclSystemError;
    }
    c->most_channels = config && config->maxCTAs > 0 ? config->maxCTAs : 32;
    log_facts(c, version());
    atomic_fetch_add(&communicators, 1);
    *comm = c;
    return ncclSuccess;
}

EXPORTED ncclResult_t ncclCommInitRank(ncclComm_t *comm, int ranks, ncclUniqueId id, int rank)
{
    return ncclCommInitRankConfig(comm, ranks, id, rank, NULL);
}

EXPORTED ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *result)
{
    if (atomic_load(&comm->segment.aborted)) {
        fprintf(stderr, "fakegpu: ncclCommGetAsyncError of a communicator that ncclCommAbort has freed\n");
        _exit(97);
    }
    *result = (ncclResult_t)atomic_load(&comm->async);
    return fake_fault("fail", "ncclCommGetAsyncError") ? ncclInternalError : ncclSuccess;
}

/* Does not free the communicator, since another thread may be inside a call. */
EXPORTED ncclResult_t ncclCommAbort(ncclComm_t comm)
{
    if (fake_fault("absent", "ncclCommAbort")) fake_never("ncclCommAbort");
    atomic_store(&comm->segment.aborted, true);
    return ncclSuccess;
}

EXPORTED ncclResult_t ncclCommFinalize(ncclComm_t comm)
{
    (void)comm;
    fake_drain();
    return fake_fault("fail", "ncclCommFinalize") ? ncclInternalError : ncclSuccess;
}

EXPORTED ncclResult_t ncclCommDestroy(ncclComm_t comm)
{
    fake_drain();
    segment_close(&comm->segment);
    free(comm);
    atomic_fetch_sub(&communicators, 1);
    return ncclSuccess;
}

/* nccl.h declares these two with empty parentheses, which is not a prototype in C11. */
ncclResult_t ncclGroupStart(void);
ncclResult_t ncclGroupEnd(void);

/* ---- calls ---- */

static _Thread_local struct {
    int depth;
    struct pair *pairs;
    size_t count, room;
    ncclComm_t comm;
    cudaStream_t stream;
} group;

/* The beginning of every call: injects faults and, on the first call of each kind, connects. Connecting waits
   for the device, as allocations in the real NCCL do, so that tests detect a first call behind a blocked
   stream: it deadlocks. */
static ncclResult_t begin(ncclComm_t comm, const char *call, unsigned kind)
{
    if (fake_fault("absent", call)) fake_never(call);
    if (fake_fault("fail", call)) return refuse(ncclInternalError, "injected by the emulated library");
    if (atomic_load(&comm->segment.aborted)) return ncclInvalidUsage;
    const struct fault *late = fake_fault("launch", call);
    if (late) fake_sleep_us(late->us);
    if (comm->connected & 1u << kind) return ncclSuccess;
    if (!comm->connected) log_connections(comm);
    comm->connected |= 1u << kind;
    fake_drain();
    return ncclSuccess;
}

static ncclResult_t usable(ncclComm_t comm, ncclDataType_t type, ncclRedOp_t op, bool reduces)
{
    if (!type_bytes(type)) return refuse(ncclInvalidArgument, "invalid type");
    if ((int)type >= TYPE_E4M3 && version() < 22400)
        return refuse(ncclInvalidArgument, "no fp8 in this version");
    if ((int)type >= TYPE_E4M3 && reduces && fake_number("FAKEGPU_SM", 100) < 90)
        return refuse(ncclInvalidArgument, "FP8 reduction support begins with sm90 capable devices");
    if ((int)type >= TYPE_E4M3 && reduces && comm->segment.ranks == 1 && (op == ncclAvg || op >= ncclNumOps))
        return refuse(ncclInvalidArgument, "onerank.cu has no such kernel");
    if (op >= ncclNumOps + MOST_OPS || (op >= ncclNumOps && !comm->premul[op - ncclNumOps].used))
        return refuse(ncclInvalidArgument, "invalid operation");
    if (op >= ncclNumOps && comm->premul[op - ncclNumOps].type != type)
        return refuse(ncclInvalidArgument, "the operation was made for another type");
    return ncclSuccess;
}

static ncclResult_t collective(const struct move *move, bool reduces, cudaStream_t stream)
{
    ncclResult_t result = usable(move->comm, move->type, move->op, reduces);
    if (!result) result = begin(move->comm, move->call, move->kind);
    if (!result) log_choice(move, move->count * type_bytes(move->type), version());
    if (!result) fake_enqueue(stream, move_run, move, sizeof *move);
    return result;
}

EXPORTED ncclResult_t ncclAllReduce(const void *send, void *receive, size_t count, ncclDataType_t type,
                                    ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream)
{
    struct move m = {comm, MOVE_ALL_REDUCE, "ncclAllReduce", send, receive, count, type, op, 0, 0};
    return collective(&m, true, stream);
}

EXPORTED ncclResult_t ncclReduce(const void *send, void *receive, size_t count, ncclDataType_t type,
                                 ncclRedOp_t op, int root, ncclComm_t comm, cudaStream_t stream)
{
    struct move m = {comm, MOVE_REDUCE, "ncclReduce", send, receive, count, type, op, root, 0};
    return collective(&m, true, stream);
}

EXPORTED ncclResult_t ncclReduceScatter(const void *send, void *receive, size_t count, ncclDataType_t type,
                                        ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream)
{
    struct move m = {comm, MOVE_REDUCE_SCATTER, "ncclReduceScatter", send, receive, count, type, op, 0, 0};
    return collective(&m, true, stream);
}

EXPORTED ncclResult_t ncclAllGather(const void *send, void *receive, size_t count, ncclDataType_t type,
                                    ncclComm_t comm, cudaStream_t stream)
{
    struct move m = {comm, MOVE_ALL_GATHER, "ncclAllGather", send, receive, count, type, ncclSum, 0, 0};
    return collective(&m, false, stream);
}

EXPORTED ncclResult_t ncclBroadcast(const void *send, void *receive, size_t count, ncclDataType_t type,
                                    int root, ncclComm_t comm, cudaStream_t stream)
{
    struct move m = {comm, MOVE_BROADCAST, "ncclBroadcast", send, receive, count, type, ncclSum, root, 0};
    return collective(&m, false, stream);
}

EXPORTED ncclResult_t ncclGroupStart(void)
{
    group.depth++;
    return ncclSuccess;
}

static ncclResult_t add_pair(ncclComm_t comm, const void *send, void *receive, size_t bytes, int peer,
                             cudaStream_t stream)
{
    if (peer < 0 || peer >= comm->segment.ranks) return refuse(ncclInvalidArgument, "no such peer");
    if (group.count == group.room) {
        group.room = group.room ? 2 * group.room : 64;
        group.pairs = realloc(group.pairs, group.room * sizeof *group.pairs);
    }
    group.pairs[group.count++] = (struct pair){send, receive, bytes, 0, peer};
    group.comm = comm;
    group.stream = stream;
    return ncclSuccess;
}

static ncclResult_t run_group(const char *call)
{
    if (!group.count) return ncclSuccess;
    size_t bytes = sizeof(struct move) + group.count * sizeof *group.pairs;
    struct move *move = calloc(1, bytes);
    *move = (struct move){.comm = group.comm, .kind = MOVE_PAIRS, .call = call, .pair_count = group.count};
    memcpy(move->pairs, group.pairs, group.count * sizeof *group.pairs);
    ncclResult_t result = begin(group.comm, call, MOVE_PAIRS);
    if (!result) fake_enqueue(group.stream, move_run, move, bytes);
    group.count = 0;
    free(move);
    return result;
}

EXPORTED ncclResult_t ncclGroupEnd(void)
{
    if (--group.depth > 0) return ncclSuccess;
    return run_group("ncclGroupEnd");
}

EXPORTED ncclResult_t ncclSend(const void *send, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                               cudaStream_t stream)
{
    ncclResult_t result = usable(comm, type, ncclSum, false);
    if (!result) result = add_pair(comm, send, NULL, count * type_bytes(type), peer, stream);
    return result || group.depth ? result : run_group("ncclSend");
}

EXPORTED ncclResult_t ncclRecv(void *receive, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                               cudaStream_t stream)
{
    ncclResult_t result = usable(comm, type, ncclSum, false);
    if (!result) result = add_pair(comm, NULL, receive, count * type_bytes(type), peer, stream);
    return result || group.depth ? result : run_group("ncclRecv");
}

EXPORTED ncclResult_t ncclRedOpCreatePreMulSum(ncclRedOp_t *op, void *scalar, ncclDataType_t type,
                                               ncclScalarResidence_t where, ncclComm_t comm)
{
    if (where != ncclScalarHostImmediate)
        return refuse(ncclInvalidArgument, "only immediate scalars are emulated");
    if (fake_fault("fail", "ncclRedOpCreatePreMulSum")) return ncclInternalError;
    for (int i = 0; i < MOST_OPS; i++)
        if (!comm->premul[i].used) {
            comm->premul[i].used = 1;
            comm->premul[i].type = type;
            memcpy(comm->premul[i].scalar, scalar, type_bytes(type));
            *op = (ncclRedOp_t)(ncclNumOps + i);
            return ncclSuccess;
        }
    return refuse(ncclInternalError, "too many operations");
}

EXPORTED ncclResult_t ncclRedOpDestroy(ncclRedOp_t op, ncclComm_t comm)
{
    fake_drain();
    comm->premul[op - ncclNumOps].used = 0;
    return ncclSuccess;
}

/* Functions that are newer than 2.18, if the headers declare them. */
#if !defined FAKE_NCCL_2_18 && NCCL_VERSION_CODE >= NCCL_VERSION(2, 19, 0)

EXPORTED ncclResult_t ncclMemAlloc(void **at, size_t bytes)
{
    if (fake_fault("fail", "ncclMemAlloc"))
        return refuse(ncclUnhandledCudaError, "Cuda failure 999 'unknown error'");
    if (!fake_fault("oom", "ncclMemAlloc") && cudaMalloc(at, bytes) == cudaSuccess) return ncclSuccess;
    cudaGetLastError(); /* the real NCCL calls the driver, so the runtime has no error */
    return refuse(ncclUnhandledCudaError, "Cuda failure 2 'out of memory'");
}

EXPORTED ncclResult_t ncclMemFree(void *at)
{
    return cudaFree(at) ? ncclUnhandledCudaError : ncclSuccess;
}

EXPORTED ncclResult_t ncclCommRegister(const ncclComm_t comm, void *at, size_t bytes, void **handle)
{
    (void)comm, (void)bytes;
    if (fake_fault("fail", "ncclCommRegister"))
        return refuse(ncclInvalidArgument, "injected by the emulated library");
    *handle = fake_number("NCCL_LOCAL_REGISTER", 1) ? at : NULL; /* NULL: no error, but not registered */
    return ncclSuccess;
}

EXPORTED ncclResult_t ncclCommDeregister(const ncclComm_t comm, void *handle)
{
    (void)comm, (void)handle;
    return ncclSuccess;
}

#endif
#if !defined FAKE_NCCL_2_18 && NCCL_VERSION_CODE >= NCCL_VERSION(2, 27, 0)
enum { WINDOW_ALIGNMENT = 4096 }; /* NCCL_WIN_REQUIRED_ALIGNMENT, which 2.28 names */

EXPORTED ncclResult_t ncclCommWindowRegister(ncclComm_t comm, void *at, size_t bytes, ncclWindow_t *window,
                                             int flags)
{
    (void)flags;
    if (fake_fault("fail", "ncclCommWindowRegister"))
        return refuse(ncclInvalidArgument, "injected by the emulated library");
    if ((uintptr_t)at % WINDOW_ALIGNMENT || bytes % WINDOW_ALIGNMENT)
        return refuse(ncclInvalidArgument, "a window must be whole pages");
    *window = NULL;
    if (!fake_number("NCCL_WIN_ENABLE", 1)) return ncclSuccess; /* like 2.30 without symmetric memory */
    *window = at;
    comm->windows++;
    return segment_barrier(&comm->segment) ? ncclSuccess : ncclSystemError; /* a collective call */
}

EXPORTED ncclResult_t ncclCommWindowDeregister(ncclComm_t comm, ncclWindow_t window)
{
    comm->windows -= window != NULL;
    return segment_barrier(&comm->segment) ? ncclSuccess : ncclSystemError;
}

#endif
#if !defined FAKE_NCCL_2_18 && NCCL_VERSION_CODE >= NCCL_VERSION(2, 28, 0)

EXPORTED ncclResult_t ncclAlltoAll(const void *send, void *receive, size_t count, ncclDataType_t type,
                                   ncclComm_t comm, cudaStream_t stream)
{
    size_t part = count * type_bytes(type);
    ncclResult_t result = usable(comm, type, ncclSum, false);
    for (int r = 0; r < comm->segment.ranks && !result; r++) {
        result = add_pair(comm, (const char *)send + (size_t)r * part, NULL, part, r, stream);
        if (!result) result = add_pair(comm, NULL, (char *)receive + (size_t)r * part, part, r, stream);
    }
    return result ? result : run_group("ncclAlltoAll");
}

EXPORTED ncclResult_t ncclGather(const void *send, void *receive, size_t count, ncclDataType_t type, int root,
                                 ncclComm_t comm, cudaStream_t stream)
{
    size_t part = count * type_bytes(type);
    ncclResult_t result = usable(comm, type, ncclSum, false);
    if (!result) result = add_pair(comm, send, NULL, part, root, stream);
    for (int r = 0; r < comm->segment.ranks && !result && comm->segment.rank == root; r++)
        result = add_pair(comm, NULL, (char *)receive + (size_t)r * part, part, r, stream);
    return result ? result : run_group("ncclGather");
}

EXPORTED ncclResult_t ncclScatter(const void *send, void *receive, size_t count, ncclDataType_t type,
                                  int root, ncclComm_t comm, cudaStream_t stream)
{
    size_t part = count * type_bytes(type);
    ncclResult_t result = usable(comm, type, ncclSum, false);
    for (int r = 0; r < comm->segment.ranks && !result && comm->segment.rank == root; r++)
        result = add_pair(comm, (const char *)send + (size_t)r * part, NULL, part, r, stream);
    if (!result) result = add_pair(comm, NULL, receive, part, root, stream);
    return result ? result : run_group("ncclScatter");
}

#endif
