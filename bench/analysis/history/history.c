#include "analysis/history/history.h"
#include "analysis/compare/ranking.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const trend_names[TREND_COUNT] = {"regression", "missing",      "wrong",
                                              "follows",    "acknowledged", "improvement",
                                              "steady",     "too few",      "not comparable"};

static void add_line(struct history *history, const char ***list, size_t *count, const char *format,
                     va_list values)
{
    char line[1024];
    vsnprintf(line, sizeof line, format, values);
    *list = reallocate(*list, *count + 1, sizeof **list);
    (*list)[(*count)++] = arena_string(&history->arena, line);
}

void history_failure(struct history *history, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    add_line(history, &history->failures, &history->failure_count, format, values);
    va_end(values);
}

void history_note(struct history *history, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    add_line(history, &history->notes, &history->note_count, format, values);
    va_end(values);
}

/* ---- nights ---- */

static int by_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int by_start(const void *a, const void *b)
{
    const struct night *x = a, *y = b;
    int order = by_text(x->started, y->started);
    return order ? order : by_text(x->name, y->name);
}

/* Refuses runs with different GPUs, instances or provenances: their figures do not belong to one history. */
static enum status check_machine(const struct run_summary *first, const struct run_summary *run)
{
    static const char *const names[] = {"GPUs", "instances", "provenances"};
    const char *const values[][2] = {
        {first->gpu, run->gpu}, {first->instance, run->instance}, {first->provenance, run->provenance}};
    for (size_t i = 0; i < 3; i++)
        if (!same(values[i][0], values[i][1]))
            return fail(STATUS_USAGE,
                        "the nights have different %s (%s: %s, %s: %s): give those of one machine", names[i],
                        first->run, values[i][0] ? values[i][0] : "not stated", run->run,
                        values[i][1] ? values[i][1] : "not stated");
    return STATUS_OK;
}

static enum status list_nights(struct history *history)
{
    const struct aggregate *aggregate = &history->study.aggregate;
    enum status status = STATUS_OK;
    history->nights = allocate(aggregate->count, sizeof *history->nights);
    for (size_t r = 0; !status && r < aggregate->count; r++) {
        const struct run_summary *run = &aggregate->runs[r];
        struct text name = {0};
        text_add(&name, "%s", run->run);
        bool several = false;
        for (size_t o = 0; o < aggregate->count; o++)
            several |=
                o != r && same(aggregate->runs[o].run, run->run) && aggregate->runs[o].folder == run->folder;
        if (several && run->allocation) text_add(&name, " [%s]", run->allocation);
        struct night night = {run, arena_string(&history->arena, text_get(&name)),
                              run->launches[0]->header.started, false};
        text_free(&name);
        status = check_machine(&aggregate->runs[0], run);
        if (!status && (!night.started || strlen(night.started) < 10))
            status =
                fail(STATUS_WRONG, "%s: launch without a start time: the order of the nights is not known",
                     run->launches[0]->path);
        history->nights[history->night_count++] = night;
    }
    if (status) return status;
    qsort(history->nights, history->night_count, sizeof *history->nights, by_start);
    const struct run_summary *newest = history->nights[history->night_count - 1].run;
    for (size_t t = 0; t < history->night_count; t++) {
        const struct run_summary *run = history->nights[t].run;
        history->nights[t].newest = same(run->run, newest->run) && run->folder == newest->folder;
    }
    return STATUS_OK;
}

/* Adds failures for defects of the newest run as a whole, such as missing launches. Those of earlier runs do
   not fail the gate any more. */
static void check_newest(struct history *history)
{
    for (size_t t = 0; t < history->night_count; t++) {
        const struct run_summary *run = history->nights[t].run;
        if (!history->nights[t].newest) continue;
        for (size_t l = 0; l < run->launch_count; l++)
            if (launch_failure(run->launches[l]))
                history_failure(history, "launch %s %s", run->launches[l]->path,
                                launch_failure(run->launches[l]));
        if (run->broken_lines)
            history_failure(history, "%zu broken lines in the files of %s", run->broken_lines,
                            history->nights[t].name);
        if (run->shortfall.missing && t + 1 == history->night_count)
            history_failure(history, "%zu of %zu planned launches of %s are missing: %s",
                            run->shortfall.missing, run->shortfall.planned, run->run, run->shortfall.names);
        if (run->shortfall.unknown && t + 1 == history->night_count)
            history_failure(history, "%s cannot be read: it is not known whether launches are missing",
                            run->shortfall.unknown);
    }
}

/* ---- cases ---- */

struct entry {
    const struct case_summary *line;
    size_t night;
};

/* By key, statistic and night. Lines without a figure have no statistic; they follow the others with the same
   key. */
static int by_series(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->line->key, y->line->key);
    if (!order && !x->line->statistic != !y->line->statistic) return x->line->statistic ? -1 : 1;
    if (!order) order = by_text(statistic_name(x->line->statistic), statistic_name(y->line->statistic));
    if (!order) order = by_text(x->line->rank_reduction, y->line->rank_reduction);
    return order ? order : (x->night > y->night) - (x->night < y->night);
}

static bool same_series(const struct case_summary *a, const struct case_summary *b)
{
    return same(a->key, b->key) &&
           (!b->statistic || (a->statistic == b->statistic && same(a->rank_reduction, b->rank_reduction)));
}

static struct case_history new_series(struct history *history, const char *key,
                                      const struct case_summary *line)
{
    size_t nights = history->night_count;
    struct case_history one = {
        .key = key, .before_us = NAN, .level_us = NAN, .now_us = NAN, .ratio = NAN, .newest_ratio = NAN};
    if (line) one.row = line->row, one.statistic = line->statistic, one.rank_reduction = line->rank_reduction;
    one.lines = arena_memory(&history->arena, nights * sizeof *one.lines);
    one.series.values = arena_memory(&history->arena, nights * sizeof(double));
    one.series.scores = arena_memory(&history->arena, nights * sizeof(double));
    one.series.changes = arena_memory(&history->arena, nights * sizeof(struct change));
    for (size_t t = 0; t < nights; t++) one.series.values[t] = NAN;
    return one;
}

static void add_figure(struct history *history, struct case_history *one, const struct entry *entry)
{
    const struct case_summary *line = entry->line;
    if (!one->lines[entry->night]) one->lines[entry->night] = line;
    if (!line->launches || !(line->time_us.point > 0)) return;
    if (is_impossible(line)) {
        history_note(history, "set aside: %s of %s is %.0f %% of its %s", line->key,
                     history->nights[entry->night].name, line->bound_percent.point,
                     line->row->gemm ? "peak" : "bound");
        return;
    }
    one->series.values[entry->night] = log(line->time_us.point);
    one->figures++;
    one->last = entry->night;
}

static int by_reading_order(const void *a, const void *b)
{
    const struct case_history *x = a, *y = b;
    int order = case_order(x->row, y->row);
    return order ? order : strcmp(x->key, y->key);
}

static void list_cases(struct history *history)
{
    size_t count = 0, n = 0;
    for (size_t t = 0; t < history->night_count; t++) count += history->nights[t].run->case_count;
    struct entry *entries = allocate(count, sizeof *entries);
    for (size_t t = 0; t < history->night_count; t++)
        for (size_t c = 0; c < history->nights[t].run->case_count; c++)
            entries[n++] = (struct entry){&history->nights[t].run->cases[c], t};
    if (n) qsort(entries, n, sizeof *entries, by_series);
    history->cases = allocate(n + 1, sizeof *history->cases);
    for (size_t i = 0, next; i < n; i = next) {
        struct case_history one = new_series(history, entries[i].line->key, entries[i].line);
        for (next = i; next < n && same_series(entries[i].line, entries[next].line); next++)
            add_figure(history, &one, &entries[next]);
        if (one.figures) history->cases[history->case_count++] = one; /* else no night could run it */
    }
    free(entries);
    if (history->case_count)
        qsort(history->cases, history->case_count, sizeof *history->cases, by_reading_order);
    history->cases[history->case_count] = new_series(history, "common", NULL);
}

/* The launches of the newest run count together, also those of several allocations. */
static void find_gaps(struct history *history)
{
    size_t count = 0;
    const struct launch **launches = allocate(history->study.archive.count, sizeof *launches);
    for (size_t t = 0; t < history->night_count; t++)
        for (size_t l = 0; history->nights[t].newest && l < history->nights[t].run->launch_count; l++)
            launches[count++] = history->nights[t].run->launches[l];
    struct repetitions repetitions = repetitions_of(launches, count);
    struct text text = {0};
    for (size_t c = 0; c < history->case_count; c++) {
        struct turnout turnout = repetitions_turnout(&repetitions, history->cases[c].key);
        if (!turnout.without) continue;
        enum case_status worst = CASE_OK;
        for (size_t t = 0; t < history->night_count; t++) {
            const struct case_summary *line = history->cases[c].lines[t];
            if (history->nights[t].newest && line && case_severity(line->status) > case_severity(worst))
                worst = line->status;
        }
        text_clear(&text);
        turnout_words(&text, turnout, worst);
        history->cases[c].gap = arena_string(&history->arena, text_get(&text));
    }
    text_free(&text);
    repetitions_free(&repetitions);
    free(launches);
}

/* Lists the nights and cases of the study, and judges them. On failure frees the history. */
static enum status judge_study(struct history *history, const struct history_rules *rules)
{
    enum status status = list_nights(history);
    if (status) {
        history_free(history);
        return status;
    }
    list_cases(history);
    find_gaps(history);
    check_newest(history);
    history_judge(history, rules);
    return STATUS_OK;
}

enum status history_of(struct history *history, const struct archive *archive, const char *catalog,
                       const struct history_rules *rules)
{
    *history = (struct history){0};
    study_of(&history->study, archive, catalog, STUDY_BY_ALLOCATION);
    return judge_study(history, rules);
}

enum status history_read(struct history *history, char **paths, int count, const struct history_rules *rules)
{
    *history = (struct history){0};
    enum status status = study_read(&history->study, paths, count, NULL, STUDY_NIGHTS);
    if (!status) status = judge_study(history, rules);
    if (status) return status;
    if (!history->case_count) {
        history_free(history);
        return fail(STATUS_ENVIRONMENT, "no case has a time in any night: there is no history");
    }
    check_empty_nights(history, paths, count);
    for (size_t i = 0; rules->acknowledgements && i < rules->acknowledgements->count; i++)
        if (!rules->acknowledgements->list[i].used)
            history_note(history, "%s:%zu acknowledges nothing: no change of such a case on %s",
                         rules->acknowledgements->path, rules->acknowledgements->list[i].line,
                         rules->acknowledgements->list[i].night);
    return STATUS_OK;
}

void history_free(struct history *history)
{
    free(history->nights);
    free(history->cases);
    free(history->failures);
    free(history->notes);
    arena_free(&history->arena);
    study_free(&history->study);
    *history = (struct history){0};
}

enum status history_status(const struct history *history, bool strict)
{
    bool bad = history->counts[TREND_REGRESSION] || history->counts[TREND_MISSING] ||
               history->counts[TREND_WRONG] || history->failure_count || (strict && history->apart);
    return bad ? STATUS_GATE : STATUS_OK;
}

size_t history_series(const struct history *history)
{
    return history->case_count + history->has_common;
}

struct difference *change_differences(struct history *history, const struct case_history *one, size_t night,
                                      size_t *count)
{
    size_t before = night;
    *count = 0;
    while (before > 0 && isnan(one->series.values[before - 1])) before--;
    if (!before) return NULL;
    const struct run_summary *from = history->nights[before - 1].run, *to = history->nights[night].run;
    return launches_differ(from->launches, from->launch_count, to->launches, to->launch_count,
                           &history->arena, count);
}
