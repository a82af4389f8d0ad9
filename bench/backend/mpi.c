/* The MPI backend: blocking calls, as applications make them, and non-blocking ones for the driver overlap.
   The buffers are in host memory, or in device memory if the MPI library is CUDA-aware. */
#include "backend/backend.h"
#include "base/cgroup.h"
#include "base/clock.h"
#include "backend/device_memory.h"
#include "backend/memory.h"
#include "backend/mpi_calls.h"
#include "backend/mpi_status.h"
#include "backend/mpi_types.h"
#include "kernels/pattern.h"

#include <dlfcn.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Non-blocking calls that mpi_begin() started: one at a time, as all slots may be the same. */
struct pending {
    const struct call *call;
    size_t *slot;
    int left; /* calls that are not complete, including the one under way */
    struct arguments arguments;
    MPI_Request requests[MPI_REQUESTS];
};

struct comm {
    const struct world *world;
    MPI_Comm mpi;
    struct pending pending;
    struct memory_pool pool;
    struct types types;
    const struct device_memory *device; /* NULL: host memory */
    struct device_state *state;
    struct pairs pairs;
};

/* `memory` of struct buffers: slots, each with a send and a receive part. */
struct slots {
    char *base;
    size_t stride, recv_offset;
};

static MPI_Datatype mpi_type(enum dtype dtype)
{
    switch (dtype) {
    case DTYPE_INT8:
        return MPI_INT8_T;
    case DTYPE_UINT8:
        return MPI_UINT8_T;
    case DTYPE_INT16:
        return MPI_INT16_T;
    case DTYPE_UINT16:
        return MPI_UINT16_T;
    case DTYPE_INT32:
        return MPI_INT32_T;
    case DTYPE_UINT32:
        return MPI_UINT32_T;
    case DTYPE_INT64:
        return MPI_INT64_T;
    case DTYPE_UINT64:
        return MPI_UINT64_T;
    case DTYPE_FLOAT:
        return MPI_FLOAT;
    case DTYPE_DOUBLE:
        return MPI_DOUBLE;
    case DTYPE_HALF:
    case DTYPE_BFLOAT16:
        return MPI_UINT16_T; /* reduced by our own operations */
    case DTYPE_FP8_E4M3:
    case DTYPE_FP8_E5M2:
        return MPI_UINT8_T;
    default:
        return MPI_DATATYPE_NULL;
    }
}

static bool mpi_reduces(enum dtype dtype)
{
    return dtype != DTYPE_FP8_E4M3 && dtype != DTYPE_FP8_E5M2;
}

static MPI_Op mpi_op(const struct comm *c, enum dtype dtype, enum op op)
{
    static const enum op known[] = {OP_SUM, OP_PROD, OP_MAX, OP_MIN};
    bool is_small = dtype == DTYPE_HALF || dtype == DTYPE_BFLOAT16;
    for (int i = 0; is_small && i < 4; i++)
        if (known[i] == op) return c->types.small_ops[dtype == DTYPE_BFLOAT16][i];
    if (is_small) return MPI_OP_NULL;
    switch (op) {
    case OP_SUM:
        return MPI_SUM;
    case OP_PROD:
        return MPI_PROD;
    case OP_MAX:
        return MPI_MAX;
    case OP_MIN:
        return MPI_MIN;
    default:
        return MPI_OP_NULL;
    }
}

/* Opens the device plug-in. Refuses an MPI library that does not report CUDA support through the extension
   MPIX_Query_cuda_support(), which Open MPI and others have. */
static enum status open_device(struct comm *c)
{
    struct text words = {0};
    int (*cuda_aware)(void);
    *(void **)&cuda_aware = dlsym(RTLD_DEFAULT, "MPIX_Query_cuda_support");
    if (!cuda_aware || !cuda_aware())
        return fail(STATUS_ENVIRONMENT,
                    "--memory device: this MPI library is not CUDA-aware (MPIX_Query_cuda_support %s); use "
                    "--backend nccl, or an MPI built with CUDA",
                    cuda_aware ? "says no" : "is missing");
    c->device = plugin_load("device", &device_memory_plugin, false, &words);
    enum status status =
        c->device ? c->device->open(c->world->local_rank, c->world->local_ranks, &c->state)
                  : fail(STATUS_ENVIRONMENT, "--memory device is not available: %s", text_get(&words));
    text_free(&words);
    return status;
}

static void mpi_close(struct comm *c)
{
    if (c->state) c->device->close(c->state);
    free(c->pairs.send_counts);
    memory_pool_free(&c->pool);
    types_close(&c->types);
    mpi_must(MPI_Comm_free(&c->mpi));
    free(c);
}

static enum status mpi_open(const struct world *world, const struct backend_options *options,
                            struct comm **comm)
{
    struct comm *c = allocate(1, sizeof *c);
    c->world = world;
    mpi_must(MPI_Comm_dup(world->comm, &c->mpi));
    types_open(&c->types);
    enum status status = options->memory == MEMORY_DEVICE ? open_device(c) : STATUS_OK;
    if (status)
        mpi_close(c);
    else
        *comm = c;
    return status;
}

/* The count that the MPI call takes: the elements of the whole case, or of one rank's part. */
static size_t call_count(const struct comm *c, const struct call *call)
{
    return call->count / call->collective->divisor(c->world->ranks);
}

static enum status mpi_supports(struct comm *c, const struct call *call, const char **reason)
{
    *reason = NULL;
    if (call->collective->reduces && !mpi_reduces(call->dtype))
        *reason = "MPI has no reductions of this type";
    else if (call->collective->reduces && mpi_op(c, call->dtype, call->op) == MPI_OP_NULL)
        *reason = "MPI has no such operation";
    else if (call->collective->reduces && c->device &&
             (call->dtype == DTYPE_HALF || call->dtype == DTYPE_BFLOAT16))
        *reason = "the operation on this type runs on the host: it cannot touch device memory";
    else if (call->nonblocking && !mpi_can_start(call->collective->id))
        *reason = "MPI has no non-blocking form of it";
    else if (call->nonblocking && call->collective->reduces && call_count(c, call) > INT_MAX)
        *reason = "more than 2147483647 elements: non-blocking reductions count in int";
    else if (call->collective->id == ALL_TO_ALL_V && call->in_place)
        *reason = "MPI_Alltoallv in place needs equal counts in both directions of a pair";
    else if ((call->collective->id == ALL_TO_ALL_V || call->collective->id == HYPERCUBE) &&
             call->count > INT_MAX)
        *reason = "more than 2147483647 elements: this collective counts in int";
#if MPI_VERSION < 4
    else if (call->collective->reduces && call_count(c, call) > INT_MAX)
        *reason =
            "more than 2147483647 elements: this MPI library has no reductions with large counts (MPI 4)";
#endif
    return *reason ? STATUS_UNSUPPORTED : STATUS_OK;
}

static size_t mpi_free_bytes(struct comm *c)
{
    if (c->device) return c->device->free_bytes(c->state);
    return memory_available("") / (size_t)c->world->local_ranks + memory_pool_held(&c->pool);
}

static enum status mpi_alloc(struct comm *c, size_t send_bytes, size_t recv_bytes, size_t slots,
                             struct buffers *b)
{
    size_t send = memory_stride(send_bytes), recv = memory_stride(recv_bytes);
    struct slots place = {NULL, send + recv, send};
    *b = (struct buffers){send_bytes, recv_bytes, slots, NULL};
    if (send > SIZE_MAX - recv || (slots && place.stride > SIZE_MAX / slots)) return STATUS_TOO_LARGE;
    place.base = c->device ? c->device->take(c->state, slots * place.stride)
                           : memory_pool_take(&c->pool, slots, place.stride);
    if (!place.base) return STATUS_TOO_LARGE;
    struct slots *memory = allocate(1, sizeof *memory);
    *memory = place;
    b->memory = memory;
    return STATUS_OK;
}

static void mpi_free(struct comm *c, struct buffers *b)
{
    (void)c; /* the pool keeps its block for the next case, whose pages then exist already */
    free(b->memory);
    *b = (struct buffers){0};
}

static char *slot_at(const struct buffers *b, size_t slot)
{
    const struct slots *slots = b->memory;
    return slots->base + slot * slots->stride;
}

static char *recv_at(const struct buffers *b, size_t slot)
{
    return slot_at(b, slot) + ((const struct slots *)b->memory)->recv_offset;
}

/* Where the received data begin. In-place scatter leaves the root's part where it is. */
static char *received_at(const struct comm *c, const struct call *call, size_t slot)
{
    size_t part = call->count / (size_t)c->world->ranks * dtypes[call->dtype].size;
    bool stays = call->collective->id == SCATTER && call->in_place && c->world->rank == call->root;
    return recv_at(call->buffers, slot) + (stays ? part * (size_t)call->root : 0);
}

static struct pattern pattern_of(const struct comm *c, const struct call *call, uint64_t seed)
{
    return (struct pattern){seed, c->world->ranks, call->dtype, call->op, call->collective->reduces};
}

static enum status mpi_fill(struct comm *c, const struct call *call, size_t slot, uint64_t seed)
{
    const struct pattern pattern = pattern_of(c, call, seed);
    const struct layout layout = call_layout(call, c->world);
    struct extent e = call->collective->extent(&layout);
    char *recv = recv_at(call->buffers, slot);
    char *send =
        call->in_place ? recv + e.in_place_at * dtypes[call->dtype].size : slot_at(call->buffers, slot);
    if (c->device) {
        enum status status = c->device->poison(c->state, recv, call->buffers->recv_bytes);
        return status ? status : c->device->fill(c->state, &pattern, c->world->rank, e.send, send);
    }
    pattern_poison(recv, call->buffers->recv_bytes);
    pattern_fill(&pattern, c->world->rank, 0, e.send, send);
    return STATUS_OK;
}

static enum status mpi_check(struct comm *c, const struct call *call, size_t slot, uint64_t seed,
                             struct verdict *verdict)
{
    const struct pattern pattern = pattern_of(c, call, seed);
    size_t size = dtypes[call->dtype].size;
    const struct layout layout = call_layout(call, c->world);
    struct expectation e;
    *verdict = (struct verdict){0};
    for (int k = 0; call->collective->expect(&layout, k, &e); k++) {
        uint64_t first = 0, wrong = 0;
        enum status status = STATUS_OK;
        const char *received = received_at(c, call, slot) + e.recv_at * size;
        if (c->device)
            status = c->device->check(c->state, &pattern, e.source, e.source_at, e.count, received, &wrong,
                                      &first);
        else
            wrong = pattern_check(&pattern, e.source, e.source_at, e.count, received, &first);
        if (status) return status;
        if (wrong && !verdict->wrong) verdict->first = e.recv_at + first;
        verdict->wrong += wrong;
    }
    return STATUS_OK;
}

static enum status mpi_corrupt(struct comm *c, const struct call *call, size_t slot)
{
    const struct layout layout = call_layout(call, c->world);
    struct expectation e = {.count = 0};
    for (int k = 0; !e.count; k++)
        if (!call->collective->expect(&layout, k, &e)) return STATUS_UNSUPPORTED;
    char *byte = received_at(c, call, slot) + (e.recv_at + e.count / 2) * dtypes[call->dtype].size;
    if (c->device) return c->device->flip(c->state, byte);
    *byte ^= 0x10;
    return STATUS_OK;
}

/* Returns the arguments for the call's sizes. Computes them only if the previous call had other sizes, so
   never between two timed calls. */
static const struct pairs *pairs_of(struct comm *c, const struct call *call)
{
    const int n = c->world->ranks, rank = c->world->rank;
    const struct layout layout = call_layout(call, c->world);
    struct pairs *p = &c->pairs;
    if (p->count == call->count && p->traffic == call->traffic) return p;
    if (!p->send_counts) p->send_counts = allocate(4 * (size_t)n, sizeof *p->send_counts);
    p->send_at = p->send_counts + n, p->recv_counts = p->send_at + n, p->recv_at = p->recv_counts + n;
    for (int r = 0, send_at = 0, recv_at = 0; r < n; r++) {
        p->send_counts[r] = (int)pair_count(&layout, rank, r);
        p->recv_counts[r] = (int)pair_count(&layout, r, rank);
        p->send_at[r] = send_at, p->recv_at[r] = recv_at;
        send_at += p->send_counts[r], recv_at += p->recv_counts[r];
    }
    p->traffic = call->traffic;
    p->count = call->count;
    return p;
}

/* The arguments of an MPI call. The caller computes them before it reads the clock. */
static struct arguments arguments_of(struct comm *c, const struct call *call, size_t slot)
{
    int n = c->world->ranks, rank = c->world->rank;
    struct arguments a = {.id = call->collective->id,
                          .recv = recv_at(call->buffers, slot),
                          .step = ((const struct slots *)call->buffers->memory)->stride,
                          .part_bytes = call->count / (size_t)n * dtypes[call->dtype].size,
                          .rank = rank,
                          .ranks = n,
                          .count = (int)call->count,
                          .part = (int)(call->count / (size_t)n),
                          .large = call_count(c, call),
                          .root = call->root,
                          .next = (rank + 1) % n,
                          .previous = (rank + n - 1) % n,
                          .in_place = call->in_place,
                          .is_root = rank == call->root,
                          .type = mpi_type(call->dtype),
                          .op = call->collective->reduces ? mpi_op(c, call->dtype, call->op) : MPI_OP_NULL,
                          .mpi = c->mpi};
    if (a.id == ALL_TO_ALL_V) a.pairs = pairs_of(c, call);
    a.is_large = a.large > INT_MAX;
    if (a.is_large && !call->collective->reduces) {
        a.type = types_huge(&c->types, a.type, a.large);
        a.count = a.part = 1;
    }
    bool at_root_only = a.id == REDUCE || a.id == GATHER; /* other ranks send from their buffer */
    a.send = !call->in_place                                           ? slot_at(call->buffers, slot)
             : a.id == SCATTER || (at_root_only && rank != call->root) ? a.recv
                                                                       : MPI_IN_PLACE;
    return a;
}

static void next_slot(struct arguments *a)
{
    a->recv += a->step;
    if (a->send != MPI_IN_PLACE) a->send += a->step;
}

/* Advances *slot. Returns true if it wraps around to slot 0. */
static bool advance(const struct call *call, size_t *slot)
{
    if (++*slot < call->buffers->slots) return false;
    *slot = 0;
    return true;
}

static enum status mpi_run(struct comm *c, const struct call *call, int batch, size_t *slot,
                           struct timing *timing)
{
    struct arguments a = arguments_of(c, call, *slot);
    int error = MPI_SUCCESS;
    enum status status = call->start ? call->start(call->starter) : STATUS_OK;
    if (status) return status;
    if (call->stage) atomic_store_explicit(call->stage, STAGE_INSIDE, memory_order_relaxed);
    timing->start_s = clock_s();
    for (int i = 1; i < batch && !error; i++) {
        error = mpi_issue(&a);
        if (advance(call, slot))
            a = arguments_of(c, call, 0);
        else
            next_slot(&a);
    }
    if (!error) error = mpi_issue(&a);
    timing->end_s = clock_s();
    advance(call, slot);
    timing->elapsed_s = timing->end_s - timing->start_s;
    timing->spoiled = false;
    mpi_require(error, mpi_call_name(&a));
    return STATUS_OK;
}

/* Starts the call on the current slot, and advances the slot. */
static void start_pending(struct comm *c)
{
    struct pending *p = &c->pending;
    p->arguments = arguments_of(c, p->call, *p->slot);
    mpi_require(mpi_start(&p->arguments, p->requests), mpi_call_name(&p->arguments));
    advance(p->call, p->slot);
}

static enum status mpi_begin(struct comm *c, const struct call *call, int batch, size_t *slot)
{
    c->pending = (struct pending){.call = call, .slot = slot, .left = batch};
    if (call->stage) atomic_store_explicit(call->stage, STAGE_INSIDE, memory_order_relaxed);
    start_pending(c);
    return STATUS_OK;
}

static enum status mpi_complete(struct comm *c, bool waits, bool *done)
{
    struct pending *p = &c->pending;
    int complete = 1;
    while (p->left > 0 && complete) {
        if (waits)
            mpi_must(MPI_Waitall(MPI_REQUESTS, p->requests, MPI_STATUSES_IGNORE));
        else
            mpi_must(MPI_Testall(MPI_REQUESTS, p->requests, &complete, MPI_STATUSES_IGNORE));
        if (complete && --p->left > 0) start_pending(c);
    }
    *done = p->left == 0;
    return STATUS_OK;
}

static void mpi_facts(struct comm *c, struct launch_header *header)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    if (c->device) c->device->facts(c->state, header);
    if (json_object_get(header->facts, "mpi")) return;
    mpi_must(MPI_Get_library_version(text, &length));
    text[strcspn(text, "\n")] = 0;
    json_object_set_new(header->facts, "mpi", json_string(text));
}

#define MPI_MEMBERS                                                                                          \
    .open = mpi_open, .supports = mpi_supports, .free_bytes = mpi_free_bytes, .alloc = mpi_alloc,            \
    .free = mpi_free, .fill = mpi_fill, .check = mpi_check, .corrupt = mpi_corrupt, .run = mpi_run,          \
    .begin = mpi_begin, .complete = mpi_complete, .facts = mpi_facts, .close = mpi_close

const struct backend backend_mpi = {
    .name = "mpi", .about = "blocking MPI calls on host memory", .capabilities = CAN_HOST_CLOCK, MPI_MEMBERS};

const struct backend backend_mpi_device = {.name = "mpi",
                                           .about = "blocking MPI calls on device memory",
                                           .capabilities = CAN_HOST_CLOCK | CAN_DEVICE_MEMORY,
                                           MPI_MEMBERS};
