#include "measure/beside.h"
#include "backend/memory.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "base/units.h"
#include "collective/dtype.h"
#include "launch/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TAG_STARTED = 1, TAG_STOP };
enum { BATCH_MOST = 10000 };
static const double BATCH_S = 5e-3; /* a stop waits at most so long for a short load, and agreeing on it takes
                                       about a thousandth of that */

/* ---- opening ---- */

static void number_sides(struct beside *b, const struct world *w)
{
    int count = 0;
    b->measuring = allocate((size_t)w->ranks, sizeof *b->measuring);
    b->first_loader = -1;
    for (int r = 0; r < w->ranks; r++) {
        if (!b->side[r]) b->measuring[count++] = r;
        if (b->side[r] && b->first_loader < 0) b->first_loader = r;
    }
    b->loads = b->side[w->rank];
}

/* The load's call: float, sum, out of place, rank 0 of the load as root. */
static void make_call(struct beside *b, const struct load_request *request)
{
    const struct collective *collective = request->collective;
    size_t size = dtypes[DTYPE_FLOAT].size, divisor = collective->divisor(b->load.ranks);
    b->call = (struct call){.collective = collective,
                            .dtype = DTYPE_FLOAT,
                            .op = OP_SUM,
                            .count = request->bytes / size / divisor * divisor,
                            .aggregate = 1,
                            .mode = MODE_NCCL_TESTS, /* by the host's clock, on GPUs too */
                            .stage = &b->pulse->stage};
}

/* On ranks of the load. */
static enum status give_buffers(struct beside *b, const struct load_request *request)
{
    const struct split *load = &b->load;
    const char *reason = NULL;
    char need[UNIT_TEXT], available[UNIT_TEXT];
    const struct layout layout = call_layout(&b->call, &load->world);
    struct extent e = b->call.collective->extent(&layout);
    size_t size = dtypes[DTYPE_FLOAT].size, send = e.send * size, recv = e.recv * size;
    if (!b->call.count)
        return fail(STATUS_ENVIRONMENT, "--beside %s: fewer bytes than one element for each of %d ranks",
                    request->label, load->ranks);
    if (!collective_runs(b->call.collective, load->ranks))
        return fail(STATUS_ENVIRONMENT, "--beside %s: %d ranks run the load; it needs a power of two",
                    request->label, load->ranks);
    if (load->backend->supports(load->comm, &b->call, &reason))
        return fail(STATUS_ENVIRONMENT, "--beside %s: %s", request->label,
                    reason ? reason : "the backend cannot do this");
    size_t free_bytes = load->backend->free_bytes(load->comm) / 10 * 9;
    enum status status = send + recv + 2 * memory_stride(1) > free_bytes
                             ? STATUS_TOO_LARGE
                             : load->backend->alloc(load->comm, send, recv, 1, &b->buffers);
    if (status == STATUS_TOO_LARGE)
        return fail(STATUS_ENVIRONMENT, "--beside %s: it needs %s of buffers for each rank, %s are free",
                    request->label, format_size(send + recv, need), format_size(free_bytes, available));
    b->call.buffers = &b->buffers;
    return status ? status : load->backend->fill(load->comm, &b->call, 0, b->seed);
}

enum status beside_open(struct beside *b, const struct load_request *request, const struct world *w,
                        const struct backend *backend, const struct backend_options *options,
                        struct splits *splits, struct watch *watch)
{
    char reason[200];
    *b = (struct beside){.comm = MPI_COMM_NULL,
                         .side = allocate((size_t)w->ranks, sizeof *b->side),
                         .watch = watch,
                         .pulse = watch_pulse(watch),
                         .seed = options->seed,
                         .done = load_absent()};
    if (!load_divide(w, b->side, reason, sizeof reason)) {
        beside_close(b);
        return fail(STATUS_ENVIRONMENT, "--beside %s: %s", request->label, reason);
    }
    number_sides(b, w);
    mpi_must(MPI_Comm_dup(w->comm, &b->comm));
    enum status status =
        agree_over(w->comm, splits_open_beside(b->side, w, backend, options, splits, &b->load));
    if (status) return status;
    watch_apart(watch, b->side);
    b->measures = splits->list;
    make_call(b, request);
    return agree_over(w->comm, b->loads ? give_buffers(b, request) : STATUS_OK);
}

void beside_close(struct beside *b)
{
    if (!b->side) return;
    watch_apart(b->watch, NULL);
    if (b->buffers.memory) b->load.backend->free(b->load.comm, &b->buffers);
    if (b->load.name) split_close(&b->load);
    if (b->comm != MPI_COMM_NULL) mpi_must(MPI_Comm_free(&b->comm));
    free(b->measuring);
    free(b->side);
    *b = (struct beside){.comm = MPI_COMM_NULL};
}

/* ---- a visit ---- */

static void step(struct beside *b, enum stage stage)
{
    atomic_fetch_add_explicit(&b->pulse->steps, 1, memory_order_relaxed);
    atomic_store_explicit(&b->pulse->stage, stage, memory_order_relaxed);
}

/* All ranks wait for each other, those of the load without using their processors: they would disturb what
   the others measure. */
static void meet(struct beside *b)
{
    MPI_Request request;
    mpi_must(MPI_Ibarrier(b->comm, &request));
    for (int done = 0; !done;) {
        mpi_must(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
        if (!done && b->loads) nanosleep(&(struct timespec){0, 100 * 1000}, NULL);
    }
}

enum status beside_start(struct beside *b, bool loaded)
{
    const struct world *group = &b->measures->world;
    if (!loaded) return STATUS_OK;
    if (group->rank == 0)
        mpi_must(MPI_Recv(NULL, 0, MPI_BYTE, b->first_loader, TAG_STARTED, b->comm, MPI_STATUS_IGNORE));
    mpi_must(MPI_Barrier(group->comm));
    return STATUS_OK;
}

enum status beside_stop(struct beside *b, bool loaded)
{
    if (loaded && b->measures->world.rank == 0)
        mpi_must(MPI_Send(NULL, 0, MPI_BYTE, b->first_loader, TAG_STOP, b->comm));
    meet(b);
    return STATUS_OK;
}

static enum status run_load(struct beside *b, int batch, struct timing *timing)
{
    atomic_store_explicit(&b->pulse->stage, STAGE_STARTING, memory_order_relaxed);
    return b->load.backend->run(b->load.comm, &b->call, batch, &b->slot, timing);
}

/* The second operation tells how many make up BATCH_S; the first one connects the ranks. */
static enum status choose_batch(struct beside *b)
{
    struct timing timing = {0};
    enum status status = STATUS_OK;
    for (int i = 0; i < 2 && !status; i++) {
        status = run_load(b, 1, &timing);
        step(b, STAGE_BETWEEN);
    }
    if (status) return status;
    double most_s = 0;
    mpi_must(MPI_Allreduce(&timing.elapsed_s, &most_s, 1, MPI_DOUBLE, MPI_MAX, b->load.world.comm));
    double batch = ceil(BATCH_S / most_s);
    b->batch = batch > BATCH_MOST ? BATCH_MOST : batch > 1 ? (int)batch : 1;
    return STATUS_OK;
}

/* Repeats the load until the ranks that measure say stop. What rank 0 of the load knows before a batch, the
   others learn while it runs, so that no rank waits between two batches. The first batch is not counted:
   those ranks begin when it has ended, so that the time from there on covers all that they do. */
static enum status run_until_stop(struct beside *b)
{
    const bool root = b->load.world.rank == 0;
    MPI_Request request = MPI_REQUEST_NULL, agreement;
    struct timing timing = {0};
    double busy_s = 0, begin_s = 0;
    int stop = 0;
    if (root) mpi_must(MPI_Irecv(NULL, 0, MPI_BYTE, 0, TAG_STOP, b->comm, &request));
    enum status status = run_load(b, b->batch, &timing);
    if (status) return status;
    begin_s = timing.end_s;
    if (root) mpi_must(MPI_Send(NULL, 0, MPI_BYTE, 0, TAG_STARTED, b->comm));
    b->done.operations = 0;
    while (!stop) {
        if (root) mpi_must(MPI_Test(&request, &stop, MPI_STATUS_IGNORE));
        mpi_must(MPI_Ibcast(&stop, 1, MPI_INT, 0, b->load.world.comm, &agreement));
        status = run_load(b, b->batch, &timing);
        if (status) return status;
        busy_s += timing.end_s - timing.start_s;
        b->done.operations += b->batch;
        mpi_must(MPI_Wait(&agreement, MPI_STATUS_IGNORE));
    }
    b->done.share = busy_s / (clock_s() - begin_s);
    b->done.us = busy_s * 1e6 / (double)b->done.operations;
    return STATUS_OK;
}

static enum status serve_loaded(struct beside *b, bool verifies)
{
    const struct backend *backend = b->load.backend;
    struct verdict verdict = {0};
    step(b, STAGE_WORKING);
    enum status status = verifies ? backend->fill(b->load.comm, &b->call, 0, b->seed)
                                  : STATUS_OK; /* poisons what it receives */
    if (!status && !b->batch) status = choose_batch(b);
    if (!status) status = run_until_stop(b);
    step(b, STAGE_WORKING);
    if (!status && verifies) status = backend->check(b->load.comm, &b->call, 0, b->seed, &verdict);
    if (verifies) b->done.wrong = (int64_t)verdict.wrong;
    step(b, STAGE_BETWEEN);
    return status;
}

enum status beside_serve(struct beside *b, bool loaded, bool verifies)
{
    b->done = load_absent();
    enum status status = loaded ? serve_loaded(b, verifies) : STATUS_OK;
    if (!status) meet(b);
    return status;
}

struct load beside_done(const struct beside *b)
{
    const bool has = b->loads && b->done.operations != ABSENT;
    struct load done = load_absent();
    double own[2] = {has ? b->done.share : INFINITY, has ? -b->done.us : INFINITY}, all[2];
    int64_t counts[2] = {has ? b->done.operations : 0, has && b->done.wrong != ABSENT ? b->done.wrong : -1},
            most[2];
    int64_t wrong = counts[1] > 0 ? counts[1] : 0, sum = 0;
    mpi_must(MPI_Allreduce(own, all, 2, MPI_DOUBLE, MPI_MIN, b->comm));
    mpi_must(MPI_Allreduce(counts, most, 2, MPI_INT64_T, MPI_MAX, b->comm));
    mpi_must(MPI_Allreduce(&wrong, &sum, 1, MPI_INT64_T, MPI_SUM, b->comm));
    if (!most[0]) return done; /* idle */
    done.operations = most[0];
    done.share = all[0];
    done.us = -all[1];
    if (most[1] >= 0) done.wrong = sum;
    return done;
}
