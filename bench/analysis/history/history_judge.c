/* Derives verdicts from changes: compares each case with its reference, and looks for acknowledgements. */
#include "analysis/compare/blas_choice.h"
#include "analysis/history/history.h"
#include "stats/order.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

bool trend_is_open(const struct case_history *one)
{
    return one->trend == TREND_STEADY || one->trend == TREND_FEW;
}

/* The nights between two successive changes, each of the series itself or of the common factor. */
struct stretch {
    size_t first, end; /* nights [first, end) */
    size_t figures;
    double level;                                  /* median of the values; NAN: no figure */
    bool by_common;                                /* does it begin with a change of the common factor? */
    const struct acknowledgement *acknowledgement; /* for the change that it begins with; NULL: none */
};

enum { LASTING = 3 }; /* a faster stretch must have this many figures to become the reference */

enum { ALL_NIGHTS = -1 };

/* The median over the nights [first, end), less one of them. */
static double level_less(const double *values, size_t first, size_t end, ptrdiff_t less, size_t *figures)
{
    double *present = allocate(end - first, sizeof *present);
    size_t n = 0;
    for (size_t t = first; t < end; t++)
        if (!isnan(values[t]) && (ptrdiff_t)t != less) present[n++] = values[t];
    double level = median(present, n);
    free(present);
    *figures = n;
    return level;
}

static double level_of(const double *values, size_t first, size_t end, size_t *figures)
{
    return level_less(values, first, end, ALL_NIGHTS, figures);
}

static int by_first(const void *a, const void *b)
{
    const struct stretch *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return x->by_common - y->by_common; /* on the same night a change of the series itself comes first */
}

static const struct acknowledgement *accepted(const struct history *history,
                                              const struct history_rules *rules,
                                              const struct case_history *one, const struct change *change,
                                              bool by_common)
{
    for (size_t t = change->first; t <= change->found; t++) {
        const struct night *night = &history->nights[t];
        const struct acknowledgement *found =
            acknowledged(rules->acknowledgements, one->key, night->run->run, night->started);
        if (!found && by_common)
            found = acknowledged(rules->acknowledgements, "common", night->run->run, night->started);
        if (found) return found;
    }
    return NULL;
}

/* Lists the stretches of a series, which changes of the common factor divide too. The caller frees the
   list. */
static struct stretch *stretches_of(const struct history *history, const struct history_rules *rules,
                                    const struct case_history *one, size_t *count)
{
    const struct case_history *common = &history->cases[history->case_count];
    const struct case_history *both[] = {one, one == common ? NULL : common};
    struct stretch *list = allocate(1 + one->series.change_count + common->series.change_count, sizeof *list);
    size_t n = 1, kept = 1;
    for (int b = 0; b < 2 && both[b]; b++)
        for (size_t i = 0; i < both[b]->series.change_count; i++) {
            const struct change *change = &both[b]->series.changes[i];
            list[n++] = (struct stretch){.first = change->first,
                                         .by_common = b == 1,
                                         .acknowledgement = accepted(history, rules, one, change, b == 1)};
        }
    qsort(list + 1, n - 1, sizeof *list, by_first);
    for (size_t i = 1; i < n; i++) {
        if (list[i].first != list[kept - 1].first || kept == 1)
            list[kept++] = list[i];
        else if (!list[kept - 1].acknowledgement)
            list[kept - 1].acknowledgement = list[i].acknowledgement;
    }
    for (size_t i = 0; i < kept; i++) {
        list[i].end = i + 1 < kept ? list[i + 1].first : history->night_count;
        list[i].level = level_of(one->series.values, list[i].first, list[i].end, &list[i].figures);
    }
    *count = kept;
    return list;
}

/* Walks through the stretches and sets the trend. The level becomes the new reference after a lasting
   improvement by more than the tolerance, and after an acknowledged change. */
static void walk(struct case_history *one, const struct stretch *list, size_t count, double delta)
{
    double limit = log1p(delta), first = NAN, reference = NAN, now = NAN, accepted_from = NAN;
    bool own = false, accepted_last = false;
    size_t faster_since = 0, slower_since = 0;
    for (size_t i = 0; i < count; i++) {
        const struct stretch *stretch = &list[i];
        if (isnan(stretch->level)) continue;
        bool lasts = stretch->figures >= LASTING || i + 1 == count;
        bool faster = stretch->level < reference - limit && lasts;
        if (isnan(reference)) first = reference = stretch->level;
        if (stretch->acknowledgement)
            one->acknowledgement = stretch->acknowledgement, one->since = stretch->first;
        if (stretch->acknowledgement) accepted_from = reference;
        if (stretch->acknowledgement || faster) {
            reference = stretch->level;
            accepted_last = stretch->acknowledgement != NULL;
            if (faster) faster_since = stretch->first;
        }
        if (stretch->level <= reference) one->steps = 0, own = false;
        if (stretch->level > reference) own |= !stretch->by_common, one->steps += stretch->level > now;
        if (stretch->level <= reference + limit)
            slower_since = 0;
        else if (!slower_since)
            slower_since = stretch->first;
        now = stretch->level;
    }
    one->ratio = exp(now - reference);
    one->by_common = !own;
    if (now - reference > limit) {
        one->trend = TREND_REGRESSION;
        one->since = slower_since;
    } else if (accepted_last) {
        one->trend = TREND_ACKNOWLEDGED;
        reference = accepted_from;
        one->ratio = exp(now - reference);
    } else if (now - first < -limit) {
        one->trend = TREND_IMPROVEMENT;
        one->since = faster_since;
        reference = first;
        one->ratio = exp(now - first);
    }
    if (!one->row) return;
    one->before_us = exp(reference);
    one->level_us = exp(now);
}

/* The first of the nights, up to the newest run, that have no figure or, if the newest run has one, lack it
   in some launch. */
static size_t first_without(const struct history *history, const struct case_history *one)
{
    size_t first = history->night_count;
    while (first > 0) {
        const struct case_summary *line = one->lines[first - 1];
        bool whole = !isnan(one->series.values[first - 1]) && (!one->gap || !line->turnout.without);
        if (whole && !history->nights[first - 1].newest) break;
        first--;
    }
    return first;
}

/* Does the newest run have a figure of the case? */
static bool newest_has(const struct history *history, const struct case_history *one)
{
    bool figure = false;
    for (size_t t = 0; t < history->night_count; t++)
        figure |= history->nights[t].newest && !isnan(one->series.values[t]);
    return figure;
}

/* Lists the launches of the run to which a night belongs: all its nights, if it has several allocations. The
   caller frees the list. */
static const struct launch **launches_of_run(const struct history *history, size_t night, size_t *count)
{
    const struct run_summary *run = history->nights[night].run;
    const struct launch **list = NULL;
    *count = 0;
    for (size_t t = 0; t < history->night_count; t++) {
        const struct run_summary *other = history->nights[t].run;
        if (!same(other->run, run->run) || other->folder != run->folder) continue;
        list = reallocate(list, *count + other->launch_count, sizeof *list);
        for (size_t l = 0; l < other->launch_count; l++) list[(*count)++] = other->launches[l];
    }
    return list;
}

/* The key of the case that the newest run has instead, since its launches chose another BLAS; NULL: none. */
static const char *chosen_instead(const struct history *history, const struct case_history *one)
{
    struct case_source before = {.key = one->key}, now = {0};
    const struct launch **before_list = launches_of_run(history, one->last, &before.count),
                        **now_list = launches_of_run(history, history->night_count - 1, &now.count);
    const char *instead = NULL;
    before.launches = before_list, now.launches = now_list;
    for (size_t c = 0; c < history->case_count && !instead; c++) {
        now.key = history->cases[c].key;
        if (newest_has(history, &history->cases[c]) && blas_chosen_anew(&before, &now)) instead = now.key;
    }
    free(before_list);
    free(now_list);
    return instead;
}

/* Checks whether launches of the newest run lack the case, or have wrong data for it. */
static void look_at_newest(const struct history *history, const struct history_rules *rules,
                           struct case_history *one)
{
    for (size_t t = 0; t < history->night_count; t++) {
        const struct case_summary *line = one->lines[t];
        if (!history->nights[t].newest || !line) continue;
        if (line->error) one->problem = line->error;
        if (line->wrong > 0 || line->status == CASE_WRONG) one->trend = TREND_WRONG;
    }
    const bool figure = newest_has(history, one);
    if (!figure) one->gap = NULL; /* all launches lack it */
    if ((figure && !one->gap) || one->trend == TREND_WRONG || !one->row) return;
    one->missing = true;
    one->since = first_without(history, one);
    const struct night *night = &history->nights[one->since];
    one->acknowledgement = acknowledged(rules->acknowledgements, one->key, night->run->run, night->started);
    if (!one->problem && !figure) one->instead = chosen_instead(history, one);
    one->trend = one->acknowledgement ? TREND_ACKNOWLEDGED : one->instead ? TREND_UNLIKE : TREND_MISSING;
}

/* How far a night is from the level of the other nights between two changes, in ln. NAN: no figure, no other
   night, or the night belongs to a change that is found. */
static double off_level(const struct history *history, const struct case_history *one, size_t night)
{
    const struct change_series *series = &one->series;
    size_t first = 0, end = history->night_count, figures;
    for (size_t i = 0; i < series->change_count; i++) {
        if (series->changes[i].first <= night && night <= series->changes[i].found) return NAN;
        if (series->changes[i].first <= night)
            first = series->changes[i].first;
        else if (series->changes[i].first < end)
            end = series->changes[i].first;
    }
    return series->values[night] - level_less(series->values, first, end, (ptrdiff_t)night, &figures);
}

int bad_night(const struct history *history, const struct case_history *one,
              const struct history_rules *rules, size_t night)
{
    double off = off_level(history, one, night);
    if (!(fabs(off) > log1p(rules->delta))) return 0; /* too small to matter */
    return stands_apart(one->series.scores[night], history_series(history), rules->alpha);
}

double night_ratio(const struct history *history, const struct case_history *one, size_t night)
{
    return exp(off_level(history, one, night));
}

/* With few nights the scatter is hardly known: then a slowdown this large, beyond that of all cases, is
   worth a look. */
static const double LARGE = 0.2;

static bool is_far_off(const struct history *history, const struct history_rules *rules,
                       const struct case_history *one, size_t night)
{
    const struct case_history *common = &history->cases[history->case_count];
    if (bad_night(history, one, rules, night) > 0) return true;
    if (one->figures >= NIGHTS_FOR_CHANGE) return false;
    double off = off_level(history, one, night);
    if (one != common && history->has_common) off -= off_level(history, common, night);
    return off > log1p(LARGE);
}

/* Looks at the newest run: its figure, and whether it is far off. Of several nights the slowest counts. */
static void measure_newest(const struct history *history, const struct history_rules *rules,
                           struct case_history *one)
{
    double newest = NAN, most = 0;
    for (size_t t = 0; t < history->night_count; t++) {
        double value = one->series.values[t];
        if (!history->nights[t].newest || isnan(value)) continue;
        if (!(newest > value)) newest = value;
        if (!is_far_off(history, rules, one, t) || (one->apart && !(value > most))) continue;
        one->apart = true;
        most = value;
        one->newest_ratio = night_ratio(history, one, t);
    }
    if (one->row) one->now_us = exp(newest);
    size_t first = history->night_count;
    while (first > 0 && history->nights[first - 1].newest) first--;
    for (size_t t = one->apart_since = first; t-- > 0;) {
        if (isnan(one->series.values[t])) continue;
        if (bad_night(history, one, rules, t) <= 0) break;
        one->apart_since = t;
    }
    if (one->apart && one->row && trend_is_open(one)) one->before_us = exp(most) / one->newest_ratio;
}

double change_ratio(const struct history *history, const struct case_history *one, size_t change)
{
    const struct change *all = one->series.changes;
    size_t before = change ? all[change - 1].first : 0, figures;
    size_t end = change + 1 < one->series.change_count ? all[change + 1].first : history->night_count;
    return exp(level_of(one->series.values, all[change].first, end, &figures) -
               level_of(one->series.values, before, all[change].first, &figures));
}

static void judge(struct history *history, const struct history_rules *rules, struct case_history *one)
{
    size_t count;
    one->trend = TREND_STEADY;
    struct stretch *list = stretches_of(history, rules, one, &count);
    walk(one, list, count, rules->delta);
    free(list);
    if (one->trend == TREND_STEADY && one->figures < NIGHTS_FOR_CHANGE) one->trend = TREND_FEW;
    const struct case_history *common = &history->cases[history->case_count];
    if (one->trend == TREND_REGRESSION && one->by_common && one != common &&
        common->trend == TREND_REGRESSION)
        one->trend = TREND_FOLLOWS;
    look_at_newest(history, rules, one);
    measure_newest(history, rules, one);
    history->apart += one->apart;
    history->counts[one->trend]++;
}

void history_judge(struct history *history, const struct history_rules *rules)
{
    size_t series = history->case_count;
    struct change_series *all = allocate(series + 1, sizeof *all);
    for (size_t c = 0; c <= series; c++) all[c] = history->cases[c].series;
    history->has_common = series >= CASES_FOR_COMMON;
    find_changes(all, series, history->night_count, rules->alpha);
    for (size_t c = 0; c <= series; c++) history->cases[c].series = all[c];
    free(all);
    struct case_history *common = &history->cases[series];
    for (size_t t = 0; t < history->night_count; t++) common->figures += !isnan(common->series.values[t]);
    if (history->has_common) judge(history, rules, common);
    for (size_t c = 0; c < series; c++) judge(history, rules, &history->cases[c]);
}
