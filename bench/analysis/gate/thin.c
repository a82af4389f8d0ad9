#include "analysis/gate/thin.h"
#include "analysis/common/json.h"

#include <math.h>
#include <stdlib.h>

enum { THIN = 20 };

struct ranked {
    double us;
    size_t place; /* in measured order */
};

static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->us != y->us) return x->us < y->us ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int by_place(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

/* Copies `wanted` evenly spread values from the range [first, end), which has at least that many. */
static size_t spread(const struct ranked *sorted, size_t first, size_t end, size_t wanted,
                     struct ranked *into)
{
    for (size_t i = 0; i < wanted; i++) into[i] = sorted[first + (2 * i + 1) * (end - first) / (2 * wanted)];
    return wanted;
}

static size_t rank_of_p95(size_t n) /* from 0 */
{
    return (size_t)ceil(0.95 * (double)n) - 1;
}

static void thin_samples(struct samples *samples, struct arena *arena)
{
    size_t n = samples->count, kept = THIN + n % 2, taken = 0;
    if (n <= kept) return;
    struct ranked *sorted = allocate(n, sizeof *sorted), few[THIN + 1];
    for (size_t i = 0; i < n; i++) sorted[i] = (struct ranked){samples->us[i], i};
    qsort(sorted, n, sizeof *sorted, by_value);
    size_t middle = (n - 1) / 2, above = n / 2 + 1, p95 = rank_of_p95(n), p95_kept = rank_of_p95(kept);
    taken += spread(sorted, 0, middle, (kept - 1) / 2, few);
    for (size_t i = middle; i < above; i++)
        few[taken++] = sorted[i]; /* the one or two that define the median */
    taken += spread(sorted, above, p95, p95_kept - taken, few + taken);
    few[taken++] = sorted[p95];
    taken += spread(sorted, p95 + 1, n, kept - taken, few + taken);
    qsort(few, taken, sizeof *few, by_place);
    samples->us = arena_memory(arena, taken * sizeof *samples->us);
    samples->count = taken;
    for (size_t i = 0; i < taken; i++) samples->us[i] = few[i].us;
    free(sorted);
}

static void thin_row(struct case_row *row, struct arena *arena)
{
    const struct case_row none = case_row_absent();
    if (row->samples_us.count) { /* the reader computes them from the samples */
        row->median_us = row->lo_us = row->hi_us = row->min_us = row->max_us = row->p95_us = row->p99_us =
            NAN;
        row->algbw_gbps = row->busbw_gbps = row->tflops = NAN;
    }
    /* A mean needs all samples; there are few, since each is of many operations. */
    if (sampled_statistic(row) != STATISTIC_MEAN) thin_samples(&row->samples_us, arena);
    row->global_us = none.global_us;
    row->preempted = none.preempted;
    row->stopped_by = none.stopped_by;
    row->drift = none.drift;
    row->line_ns = none.line_ns;
    row->rank_wait_us = none.rank_wait_us;
    row->arrival_us = none.arrival_us;
    row->rank_time_us = none.rank_time_us;
    row->skew_us = none.skew_us;
    json_decref(row->telemetry);
    json_decref(row->groups);
    json_decref(row->step);
    row->telemetry = row->groups = row->step = NULL;
}

void thin_launch(struct launch *launch, struct arena *arena)
{
    for (size_t i = 0; i < launch->case_count; i++) thin_row(&launch->cases[i], arena);
    json_t *source = launch->header.source;
    if (!source) source = launch->header.source = json_object();
    object_put(source, "thin", json_true());
}
