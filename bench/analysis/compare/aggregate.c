#include "analysis/compare/aggregate.h"
#include "analysis/common/table.h"
#include "analysis/compare/launches.h"
#include "collective/collective.h"
#include "record/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- grouping: rows to (run, case, statistic) ---- */

struct row_place {
    size_t run;
    const struct launch *launch;
    const struct case_row *row;
    const char *key;
    enum statistic statistic;
    const char *rank_reduction;
};

static const char *label_of(struct arena *arena, const struct launch_header *header, const char *run)
{
    enum { LONGEST = 80 }; /* for headings, tables and plots; the records keep the whole label */
    struct text name = {0}, label = {0};
    if (header->cloud_label && *header->cloud_label)
        text_add(&name, "%s", header->cloud_label);
    else if (header->cloud_instance)
        text_add(&name, "%s%s%s", header->cloud_provider ? header->cloud_provider : "",
                 header->cloud_provider ? " " : "", header->cloud_instance);
    else
        text_add(&name, "%s", run ? run : "");
    plain_text(&label, text_get(&name), LONGEST);
    const char *result = arena_string(arena, text_get(&label));
    text_free(&name);
    text_free(&label);
    return result;
}

/* Makes the labels of all runs different: adds the run's name to equal labels, and other differences if the
   names are equal too. */
static void tell_labels_apart(struct aggregate *aggregate)
{
    const char **labels = allocate(aggregate->count, sizeof *labels);
    for (size_t i = 0; i < aggregate->count; i++) {
        const struct run_summary *run = &aggregate->runs[i];
        bool same_label = false, other_folder = false, other_provenance = false, other_gpu = false;
        for (size_t j = 0; j < aggregate->count; j++) {
            const struct run_summary *other = &aggregate->runs[j];
            if (j == i || !same(other->label, run->label)) continue;
            same_label = true;
            if (!same(other->run, run->run) || !same(other->allocation, run->allocation)) continue;
            other_folder |= other->folder != run->folder;
            other_provenance |= other->provenance != run->provenance;
            other_gpu |= !same(other->gpu, run->gpu);
        }
        struct text text = {0};
        text_add(&text, "%s", run->label);
        if (same_label && !same(run->label, run->run)) text_add(&text, " (%s)", run->run);
        if (run->allocation) text_add(&text, " [allocation %s]", run->allocation);
        if (other_provenance) text_add(&text, " [%s]", run->provenance);
        if (other_gpu) text_add(&text, " [%s]", run->gpu ? run->gpu : "no GPU named");
        if (other_folder) text_add(&text, " in %s", run->folder);
        labels[i] = arena_string(&aggregate->arena, text_get(&text));
        text_free(&text);
    }
    for (size_t i = 0; i < aggregate->count; i++) aggregate->runs[i].label = labels[i];
    free(labels);
}

/* Finds the run of a launch, or adds it. by_allocation keeps the scheduler's jobs apart, not the sets of
   hosts: a run on several numbers of nodes is one run. Launches with different labels, instances, GPUs or
   provenances (a fault was injected, for example) belong to different runs even if the run's name is the
   same. */
static size_t find_run(struct aggregate *aggregate, const struct launch *launch, bool by_allocation)
{
    const struct launch_header *header = &launch->header;
    struct run_summary key = {.folder = launch_folder(launch, &aggregate->arena),
                              .allocation = by_allocation ? header->allocation_id : NULL,
                              .instance = header->cloud_instance,
                              .provider = header->cloud_provider,
                              .given_label = header->cloud_label,
                              .gpu = launch_gpu(header),
                              .provenance = launch_provenance(header, &aggregate->arena)};
    key.run = header->run ? header->run : key.folder;
    size_t at = 0;
    for (; at < aggregate->count; at++) {
        const struct run_summary *known = &aggregate->runs[at];
        if (same(known->run, key.run) && known->folder == key.folder &&
            same(known->allocation, key.allocation) && same(known->instance, key.instance) &&
            same(known->provider, key.provider) && same(known->given_label, key.given_label) &&
            same(known->gpu, key.gpu) && known->provenance == key.provenance)
            return at;
    }
    key.label = label_of(&aggregate->arena, header, key.run);
    key.imported = launch_has_provenance(header, PROVENANCE_IMPORTED);
    aggregate->runs = reallocate(aggregate->runs, at + 1, sizeof *aggregate->runs);
    aggregate->runs[at] = key;
    aggregate->count++;
    return at;
}

static enum statistic statistic_of(const struct case_row *row)
{
    if (row->samples_us.count) return sampled_statistic(row);
    if (is_figure(row->time_us)) return row->statistic ? row->statistic : STATISTIC_UNKNOWN;
    if (is_figure(row->median_us)) return STATISTIC_MEDIAN;
    return row->statistic ? row->statistic : STATISTIC_UNKNOWN;
}

static bool is_ok(const struct case_row *row)
{
    return row->status == CASE_OK;
}

static struct row_place place_row(struct aggregate *aggregate, size_t run, const struct launch *launch,
                                  const struct case_row *row)
{
    struct row_place place = {run, launch, row, row->key, statistic_of(row), row->rank_reduction};
    place.key = arena_string(&aggregate->arena, place.key);
    /* A failed row has no statistic: it joins the case's line, whatever statistic that line has. */
    place.statistic = is_ok(row) ? place.statistic : STATISTIC_ABSENT;
    place.rank_reduction = is_ok(row) ? arena_string(&aggregate->arena, place.rank_reduction) : NULL;
    return place;
}

static int by_pointer(const void *a, const void *b)
{
    return (a > b) - (a < b);
}

static int by_text(const char *a, const char *b)
{
    if (!a || !b) return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int by_start(const struct launch *a, const struct launch *b)
{
    int order = by_text(a->header.started, b->header.started);
    if (!order) order = by_text(a->header.launch, b->header.launch);
    if (!order) order = by_text(a->path, b->path);
    return order ? order : by_pointer(a, b);
}

static int by_run_key_statistic(const void *a, const void *b)
{
    const struct row_place *x = a, *y = b;
    if (x->run != y->run) return x->run < y->run ? -1 : 1;
    int order = x->key == y->key ? 0 : strcmp(x->key, y->key);
    /* Failed rows come last among the rows of a key, so that they join the line before them. */
    if (!order && !x->statistic != !y->statistic) return x->statistic ? -1 : 1;
    if (!order) order = by_text(statistic_name(x->statistic), statistic_name(y->statistic));
    if (!order) order = by_text(x->rank_reduction, y->rank_reduction);
    if (!order) order = by_start(x->launch, y->launch);
    return order ? order : by_pointer(x->row, y->row);
}

/* ---- one line ---- */

static size_t count_allocations(const struct launch_point *points, size_t n, struct arena *arena)
{
    const char **seen = allocate(n + 1, sizeof *seen);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++) {
        const char *id = launch_allocation(&points[i].launch->header, arena);
        bool known = !id;
        for (size_t j = 0; j < distinct && !known; j++) known = seen[j] == id;
        if (!known) seen[distinct++] = id;
    }
    free(seen);
    return distinct;
}

static void add_rates(struct case_summary *line)
{
    const struct case_row *row = line->row;
    if (row->gemm) {
        line->tflops = figure_inverse(case_flop(row) * 1e-6, line->time_us);
        return;
    }
    if (row->bytes > 0) line->algbw_gbps = figure_inverse(case_algbw(row, 1), line->time_us);
    line->busbw_gbps = figure_scaled(line->algbw_gbps, case_bus_factor(row));
}

static void take_rates(struct case_summary *line, struct figure rate)
{
    if (line->row->gemm) {
        line->tflops = rate;
    } else {
        line->busbw_gbps = rate;
        line->algbw_gbps = figure_scaled(rate, 1 / case_bus_factor(line->row));
    }
}

void case_set_bound(struct case_summary *line, double bound_us, const char *bound)
{
    line->bound_us = bound_us;
    line->bound = bound;
    line->bound_percent =
        line->row->bytes > 0
            ? figure_scaled(line->algbw_gbps, 100 * bound_us / (1e-3 * (double)line->row->bytes))
            : figure_absent();
}

void case_set_peak(struct case_summary *line, double peak_tflops)
{
    line->peak_tflops = peak_tflops;
    line->bound_percent = figure_scaled(line->tflops, 100 / peak_tflops);
}

struct figure case_figure(const struct case_summary *line, double *values)
{
    for (size_t i = 0; i < line->launches; i++)
        if (!isfinite(values[i])) return figure_absent();
    return line->turnout.without ? figure_of_rest(values, line->launches)
                                 : figure_of_launches(values, line->launches);
}

/* Sets the line's rank_median_us from its launches; absent unless all of them have one. */
static void add_rank_median(struct case_summary *line)
{
    double *values = allocate(line->launches + 1, sizeof *values);
    for (size_t i = 0; i < line->launches; i++)
        values[i] =
            is_figure(line->points[i].row->rank_median_us) ? line->points[i].row->rank_median_us : NAN;
    line->rank_median_us = case_figure(line, values);
    free(values);
}

static struct case_summary summarise(struct aggregate *aggregate, const struct row_place *places, size_t n,
                                     struct turnout turnout)
{
    struct case_summary line = {.row = places[0].row,
                                .launch = places[0].launch,
                                .conditions =
                                    conditions_of(places[0].launch, places[0].row, &aggregate->arena),
                                .key = places[0].key,
                                .statistic = places[0].statistic,
                                .rank_reduction = places[0].rank_reduction,
                                .attempts = n,
                                .turnout = turnout,
                                .status = CASE_OK,
                                .wrong = ABSENT,
                                .bound_us = NAN,
                                .peak_tflops = NAN,
                                .time_us = figure_absent(),
                                .algbw_gbps = figure_absent(),
                                .busbw_gbps = figure_absent(),
                                .tflops = figure_absent(),
                                .bound_percent = figure_absent()};
    line.points = arena_memory(&aggregate->arena, n * sizeof *line.points);
    double *values = allocate(n, sizeof *values);
    for (size_t i = 0; i < n; i++) {
        const struct case_row *row = places[i].row;
        line.wrong = add_counts(line.wrong, row->wrong);
        if (case_severity(row->status) > case_severity(line.status))
            line.status = row->status, line.error = row->error;
        if (!row_has_figure(row)) continue;
        bool timed = is_figure(row_time_us(row));
        if (line.launches && timed != isfinite(line.points[0].time_us))
            continue; /* never combine times with rates */
        line.unchecked += row->wrong == ABSENT;
        if (!isfinite(line.bound_us)) line.bound_us = row->bound_us, line.bound = row->bound;
        if (!isfinite(line.peak_tflops)) line.peak_tflops = row->peak_tflops;
        values[line.launches] = timed ? row_time_us(row) : row_rate(row);
        line.points[line.launches++] =
            (struct launch_point){places[i].launch, row, timed ? row_time_us(row) : NAN};
    }
    line.allocations = count_allocations(line.points, line.launches, &aggregate->arena);
    struct figure figure = case_figure(&line, values);
    free(values);
    if (line.launches && isfinite(line.points[0].time_us)) {
        line.time_us = figure;
        add_rates(&line);
    } else {
        take_rates(&line, figure);
    }
    add_rank_median(&line);
    if (line.row->gemm)
        case_set_peak(&line, line.peak_tflops);
    else
        case_set_bound(&line, line.bound_us, line.bound);
    return line;
}

/* ---- the order of lines in tables ---- */

static int collective_order(const struct case_row *row)
{
    const struct collective *collective = row->collective ? collective_find(row->collective) : NULL;
    return row->gemm ? COLLECTIVE_COUNT + 1 : collective ? (int)collective->id : COLLECTIVE_COUNT;
}

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_curves(const struct case_row *a, const struct case_row *b)
{
    int order = collective_order(a) - collective_order(b);
    if (!order) order = by_text(a->collective, b->collective);
    if (!order) order = by_text(a->gemm, b->gemm);
    if (!order) order = by_text(a->dtype, b->dtype);
    if (!order) order = by_text(a->op, b->op);
    if (!order) order = by_number(a->ranks, b->ranks);
    if (!order) order = by_number(a->nodes, b->nodes);
    if (!order) order = by_text(a->group, b->group);
    if (!order) order = by_number(a->root, b->root);
    if (!order) order = -by_text(mode_name(a->mode), mode_name(b->mode)); /* pipelined before isolated */
    if (!order) order = -by_text(placement_name(a->placement), placement_name(b->placement));
    if (!order) order = by_text(sync_name(a->sync), sync_name(b->sync));
    if (!order) order = by_text(cache_name(a->cache), cache_name(b->cache));
    if (!order) order = by_text(memory_name(a->memory), memory_name(b->memory));
    if (!order) order = by_number(a->graph, b->graph);
    if (!order) order = by_number(case_aggregate(a), case_aggregate(b));
    if (!order) order = by_text(registration_name(a->registration), registration_name(b->registration));
    if (!order) order = by_text(a->cta, b->cta);
    if (!order) order = by_text(a->imbalance, b->imbalance);
    if (!order) order = by_text(a->beside, b->beside);
    if (!order) order = by_text(a->workload, b->workload);
    if (!order) order = by_number((int64_t)a->progress, (int64_t)b->progress);
    if (!order) order = by_text(a->layout, b->layout);
    if (!order) order = by_text(accumulator_name(a->accumulator), accumulator_name(b->accumulator));
    if (!order) order = by_text(a->scaling, b->scaling);
    return order ? order : by_text(phase_name(a->phase), phase_name(b->phase));
}

static int compare_sizes(const struct case_row *a, const struct case_row *b)
{
    int order = by_number(a->requested_bytes, b->requested_bytes);
    if (!order) order = by_number(a->bytes, b->bytes);
    if (!order) order = by_number(a->m, b->m);
    if (!order) order = by_number(a->n, b->n);
    return order ? order : by_number(a->k, b->k);
}

int case_order(const struct case_row *a, const struct case_row *b)
{
    int order = compare_curves(a, b);
    return order ? order : compare_sizes(a, b);
}

static int by_reading_order(const void *a, const void *b)
{
    const struct case_summary *x = a, *y = b;
    int order = compare_curves(x->row, y->row);
    if (!order) order = conditions_order(&x->conditions, &y->conditions);
    if (!order) order = by_text(statistic_name(x->statistic), statistic_name(y->statistic));
    if (!order) order = by_text(x->rank_reduction, y->rank_reduction);
    if (!order) order = compare_sizes(x->row, y->row);
    return order ? order : strcmp(x->key, y->key);
}

bool same_curve(const struct case_summary *a, const struct case_summary *b)
{
    return compare_curves(a->row, b->row) == 0 && conditions_order(&a->conditions, &b->conditions) == 0 &&
           a->statistic == b->statistic && same(a->rank_reduction, b->rank_reduction);
}

bool same_question(const struct case_row *a, const struct case_row *b)
{
    struct case_row x = *a, y = *b;
    x.group = y.group = NULL;
    x.nodes = y.nodes = x.ranks = y.ranks = ABSENT;
    return case_order(&x, &y) == 0;
}

/* ---- runs ---- */

static int by_start_of_pointers(const void *a, const void *b)
{
    return by_start(*(const struct launch *const *)a, *(const struct launch *const *)b);
}

/* The most allocations that launches of one number of nodes had: without a scheduler, launches on other
   numbers of nodes always have other hosts. */
static size_t most_allocations(const struct launch **launches, size_t n, struct arena *arena)
{
    size_t most = 0;
    struct launch_point *points = allocate(n + 1, sizeof *points);
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++) seen = launches[j]->header.nodes == launches[i]->header.nodes;
        if (seen) continue;
        for (size_t j = i; j < n; j++)
            if (launches[j]->header.nodes == launches[i]->header.nodes) points[count++].launch = launches[j];
        size_t allocations = count_allocations(points, count, arena);
        most = allocations > most ? allocations : most;
    }
    free(points);
    return most;
}

static void describe_run(struct aggregate *aggregate, struct run_summary *run, const struct launch **launches,
                         size_t n)
{
    qsort(launches, n, sizeof *launches, by_start_of_pointers);
    const struct launch **kept = arena_memory(&aggregate->arena, n * sizeof *kept);
    for (size_t i = 0; i < n; i++) {
        kept[i] = launches[i];
        run->broken_lines += launches[i]->broken_lines;
        run->died += !launches[i]->end.status;
        run->unfinished += launches[i]->end.status && launches[i]->end.status != END_COMPLETE;
    }
    run->launches = kept;
    run->launch_count = n;
    run->allocations = most_allocations(launches, n, &aggregate->arena);
    run->shortfall = launches_missing(run->launches, n, &aggregate->arena);
}

static void describe_runs(struct aggregate *aggregate, const struct archive *archive, const size_t *run_of)
{
    const struct launch **launches = allocate(archive->count, sizeof *launches);
    for (size_t r = 0; r < aggregate->count; r++) {
        size_t n = 0;
        for (size_t i = 0; i < archive->count; i++)
            if (run_of[i] == r) launches[n++] = &archive->launches[i];
        describe_run(aggregate, &aggregate->runs[r], launches, n);
    }
    free(launches);
}

/* Makes lines from rows sorted by run, key and statistic. Failed rows join the line before them that has the
   same key. */
static void fill_lines(struct aggregate *aggregate, const struct row_place *places, size_t n)
{
    for (size_t r = 0; r < aggregate->count; r++) {
        struct run_summary *run = &aggregate->runs[r];
        size_t first = 0, last;
        while (first < n && places[first].run < r) first++;
        for (last = first; last < n && places[last].run == r;) last++;
        struct repetitions repetitions = repetitions_of(run->launches, run->launch_count);
        run->cases = allocate(last - first, sizeof *run->cases);
        for (size_t at = first, next; at < last; at = next) {
            for (next = at + 1;
                 next < last && places[next].key == places[at].key &&
                 (!places[next].statistic || (places[next].statistic == places[at].statistic &&
                                              places[next].rank_reduction == places[at].rank_reduction));)
                next++;
            run->cases[run->case_count++] = summarise(aggregate, &places[at], next - at,
                                                      repetitions_turnout(&repetitions, places[at].key));
        }
        repetitions_free(&repetitions);
        qsort(run->cases, run->case_count, sizeof *run->cases, by_reading_order);
    }
}

struct aggregate aggregate_archive(struct archive *archive, bool by_allocation)
{
    struct aggregate aggregate = {0};
    size_t rows = 0, n = 0;
    size_t *run_of = allocate(archive->count, sizeof *run_of);
    for (size_t i = 0; i < archive->count; i++) {
        run_of[i] = find_run(&aggregate, &archive->launches[i], by_allocation);
        rows += archive->launches[i].case_count;
    }
    tell_labels_apart(&aggregate);
    describe_runs(&aggregate, archive, run_of);
    struct row_place *places = allocate(rows, sizeof *places);
    for (size_t i = 0; i < archive->count; i++)
        for (size_t c = 0; c < archive->launches[i].case_count; c++)
            places[n++] =
                place_row(&aggregate, run_of[i], &archive->launches[i], &archive->launches[i].cases[c]);
    qsort(places, n, sizeof *places, by_run_key_statistic);
    fill_lines(&aggregate, places, n);
    free(places);
    free(run_of);
    return aggregate;
}

void aggregate_free(struct aggregate *aggregate)
{
    for (size_t i = 0; i < aggregate->count; i++) free(aggregate->runs[i].cases);
    free(aggregate->runs);
    arena_free(&aggregate->arena);
    *aggregate = (struct aggregate){0};
}
