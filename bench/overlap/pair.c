#include "overlap/pair.h"
#include "backend/mpi_status.h"
#include "base/clock.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

/* The second thread, which runs the collective. It sleeps while it is IDLE, spins while it is ARMED until
   `go`, so that it starts at once, and sleeps again when it is DONE. */
enum phase_of_thread { IDLE, ARMED, DONE, LEAVES };

struct pair {
    struct pair_parts parts;
    struct pair_call *calls;
    struct pair_product *products;
    size_t call_count, product_count;
    double delay_s;

    /* one sample */
    uint64_t check_seed;
    struct gemm_verdict *check;                 /* NULL: multiply without a check */
    double start_s, communicated_s, computed_s; /* when it began; when each side ended */
    enum status communication_status;

    bool has_thread;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum phase_of_thread phase; /* under the lock */
    atomic_bool go;
};

/* ---- the two sides ---- */

static enum status communicate(struct pair *p)
{
    struct timing timing;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < p->call_count && !status; i++) {
        struct pair_call *c = &p->calls[i];
        status = c->backend->run(c->comm, &c->call, c->count, &c->slot, &timing);
    }
    sleep_s(p->delay_s);
    p->communicated_s = clock_s();
    return status;
}

static enum status compute(struct pair *p, const struct pair_product *product, int matmuls)
{
    double seconds;
    return p->check ? p->parts.engine->check(product->work, p->check_seed, p->check)
                    : p->parts.engine->run(product->work, matmuls, &seconds);
}

static enum status compute_all(struct pair *p)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < p->product_count && !status; i++)
        status = compute(p, &p->products[i], p->products[i].count);
    sleep_s(p->delay_s);
    p->computed_s = clock_s();
    return status;
}

/* ---- both at once ---- */

static enum status begin(struct pair *p, size_t at)
{
    struct pair_call *c = &p->calls[at];
    return c->backend->begin(c->comm, &c->call, c->count, &c->slot);
}

/* Lets the non-blocking collective `*at` advance, and starts the next one when it is complete; with `waits`,
   until all are. */
static enum status advance(struct pair *p, size_t *at, bool waits)
{
    enum status status = STATUS_OK;
    bool done = true;
    while (*at < p->call_count && done && !status) {
        status = p->calls[*at].backend->complete(p->calls[*at].comm, waits, &done);
        if (!status && done && ++*at < p->call_count) status = begin(p, *at);
    }
    return status;
}

/* Non-blocking collectives: MPI can advance them whenever this thread calls MPI, so at least after each
   multiplication. An injected delay is counted from the beginning: they end no earlier than that. */
static enum status begin_and_compute(struct pair *p)
{
    const double due_s = clock_s() + p->delay_s;
    size_t at = 0;
    enum status status = begin(p, 0);
    for (size_t i = 0; i < p->product_count && !status; i++)
        for (int m = 0; m < p->products[i].count && !status; m++) {
            status = compute(p, &p->products[i], 1);
            if (status || at == p->call_count) continue;
            status = advance(p, &at, false);
            p->communicated_s = clock_s();
        }
    sleep_s(p->delay_s);
    p->computed_s = clock_s();
    if (!status && at < p->call_count) {
        status = advance(p, &at, true);
        p->communicated_s = clock_s();
    }
    p->communicated_s = fmax(p->communicated_s, due_s);
    sleep_s(due_s - clock_s());
    return status;
}

static void *helper(void *state)
{
    struct pair *p = state;
    /* A new thread uses device 0 until it chooses another. */
    backend_devices(p->parts.backend, MEMORY_ABSENT, p->parts.world->local_rank);
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->phase != ARMED && p->phase != LEAVES) pthread_cond_wait(&p->changed, &p->lock);
        if (p->phase == LEAVES) break;
        pthread_mutex_unlock(&p->lock);
        while (!atomic_load_explicit(&p->go, memory_order_acquire)) sched_yield();
        p->communication_status = communicate(p);
        pthread_mutex_lock(&p->lock);
        p->phase = DONE;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void set_phase(struct pair *p, enum phase_of_thread phase)
{
    pthread_mutex_lock(&p->lock);
    p->phase = phase;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static enum status join(struct pair *p)
{
    pthread_mutex_lock(&p->lock);
    while (p->phase != DONE) pthread_cond_wait(&p->changed, &p->lock);
    p->phase = IDLE;
    pthread_mutex_unlock(&p->lock);
    return p->communication_status;
}

/* Wakes the second thread, which then waits for `go`. */
static void arm(struct pair *p, enum part part)
{
    if (!p->has_thread || part == COMPUTATION) return;
    atomic_store(&p->go, false);
    set_phase(p, ARMED);
}

static enum status run_part(struct pair *p, enum part part)
{
    enum status status = STATUS_OK, communicated = STATUS_OK;
    if (part == BOTH && p->parts.progress == OVERLAP_NONBLOCKING) return begin_and_compute(p);
    if (part != COMPUTATION && p->has_thread)
        atomic_store_explicit(&p->go, true, memory_order_release);
    else if (part != COMPUTATION)
        status = communicate(p);
    if (part != COMMUNICATION && !status) status = compute_all(p);
    if (part != COMPUTATION && p->has_thread) communicated = join(p);
    return status ? status : communicated;
}

enum status pair_do(struct pair *p, enum part part)
{
    arm(p, part);
    return run_part(p, part);
}

/* Arms the second thread before the barrier, so that it is awake when the sample begins. */
static enum status run_sample(struct pair *p, enum part part)
{
    pulse_step(p->parts.pulse, STAGE_BARRIER);
    arm(p, part);
    mpi_must(MPI_Barrier(p->parts.world->comm));
    pulse_step(p->parts.pulse, STAGE_STARTING);
    p->start_s = clock_s();
    enum status status = run_part(p, part);
    pulse_step(p->parts.pulse, STAGE_BETWEEN);
    return status;
}

enum status pair_run(struct pair *p, enum part part, double times_us[TIMES])
{
    enum status status = run_sample(p, part);
    double communication = (p->communicated_s - p->start_s) * 1e6,
           computation = (p->computed_s - p->start_s) * 1e6;
    switch (part) {
    case COMMUNICATION:
        times_us[COMMUNICATION] = communication;
        break;
    case COMPUTATION:
        times_us[COMPUTATION] = computation;
        break;
    default:
        times_us[BOTH] = fmax(communication, computation);
        /* The computation started after the communication: its own time is the difference. */
        if (p->parts.progress == OVERLAP_NONE) computation -= communication;
        times_us[COMMUNICATION_BESIDE] = communication;
        times_us[COMPUTATION_BESIDE] = computation;
    }
    return status;
}

enum status pair_verify(struct pair *p, uint64_t seed, struct verdict *verdict,
                        struct gemm_verdict *gemm_verdict)
{
    struct pair_call *calls = p->calls, once = calls[0];
    struct pair_product *products = p->products, one = {products[0].work, 1};
    const size_t call_count = p->call_count, product_count = p->product_count, slot = once.slot;
    once.count = 1;
    pulse_step(p->parts.pulse, STAGE_WORKING);
    enum status status = once.backend->fill(once.comm, &once.call, slot, seed);
    p->check = gemm_verdict;
    p->check_seed = seed + (uint64_t)p->parts.world->rank;
    p->calls = &once, p->call_count = 1;
    p->products = &one, p->product_count = 1;
    if (!status) status = run_sample(p, BOTH);
    p->check = NULL;
    p->calls = calls, p->call_count = call_count;
    p->products = products, p->product_count = product_count;
    pulse_step(p->parts.pulse, STAGE_WORKING);
    if (!status) status = once.backend->check(once.comm, &once.call, slot, seed, verdict);
    pulse_step(p->parts.pulse, STAGE_BETWEEN);
    return status;
}

void pair_set_calls(struct pair *p, struct pair_call *calls, size_t count)
{
    p->calls = calls;
    p->call_count = count;
    for (size_t i = 0; i < count; i++) calls[i].call.stage = &p->parts.pulse->stage;
}

void pair_set_products(struct pair *p, struct pair_product *products, size_t count)
{
    p->products = products;
    p->product_count = count;
}

void pair_set_delay(struct pair *p, double seconds)
{
    p->delay_s = seconds;
}

enum status pair_open(const struct pair_parts *parts, struct pair **pair)
{
    struct pair *p = allocate(1, sizeof *p);
    p->parts = *parts;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    if (parts->progress == OVERLAP_THREAD || parts->progress == OVERLAP_STREAMS) {
        p->has_thread = pthread_create(&p->thread, NULL, helper, p) == 0;
        if (!p->has_thread) {
            pair_close(p);
            return fail(STATUS_ENVIRONMENT, "cannot start a second thread on rank %d", parts->world->rank);
        }
    }
    *pair = p;
    return STATUS_OK;
}

void pair_close(struct pair *p)
{
    if (!p) return;
    if (p->has_thread) {
        set_phase(p, LEAVES);
        pthread_join(p->thread, NULL);
    }
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
