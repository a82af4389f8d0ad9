/* Chooses the batches, and measures the rounds. */
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "base/units.h"
#include "stats/random.h"
#include "step/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRIALS = 3, BATCH_MOST = 100, ROUNDS_MOST = 100 };
static const double LEAST_US = 2000, ROW_EVERY_S = 5;

/* Collective. Runs one sample. *us: the slowest rank's time. */
static enum status take(struct step_launch *l, const struct timed *t, double *us)
{
    enum status status = step_replay(l, t, us);
    if (!status) mpi_must(MPI_Allreduce(MPI_IN_PLACE, us, 1, MPI_DOUBLE, MPI_MAX, l->driver.world.comm));
    return status;
}

static void name_timed(const struct step_launch *l, const struct timed *t, char *what, size_t room)
{
    const struct schedule *s = &l->schedule;
    char size[UNIT_TEXT];
    switch (t->what) {
    case REPLAY_CALL:
        snprintf(what, room, "%s %s", s->calls[t->index].row->part,
                 format_size((size_t)s->calls[t->index].bytes, size));
        break;
    case REPLAY_PRODUCT:
        snprintf(what, room, "matmul %lldx%lldx%lld", (long long)s->products[t->index].m,
                 (long long)s->products[t->index].n, (long long)s->products[t->index].k);
        break;
    case REPLAY_SECTION:
        snprintf(what, room, "overlap %s", s->sections[t->index].overlap);
        break;
    default:
        snprintf(what, room, "a step of %s%s", s->workload->name,
                 t->what == REPLAY_COMPUTATION ? ", its matmuls alone" : "");
    }
}

/* Collective. Chooses how often a sample repeats each of the parts first … last - 1, so that it takes
   LEAST_US: then the ranks' unequal release from the barrier does not matter. The first call of a part is not
   counted. */
static enum status choose_batches(struct step_launch *l, size_t first, size_t last)
{
    enum status status = STATUS_OK;
    for (size_t i = first; i < last && !status; i++) {
        struct timed *t = &l->timed[i];
        double us, least = INFINITY;
        char what[160];
        name_timed(l, t, what, sizeof what);
        watch_say(l->driver.watch, what);
        progress_show(&l->driver.progress, i - TIMED_PARTS, l->timed_count - TIMED_PARTS, 0, what);
        status = take(l, t, &us);
        /* A part that takes a second is not called again: one call is enough to refuse a step of hours. */
        for (int trial = 0; trial < TRIALS && !status && (trial == 0 || us < 1e6); trial++) {
            if (us < 1e6) status = take(l, t, &us);
            least = fmin(least, us);
        }
        t->batch = least >= LEAST_US                ? 1
                   : least * BATCH_MOST <= LEAST_US ? BATCH_MOST
                                                    : (int)ceil(LEAST_US / least);
        t->us[0] = least; /* for the estimate; the first round replaces it */
    }
    return status;
}

/* The time of the item's calls, by the trials of choose_batches(). */
static double tried_us(const struct step_launch *l, const struct step_item *item)
{
    const size_t at = TIMED_PARTS + (item->is_call ? 0 : l->schedule.call_count) + item->index;
    return l->timed[at].us[0] * item->count;
}

/* Refuses a step that takes longer than --max-seconds. An overlap, which has not run yet, counts with its
   longer side. All ranks decide alike, since all have the same times. */
static void refuse_long(struct step_launch *l)
{
    const struct schedule *s = &l->schedule;
    double total_us = 0;
    char text[UNIT_TEXT];
    for (size_t i = 0; i < s->section_count; i++) {
        double sides_us[2] = {0, 0};
        for (size_t k = s->sections[i].first; k < s->sections[i].last; k++)
            sides_us[s->items[k].is_call] += tried_us(l, &s->items[k]);
        total_us += fmax(sides_us[0], sides_us[1]) * (double)s->sections[i].in_step;
    }
    if (total_us * 1e-6 <= l->settings.max_seconds) return;
    l->status = STATUS_SKIPPED;
    snprintf(l->reason, sizeof l->reason, "a step of %s would take about %s here, longer than --max-seconds",
             s->workload->name, format_duration(total_us * 1e-6, text));
}

/* ---- rounds ---- */

static void make_room(struct step_launch *l)
{
    if (l->rounds < l->room) return;
    l->room *= 2;
    for (size_t i = 0; i < l->timed_count; i++)
        l->timed[i].us = reallocate(l->timed[i].us, l->room, sizeof *l->timed[i].us);
}

/* Collective. Runs the step once, and records the GPUs' power meanwhile. */
static enum status take_step(struct step_launch *l, double *us)
{
    const struct backend *backend = l->backend;
    if (backend->watch_start) backend->watch_start(l->comm);
    enum status status = step_replay(l, &l->timed[TIMED_STEP], us);
    json_t *seen = !status && backend->watch_stop ? backend->watch_stop(l->comm) : NULL;
    const double power_w = json_number_value(json_object_get(seen, "power_w"));
    if (power_w > 0) l->power_w += power_w, l->powers++;
    if (seen) {
        json_decref(l->telemetry);
        l->telemetry = seen;
    }
    return status;
}

/* Collective. Measures one round. All ranks draw the same random order. */
static enum status take_round(struct step_launch *l, struct random_state *random, size_t *order, double *us)
{
    const bool root = l->driver.world.rank == 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < l->timed_count; i++) order[i] = i;
    random_shuffle(random, order, l->timed_count);
    for (size_t i = 0; i < l->timed_count && !status; i++)
        status = order[i] == TIMED_STEP ? take_step(l, &us[order[i]])
                                        : step_replay(l, &l->timed[order[i]], &us[order[i]]);
    if (status) return status;
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, us, (int)l->timed_count, MPI_DOUBLE, MPI_MAX, l->driver.world.comm));
    make_room(l);
    for (size_t i = 0; i < l->timed_count && root; i++) l->timed[i].us[l->rounds] = us[i];
    l->rounds++;
    return STATUS_OK;
}

/* The time for all rounds by --max-seconds, which does not limit a fixed number of rounds, and by what is
   left of --time-budget when they start. INFINITY: no limit. */
static double time_for_rounds(const struct step_launch *l, double start_s)
{
    const struct step_settings *s = &l->settings;
    double most_s = s->rounds ? INFINITY : s->max_seconds;
    double left_s = s->time_budget_s - (start_s - l->driver.journal.start_s);
    return s->time_budget_s > 0 ? fmin(most_s, left_s) : most_s;
}

/* Collective. Returns how many rounds to measure before rank 0 decides again; 0: the measurement ends. */
static int rounds_next(struct step_launch *l, double start_s)
{
    const struct step_settings *s = &l->settings;
    const struct stopping stopping = {s->precision_percent / 100, (size_t)s->rounds, 1};
    int next[2] = {0, 0};
    if (l->driver.world.rank == 0) {
        double spent_s = clock_s() - start_s;
        const size_t n = l->rounds;
        const struct sampled now = {.us = l->timed[TIMED_STEP].us,
                                    .count = n,
                                    .taken = n,
                                    .spent_s = spent_s,
                                    .most_s = time_for_rounds(l, start_s),
                                    .sample_s = n ? spent_s / (double)n : 0};
        size_t wanted = stopping_next(&stopping, &now, &l->why);
        next[0] = wanted > ROUNDS_MOST ? ROUNDS_MOST : (int)wanted;
        next[1] = (int)l->why;
    }
    mpi_must(MPI_Bcast(next, 2, MPI_INT, 0, l->driver.world.comm));
    l->why = (enum stop_reason)next[1];
    return next[0];
}

static enum status take_rounds(struct step_launch *l)
{
    struct random_state random;
    const double start_s = clock_s();
    double row_s = start_s, *us = allocate(l->timed_count, sizeof *us);
    size_t *order = allocate(l->timed_count, sizeof *order);
    char what[160];
    name_timed(l, &l->timed[TIMED_STEP], what, sizeof what);
    watch_say(l->driver.watch, what);
    random_seed(&random, (uint64_t)l->settings.seed);
    enum status status = step_replay(l, &l->timed[TIMED_STEP], us); /* warms up */
    for (int left; !status && (left = rounds_next(l, start_s)) > 0;)
        while (!status && left-- > 0) {
            progress_show(&l->driver.progress, l->rounds, l->rounds + (size_t)left + 1, 0, what);
            status = take_round(l, &random, order, us);
            if (status || clock_s() - row_s < ROW_EVERY_S) continue;
            status = step_write(l, false);
            row_s = clock_s();
        }
    free(order);
    free(us);
    return status;
}

/* ---- all ---- */

static void make_timed(struct step_launch *l)
{
    const struct schedule *s = &l->schedule;
    l->timed = allocate(TIMED_PARTS + s->call_count + s->product_count + s->section_count, sizeof *l->timed);
    l->timed[TIMED_STEP] = (struct timed){.what = REPLAY_STEP};
    l->timed[TIMED_COMPUTATION] = (struct timed){.what = REPLAY_COMPUTATION};
    l->timed_count = TIMED_PARTS;
    for (size_t i = 0; i < s->call_count; i++)
        l->timed[l->timed_count++] = (struct timed){REPLAY_CALL, i, 1, NULL};
    for (size_t i = 0; i < s->product_count; i++)
        l->timed[l->timed_count++] = (struct timed){REPLAY_PRODUCT, i, 1, NULL};
    for (size_t i = 0; i < s->section_count; i++)
        if (s->sections[i].overlap) l->timed[l->timed_count++] = (struct timed){REPLAY_SECTION, i, 1, NULL};
    l->room = 64;
    for (size_t i = 0; i < l->timed_count; i++) {
        l->timed[i].batch = 1;
        l->timed[i].us = allocate(l->room, sizeof *l->timed[i].us);
    }
}

enum status step_sample(struct step_launch *l)
{
    const size_t overlaps = TIMED_PARTS + l->schedule.call_count + l->schedule.product_count;
    enum status status = STATUS_OK;
    make_timed(l);
    if (!l->status && l->settings.check) status = step_verify(l);
    if (!status && !l->status) status = step_fill(l);
    if (!status && !l->status) {
        l->delay_s = sides_delay_s(&l->settings.fault, l->driver.world.rank);
        pair_set_delay(l->pair, l->delay_s);
        status = choose_batches(l, TIMED_PARTS, overlaps);
    }
    if (!status && !l->status) refuse_long(l);
    if (!status && !l->status) status = choose_batches(l, overlaps, l->timed_count);
    if (!status && !l->status) status = take_rounds(l);
    return status ? status : step_write(l, true);
}
