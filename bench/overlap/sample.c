/* Chooses the work of a sample, takes the rounds of a case, verifies both sides. */
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "overlap/overlap.h"
#include "stats/random.h"

#include <math.h>
#include <stdio.h>

enum { TRIALS = 5, LEAST_MATMULS = 4, MOST_CALLS = 100000, ROUNDS_MOST = 100 };

static enum status run_pair(struct overlap_launch *l, enum part part, int operations, int matmuls,
                            double times_us[TIMES])
{
    l->call.count = operations;
    l->product.count = matmuls;
    return pair_run(l->pair, part, times_us);
}

/* Collective. The slowest rank's time of one part, µs: the shortest of a few trials, because other load can
   only make it longer, after one that does not count. */
static enum status try_part(struct overlap_launch *l, enum part part, int calls, double *us)
{
    double times[TIMES] = {0}, trials[TRIALS];
    enum status status = run_pair(l, part, calls, calls, times);
    for (int i = 0; i < TRIALS && !status; i++) {
        status = run_pair(l, part, calls, calls, times);
        trials[i] = times[part];
    }
    if (status) return status;
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, trials, TRIALS, MPI_DOUBLE, MPI_MAX, l->driver.world.comm));
    *us = trials[0];
    for (int i = 1; i < TRIALS; i++) *us = fmin(*us, trials[i]);
    return STATUS_OK;
}

static int calls_of(double wanted)
{
    return wanted < 1 ? 1 : wanted > MOST_CALLS ? MOST_CALLS : (int)wanted;
}

/* Chooses enough collectives that the smallest ratio needs several multiplications (the ratio of fewer would
   be far from it), and that a sample takes much longer than it takes to start and join a thread, and to move
   it to a free processor. */
enum status overlap_calibrate(struct overlap_launch *l, struct overlap_case *cases, size_t count)
{
    static const double LEAST_US = 5000;
    double matmul_us, collective_us, smallest = cases[0].ratio;
    for (size_t i = 1; i < count; i++) smallest = fmin(smallest, cases[i].ratio);
    enum status status = try_part(l, COMPUTATION, LEAST_MATMULS, &matmul_us);
    matmul_us /= LEAST_MATMULS;
    int operations = (int)l->settings.operations;
    if (!status && !operations) {
        status = try_part(l, COMMUNICATION, 1, &collective_us);
        operations = calls_of(ceil(fmax(LEAST_US, LEAST_MATMULS * matmul_us / smallest) / collective_us));
    }
    if (!status) status = try_part(l, COMMUNICATION, operations, &collective_us);
    for (size_t i = 0; i < count && !status; i++) {
        cases[i].operations = operations;
        cases[i].matmuls = calls_of(rint(cases[i].ratio * collective_us / matmul_us));
    }
    return status;
}

static void keep(struct rounds *rounds, const double times_us[TIMES])
{
    if (rounds->count == rounds->capacity) {
        rounds->capacity = rounds->capacity ? 2 * rounds->capacity : 64;
        for (int t = 0; t < TIMES; t++)
            rounds->times_us[t] = reallocate(rounds->times_us[t], rounds->capacity, sizeof(double));
    }
    for (int t = 0; t < TIMES; t++) rounds->times_us[t][rounds->count] = times_us[t];
    rounds->count++;
}

/* Collective. One round: its three samples in an order that all ranks draw alike. */
static enum status take_round(struct overlap_launch *l, struct overlap_case *c, struct random_state *random)
{
    size_t order[PARTS] = {COMMUNICATION, COMPUTATION, BOTH};
    double times_us[TIMES] = {0}, worst[TIMES];
    enum status status = STATUS_OK;
    random_shuffle(random, order, PARTS);
    for (int i = 0; i < PARTS && !status; i++)
        status = run_pair(l, (enum part)order[i], c->operations, c->matmuls, times_us);
    if (status) return status;
    mpi_must(MPI_Allreduce(times_us, worst, TIMES, MPI_DOUBLE, MPI_MAX, l->driver.world.comm));
    if (l->driver.world.rank == 0) keep(&c->rounds, worst);
    return STATUS_OK;
}

/* Collective. How many rounds to take before the next decision of rank 0; 0: enough. */
static int rounds_next(const struct overlap_launch *l, struct overlap_case *c, double start_s)
{
    const struct stopping stopping = {l->settings.precision_percent / 100, (size_t)l->settings.rounds, 1};
    int next[2] = {0, 0};
    if (l->driver.world.rank == 0) {
        double spent_s = clock_s() - start_s;
        size_t n = c->rounds.count;
        struct sampled now = {.us = c->rounds.times_us[BOTH],
                              .count = n,
                              .taken = n,
                              .spent_s = spent_s,
                              .most_s = l->most_s,
                              .sample_s = n ? spent_s / (double)n : 0};
        size_t wanted = stopping_next(&stopping, &now, &c->why);
        next[0] = wanted > ROUNDS_MOST ? ROUNDS_MOST : (int)wanted;
        next[1] = (int)c->why;
    }
    mpi_must(MPI_Bcast(next, 2, MPI_INT, 0, l->driver.world.comm));
    c->why = (enum stop_reason)next[1];
    return next[0];
}

/* Collective. Adds the errors of all ranks to the case; the first rank with one is named. */
static enum status verify(struct overlap_launch *l, struct overlap_case *c)
{
    const struct world *world = &l->driver.world;
    struct verdict verdict = {0};
    struct gemm_verdict gemm_verdict = {0};
    enum status status = pair_verify(l->pair, (uint64_t)l->settings.seed + 1, &verdict, &gemm_verdict);
    if (status) return status;
    int64_t wrong[2] = {(int64_t)verdict.wrong, (int64_t)gemm_verdict.wrong};
    int first = wrong[0] || wrong[1] ? world->rank : world->ranks;
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, wrong, 2, MPI_INT64_T, MPI_SUM, world->comm));
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, world->comm));
    c->wrong = wrong[0];
    c->gemm_wrong = wrong[1];
    if (first == world->ranks) return STATUS_OK;
    c->status = STATUS_WRONG;
    snprintf(c->reason, sizeof c->reason,
             "%lld elements of the collective and %lld checked sums of the product are wrong, first on rank "
             "%d (%.100s)",
             (long long)wrong[0], (long long)wrong[1], first, world->hosts[world->node_of_rank[first]]);
    return STATUS_OK;
}

enum status overlap_sample(struct overlap_launch *l, struct overlap_case *c)
{
    struct random_state random;
    double start_s = clock_s(), warm_up[TIMES];
    const struct overlap_settings *s = &l->settings;
    random_seed(&random, (uint64_t)s->seed);
    pair_set_delay(l->pair, sides_delay_s(&s->fault, l->driver.world.rank));
    enum status status = run_pair(l, BOTH, c->operations, c->matmuls, warm_up);
    for (int left; !status && (left = rounds_next(l, c, start_s)) > 0;)
        while (!status && left-- > 0) status = take_round(l, c, &random);
    if (!status && s->check) status = verify(l, c);
    pair_set_delay(l->pair, 0); /* the next calibration is of the work alone */
    return status;
}
