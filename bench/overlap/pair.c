#include "overlap/pair.h"
#include "backend/mpi_status.h"
#include "base/clock.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

/* The second thread, which runs the collective. It sleeps while it is IDLE, spins while it is ARMED until
   `go`, so that it starts at once, and sleeps again when it is DONE. */
enum phase_of_thread { IDLE, ARMED, DONE, LEAVES };

struct pair {
    struct pair_parts parts;
    struct call call;
    size_t slot; /* of the next call */
    struct gemm_work *work;
    double delay_s;

    /* one sample */
    int operations, matmuls;
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

static void rest(double seconds)
{
    if (!(seconds > 0)) return;
    nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)}, NULL);
}

static void step(const struct pair *p, enum stage stage)
{
    atomic_fetch_add_explicit(&p->parts.pulse->steps, 1, memory_order_relaxed);
    atomic_store_explicit(&p->parts.pulse->stage, stage, memory_order_relaxed);
}

/* ---- the two sides ---- */

static enum status communicate(struct pair *p)
{
    struct timing timing;
    enum status status = p->parts.backend->run(p->parts.comm, &p->call, p->operations, &p->slot, &timing);
    rest(p->delay_s);
    p->communicated_s = clock_s();
    return status;
}

static enum status compute(struct pair *p, int matmuls)
{
    double seconds;
    return p->check ? p->parts.engine->check(p->work, p->check_seed, p->check)
                    : p->parts.engine->run(p->work, matmuls, &seconds);
}

static enum status compute_all(struct pair *p)
{
    enum status status = compute(p, p->matmuls);
    rest(p->delay_s);
    p->computed_s = clock_s();
    return status;
}

/* ---- both at once ---- */

/* A non-blocking collective: MPI can advance it whenever this thread calls MPI, so at least after each
   multiplication. An injected delay is counted from its beginning: it ends no earlier than that. */
static enum status begin_and_compute(struct pair *p)
{
    const struct backend *backend = p->parts.backend;
    const double due_s = clock_s() + p->delay_s;
    bool done = false;
    enum status status = backend->begin(p->parts.comm, &p->call, p->operations, &p->slot);
    for (int i = 0; i < p->matmuls && !status; i++) {
        status = compute(p, 1);
        if (!status && !done) {
            status = backend->complete(p->parts.comm, false, &done);
            p->communicated_s = clock_s();
        }
    }
    rest(p->delay_s);
    p->computed_s = clock_s();
    if (!status && !done) {
        status = backend->complete(p->parts.comm, true, &done);
        p->communicated_s = clock_s();
    }
    p->communicated_s = fmax(p->communicated_s, due_s);
    rest(due_s - clock_s());
    return status;
}

static void *helper(void *state)
{
    struct pair *p = state;
    /* A new thread uses device 0 until it chooses another. */
    backend_devices(p->parts.backend->name, MEMORY_ABSENT, p->parts.world->local_rank);
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

/* The communication alone runs where it runs beside the computation: in the second thread if there is one. */
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

/* Arms the second thread before the barrier, so that it is awake when the sample begins. */
static enum status run_sample(struct pair *p, enum part part, int operations, int matmuls)
{
    p->operations = operations;
    p->matmuls = matmuls;
    step(p, STAGE_BARRIER);
    if (p->has_thread && part != COMPUTATION) {
        atomic_store(&p->go, false);
        set_phase(p, ARMED);
    }
    mpi_must(MPI_Barrier(p->parts.world->comm));
    step(p, STAGE_STARTING);
    p->start_s = clock_s();
    enum status status = run_part(p, part);
    step(p, STAGE_BETWEEN);
    return status;
}

enum status pair_run(struct pair *p, enum part part, int operations, int matmuls, double times_us[TIMES])
{
    enum status status = run_sample(p, part, operations, matmuls);
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
    const struct backend *backend = p->parts.backend;
    size_t slot = p->slot;
    step(p, STAGE_WORKING);
    enum status status = backend->fill(p->parts.comm, &p->call, slot, seed);
    p->check = gemm_verdict;
    p->check_seed = seed + (uint64_t)p->parts.world->rank;
    if (!status) status = run_sample(p, BOTH, 1, 1);
    p->check = NULL;
    step(p, STAGE_WORKING);
    if (!status) status = backend->check(p->parts.comm, &p->call, slot, seed, verdict);
    step(p, STAGE_BETWEEN);
    return status;
}

void pair_set_call(struct pair *p, const struct call *call)
{
    p->call = *call;
    p->call.stage = &p->parts.pulse->stage;
    p->slot = 0;
}

void pair_set_work(struct pair *p, struct gemm_work *work)
{
    p->work = work;
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
            free(p);
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
