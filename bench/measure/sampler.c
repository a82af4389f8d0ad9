#include "measure/sampler.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "base/units.h"
#include "measure/schedule.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TIME, MARK, END, START, COLUMNS }; /* of a block */
enum { PREEMPTED = 1, SPOILED };          /* marks; the worst one of all ranks counts */

/* Skips getrusage() for samples at most this much longer than the shortest: a context switch takes longer,
   and the system call slows down the next operation of 0.4 us by up to 9 % (benchmark-accuracy). */
static const double SWITCH_LEAST_US = 2;

struct sampler *sampler_open(const struct world *world, const struct backend *backend, struct comm *comm)
{
    struct sampler *s = allocate(1, sizeof *s);
    *s = (struct sampler){.world = world, .backend = backend, .comm = comm};
    s->own = allocate(COLUMNS * BLOCK_MOST, sizeof *s->own);
    s->worst = allocate(COLUMNS * BLOCK_MOST, sizeof *s->worst);
    s->group_worst = allocate(BLOCK_MOST, sizeof *s->group_worst);
    s->span_s = allocate(BLOCK_MOST, sizeof *s->span_s);
    s->waits.us = allocate(THINNED_MOST, sizeof *s->waits.us);
    s->arrivals.us = allocate(THINNED_MOST, sizeof *s->arrivals.us);
    s->disturbed_waits.us = allocate(THINNED_MOST, sizeof *s->disturbed_waits.us);
    s->disturbed_groups.us = allocate(THINNED_MOST, sizeof *s->disturbed_groups.us);
    return s;
}

void sampler_close(struct sampler *s)
{
    free(s->own);
    free(s->worst);
    free(s->group_worst);
    free(s->span_s);
    free(s->waits.us);
    free(s->arrivals.us);
    free(s->disturbed_waits.us);
    free(s->disturbed_groups.us);
    free_disturbed(&s->disturbed);
    free(s);
}

static void set_stage(struct sampler *s, enum stage stage)
{
    if (!s->pulse) return;
    if (stage == STAGE_BARRIER) atomic_fetch_add_explicit(&s->pulse->steps, 1, memory_order_relaxed);
    atomic_store_explicit(&s->pulse->stage, stage, memory_order_relaxed);
}

static bool is_averaged(const struct measured *m)
{
    return m->call.mode == MODE_NCCL_TESTS;
}

/* nccl-tests sets nothing aside. */
static bool sets_aside(const struct sampler *s, const struct measured *m)
{
    return s->sets_aside && !is_averaged(m);
}

static bool uses_window(const struct sampler *s, const struct measured *m)
{
    return s->window && !s->split && m->call.mode == MODE_ISOLATED;
}

/* call.start: waits at a barrier, or for the start time that rank 0 announces. */
static enum status start_together(void *sampler)
{
    struct sampler *s = sampler;
    if (s->by_window)
        s->late = window_wait(s->window);
    else
        mpi_must(MPI_Barrier(s->world->comm));
    set_stage(s, STAGE_STARTING);
    return STATUS_OK;
}

/* Takes sample i of a block of `count` and stores it in each column of own; times are µs per operation.
   *end_s: when it ended; NAN if the host cannot see it. */
static enum status sample(struct sampler *s, struct measured *m, size_t i, size_t count, double *end_s)
{
    struct timing timing = {0};
    /* The device can align only the ranks of its communicator: groups start after a barrier of all ranks, and
       so does what the host times. */
    bool aligned = s->backend->capabilities & CAN_ALIGN && !s->split && !is_averaged(m);
    s->by_window = uses_window(s, m);
    s->late = false;
    m->call.start = aligned ? NULL : start_together;
    m->call.starter = s;
    set_stage(s, STAGE_BARRIER);
    if (aligned) set_stage(s, STAGE_STARTING);
    enum status status =
        s->comm ? s->backend->run(s->comm, &m->call, m->batch, &m->slot, &timing) : start_together(s);
    set_stage(s, STAGE_BETWEEN);
    s->own[TIME * count + i] = timing.elapsed_s / (double)cases_operations(m) * 1e6;
    s->own[MARK * count + i] = timing.spoiled || s->late ? SPOILED : 0;
    if (s->by_window) {
        s->own[END * count + i] = window_time(s->window, timing.end_s);
        s->own[START * count + i] = -window_time(s->window, timing.start_s);
    }
    *end_s = timing.end_s;
    return status;
}

/* Whether a sample was too short for a context switch. since_us: time since the end of the last sample, not
   the sample's own time: a rank that is scheduled away between the barrier and its start stamp measures a
   short time, but delays the others. Returns false if since_us is NAN (the host cannot see when samples
   end). */
static bool was_quick(double *shortest_us, double since_us)
{
    bool quick = since_us < *shortest_us + SWITCH_LEAST_US;
    if (*shortest_us == 0 || since_us < *shortest_us) *shortest_us = since_us;
    return quick;
}

/* Reduces own times over the ranks of a communicator: maxima, or means of the ranks that take part. */
static void reduce_times(const struct sampler *s, const struct measured *m, size_t count, int ranks,
                         MPI_Comm comm, double *times)
{
    mpi_must(MPI_Allreduce(s->own, times, (int)count, MPI_DOUBLE, is_averaged(m) ? MPI_SUM : MPI_MAX, comm));
    for (size_t i = 0; i < count && is_averaged(m); i++) times[i] /= ranks; /* ranks that sit out have 0 */
}

/* Collective. Takes `count` samples into own, and their maxima over ranks (mode nccl-tests: means) into
   worst. */
static enum status block(struct sampler *s, struct measured *m, size_t count)
{
    long switches = involuntary_switches();
    double before_s = clock_s(), shortest_us = 0, end_s;
    for (size_t i = 0; i < count; i++, before_s = end_s) {
        enum status status = sample(s, m, i, count, &end_s);
        if (status) return status;
        s->span_s[i] = end_s - before_s;
        if (was_quick(&shortest_us, (end_s - before_s) * 1e6)) continue;
        long now = involuntary_switches();
        if (now > switches && s->own[MARK * count + i] == 0) s->own[MARK * count + i] = PREEMPTED;
        switches = now;
    }
    if (s->split && s->comm)
        reduce_times(s, m, count, s->split->world.ranks, s->split->world.comm, s->group_worst);
    int columns = uses_window(s, m) ? COLUMNS : END;
    mpi_must(MPI_Allreduce(s->own, s->worst, columns * (int)count, MPI_DOUBLE, MPI_MAX, s->world->comm));
    if (is_averaged(m)) reduce_times(s, m, count, s->taking_part, s->world->comm, s->worst);
    for (size_t i = 0; sets_aside(s, m) && i < count; i++)
        if (s->worst[MARK * count + i] == PREEMPTED && s->span_s[i] > 0) s->away_s += s->span_s[i];
    return STATUS_OK;
}

/* Warms up until *calls, the calls so far, is exactly `wanted`. May lower m->batch. */
static enum status warm_up_fixed(struct sampler *s, struct measured *m, int64_t wanted, int64_t *calls)
{
    enum status status = STATUS_OK;
    while (!status && *calls < wanted) {
        int64_t left = wanted - *calls, samples = left / m->batch;
        if (samples == 0) m->batch = (int)left, samples = 1;
        if (samples > BLOCK_MOST) samples = BLOCK_MOST;
        status = block(s, m, (size_t)samples);
        *calls += samples * m->batch;
    }
    return status;
}

/* Moves the samples of a block of `taken` that will not be set aside to its front; returns their number. */
static size_t undisturbed(struct sampler *s, const struct measured *m, size_t taken)
{
    size_t count = 0;
    for (size_t i = 0; i < taken; i++)
        if (!sets_aside(s, m) || s->worst[MARK * taken + i] == 0) s->worst[count++] = s->worst[i];
    return count;
}

/* Warms up until the case is warm (struct warming), for at most a fifth of the visit's time and
   `most_samples` samples. All ranks see the same maxima, so all decide alike. */
static enum status warm_up_until_steady(struct sampler *s, struct measured *m, double share_s,
                                        double most_samples, int64_t *calls)
{
    static const double TIME_MOST_S = 0.1; /* with a given number of samples, the share is infinite */
    int64_t before = *calls;
    double start = clock_s(), limit_s = fmin(share_s / 5, TIME_MOST_S);
    struct warming warming = {0};
    for (size_t count = 1; count;) {
        double begin = clock_s();
        enum status status = block(s, m, count);
        if (status) return status;
        double own[2] = {clock_s() - start, clock_s() - begin}, most[2];
        mpi_must(MPI_Allreduce(own, most, 2, MPI_DOUBLE, MPI_MAX, s->world->comm));
        s->sample_s = most[1] / (double)count;
        double fits = (limit_s - most[0]) / s->sample_s,
               left = most_samples - (double)(warming.samples + count);
        count = warming_next(&warming, count, s->worst, undisturbed(s, m, count), fmin(fits, left));
        *calls = before + (int64_t)warming.samples * m->batch;
    }
    s->unsettled = warming.steady ? 0 : warming.samples;
    return STATUS_OK;
}

/* With -n and without -w the warm-up must not outlast the measurement: it takes at most a fifth of the
   visit's samples; if that is too few to judge, five calls, as in nccl-tests. */
static enum status warm_up(struct sampler *s, struct measured *m, size_t pass, double share_s, int64_t *calls)
{
    enum { FEW = 5, STEADY_LEAST = 20 }; /* fewer samples cannot show that they are steady (struct warming) */
    s->sample_s = 0;
    s->unsettled = 0;
    if (s->warmup >= 0) return warm_up_fixed(s, m, s->warmup, calls);
    if (!s->operations) return warm_up_until_steady(s, m, share_s, INFINITY, calls);
    size_t samples = stopping_fixed(&s->stopping, pass) / FEW;
    if (samples < STEADY_LEAST) return warm_up_fixed(s, m, FEW, calls);
    return warm_up_until_steady(s, m, share_s, (double)samples, calls);
}

/* Chooses the batch of a pipelined case from the time of two calls; adds those to *calls. */
static enum status set_batch(struct sampler *s, struct measured *m, int64_t *calls)
{
    m->batch = is_averaged(m) ? loop_of(s->operations) : 1;
    if (m->call.mode != MODE_PIPELINED) return STATUS_OK;
    enum status status = STATUS_OK;
    for (; *calls < 2 && !status; ++*calls) status = block(s, m, 1);
    m->batch = batch_of(s->worst[0] * 1e-6 * m->call.aggregate, s->operations);
    return status;
}

/* Sorts a block's samples: drops late ones, sets disturbed ones aside, keeps the others. */
static void take(struct sampler *s, struct measured *m, size_t count, struct visit *visit)
{
    const double *own = s->own, *worst = s->worst;
    size_t expected = s->stopping.fixed ? s->stopping.fixed : SAMPLES_MOST;
    bool window = uses_window(s, m);
    for (size_t i = 0; i < count; i++) {
        double mark = worst[MARK * count + i], earliest = -worst[START * count + i],
               global_us = window ? (worst[END * count + i] - earliest) * 1e6 : NAN;
        /* Keep arrival times of discarded samples too, so that late ranks stay visible. */
        if (window) thinned_add(&s->arrivals, (-own[START * count + i] - earliest) * 1e6);
        if (mark == SPOILED) continue;
        if (mark == PREEMPTED) visit->preempted++;
        if (mark == PREEMPTED && sets_aside(s, m)) {
            thinned_add(&s->disturbed_waits, own[i]);
            if (s->split && s->comm) thinned_add(&s->disturbed_groups, s->group_worst[i]);
            if (s->world->rank == 0)
                keep_disturbed(&s->disturbed, expected, worst[i], global_us, m->count - visit->first);
            continue;
        }
        thinned_add(&s->waits, own[i]);
        if (s->split && s->comm) {
            if (m->groups_disturbed) thinned_start(&m->group_us);
            m->groups_disturbed = false;
            thinned_add(&m->group_us, s->group_worst[i]);
        }
        if (s->world->rank == 0) keep_sample(m, expected, worst[i], global_us);
    }
}

static size_t late(const double *marks, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) n += marks[i] == SPOILED;
    return n;
}

static int number_of(const struct sampler *s, int rank)
{
    return s->numbers ? s->numbers[rank] : rank;
}

/* Collective. Reduces each rank's median of `values` to rank 0's *spread. Of waits, the shortest is the
   latest rank's, the longest that of a rank that waited for it; of arrivals, the largest is the latest
   rank's. */
static void reduce_medians(struct sampler *s, const struct thinned *values, struct spread *spread)
{
    int ranks = s->world->ranks;
    double own = values->count ? median(values->us, values->count) : 0;
    double *all = s->world->rank == 0 ? allocate((size_t)ranks, sizeof *all) : NULL;
    mpi_must(MPI_Gather(&own, 1, MPI_DOUBLE, all, 1, MPI_DOUBLE, 0, s->world->comm));
    if (all && values->count) {
        int largest = 0;
        for (int i = 1; i < ranks; i++)
            if (all[i] > all[largest]) largest = i;
        spread->rank = number_of(s, largest);
        spread->host = s->world->hosts[s->world->node_of_rank[largest]];
        if (s->backend->capabilities & CAN_DEVICE_MEMORY)
            spread->device = s->world->local_rank_of_rank[largest];
        sort_doubles(all, (size_t)ranks);
        spread->min = all[0];
        spread->median = median_sorted(all, (size_t)ranks);
        spread->max = all[ranks - 1];
    }
    free(all);
}

/* Sets sample_s to the median span of a block. */
static void note_cost(struct sampler *s, size_t count)
{
    double cost = median(s->span_s, count);
    if (cost > 0) s->sample_s = cost; /* NAN if the host cannot see when samples end */
}

/* Drops the visit's first samples, as part of its warm-up. */
static void drop_stale(struct sampler *s, struct measured *m, size_t stale, struct visit *visit)
{
    visit->warmup += (int64_t)stale * m->batch;
    if (s->split && s->comm) {
        size_t before = m->group_us.seen - s->waits.seen; /* of earlier visits */
        thinned_drop(&m->group_us, before, before + stale);
    }
    thinned_drop(&s->waits, 0, stale);
    if (s->world->rank == 0) drop_samples(m, visit->first, stale);
}

/* Collective. Rank 0 decides how to go on. start: when the visit began. next: how many samples to take; if 0,
   the enum stop_reason. With a given number of samples, or of warm-up calls, none are dropped. */
static void decide(struct sampler *s, struct measured *m, size_t pass, double start, double share_s,
                   struct visit *visit, uint64_t next[2])
{
    const bool may_drop = !s->stopping.fixed && s->warmup < 0;
    uint64_t decision[3] = {0}; /* samples to take, enum stop_reason, samples to drop */
    if (s->world->rank == 0) {
        enum stop_reason why = STOP_NOT;
        double wall_s = clock_s() - start;
        struct sampled sampled = {.us = m->us + visit->first,
                                  .count = m->count - visit->first,
                                  .pass = pass,
                                  .taken = visit->taken,
                                  .unsettled = s->unsettled,
                                  .disturbed = s->disturbed.count,
                                  .spent_s = wall_s - s->away_s,
                                  .most_s = share_s,
                                  .wall_s = wall_s,
                                  .wall_most_s = share_s * fmax(1, s->patience),
                                  .sample_s = s->sample_s};
        for (size_t stale = 0;; decision[2] += stale) {
            sampled.us += stale;
            sampled.count -= stale;
            decision[0] = stopping_next(&s->stopping, &sampled, &why);
            stale = may_drop ? stopping_stale(&sampled, decision[0] == 0) : 0;
            if (stale == 0) break;
        }
        decision[1] = why;
    }
    mpi_must(MPI_Bcast(decision, 3, MPI_UINT64_T, 0, s->world->comm));
    if (decision[2]) drop_stale(s, m, (size_t)decision[2], visit);
    next[0] = decision[0];
    next[1] = decision[1];
}

/* Samples in blocks until rank 0 decides to stop. start: when the visit began. */
static enum status take_samples(struct sampler *s, struct measured *m, size_t pass, double start,
                                double share_s, struct visit *visit)
{
    double begin = clock_s();
    enum status status = STATUS_OK;
    for (size_t left = 0, since_check = 0; !status;) {
        uint64_t next[2] = {left, STOP_NOT};
        if (left == 0) decide(s, m, pass, start, share_s, visit, next);
        visit->why = (enum stop_reason)next[1];
        if (next[0] == 0) break;
        size_t count = left = (size_t)next[0];
        if (s->check_every && count > (size_t)s->check_every - since_check)
            count = (size_t)s->check_every - since_check;
        status = block(s, m, count);
        if (status) break;
        /* Every rank sees the same marks and lengthens its lead; only rank 0's has an effect. */
        if (uses_window(s, m) && 10 * late(s->worst + MARK * count, count) > count)
            window_lengthen(s->window);
        take(s, m, count, visit);
        visit->taken += count;
        note_cost(s, count);
        since_check += count;
        left -= count;
        if (s->check_every && since_check >= (size_t)s->check_every) {
            if (!m->undefined) status = sampler_verify(s, m, s->seed + visit->taken, visit);
            since_check = 0;
        }
    }
    visit->sampling_s = clock_s() - begin;
    return status;
}

static void settle(struct sampler *s, struct measured *m, size_t pass, struct visit *visit)
{
    settle_visit(m, &s->disturbed, sets_aside(s, m), stopping_fixed(&s->stopping, pass), visit);
    visit->drift = drift_within(visit->us, visit->count);
}

enum status sampler_visit(struct sampler *s, struct measured *m, size_t pass, double share_s,
                          struct visit *visit)
{
    *visit = (struct visit){.first = m->count,
                            .wrong = ABSENT,
                            .load = load_absent(),
                            .wait = {NAN, NAN, NAN, ABSENT, ABSENT, NULL},
                            .skew_us = NAN};
    visit->arrival = visit->wait;
    visit->line_ns = visit->drift = NAN;
    s->disturbed.count = 0;
    enum status status = STATUS_OK;
    if (uses_window(s, m)) window_sync(s->window);
    if (s->distance) visit->line_ns = distance_measure(s->distance);
    double start = clock_s();
    s->away_s = 0;
    const int takes_part = s->comm != NULL;
    mpi_must(MPI_Allreduce(&takes_part, &s->taking_part, 1, MPI_INT, MPI_SUM, s->world->comm));
    m->call.stage = s->pulse ? &s->pulse->stage : NULL;
    if (pass == 0) status = set_batch(s, m, &visit->warmup);
    int batch = m->batch;
    s->stopping.fixed = samples_of(m, s->operations);
    if (!status && pass == 0 && s->comm && s->backend->prepare)
        status = s->backend->prepare(s->comm, &m->call, m->batch);
    if (!status && pass == 0 && s->asks && s->comm && s->backend->ask)
        status = s->backend->ask(s->comm, &m->call, &m->choice);
    if (!status) status = warm_up(s, m, pass, share_s, &visit->warmup);
    m->batch = batch;
    thinned_start(&s->waits);
    thinned_start(&s->arrivals);
    thinned_start(&s->disturbed_waits);
    thinned_start(&s->disturbed_groups);
    if (s->split && !m->group_us.us) {
        m->group_us.us = allocate(THINNED_MOST, sizeof *m->group_us.us);
        thinned_start(&m->group_us);
    }
    if (!status) status = take_samples(s, m, pass, start, share_s, visit);
    if (s->world->rank == 0) settle(s, m, pass, visit);
    visit->away_s = s->away_s;
    /* Every rank applies the rule of aside.h to its own waits and its group's times. */
    bool disturbed = s->waits.count == 0;
    if (disturbed && s->split && (m->group_us.count == 0 || m->groups_disturbed)) {
        m->groups_disturbed = true;
        for (size_t i = 0; i < s->disturbed_groups.count; i++)
            thinned_add(&m->group_us, s->disturbed_groups.us[i]);
    }
    /* Ranks of different groups do not wait for each other. */
    if (!status && !s->split) reduce_medians(s, disturbed ? &s->disturbed_waits : &s->waits, &visit->wait);
    if (!status && uses_window(s, m)) {
        reduce_medians(s, &s->arrivals, &visit->arrival);
        visit->skew_us = window_skew(s->window);
    }
    if (visit->warmup > m->warmup) m->warmup = visit->warmup;
    m->preempted += visit->preempted;
    m->why = visit->why;
    return status;
}

/* Sets the reason: the first wrong element of the first rank that has one. */
static void describe_wrong(struct sampler *s, struct measured *m, const uint64_t *verdicts)
{
    int rank = 0;
    while (rank < s->world->ranks - 1 && verdicts[2 * rank] == 0) rank++;
    snprintf(m->reason, sizeof m->reason, "first wrong element: %llu on rank %d (%.100s)",
             (unsigned long long)verdicts[2 * rank + 1], number_of(s, rank),
             s->world->hosts[s->world->node_of_rank[rank]]);
}

enum status sampler_verify(struct sampler *s, struct measured *m, uint64_t seed, struct visit *visit)
{
    struct verdict verdict = {0};
    struct timing timing = {0};
    size_t slot = m->slot, at = slot;
    m->call.stage = s->pulse ? &s->pulse->stage : NULL;
    set_stage(s, STAGE_WORKING);
    enum status status = s->comm ? s->backend->fill(s->comm, &m->call, slot, seed) : STATUS_OK;
    set_stage(s, STAGE_BARRIER);
    if (!status) mpi_must(MPI_Barrier(s->world->comm));
    m->call.start = NULL;
    if (!status && s->comm) status = s->backend->run(s->comm, &m->call, 1, &at, &timing);
    set_stage(s, STAGE_WORKING);
    if (!status && s->comm) status = s->backend->check(s->comm, &m->call, slot, seed, &verdict);
    set_stage(s, STAGE_BETWEEN);
    if (status) return status;
    uint64_t own[2] = {verdict.wrong, verdict.first}, wrong = 0;
    mpi_must(MPI_Allreduce(own, &wrong, 1, MPI_UINT64_T, MPI_SUM, s->world->comm));
    visit->wrong = add_counts(visit->wrong, (int64_t)wrong);
    m->wrong = add_counts(m->wrong, (int64_t)wrong);
    if (wrong == 0) return STATUS_OK;
    if (m->status == STATUS_OK) m->status = STATUS_WRONG;
    uint64_t *all = s->world->rank == 0 ? allocate(2 * (size_t)s->world->ranks, sizeof *all) : NULL;
    mpi_must(MPI_Gather(own, 2, MPI_UINT64_T, all, 2, MPI_UINT64_T, 0, s->world->comm));
    if (all) describe_wrong(s, m, all);
    free(all);
    return STATUS_OK;
}
