#include "backend/mpi_status.h"
#include "base/clock.h"
#include "matmul/matmul.h"
#include "stats/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* What this rank measures in one pass over a case. */
struct own {
    MPI_Comm comm; /* of the ranks that run at the same time and stop together */
    double *us;
    bool *marked; /* whether a thread was scheduled away during each sample */
    size_t count, capacity;
    size_t taken; /* all samples, including those that the engine discarded */
    size_t preempted;
    int64_t batch, warmup;
    enum stop_reason why;
};

static bool on_device(const struct matmul_sampler *s)
{
    return s->engine->memory == MEMORY_DEVICE;
}

/* A barrier in which waiting ranks sleep, so that they leave their cores to the others. */
static void wait_quietly(MPI_Comm comm)
{
    MPI_Request request;
    int done = 0;
    mpi_must(MPI_Ibarrier(comm, &request));
    while (!done) {
        mpi_must(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
        if (!done) sleep_s(2e-4);
    }
}

static double over_ranks(double value, MPI_Op op, MPI_Comm comm)
{
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, op, comm));
    return value;
}

/* How often the threads of this process have been scheduled away; BLAS libraries start several. */
static long switches(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_nivcsw;
}

static void dawdle(double seconds)
{
    for (double start = clock_s(); clock_s() - start < seconds;) continue;
}

void matmul_mark(struct pulse *pulse)
{
    enum { SAMPLE_BITS = 20 };
    unsigned long parts = atomic_load_explicit(&pulse->steps, memory_order_relaxed) >> SAMPLE_BITS;
    atomic_store_explicit(&pulse->steps, (parts + 1) << SAMPLE_BITS, memory_order_relaxed);
}

/* Takes one sample of `batch` calls. *seconds: the time per multiplication; NAN: discard the sample. */
static enum status take(struct matmul_sampler *s, struct gemm_work *work, int64_t batch, double *seconds)
{
    double elapsed_s;
    bool faulty = s->settings->fault_rank == s->world->rank;
    if (faulty && s->settings->fault == FAULT_FAIL)
        return fail(STATUS_ENVIRONMENT, "rank %d: the injected fault failed a multiplication",
                    s->world->rank);
    while (faulty && s->settings->fault == FAULT_HANG) pause();
    enum status status = s->engine->run(work, (int)batch, &elapsed_s);
    atomic_fetch_add_explicit(&s->pulse->steps, 1, memory_order_relaxed);
    if (status) return status;
    if (faulty && s->settings->fault == FAULT_SLOW) {
        double delay_s = 1e-6 * (double)s->settings->fault_us * (double)batch;
        dawdle(delay_s);
        elapsed_s += delay_s;
    }
    *seconds = elapsed_s / (double)batch;
    return STATUS_OK;
}

static enum status take_and_keep(struct matmul_sampler *s, struct gemm_work *work, struct own *own)
{
    double seconds;
    long before = switches();
    enum status status = take(s, work, own->batch, &seconds);
    own->taken++;
    if (status || isnan(seconds)) return status;
    if (own->count == own->capacity) {
        own->capacity = own->capacity ? 2 * own->capacity : 64;
        own->us = reallocate(own->us, own->capacity, sizeof *own->us);
        own->marked = reallocate(own->marked, own->capacity, sizeof *own->marked);
    }
    own->marked[own->count] = s->sets_aside && switches() != before;
    own->us[own->count++] = seconds * 1e6;
    return STATUS_OK;
}

/* The number of calls in a sample: as many as the fastest rank makes in sample_s. But no sample of several
   calls takes longer than half a second on any rank, so that a very slow rank does not hold up the others for
   long. */
static int64_t batch_of_calls(double fastest_s, double slowest_s, double sample_s)
{
    static const double LONGEST_S = 0.5, MOST = 1e6;
    if (!(fastest_s > 0)) return 1;
    double calls = fmin(ceil(sample_s / fastest_s), fmax(1, floor(LONGEST_S / slowest_s)));
    return (int64_t)fmin(calls, MOST);
}

/* Makes the warm-up calls and chooses the number of calls in a sample, so large that the time to read the
   clock or to wait for a device is negligible. In the sustained phase samples are longer on a device, which
   must not pause. *sample_s: how long a sample will take. */
static enum status warm_up(struct matmul_sampler *s, struct gemm_work *work, const struct matmul_case *c,
                           struct own *own, double *sample_s)
{
    double seconds = 0, wanted_s = 1e-3;
    int64_t calls =
        s->settings->warmup > 0 ? s->settings->warmup : 1; /* at least one, to learn how long a call takes */
    for (int64_t i = 0; i < calls; i++) {
        enum status status = take(s, work, 1, &seconds);
        if (status) return status;
    }
    own->warmup = calls;
    if (isnan(seconds)) seconds = 0; /* not known */
    double fastest_s = over_ranks(seconds, MPI_MIN, own->comm),
           slowest_s = over_ranks(seconds, MPI_MAX, own->comm);
    if (c->sustained) wanted_s = fmax(on_device(s) ? 0.05 : 1e-3, s->sustain_s / 10000);
    own->batch = c->batch != ABSENT ? c->batch : batch_of_calls(fastest_s, slowest_s, wanted_s);
    *sample_s = slowest_s * (double)own->batch;
    return STATUS_OK;
}

/* How long a sample takes: by this pass's samples or, before there are any, by the warm-up. */
static double sample_length_s(const struct own *own, double spent_s, double expected_s)
{
    if (own->taken == 0) return expected_s;
    double work_s = own->count ? own->us[own->count - 1] * 1e-6 * (double)own->batch : 0;
    return fmax(spent_s / (double)own->taken, work_s);
}

/* Samples until every rank is precise enough or the time is up on one. All ranks stop together, so that none
   runs alone at the end. expected_s: how long a sample will take. */
static enum status burst(struct matmul_sampler *s, struct gemm_work *work, struct own *own, double most_s,
                         double expected_s)
{
    const struct stopping stopping = {
        s->settings->precision_percent / 100,
        (size_t)((s->settings->samples + s->settings->passes - 1) / s->settings->passes), 1};
    double start = clock_s();
    for (;;) {
        double spent_s = clock_s() - start;
        struct sampled now = {.us = own->us,
                              .count = own->count,
                              .taken = own->taken,
                              .spent_s = spent_s,
                              .most_s = most_s,
                              .sample_s = sample_length_s(own, spent_s, expected_s)};
        double next = (double)stopping_next(&stopping, &now, &own->why);
        if (own->why == STOP_TIME) next = -1; /* if the time is up on one rank, all stop */
        double most = over_ranks(next, MPI_MAX, own->comm), least = over_ranks(next, MPI_MIN, own->comm);
        if (least < 0 && most != 0) own->why = STOP_TIME;
        if (least < 0 || most == 0) return STATUS_OK;
        enum status status = STATUS_OK;
        for (size_t i = 0; !status && i < (size_t)most; i++) status = take_and_keep(s, work, own);
        if (status) return status;
    }
}

/* The first tenth of the time is warm-up. Each rank stops by its own clock: no rank waits for another. */
static enum status sustained(struct matmul_sampler *s, struct gemm_work *work, struct own *own, double most_s)
{
    double length_s = fmin(s->sustain_s, most_s), start = clock_s(), seconds;
    enum status status = STATUS_OK;
    while (!status && clock_s() - start < length_s / 10) {
        status = take(s, work, own->batch, &seconds);
        own->warmup += own->batch;
    }
    while (!status && (clock_s() - start < length_s || own->taken == 0)) status = take_and_keep(s, work, own);
    own->why = STOP_TIME;
    return status;
}

/* Drops the samples during which a thread was scheduled away, unless fewer than five or less than half would
   remain: such load is normal for this machine. */
static void set_aside(struct own *own)
{
    size_t marked = 0, kept = 0;
    for (size_t i = 0; i < own->count; i++) marked += own->marked[i];
    if (own->count - marked < 5 || marked > own->count / 2) return;
    for (size_t i = 0; i < own->count; i++)
        if (!own->marked[i]) own->us[kept++] = own->us[i];
    own->preempted = marked;
    own->count = kept;
}

static enum status take_pass(struct matmul_sampler *s, struct gemm_work *work, struct matmul_case *c,
                             double most_s, struct own *own)
{
    double sample_s = 0;
    if (!c->sustained) sleep_s(on_device(s) ? 1 : 0.05);
    enum status status = warm_up(s, work, c, own, &sample_s);
    /* Start the telemetry only now, so that clocks and power at rest do not count. */
    if (!status && s->engine->watch_start) s->engine->watch_start(s->gemm);
    if (!status)
        status = c->sustained ? sustained(s, work, own, most_s) : burst(s, work, own, most_s, sample_s);
    if (!status && s->engine->watch_stop) {
        json_decref(c->telemetry);
        c->telemetry = s->engine->watch_stop(s->gemm);
    }
    if (!status) set_aside(own);
    matmul_mark(s->pulse);
    return status;
}

/* Takes a pass on all ranks together, or on one rank of each host at a time while the others sleep. */
static enum status take_turns(struct matmul_sampler *s, struct gemm_work *work, struct matmul_case *c,
                              double most_s, struct own *own)
{
    bool all = s->settings->at_once == AT_ONCE_ALL;
    double turns = over_ranks(all ? 1 : s->world->local_ranks, MPI_MAX, s->world->comm);
    enum status status = STATUS_OK;
    own->comm = all ? s->world->comm : MPI_COMM_SELF;
    for (int turn = 0; !status && turn < (int)turns; turn++) {
        wait_quietly(s->world->comm);
        if (all || turn == s->world->local_rank) status = take_pass(s, work, c, most_s / turns, own);
    }
    if (!status) wait_quietly(s->world->comm);
    return status;
}

struct rank_median {
    double us;
    int rank;
};

static int slowest_first(const void *a, const void *b)
{
    const struct rank_median *x = a, *y = b;
    if (x->us != y->us) return x->us < y->us ? 1 : -1;
    return x->rank - y->rank;
}

/* The figures of all ranks in the form of a record's `groups`, slowest first; NULL if there is one rank. */
static json_t *rank_figures(const struct world *world, const struct gemm_problem *p, const double *us)
{
    if (world->ranks == 1) return NULL;
    json_t *list = json_array();
    struct rank_median *order = allocate((size_t)world->ranks, sizeof *order);
    for (int rank = 0; rank < world->ranks; rank++) order[rank] = (struct rank_median){us[rank], rank};
    qsort(order, (size_t)world->ranks, sizeof *order, slowest_first);
    for (int i = 0; i < world->ranks; i++) {
        const struct rank_median *one = &order[i];
        if (!(one->us > 0)) continue;
        double flop = 2.0 * (double)p->m * (double)p->n * (double)p->k;
        json_array_append_new(list, json_pack("{s[i] s[s] sf sf}", "ranks", one->rank, "hosts",
                                              world->hosts[world->node_of_rank[one->rank]], "median_us",
                                              one->us, "tflops", flop / one->us * 1e-6));
    }
    free(order);
    return list;
}

/* Collective. Returns the rank with the largest median; on rank 0, sets c->rank_us and c->ranks. */
static int find_slowest(struct matmul_sampler *s, struct matmul_case *c, const struct own *own)
{
    int ranks = s->world->ranks, slowest = 0;
    double mine = median(own->us, own->count), *all = allocate((size_t)ranks, sizeof *all);
    mpi_must(MPI_Gather(&mine, 1, MPI_DOUBLE, all, 1, MPI_DOUBLE, 0, s->world->comm));
    if (s->world->rank == 0) {
        for (int rank = 1; rank < ranks; rank++)
            if (all[rank] > all[slowest]) slowest = rank;
        c->rank_us = (struct spread){.max = all[slowest],
                                     .rank = slowest,
                                     .host = s->world->hosts[s->world->node_of_rank[slowest]],
                                     .device = on_device(s) ? s->world->local_rank_of_rank[slowest] : ABSENT};
        json_decref(c->ranks);
        c->ranks = rank_figures(s->world, &c->problem, all);
        sort_doubles(all, (size_t)ranks);
        c->rank_us.min = all[0];
        c->rank_us.median = median_sorted(all, (size_t)ranks);
    }
    free(all);
    mpi_must(MPI_Bcast(&slowest, 1, MPI_INT, 0, s->world->comm));
    return slowest;
}

static void keep(struct matmul_case *c, const double *us, const int64_t facts[5])
{
    c->us = reallocate(c->us, c->count + (size_t)facts[0], sizeof *c->us);
    memcpy(c->us + c->count, us, (size_t)facts[0] * sizeof *us);
    c->count += (size_t)facts[0];
    c->batch = facts[1];
    c->warmup = facts[2];
    c->preempted = facts[3];
    c->why = (enum stop_reason)facts[4];
}

/* Adds the slowest rank's samples to c on rank 0. */
static void hand_over(struct matmul_sampler *s, struct matmul_case *c, struct own *own, int slowest)
{
    enum { TAG = 71 };
    int64_t facts[5] = {(int64_t)own->count, own->batch, own->warmup, (int64_t)own->preempted, own->why};
    MPI_Comm comm = s->world->comm;
    if (slowest != 0 && s->world->rank == slowest) {
        mpi_must(MPI_Send(facts, 5, MPI_INT64_T, 0, TAG, comm));
        mpi_must(MPI_Send(own->us, (int)own->count, MPI_DOUBLE, 0, TAG, comm));
    } else if (slowest != 0 && s->world->rank == 0) {
        mpi_must(MPI_Recv(facts, 5, MPI_INT64_T, slowest, TAG, comm, MPI_STATUS_IGNORE));
        double *us = allocate((size_t)facts[0], sizeof *us);
        mpi_must(MPI_Recv(us, (int)facts[0], MPI_DOUBLE, slowest, TAG, comm, MPI_STATUS_IGNORE));
        keep(c, us, facts);
        free(us);
    } else if (slowest == 0 && s->world->rank == 0) {
        keep(c, own->us, facts);
    }
    c->batch = own->batch; /* each rank keeps its own batch */
}

/* Sends the slowest rank's telemetry to rank 0: another GPU's would not explain the samples. */
static void hand_over_telemetry(const struct matmul_sampler *s, struct matmul_case *c, int slowest)
{
    enum { TAG = 72, ROOM = 4096 };
    char text[ROOM] = "";
    int rank = s->world->rank;
    if (slowest == 0 || (rank != 0 && rank != slowest)) return;
    if (rank == slowest) {
        char *dump = c->telemetry ? json_dumps(c->telemetry, JSON_COMPACT) : NULL;
        if (dump && strlen(dump) < ROOM) memcpy(text, dump, strlen(dump) + 1);
        free(dump);
        mpi_must(MPI_Send(text, ROOM, MPI_CHAR, 0, TAG, s->world->comm));
    } else {
        mpi_must(MPI_Recv(text, ROOM, MPI_CHAR, slowest, TAG, s->world->comm, MPI_STATUS_IGNORE));
        json_decref(c->telemetry);
        c->telemetry = json_loads(text, 0, NULL);
    }
}

enum status matmul_sample(struct matmul_sampler *s, struct gemm_work *work, struct matmul_case *c,
                          double most_s, size_t *first)
{
    struct own own = {0};
    *first = c->count;
    enum status status = take_turns(s, work, c, most_s, &own);
    /* Without a sample of every rank, the slowest one is not known. */
    if (!status && over_ranks((double)own.count, MPI_MIN, s->world->comm) > 0) {
        int slowest = find_slowest(s, c, &own);
        hand_over(s, c, &own, slowest);
        hand_over_telemetry(s, c, slowest);
    }
    free(own.us);
    free(own.marked);
    return status;
}

enum status matmul_verify(struct matmul_sampler *s, struct gemm_work *work, struct matmul_case *c,
                          uint64_t seed)
{
    struct gemm_verdict verdict = {0, 0};
    enum status status = s->engine->check(work, seed + (uint64_t)s->world->rank, &verdict);
    matmul_mark(s->pulse);
    if (status) return status;
    int64_t all = 0, mine = (int64_t)verdict.wrong;
    struct {
        double worst;
        int rank;
    } worst = {verdict.wrong ? verdict.worst : 0, s->world->rank};
    mpi_must(MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, s->world->comm));
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_DOUBLE_INT, MPI_MAXLOC, s->world->comm));
    c->wrong = add_counts(c->wrong, all);
    if (!all) return STATUS_OK;
    c->status = STATUS_WRONG;
    snprintf(c->reason, sizeof c->reason,
             "%lld checked sums of rows are wrong, worst on rank %d (%s): %.3g times the tolerance",
             (long long)all, worst.rank, s->world->hosts[s->world->node_of_rank[worst.rank]], worst.worst);
    return STATUS_OK;
}
