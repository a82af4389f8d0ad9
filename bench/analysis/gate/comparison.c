#include "analysis/gate/comparison.h"
#include "analysis/compare/aggregate.h"
#include "analysis/compare/overlap_cases.h"
#include "stats/order.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const verdict_names[VERDICT_COUNT] = {"same",    "improvement", "regression",    "inconclusive",
                                                  "missing", "wrong",       "not comparable"};

static const char *format_text(struct comparison *comparison, const char *format, va_list values)
{
    char line[1024];
    vsnprintf(line, sizeof line, format, values);
    return arena_string(&comparison->archive.arena, line);
}

const char *comparison_text(struct comparison *comparison, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    const char *text = format_text(comparison, format, values);
    va_end(values);
    return text;
}

void comparison_note(struct comparison *comparison, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    comparison->notes = reallocate(comparison->notes, comparison->note_count + 1, sizeof *comparison->notes);
    comparison->notes[comparison->note_count++] = format_text(comparison, format, values);
    va_end(values);
}

void comparison_failure(struct comparison *comparison, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    comparison->failures =
        reallocate(comparison->failures, comparison->failure_count + 1, sizeof *comparison->failures);
    comparison->failures[comparison->failure_count++] = format_text(comparison, format, values);
    va_end(values);
}

static int by_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int by_start(const void *a, const void *b)
{
    const struct launch *x = *(const struct launch *const *)a, *y = *(const struct launch *const *)b;
    int order = by_text(x->header.started, y->header.started);
    if (!order) order = by_text(x->header.launch, y->header.launch);
    return order ? order : by_text(x->path, y->path);
}

/* ---- reading the two sides ---- */

static enum status read_paths(struct comparison *comparison, enum side side, const struct option_list *paths)
{
    enum status status = STATUS_OK;
    struct text all = {0};
    for (size_t i = 0; !status && i < paths->count; i++) {
        text_add(&all, "%s%s", i ? ", " : "", paths->values[i]);
        status = archive_read(&comparison->archive, paths->values[i]);
    }
    comparison->paths[side] = arena_string(&comparison->archive.arena, text_get(&all));
    text_free(&all);
    return status;
}

static void list_launches(struct comparison *comparison, enum side side, size_t first, size_t end)
{
    comparison->launch_count[side] = end - first;
    comparison->launches[side] = allocate(end - first, sizeof *comparison->launches[side]);
    for (size_t i = first; i < end; i++)
        comparison->launches[side][i - first] = &comparison->archive.launches[i];
    qsort(comparison->launches[side], end - first, sizeof *comparison->launches[side], by_start);
}

/* Refuses a launch that is given twice, since it would count as two. Compares only neighbours by start time,
   because copies have the same start time. */
static enum status refuse_twins(const struct comparison *comparison, enum side side)
{
    for (size_t i = 1; i < comparison->launch_count[side]; i++) {
        const struct launch *a = comparison->launches[side][i - 1], *b = comparison->launches[side][i];
        if (same_launch(a, b))
            return fail(STATUS_USAGE, "%s: the same launch is given twice on one side, also as %s", b->path,
                        a->path);
    }
    return STATUS_OK;
}

/* Counts launches that are on both sides. That is allowed, but such a launch is not an independent
   repetition. It is a failure if all new launches are also in base. */
static void count_common(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->launch_count[BASE]; i++) {
        const struct launch *launch = comparison->launches[BASE][i];
        size_t lo = 0, hi = comparison->launch_count[FRESH];
        while (lo < hi) { /* binary search by start time: the first one that starts no earlier */
            size_t middle = (lo + hi) / 2;
            if (by_text(comparison->launches[FRESH][middle]->header.started, launch->header.started) < 0)
                lo = middle + 1;
            else
                hi = middle;
        }
        for (bool found = false; lo < comparison->launch_count[FRESH] && !found; lo++) {
            const struct launch *other = comparison->launches[FRESH][lo];
            if (by_text(other->header.started, launch->header.started) != 0) break;
            found = same_launch(launch, other);
            comparison->common += found;
        }
    }
    if (comparison->common && comparison->common == comparison->launch_count[FRESH])
        comparison_failure(comparison, "every new launch is also in base: nothing new was measured");
    else if (comparison->common)
        comparison_note(comparison, "%zu of the launches stand on both sides", comparison->common);
}

static void check_launches(struct comparison *comparison, enum side side)
{
    const char *name = side == BASE ? "base" : "new";
    size_t unfinished = 0, broken = 0, count = comparison->launch_count[side];
    for (size_t i = 0; i < count; i++) {
        const struct launch *launch = comparison->launches[side][i];
        broken += launch->broken_lines;
        if (launch_failure(launch) && unfinished++ < 5)
            comparison_failure(comparison, "%s launch %s %s", name, launch->path, launch_failure(launch));
        if (!launch->case_count && !launch_failure(launch))
            comparison_failure(comparison, "%s launch %s measured nothing", name, launch->path);
    }
    if (unfinished > 5)
        comparison_failure(comparison, "%zu more %s launches did not complete", unfinished - 5, name);
    if (broken)
        comparison_failure(comparison, "%zu broken line%s in the %s files", broken, broken == 1 ? "" : "s",
                           name);
    for (size_t i = 0; i < count; i++) {
        const char *artificial = artificial_provenance(&comparison->launches[side][i]->header);
        if (!artificial) continue;
        comparison_note(comparison, "%s is no measurement of a real machine: launch %s is %s", name,
                        comparison->launches[side][i]->path, artificial);
        break;
    }
    struct shortfall shortfall =
        launches_missing(comparison->launches[side], count, &comparison->archive.arena);
    if (shortfall.missing)
        comparison_failure(comparison, "%zu of %zu planned %s launches are missing: %s", shortfall.missing,
                           shortfall.planned, name, shortfall.names);
    if (shortfall.unknown)
        comparison_failure(comparison, "%s cannot be read: it is not known whether %s launches are missing",
                           shortfall.unknown, name);
}

/* ---- cases, and the groups of launches that share them ---- */

struct place {
    const char *key;
    const struct case_row *row;
    size_t launch; /* index: base launches first, each side by start time */
};

static int by_key(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->key != y->key) {
        int order = strcmp(x->key, y->key);
        if (order) return order;
    }
    return (x->launch > y->launch) - (x->launch < y->launch);
}

static struct place *list_places(struct comparison *comparison, size_t *count)
{
    size_t rows = 0;
    for (size_t i = 0; i < comparison->archive.count; i++) rows += comparison->archive.launches[i].case_count;
    struct place *places = allocate(rows, sizeof *places);
    *count = 0;
    for (size_t launch = 0; launch < comparison->archive.count; launch++) {
        size_t base = comparison->launch_count[BASE];
        const struct launch *from =
            launch < base ? comparison->launches[BASE][launch] : comparison->launches[FRESH][launch - base];
        for (size_t c = 0; c < from->case_count; c++) {
            const struct case_row *row = &from->cases[c];
            places[(*count)++] = (struct place){row->key, row, launch};
        }
    }
    qsort(places, *count, sizeof *places, by_key);
    return places;
}

static size_t root_of(size_t *parent, size_t i)
{
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

/* Puts launches that have a case in common into one group. Numbers the groups in the order of their first
   launch. */
static void group_launches(struct comparison *comparison, const struct place *places, size_t count)
{
    size_t launches = comparison->archive.count, base = comparison->launch_count[BASE];
    size_t *parent = allocate(launches, sizeof *parent), *number = allocate(launches, sizeof *number);
    for (size_t i = 0; i < launches; i++) parent[i] = i;
    for (size_t i = 1; i < count; i++) {
        if (strcmp(places[i].key, places[i - 1].key) != 0) continue;
        size_t a = root_of(parent, places[i].launch), b = root_of(parent, places[i - 1].launch);
        parent[a > b ? a : b] = a > b ? b : a;
    }
    comparison->groups = allocate(launches, sizeof *comparison->groups);
    for (int side = BASE; side <= FRESH; side++) {
        comparison->group_of[side] = allocate(comparison->launch_count[side], sizeof(size_t));
        comparison->place_of[side] = allocate(comparison->launch_count[side], sizeof(size_t));
    }
    for (size_t i = 0; i < launches; i++) {
        size_t root = root_of(parent, i);
        if (root == i) number[i] = comparison->group_count++;
        struct relabelled_group *group = &comparison->groups[number[root]];
        enum side side = i < base ? BASE : FRESH;
        size_t at = i < base ? i : i - base;
        comparison->group_of[side][at] = number[root];
        comparison->place_of[side][at] = side == BASE ? group->base++ : group->fresh++;
    }
    free(parent);
    free(number);
}

static bool is_time(double us)
{
    return isfinite(us) && us > 0;
}

/* The time of a row and its statistic: from its samples if it has some; an import has only the statistic of
   its source. */
static double time_of(const struct case_row *row, enum statistic *statistic)
{
    if (row->samples_us.count) {
        *statistic = sampled_statistic(row);
        return sampled_time_us(row);
    }
    *statistic = row->statistic ? row->statistic : STATISTIC_UNKNOWN;
    return row->time_us;
}

enum { SAMPLES_FOR_P95 = 20 };

/* Computes the launch's 95th percentile and mean from its samples; stored figures are not trusted. */
static void add_tail(struct figures *figures, const struct samples *samples, size_t slot)
{
    if (!samples->count) return;
    double *sorted = allocate(samples->count, sizeof *sorted), sum = 0;
    memcpy(sorted, samples->us, samples->count * sizeof *sorted);
    sort_doubles(sorted, samples->count);
    for (size_t i = 0; i < samples->count; i++) sum += sorted[i];
    figures->ln_mean[slot] = log(sum / (double)samples->count);
    if (samples->count >= SAMPLES_FOR_P95)
        figures->ln_p95[slot] = log(percentile_sorted(sorted, samples->count, 0.95));
    free(sorted);
}

static void add_figure(struct comparison *comparison, struct figures *figures, const struct place *place,
                       size_t slot)
{
    const struct case_row *row = place->row;
    size_t base = comparison->launch_count[BASE];
    const struct launch *launch = place->launch < base ? comparison->launches[BASE][place->launch]
                                                       : comparison->launches[FRESH][place->launch - base];
    const char *name = launch->header.launch ? launch->header.launch : launch->path;
    enum statistic statistic;
    double time_us = time_of(row, &statistic);
    bool wrong = row->status == CASE_WRONG || row->wrong > 0;
    bool broken = row->status == CASE_TIMEOUT || row->status == CASE_ERROR;
    bool first_wrong = wrong && !(figures->wrong > 0); /* replaces an earlier timeout: it is more serious */
    int64_t elements = wrong && !(row->wrong > 0) ? 1 : row->wrong;
    figures->wrong = add_counts(figures->wrong, elements);
    if (first_wrong || (broken && !figures->problem))
        figures->problem = comparison_text(comparison, "%s in launch %s%s%s",
                                           wrong ? "wrong data" : case_status_name(row->status), name,
                                           row->error ? ": " : "", row->error ? row->error : "");
    if (row->status != CASE_OK || wrong) return;
    if (!is_time(time_us)) {
        if (!figures->problem)
            figures->problem = comparison_text(comparison, "no samples in launch %s", name);
        return;
    }
    if (!figures->statistic) figures->statistic = statistic, figures->rank_reduction = row->rank_reduction;
    if (figures->statistic != statistic || !same(figures->rank_reduction, row->rank_reduction))
        figures->statistic = STATISTIC_MIXED;
    figures->unchecked += row->wrong == ABSENT;
    if (isnan(figures->ln_us[slot])) figures->count++;
    figures->ln_us[slot] = log(time_us);
    add_tail(figures, &row->samples_us, slot);
}

static double middle_of(const struct figures *figures, size_t launches)
{
    double *present = allocate(launches, sizeof *present);
    size_t n = 0;
    for (size_t i = 0; i < launches; i++)
        if (!isnan(figures->ln_us[i])) present[n++] = figures->ln_us[i];
    /* The median of times, not of logarithms: for an even number of values the two differ. */
    for (size_t i = 0; i < n; i++) present[i] = exp(present[i]);
    double middle = median(present, n);
    free(present);
    return middle;
}

static struct compared_case new_case(struct comparison *comparison, const struct place *places, size_t count)
{
    size_t base = comparison->launch_count[BASE], first = places[0].launch;
    struct compared_case line = {.key = places[0].key,
                                 .row = places[0].row,
                                 .ratio = NAN,
                                 .lo = NAN,
                                 .hi = NAN,
                                 .p = NAN,
                                 .adjusted_p = NAN,
                                 .p_faster = NAN,
                                 .tail_ratio = NAN,
                                 .tail_lo = NAN,
                                 .tail_hi = NAN,
                                 .tail_p = NAN,
                                 .scatter = NAN,
                                 .sigma = NAN,
                                 .detectable = NAN,
                                 .launches_needed = NAN};
    line.group = first < base ? comparison->group_of[BASE][first] : comparison->group_of[FRESH][first - base];
    const struct relabelled_group *group = &comparison->groups[line.group];
    for (int side = BASE; side <= FRESH; side++) {
        size_t launches = side == BASE ? group->base : group->fresh;
        struct figures *figures = &line.side[side];
        *figures = (struct figures){.wrong = ABSENT, .drift = 1};
        double **lists[] = {&figures->ln_us, &figures->ln_p95, &figures->ln_mean};
        for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
            *lists[l] = arena_memory(&comparison->archive.arena, (launches + 1) * sizeof(double));
            for (size_t i = 0; i < launches; i++) (*lists[l])[i] = NAN;
        }
    }
    for (size_t i = 0; i < count; i++) {
        enum side side = places[i].launch < base ? BASE : FRESH;
        size_t at = side == BASE ? places[i].launch : places[i].launch - base;
        add_figure(comparison, &line.side[side], &places[i], comparison->place_of[side][at]);
    }
    line.side[BASE].median_us = middle_of(&line.side[BASE], group->base);
    line.side[FRESH].median_us = middle_of(&line.side[FRESH], group->fresh);
    return line;
}

/* Does neither side have a figure or a failure? The case was unsupported, too large or skipped on both. */
static bool is_void(const struct compared_case *line)
{
    for (int side = BASE; side <= FRESH; side++)
        if (line->side[side].count || line->side[side].problem) return false;
    return true;
}

static int by_case_order(const void *a, const void *b)
{
    const struct compared_case *x = a, *y = b;
    int order = case_order(x->row, y->row);
    return order ? order : strcmp(x->key, y->key);
}

static void count_drift(struct comparison *comparison, const struct place *places, size_t count,
                        struct compared_case *line, double delta)
{
    for (size_t i = 0; i < count; i++) {
        struct figures *figures =
            &line->side[places[i].launch < comparison->launch_count[BASE] ? BASE : FRESH];
        double drift = sample_drift(&places[i].row->samples_us, delta);
        figures->drifting += drift != 1;
        if (fabs(log(drift)) > fabs(log(figures->drift))) figures->drift = drift;
    }
}

/* Cases that the two sides measured under different conditions (NVLink domains, BLAS, transport, table) have
   different keys and are not compared with each other. Notes how the keys differ, once. */
static void note_other_conditions(struct comparison *comparison)
{
    for (size_t i = 1; i < comparison->case_count; i++) {
        const struct compared_case *a = &comparison->cases[i - 1], *b = &comparison->cases[i];
        bool apart = (!a->side[FRESH].count && !b->side[BASE].count) ||
                     (!a->side[BASE].count && !b->side[FRESH].count);
        if (!apart || case_order(a->row, b->row) != 0 || a->row->overlap) continue;
        bool a_is_base = a->side[BASE].count > 0;
        comparison_note(comparison,
                        "base and new ran under other conditions and are not compared: base %s, new %s%s",
                        a_is_base ? a->key : b->key, a_is_base ? b->key : a->key,
                        strstr(a->key, "/table=") || strstr(b->key, "/table=")
                            ? " (imported tables are repetitions only where busbar import was told so)"
                            : "");
        return;
    }
}

static void list_cases(struct comparison *comparison, const struct comparison_rules *rules)
{
    size_t count;
    struct place *places = list_places(comparison, &count);
    group_launches(comparison, places, count);
    comparison->cases = allocate(count, sizeof *comparison->cases);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && strcmp(places[next].key, places[i].key) == 0;) next++;
        struct compared_case line = new_case(comparison, &places[i], next - i);
        line.delta = gate_delta(rules->gate, line.row, rules->delta);
        count_drift(comparison, &places[i], next - i, &line, line.delta);
        if (is_void(&line))
            comparison->without_figures++;
        else
            comparison->cases[comparison->case_count++] = line;
    }
    qsort(comparison->cases, comparison->case_count, sizeof *comparison->cases, by_case_order);
    free(places);
    note_other_conditions(comparison);
}

enum status compare_runs(struct comparison *comparison, const struct option_list *base,
                         const struct option_list *fresh, const struct comparison_rules *rules)
{
    *comparison = (struct comparison){0};
    enum status status = read_paths(comparison, BASE, base);
    comparison->first_fresh = comparison->archive.count;
    if (!status) status = read_paths(comparison, FRESH, fresh);
    if (status) return status;
    archive_merge_passes(&comparison->archive);
    add_overlap_cases(&comparison->archive);
    archive_complete_keys(&comparison->archive);
    list_launches(comparison, BASE, 0, comparison->first_fresh);
    list_launches(comparison, FRESH, comparison->first_fresh, comparison->archive.count);
    for (int side = BASE; !status && side <= FRESH; side++)
        status = refuse_twins(comparison, (enum side)side);
    if (status) return status;
    count_common(comparison);
    check_launches(comparison, BASE);
    check_launches(comparison, FRESH);
    list_cases(comparison, rules);
    status = compare_environments(comparison, rules);
    if (!status) judge_cases(comparison, rules);
    return status;
}

void comparison_free(struct comparison *comparison)
{
    for (int side = BASE; side <= FRESH; side++) {
        free(comparison->launches[side]);
        free(comparison->group_of[side]);
        free(comparison->place_of[side]);
    }
    free(comparison->groups);
    free(comparison->unit_groups);
    free(comparison->cases);
    free(comparison->differences);
    free(comparison->failures);
    free(comparison->notes);
    archive_free(&comparison->archive);
    *comparison = (struct comparison){0};
}

enum status comparison_status(const struct comparison *comparison, bool strict)
{
    const size_t *counts = comparison->counts;
    if (counts[VERDICT_REGRESSION] || counts[VERDICT_MISSING] || counts[VERDICT_WRONG] ||
        comparison->failure_count)
        return STATUS_GATE;
    return strict && counts[VERDICT_INCONCLUSIVE] ? STATUS_GATE : STATUS_OK;
}
