/* Times NCCL's calls on the device's clock, between two events of one stream. A sample enqueues:

   hold, align, start, call (isolated) or calls (pipelined), stop

   In mode nccl-tests the host's clock is read instead: after a barrier before the first call, and when the
   stream has completed all. Nothing is held, and launches count.

   hold (hold.h) keeps the time to enqueue out of the figure. align is an all-reduce of one element, which
   starts the ranks together on the device (an MPI barrier leaves tens of µs between them). Batches are
   aligned too: otherwise the ranks that open their gates first would measure the wait for the last one, some
   µs, which is visible even in twenty calls of 10 µs.

   First calls connect ranks and allocate (NCCL_RUNTIME_CONNECT), which waits for the device: so each exact
   call is made once without a hold before it is timed (make_ready). NCCL's work queue and its proxy's pool
   are finite: hence HELD_OPERATIONS. If a hold expires, the sample is spoiled. */
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "gpu/nccl.h"
#include "stats/order.h"

#include <math.h>
#include <sched.h>
#include <time.h>

enum { SPINS = 2000, SLEEP_NS = 20 * 1000, POLLS_PER_CHECK = 256 };

/* ---- waiting ---- */

static enum status check_async(struct comm *c)
{
    ncclResult_t error = ncclSuccess, asked = ncclSuccess;
    pthread_mutex_lock(&c->asking);
    bool aborted = atomic_load(&c->aborted);
    if (!aborted) asked = ncclCommGetAsyncError(c->nccl, &error);
    pthread_mutex_unlock(&c->asking);
    if (aborted) return STATUS_TIMEOUT;
    enum status status = nccl_status(c, asked, "ncclCommGetAsyncError");
    if (status || error == ncclSuccess || error == ncclInProgress) return status;
    return nccl_status(c, error, "the communicator");
}

/* Waits by polling, so that an error of another rank or the watchdog's abort can end the wait. For an event:
   the polling does not affect any figure, because times come from the device. NULL: until the stream has
   completed everything, without sleeping, as nccl-tests waits. */
static enum status await(struct comm *c, cudaEvent_t event)
{
    for (unsigned polls = 1;; polls++) {
        cudaError_t error = event ? cudaEventQuery(event) : cudaStreamQuery(c->stream);
        if (error == cudaSuccess) return atomic_load(&c->aborted) ? STATUS_TIMEOUT : STATUS_OK;
        if (error != cudaErrorNotReady)
            return cuda_status(error, event ? "cudaEventQuery" : "cudaStreamQuery");
        cudaGetLastError();
        enum status status = polls % POLLS_PER_CHECK ? STATUS_OK : check_async(c);
        if (status) return status;
        if (polls < SPINS || !event)
            sched_yield();
        else
            nanosleep(&(struct timespec){0, SLEEP_NS}, NULL);
    }
}

enum status nccl_drain(struct comm *c)
{
    enum status status = cuda_status(cudaEventRecord(c->stop, c->stream), "cudaEventRecord");
    if (!status) status = await(c, c->stop);
    return status ? status : check_async(c);
}

enum status nccl_align(struct comm *c)
{
    return nccl_status(c, ncclAllReduce(c->aligner, c->aligner, 1, ncclFloat32, ncclMax, c->nccl, c->stream),
                       "ncclAllReduce (aligning)");
}

/* ---- graphs ---- */

void nccl_graphs_free(struct comm *c)
{
    for (int i = 0; i < c->graph_count; i++) cudaGraphExecDestroy(c->graphs[i].exec);
    c->graph_count = 0;
}

static enum status capture(struct comm *c, const struct call *call, struct graph *g)
{
    cudaGraph_t graph = NULL;
    ncclResult_t result = ncclSuccess;
    enum status status = cuda_status(cudaStreamBeginCapture(c->stream, cudaStreamCaptureModeThreadLocal),
                                     "cudaStreamBeginCapture");
    if (status) return status;
    for (int i = 0; i < g->calls && !result; i++)
        result = nccl_issue(c, call, (g->slot + (size_t)i) % call->buffers->slots);
    status = cuda_status(cudaStreamEndCapture(c->stream, &graph),
                         "cudaStreamEndCapture"); /* even after an error: it ends the capture */
    if (result) status = nccl_status(c, result, call->collective->name);
    if (!status) status = cuda_status(cudaGraphInstantiate(&g->exec, graph, 0), "cudaGraphInstantiate");
    if (!status) status = cuda_status(cudaGraphUpload(g->exec, c->stream), "cudaGraphUpload");
    if (graph) cudaGraphDestroy(graph);
    return status;
}

/* The graph of `calls` calls from `slot` on, captured if it is new. All ranks capture the same graphs in the
   same order, because they run the same calls. */
static enum status graph_of(struct comm *c, const struct call *call, int calls, size_t slot,
                            cudaGraphExec_t *exec)
{
    for (int i = 0; i < c->graph_count; i++)
        if (c->graphs[i].calls == calls && c->graphs[i].slot == slot) {
            *exec = c->graphs[i].exec;
            return STATUS_OK;
        }
    struct graph *g = &c->graphs[c->graph_count];
    *g = (struct graph){NULL, calls, slot};
    enum status status = capture(c, call, g);
    if (status) return status;
    c->graph_count++;
    *exec = g->exec;
    return STATUS_OK;
}

/* ---- one sample ---- */

static bool same_shape(const struct shape *a, const struct shape *b)
{
    return a->collective == b->collective && a->dtype == b->dtype && a->op == b->op && a->count == b->count &&
           a->root == b->root && a->traffic == b->traffic && a->in_place == b->in_place &&
           a->generation == b->generation && a->stride == b->stride;
}

static struct shape shape_of(const struct comm *c, const struct call *call)
{
    return (struct shape){call->collective, call->dtype,         call->op,
                          call->count,      call->root,          call->traffic,
                          call->in_place,   c->block.generation, call->buffers->send_bytes};
}

/* Makes a call that was made before the current one again; returns false if it was never made. Several calls
   may take turns (driver step), but the graphs are those of the last one: frees them if that was another. */
static bool take_up_again(struct comm *c, const struct shape *shape)
{
    for (int i = 0; i < MOST_READY; i++) {
        if (!c->ready[i].collective || !same_shape(&c->ready[i], shape)) continue;
        if (i != c->last_ready) nccl_graphs_free(c);
        c->last_ready = i;
        return true;
    }
    return false;
}

/* Called when all calls have been enqueued. To the watchdog, a rank that has not come here has not entered
   the operation. */
static void set_inside(const struct call *call)
{
    if (call->stage) atomic_store_explicit(call->stage, STAGE_INSIDE, memory_order_relaxed);
}

/* Makes a group of operations once more, now without one-time work, to see how long the host takes to
   queue it: the device must be held for longer than that. */
static enum status size_hold(struct comm *c, const struct call *call, size_t slot)
{
    double start_s = clock_s();
    enum status status = nccl_status(c, nccl_issue(c, call, slot), call->collective->name);
    hold_size(&c->hold, clock_s() - start_s);
    return status ? status : nccl_drain(c);
}

/* For a new case, makes the alignment and the exact call once without a hold, so that all one-time work of
   first calls is done. */
static enum status make_ready(struct comm *c, const struct call *call, size_t slot)
{
    const struct shape shape = shape_of(c, call);
    if (take_up_again(c, &shape)) return STATUS_OK;
    nccl_graphs_free(c);
    enum status status = nccl_align(c);
    if (!status) status = nccl_status(c, nccl_issue(c, call, slot), call->collective->name);
    set_inside(call);
    if (!status) status = nccl_drain(c);
    if (!status && call->aggregate > 1) status = size_hold(c, call, slot);
    if (call->stage) atomic_store_explicit(call->stage, STAGE_STARTING, memory_order_relaxed);
    if (status) return status;
    c->last_ready = c->next_ready;
    c->next_ready = (c->next_ready + 1) % MOST_READY;
    c->ready[c->last_ready] = shape;
    return STATUS_OK;
}

enum status nccl_prepare(struct comm *c, const struct call *call, int batch)
{
    (void)batch;
    return make_ready(c, call, 0);
}

static enum status call_once(struct comm *c, const struct call *call)
{
    enum status status = nccl_status(c, nccl_issue(c, call, 0), call->collective->name);
    return status ? status : nccl_drain(c);
}

enum status nccl_ask(struct comm *c, const struct call *call, struct choice *choice)
{
    const bool asks = c->world->rank == 0;
    if (asks) nccl_debug_ask(&c->debug, c->version);
    enum status status = call_once(c, call);
    if (asks) nccl_debug_answer(&c->debug, choice);
    return status ? status : call_once(c, call);
}

/* Enqueues the sample's calls. Opens the gate after as many operations as may be held. */
static enum status enqueue(struct comm *c, const struct call *call, int batch, size_t *slot)
{
    for (int i = 0; i < batch; i++) {
        hold_queued(&c->hold, i * call->aggregate);
        enum status status = nccl_status(c, nccl_issue(c, call, *slot), call->collective->name);
        if (status) return status;
        if (++*slot >= call->buffers->slots) *slot = 0;
    }
    return STATUS_OK;
}

/* Launches graphs of `operations` operations each, `launches` times, taking turns. Opens the gate after as
   many operations as may be held. */
static enum status enqueue_graphs(struct comm *c, const cudaGraphExec_t *execs, int turns, int launches,
                                  int operations)
{
    for (int i = 0; i < launches; i++) {
        hold_queued(&c->hold, i * operations);
        enum status status = cuda_status(cudaGraphLaunch(execs[i % turns], c->stream), "cudaGraphLaunch");
        if (status) return status;
    }
    return STATUS_OK;
}

static enum status start_together(const struct call *call)
{
    return call->start ? call->start(call->starter) : STATUS_OK;
}

/* Hold, alignment and the start event: from here on the stream waits for the gate. Mode nccl-tests: the
   ranks' barrier and the host's clock. */
static enum status begin(struct comm *c, const struct call *call, struct timing *timing)
{
    if (call->mode == MODE_NCCL_TESTS) {
        enum status status = start_together(call);
        timing->start_s = clock_s();
        return status;
    }
    enum status status = hold_close(&c->hold, c->stream);
    if (!status) status = nccl_align(c);
    return status ? status : cuda_status(cudaEventRecord(c->start, c->stream), "cudaEventRecord");
}

/* Ends a sample. Opens the gate even after an error, so that the stream is never left held. */
static enum status end(struct comm *c, const struct call *call, enum status status, struct timing *timing)
{
    float ms = 0;
    if (call->mode == MODE_NCCL_TESTS) {
        set_inside(call);
        if (!status) status = await(c, NULL);
        timing->end_s = clock_s();
        timing->elapsed_s = timing->end_s - timing->start_s;
        return status ? status : check_async(c);
    }
    if (!status) status = cuda_status(cudaEventRecord(c->stop, c->stream), "cudaEventRecord");
    hold_open(&c->hold);
    set_inside(call);
    if (!status) status = await(c, c->stop);
    if (!status) status = check_async(c);
    if (!status) status = cuda_status(cudaEventElapsedTime(&ms, c->start, c->stop), "cudaEventElapsedTime");
    timing->elapsed_s = (double)ms * 1e-3;
    timing->spoiled = hold_expired(&c->hold);
    return status;
}

/* Runs a batch as graphs of options.graph calls: enough of them to cover the batch; the time is scaled to the
   batch. Up to MOST_TURNS graphs use successive slots, so that samples do not find their data in a cache. A
   single call (isolated mode, verification) gets its own graph, because it must use its own slot. */
static enum status run_graphs(struct comm *c, const struct call *call, int batch, size_t *slot,
                              struct timing *timing)
{
    const bool single = batch == 1 || call->mode == MODE_ISOLATED;
    const int calls = single ? 1 : c->options.graph, launches = (batch + calls - 1) / calls;
    size_t turns = call->buffers->slots / (size_t)calls;
    if (turns > MOST_TURNS) turns = MOST_TURNS;
    if (turns < 1) turns = 1;
    const size_t first = single ? *slot : *slot / (size_t)calls;
    const int distinct = launches < (int)turns ? launches : (int)turns;
    cudaGraphExec_t execs[MOST_TURNS];
    enum status status = STATUS_OK;
    if (c->graph_count + distinct > MOST_GRAPHS) nccl_graphs_free(c);
    for (int i = 0; i < distinct && !status; i++) {
        size_t at = single ? first : (first + (size_t)i) % turns * (size_t)calls;
        status = graph_of(c, call, calls, at, &execs[i]);
    }
    if (!status) status = begin(c, call, timing);
    if (!status) status = enqueue_graphs(c, execs, distinct, launches, calls * call->aggregate);
    status = end(c, call, status, timing);
    timing->elapsed_s *= (double)batch / ((double)launches * calls);
    *slot = (first + (size_t)launches) % turns * (size_t)calls;
    return status;
}

/* After a hold that ended by itself: holds fewer operations, and warns if that is no longer possible. A
   group is queued as a whole: if even one of `group` operations waits, NCCL's or CUDA's queue is too
   small. */
static void lessen_hold(struct comm *c, int queued, int group)
{
    if (!hold_less(&c->hold, queued)) return;
    if (group > 1)
        warn("rank %d: a group of %d operations (-m) waited for the device that was held for it, so such "
             "samples do not count: give a smaller -m, or --mode nccl-tests, which does not hold the device",
             c->world->rank, group);
    else
        warn("rank %d: a call waited for the device that was held for it, so such samples do not count: is "
             "CUDA_LAUNCH_BLOCKING set, or a debugger at work?",
             c->world->rank);
}

enum status nccl_run(struct comm *c, const struct call *call, int batch, size_t *slot, struct timing *timing)
{
    *timing = (struct timing){.start_s = NAN, .end_s = NAN, .elapsed_s = NAN};
    enum status status = make_ready(c, call, *slot);
    if (!status && call->mode != MODE_NCCL_TESTS) status = start_together(call);
    if (status) return status;
    if (c->options.graph > 0) {
        status = run_graphs(c, call, batch, slot, timing);
    } else {
        status = begin(c, call, timing);
        if (!status) status = enqueue(c, call, batch, slot);
        status = end(c, call, status, timing);
    }
    if (timing->spoiled) lessen_hold(c, batch * call->aggregate, c->options.graph > 0 ? 1 : call->aggregate);
    return status;
}

enum status nccl_time_nothing(struct comm *c, double *us)
{
    enum { SAMPLES = 9 };
    const struct call nothing = {.mode = MODE_ISOLATED};
    double taken[SAMPLES], own = -1;
    size_t count = 0;
    enum status status = STATUS_OK;
    for (int i = 0; i < SAMPLES && !status; i++) {
        struct timing timing = {.elapsed_s = NAN};
        /* Not aligned: a rank that fails alone must not leave the others waiting on the device. */
        status = hold_close(&c->hold, c->stream);
        if (!status) status = cuda_status(cudaEventRecord(c->start, c->stream), "cudaEventRecord");
        status = end(c, &nothing, status, &timing);
        if (timing.spoiled)
            lessen_hold(c, 1, 1);
        else if (!status)
            taken[count++] = timing.elapsed_s * 1e6;
    }
    if (count) own = median(taken, count);
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, &own, 1, MPI_DOUBLE, MPI_MAX, c->world->comm));
    *us = own >= 0 ? own : NAN;
    return status;
}
