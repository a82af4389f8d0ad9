#include "gpu/nccl.h"
#include "backend/mpi_status.h"
#include "kernels/pattern.h"

#include <stdlib.h>
#include <string.h>

/* The layout of the slots in the block; `memory` of struct buffers. */
struct slots {
    size_t stride, recv_offset;
};

enum { PAGE = 4096 }; /* NCCL_WIN_REQUIRED_ALIGNMENT */

static size_t whole_pages(size_t bytes)
{
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

/* The send and receive buffer of an operation of the call. They have the same places on all ranks, since
   windows are symmetric: slots are as long as the longest buffers of any rank. */
static struct place buffers_of(const struct comm *c, const struct call *call, size_t slot, int operation)
{
    const struct slots *slots = call->buffers->memory;
    const size_t n = (size_t)call->aggregate, recv_room = slots->stride - slots->recv_offset;
    size_t send_step = slots->recv_offset / n / OPERATION_ALIGN * OPERATION_ALIGN,
           recv_step = recv_room / n / OPERATION_ALIGN * OPERATION_ALIGN;
    char *base = c->block.at + slot * slots->stride, *send = base + (size_t)operation * send_step;
    return (struct place){send, base + slots->recv_offset + (size_t)operation * recv_step, send};
}

struct place nccl_place(const struct comm *c, const struct call *call, size_t slot, int operation)
{
    const int rank = c->world->rank;
    const struct layout layout = call_layout(call, c->world);
    size_t size = dtypes[call->dtype].size, part = call->count / (size_t)c->world->ranks;
    struct extent e = call->collective->extent(&layout);
    struct place p = buffers_of(c, call, slot, operation);
    if (!call->in_place) return p;
    p.send = p.data = p.recv + e.in_place_at * size;
    /* NCCL's in-place reduce-scatter writes rank r's result over part r of the input. */
    if (call->collective->id == REDUCE_SCATTER) p.recv += part * (size_t)rank * size;
    /* NCCL's in-place scatter leaves the root's part where it is in the input. */
    if (call->collective->id == SCATTER && rank == call->root) p.recv += part * (size_t)rank * size;
    return p;
}

static ncclResult_t take(struct comm *c, size_t bytes)
{
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 19, 0)
    if (ncclMemAlloc && ncclMemFree) {
        c->block.by_nccl = true;
        return ncclMemAlloc((void **)&c->block.at, bytes);
    }
#endif
    c->block.by_nccl = false;
    return cudaMalloc((void **)&c->block.at, bytes) ? ncclUnhandledCudaError : ncclSuccess;
}

int registration_flag(const struct comm *c)
{
    enum registration asked = c->options.registration;
    return asked ? (int)asked - REGISTRATION_NONE : 0;
}

static void deregister(struct comm *c)
{
    if (!c->block.registered) return;
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 19, 0)
    if (c->options.registration == REGISTRATION_USER) ncclCommDeregister(c->nccl, c->block.registered);
#endif
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 27, 0)
    if (c->options.registration == REGISTRATION_SYMMETRIC)
        ncclCommWindowDeregister(c->nccl, (ncclWindow_t)c->block.registered);
#endif
    c->block.registered = NULL;
}

void nccl_block_free(struct comm *c)
{
    nccl_graphs_free(c);
    deregister(c);
    if (!c->block.at) return;
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 19, 0)
    if (c->block.by_nccl) ncclMemFree(c->block.at);
#endif
    if (!c->block.by_nccl) cudaFree(c->block.at);
    c->block = (struct device_block){.generation = c->block.generation};
}

/* The error for -R without a registration. If NCCL cannot register, or is configured not to, it returns
   success without a handle; but figures must not be labelled "registered" then. The same on all ranks, so
   only rank 0 prints it. */
static enum status none_registered(const struct comm *c)
{
    const char *why = c->options.registration == REGISTRATION_SYMMETRIC
                          ? "symmetric windows need GPUs that all reach each other, NCCL_CUMEM_ENABLE and "
                            "NCCL_WIN_ENABLE"
                          : "NCCL_LOCAL_REGISTER is 0, or P2P connections use copies";
    return c->world->rank ? STATUS_ENVIRONMENT
                          : fail(STATUS_ENVIRONMENT, "-R %d: this NCCL registers no buffers here (%s)",
                                 registration_flag(c), why);
}

static enum status register_block(struct comm *c)
{
    enum status status = STATUS_OK; /* if the headers lack registration, nccl_open() has refused -R */
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 19, 0)
    if (c->options.registration == REGISTRATION_USER)
        status = nccl_status(c, ncclCommRegister(c->nccl, c->block.at, c->block.bytes, &c->block.registered),
                             "ncclCommRegister");
#endif
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 27, 0)
    if (c->options.registration == REGISTRATION_SYMMETRIC) {
        ncclWindow_t window = NULL;
        status = nccl_status(
            c, ncclCommWindowRegister(c->nccl, c->block.at, c->block.bytes, &window, NCCL_WIN_COLL_SYMMETRIC),
            "ncclCommWindowRegister");
        c->block.registered = window;
    }
#endif
    return !status && registration_flag(c) && !c->block.registered ? none_registered(c) : status;
}

/* Whether an allocation failed for lack of memory. ncclMemAlloc() allocates through the driver, so the CUDA
   runtime may have no error; then NCCL's message tells. */
static bool is_out_of_memory(cudaError_t cause)
{
    return cause == cudaErrorMemoryAllocation || (!cause && strstr(nccl_words(), "out of memory"));
}

/* Collective. Replaces the block by one of `bytes` bytes. If any rank fails, all free their block and return
   an error: registering a window is collective, and a case runs on all ranks or on none. */
static enum status grow(struct comm *c, size_t bytes)
{
    uint64_t generation = c->block.generation + 1;
    nccl_block_free(c);
    ncclResult_t result = take(c, bytes);
    cudaError_t cause = cudaGetLastError(); /* clears the error */
    int own = result == ncclSuccess ? 0 : is_out_of_memory(cause) ? 1 : 2, worst = 0;
    if (result) c->block.at = NULL;
    mpi_must(MPI_Allreduce(&own, &worst, 1, MPI_INT, MPI_MAX, c->world->comm));
    c->block.bytes = c->block.at ? bytes : 0;
    c->block.generation = generation;
    if (worst) nccl_block_free(c);
    if (worst == 1) return STATUS_TOO_LARGE;
    if (worst) return own == 2 ? nccl_status(c, result, "allocating device memory") : STATUS_ENVIRONMENT;
    return register_block(c);
}

enum status nccl_try_registration(struct comm *c)
{
    return registration_flag(c) ? grow(c, PAGE) : STATUS_OK;
}

enum status nccl_alloc(struct comm *c, size_t send_bytes, size_t recv_bytes, size_t slots, struct buffers *b)
{
    /* The same layout on all ranks, even if they need different sizes: windows are symmetric, and growing is
       collective. */
    uint64_t own[2] = {whole_pages(send_bytes), whole_pages(recv_bytes)}, part[2] = {0, 0};
    mpi_must(MPI_Allreduce(own, part, 2, MPI_UINT64_T, MPI_MAX, c->world->comm));
    uint64_t stride = part[0] + part[1] ? part[0] + part[1] : PAGE;
    if (stride < part[0] || (slots && stride > SIZE_MAX / slots)) return STATUS_TOO_LARGE;
    uint64_t most = stride * slots;
    enum status status = most > c->block.bytes ? grow(c, most) : STATUS_OK;
    if (status) return status;
    struct slots *memory = allocate(1, sizeof *memory);
    *memory = (struct slots){stride, part[0]};
    *b = (struct buffers){send_bytes, recv_bytes, slots, memory};
    return STATUS_OK;
}

/* Keeps the block for the next case. */
void nccl_free(struct comm *c, struct buffers *b)
{
    (void)c;
    free(b->memory);
    *b = (struct buffers){0};
}

static struct pattern pattern_of(const struct comm *c, const struct call *call, uint64_t seed)
{
    return (struct pattern){seed, c->world->ranks, call->dtype, call->op, call->collective->reduces};
}

static enum status fill_one(struct comm *c, const struct call *call, size_t slot, int operation,
                            uint64_t seed)
{
    const struct pattern pattern = pattern_of(c, call, seed);
    const struct layout layout = call_layout(call, c->world);
    struct extent e = call->collective->extent(&layout);
    struct place p = nccl_place(c, call, slot, operation);
    size_t recv_bytes = call->buffers->recv_bytes / (size_t)call->aggregate;
    enum status status = STATUS_OK;
    if (recv_bytes)
        status = cuda_status(
            cudaMemsetAsync(buffers_of(c, call, slot, operation).recv, PATTERN_POISON, recv_bytes, c->stream),
            "cudaMemsetAsync");
    return status
               ? status
               : cuda_status(device_fill(&pattern, c->world->rank, 0, e.send, p.data, c->period, c->stream),
                             "the fill kernel");
}

/* Operations of a group have different data. */
static uint64_t seed_of(uint64_t seed, int operation)
{
    return seed + (uint64_t)operation * 0x9e3779b97f4a7c15u;
}

enum status nccl_fill(struct comm *c, const struct call *call, size_t slot, uint64_t seed)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < call->aggregate && !status; i++)
        status = fill_one(c, call, slot, i, seed_of(seed, i));
    return status ? status : nccl_drain(c);
}

static enum status check_one(struct comm *c, const struct call *call, size_t slot, int operation,
                             uint64_t seed)
{
    const struct pattern pattern = pattern_of(c, call, seed);
    const struct layout layout = call_layout(call, c->world);
    struct place p = nccl_place(c, call, slot, operation);
    struct expectation e;
    enum status status = STATUS_OK;
    for (int k = 0; !status && call->collective->expect(&layout, k, &e); k++)
        status = cuda_status(device_check(&pattern, e.source, e.source_at, e.count,
                                          p.recv + e.recv_at * dtypes[call->dtype].size, e.recv_at, c->period,
                                          c->device_verdict, c->stream),
                             "the check kernel");
    return status;
}

enum status nccl_check(struct comm *c, const struct call *call, size_t slot, uint64_t seed,
                       struct verdict *verdict)
{
    *c->verdict = (struct device_verdict){0, UINT64_MAX};
    enum status status = cuda_status(
        cudaMemcpyAsync(c->device_verdict, c->verdict, sizeof *c->verdict, cudaMemcpyHostToDevice, c->stream),
        "cudaMemcpyAsync");
    for (int i = 0; i < call->aggregate && !status; i++)
        status = check_one(c, call, slot, i, seed_of(seed, i));
    if (!status)
        status = cuda_status(cudaMemcpyAsync(c->verdict, c->device_verdict, sizeof *c->verdict,
                                             cudaMemcpyDeviceToHost, c->stream),
                             "cudaMemcpyAsync");
    if (!status) status = nccl_drain(c);
    if (!status) *verdict = (struct verdict){c->verdict->wrong, c->verdict->wrong ? c->verdict->first : 0};
    return status;
}

/* Damages the last operation of a group. */
enum status nccl_corrupt(struct comm *c, const struct call *call, size_t slot)
{
    const struct layout layout = call_layout(call, c->world);
    struct expectation e = {.count = 0};
    struct place p = nccl_place(c, call, slot, call->aggregate - 1);
    unsigned char byte = 0;
    for (int k = 0; !e.count; k++)
        if (!call->collective->expect(&layout, k, &e)) return STATUS_UNSUPPORTED;
    char *at = p.recv + (e.recv_at + e.count / 2) * dtypes[call->dtype].size;
    enum status status = cuda_status(cudaMemcpy(&byte, at, 1, cudaMemcpyDeviceToHost), "cudaMemcpy");
    byte ^= 0x10;
    if (!status) status = cuda_status(cudaMemsetAsync(at, byte, 1, c->stream), "cudaMemsetAsync");
    return status ? status : nccl_drain(c);
}
