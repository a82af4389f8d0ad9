/* Computes the figures that follow from a row's samples, and merges passes. */
#include "collective/collective.h"
#include "record/rank_medians.h"
#include "record/words.h"
#include "record/record.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_FOR_P95 = 20, SAMPLES_FOR_P99 = 100 };

double case_flop(const struct case_row *row)
{
    if (!row->gemm || row->m <= 0 || row->n <= 0 || row->k <= 0) return NAN;
    return 2.0 * (double)row->m * (double)row->n * (double)row->k;
}

int64_t case_aggregate(const struct case_row *row)
{
    return row->aggregate > 1 ? row->aggregate : 1;
}

bool case_moves_data(const struct case_row *row)
{
    return row->ranks != 1 || row->placement != IN_PLACE;
}

double case_algbw(const struct case_row *row, double us)
{
    if (row->gemm || row->bytes == ABSENT || !case_moves_data(row)) return NAN;
    return algbw_gbps((double)row->bytes, us);
}

double case_bus_factor(const struct case_row *row)
{
    double factor = bus_factor(collective_find(row->collective), row->ranks);
    return factor > 0 ? factor : NAN;
}

enum statistic sampled_statistic(const struct case_row *row)
{
    return row->mode == MODE_NCCL_TESTS ? STATISTIC_MEAN : STATISTIC_MEDIAN;
}

double sampled_time_us(const struct case_row *row)
{
    return sampled_statistic(row) == STATISTIC_MEAN ? row->time_us : row->median_us;
}

static void set_rates(struct case_row *row)
{
    const double time_us = sampled_time_us(row);
    if (!(time_us > 0)) return;
    if (row->gemm) {
        if (isfinite(case_flop(row))) row->tflops = case_flop(row) / time_us * 1e-6;
    } else if (row->bytes != ABSENT) {
        row->algbw_gbps = case_algbw(row, time_us);
        row->busbw_gbps = row->algbw_gbps * case_bus_factor(row);
    }
}

void case_row_summarise(struct case_row *row)
{
    size_t n = row->samples_us.count;
    if (n == 0) return;
    double *sorted = allocate(n, sizeof *sorted);
    memcpy(sorted, row->samples_us.us, n * sizeof *sorted);
    sort_doubles(sorted, n);
    row->median_us = median_sorted(sorted, n);
    if (!median_interval_sorted(sorted, n, 0.05, &row->lo_us, &row->hi_us)) row->lo_us = row->hi_us = NAN;
    row->min_us = sorted[0];
    row->max_us = sorted[n - 1];
    /* Samples of other modes are batches, whose tails say nothing about single operations. */
    bool isolated = row->mode == MODE_ISOLATED;
    row->p95_us = isolated && n >= SAMPLES_FOR_P95 ? percentile_sorted(sorted, n, 0.95) : NAN;
    row->p99_us = isolated && n >= SAMPLES_FOR_P99 ? percentile_sorted(sorted, n, 0.99) : NAN;
    size_t p99_lo, p99_hi;
    row->p99_lo_us = row->p99_hi_us = NAN;
    if (isolated && quantile_interval_ranks(n, 0.99, 0.05, &p99_lo, &p99_hi))
        row->p99_lo_us = sorted[p99_lo - 1], row->p99_hi_us = sorted[p99_hi - 1];
    free(sorted);
    if (sampled_statistic(row) == STATISTIC_MEAN) row->time_us = arithmetic_mean(row->samples_us.us, n);
    set_rates(row);
}

/* Moves the samples to memory with room for `total` of them. */
static void reserve(struct arena *arena, struct samples *samples, size_t total)
{
    if (total == samples->count) return;
    double *room = arena_memory(arena, total * sizeof *room);
    if (samples->count) memcpy(room, samples->us, samples->count * sizeof *room);
    samples->us = room;
}

static void append(struct samples *into, const struct samples *from)
{
    if (from->count) memcpy(into->us + into->count, from->us, from->count * sizeof *from->us);
    into->count += from->count;
}

static void widen(struct spread *into, const struct spread *from)
{
    if (isfinite(from->max) && !(into->max >= from->max)) *into = *from;
}

/* Merges rows without samples (imports), which have the mean of their source: assumes passes of equal length.
   `merged`: how many passes `into` contains already. */
static void merge_means(struct case_row *into, const struct case_row *from, size_t merged)
{
    bool sampled = into->samples_us.count || from->samples_us.count;
    if (sampled || into->statistic != STATISTIC_MEAN || from->statistic != STATISTIC_MEAN ||
        !(into->time_us > 0) || !(from->time_us > 0))
        return;
    double mean = (into->time_us * (double)merged + from->time_us) / (double)(merged + 1);
    into->algbw_gbps *= into->time_us / mean;
    into->busbw_gbps *= into->time_us / mean;
    into->time_us = mean;
}

/* Disturbed samples count only if the case has no others, or if they fill it up (measure/aside.h). */
static void merge_samples(struct case_row *into, const struct case_row *from)
{
    bool had = into->samples_us.count, has = from->samples_us.count;
    bool was_disturbed = into->kept == KEPT_DISTURBED, is_disturbed = from->kept == KEPT_DISTURBED;
    if (had && has && is_disturbed && !was_disturbed) return;
    if (had && has && was_disturbed && !is_disturbed) into->samples_us.count = into->global_us.count = 0;
    if (has && into->kept != KEPT_FILLED) into->kept = from->kept;
    append(&into->samples_us, &from->samples_us);
    append(&into->global_us, &from->global_us);
}

/* Of several passes keeps the largest line_ns and the drift that is farthest from 1. */
static void merge_states(struct case_row *into, const struct case_row *from)
{
    into->line_ns = fmax(into->line_ns, from->line_ns); /* fmax ignores NAN */
    if (from->drift > 0 && !(fabs(log(into->drift)) >= fabs(log(from->drift)))) into->drift = from->drift;
}

int64_t add_counts(int64_t a, int64_t b)
{
    int64_t sum;
    if (a == ABSENT || b == ABSENT) return a == ABSENT ? b : a;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* Means are over all operations, shares the least of any pass. */
void load_add(struct load *into, const struct load *from)
{
    if (from->operations > 0) {
        double had = into->operations > 0 ? (double)into->operations : 0, has = (double)from->operations;
        into->us = had > 0 ? (into->us * had + from->us * has) / (had + has) : from->us;
    }
    into->share = fmin(into->share, from->share); /* fmin ignores NAN */
    into->operations = add_counts(into->operations, from->operations);
    into->wrong = add_counts(into->wrong, from->wrong);
}

void case_row_compare_idle(struct case_row *loaded, const struct case_row *idle)
{
    loaded->slowdown = loaded->median_us / idle->median_us;
    loaded->slowdown_lo = loaded->lo_us / idle->hi_us;
    loaded->slowdown_hi = loaded->hi_us / idle->lo_us;
    loaded->p99_slowdown = loaded->p99_us / idle->p99_us;
    loaded->p99_slowdown_lo = loaded->p99_lo_us / idle->p99_hi_us;
    loaded->p99_slowdown_hi = loaded->p99_hi_us / idle->p99_lo_us;
}

const struct case_row *case_row_idle(const struct launch *launch, const struct case_row *loaded)
{
    struct text wanted = {0}, key = {0};
    const struct case_row *found = NULL;
    struct case_row idle = *loaded;
    idle.beside = NULL;
    case_key(&idle, &wanted);
    for (size_t i = 0; loaded->beside && !found && i < launch->case_count; i++) {
        if (launch->cases[i].beside) continue;
        text_clear(&key);
        case_key(&launch->cases[i], &key);
        if (same(text_get(&key), text_get(&wanted))) found = &launch->cases[i];
    }
    text_free(&wanted);
    text_free(&key);
    return found;
}

/* Merges a pass into the first row of its case, which has room for the samples of all passes. */
static void merge_row(struct case_row *into, struct case_row *from, size_t merged)
{
    merge_means(into, from, merged);
    merge_samples(into, from);
    merge_states(into, from);
    into->wrong = add_counts(into->wrong, from->wrong);
    into->preempted = add_counts(into->preempted, from->preempted);
    load_add(&into->load, &from->load);
    if (from->stopped_by) into->stopped_by = from->stopped_by;
    if (case_severity(from->status) > case_severity(into->status))
        into->status = from->status, into->error = from->error;
    widen(&into->rank_wait_us, &from->rank_wait_us);
    widen(&into->arrival_us, &from->arrival_us);
    widen(&into->rank_time_us, &from->rank_time_us);
    /* Keeps the telemetry of one pass: of one in which the device was slowed down if there is one, else of
       the first. */
    if (!into->telemetry || (json_is_true(json_object_get(from->telemetry, "slowed")) &&
                             !json_is_true(json_object_get(into->telemetry, "slowed")))) {
        json_t *other = into->telemetry;
        into->telemetry = from->telemetry;
        from->telemetry = other;
    }
    json_decref(from->telemetry);
    if (from->groups) { /* groups cover all passes so far, so the last ones are the most complete */
        json_decref(into->groups);
        into->groups = from->groups;
        from->groups = NULL;
    }
    if (from->step) { /* the same */
        json_decref(into->step);
        into->step = from->step;
        from->step = NULL;
    }
}

/* What the passes of a case have in all, kept at the case's first row. */
struct totals {
    size_t samples, global;
    size_t merged; /* passes that are merged into the first row so far */
    struct rank_medians ranks;
};

/* Gives each row without a key the one that follows from its content, so that a case counts once per
   launch. */
static void complete_keys(struct archive *archive, struct launch *launch)
{
    struct text key = {0};
    for (size_t i = 0; i < launch->case_count; i++) {
        if (launch->cases[i].key) continue;
        text_clear(&key);
        case_key(&launch->cases[i], &key);
        launch->cases[i].key = arena_string(&archive->arena, text_get(&key));
    }
    text_free(&key);
}

/* Finds for each row the first row of its case, with a hash table from key to row; fills in the totals. Keys
   are interned, so that equal keys are equal pointers. */
static void find_first_rows(const struct launch *launch, size_t *first, struct totals *totals)
{
    size_t slots = 16;
    while (slots < 2 * launch->case_count) slots *= 2;
    size_t *index = allocate(slots, sizeof *index); /* row + 1; 0 is empty */
    for (size_t i = 0; i < launch->case_count; i++) {
        const struct case_row *row = &launch->cases[i];
        size_t at = (size_t)((uintptr_t)row->key >> 4) * 0x9e3779b1u & (slots - 1);
        while (index[at] && launch->cases[index[at] - 1].key != row->key) at = (at + 1) & (slots - 1);
        if (!index[at]) index[at] = i + 1;
        first[i] = index[at] - 1;
        totals[first[i]].samples += row->samples_us.count;
        totals[first[i]].global += row->global_us.count;
        rank_medians_add(&totals[first[i]].ranks, launch->cases[i].rank_wait_us.median,
                         launch->cases[i].kept == KEPT_DISTURBED);
    }
    free(index);
}

static void merge_launch(struct archive *archive, struct launch *launch)
{
    size_t kept = 0, *first = allocate(launch->case_count, sizeof *first);
    struct totals *totals = allocate(launch->case_count, sizeof *totals);
    complete_keys(archive, launch);
    find_first_rows(launch, first, totals);
    for (size_t i = 0; i < launch->case_count; i++) {
        struct case_row *row = &launch->cases[i];
        if (first[i] != i) {
            merge_row(&launch->cases[first[first[i]]], row, ++totals[first[i]].merged);
            continue;
        }
        reserve(&archive->arena, &row->samples_us, totals[i].samples);
        reserve(&archive->arena, &row->global_us, totals[i].global);
        if (totals[i].ranks.count) row->rank_median_us = median(totals[i].ranks.us, totals[i].ranks.count);
        free(totals[i].ranks.us);
        launch->cases[kept] = *row;
        first[i] = kept++; /* the new place of the first row, for its later passes */
    }
    launch->case_count = kept;
    free(first);
    free(totals);
    for (size_t i = 0; i < kept; i++) {
        launch->cases[i].pass = ABSENT;
        case_row_summarise(&launch->cases[i]);
    }
    for (size_t i = 0; i < kept; i++) {
        const struct case_row *idle = case_row_idle(launch, &launch->cases[i]);
        if (idle) case_row_compare_idle(&launch->cases[i], idle);
    }
}

void archive_merge_passes(struct archive *archive)
{
    for (size_t i = 0; i < archive->count; i++) merge_launch(archive, &archive->launches[i]);
}
