/* The trend of machines that were measured on many nights, as `busbar history` finds it. */
#include "analysis/history/history_output.h"
#include "analysis/report/report_figures.h"
#include "base/units.h"
#include "record/flags.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct trend_of_machine {
    const char *label;      /* the machine's */
    struct archive archive; /* copies of the launches of its runs; their contents belong to the study */
    struct history history;
    size_t older;        /* number of earlier nights that appear only in the trend */
    bool has_overlap;    /* lines of overlap are in the records, but not in `history` */
    const char *drawing; /* name of the plot */
};

struct report_trends {
    struct trend_of_machine *list;
    size_t count;
    bool *older;                /* for each run of the study: does it appear only in the trend? */
    struct history_rules rules; /* the defaults of busbar history */
    struct acknowledgements acknowledgements;
    struct arena arena;
};

/* ---- which runs belong to one history ---- */

static bool same_hosts(const struct run_summary *a, const struct run_summary *b)
{
    const struct launch_header *x = &a->launches[0]->header, *y = &b->launches[0]->header;
    if (!x->host_count || x->host_count != y->host_count) return false;
    for (size_t i = 0; i < x->host_count; i++)
        if (!x->hosts[i].name || !same(x->hosts[i].name, y->hosts[i].name)) return false;
    return true;
}

/* Whether both runs are of one machine. Without a label, provider and instance, the hosts must have the
   same names. */
static bool same_machine(const struct run_summary *a, const struct run_summary *b)
{
    if (!a->given_label && !a->provider && !a->instance && !same_hosts(a, b)) return false;
    return same(a->given_label, b->given_label) && same(a->provider, b->provider) &&
           same(a->instance, b->instance) && same(a->gpu, b->gpu) && same(a->provenance, b->provenance);
}

/* Whether all launches have a start time. Most imported runs have none, so that the order of the nights is
   not known. */
static bool has_start(const struct run_summary *run)
{
    for (size_t l = 0; l < run->launch_count; l++) {
        const char *started = run->launches[l]->header.started;
        if (!started || strlen(started) < strlen("2026-11-28")) return false;
    }
    return run->launch_count > 0;
}

static void add_launches(struct archive *archive, const struct run_summary *run)
{
    archive->launches =
        reallocate(archive->launches, archive->count + run->launch_count, sizeof *archive->launches);
    for (size_t l = 0; l < run->launch_count; l++) archive->launches[archive->count++] = *run->launches[l];
}

/* The number of different dates. Several runs of one day do not count as nights: they may be presets or
   builds that a user compares. */
static size_t dates_of(const struct history *history)
{
    size_t dates = 0;
    for (size_t n = 0; n < history->night_count; n++)
        dates += n == 0 || strncmp(history->nights[n].started, history->nights[n - 1].started,
                                   strlen("2026-11-28")) != 0;
    return dates;
}

/* Has any case enough nights for a change to show? */
static bool is_long(const struct history *history)
{
    if (dates_of(history) < NIGHTS_FOR_CHANGE) return false;
    for (size_t c = 0; c < history->case_count; c++)
        if (history->cases[c].figures >= NIGHTS_FOR_CHANGE) return true;
    return false;
}

/* Has the newer run a figure for every case of the older one that has one? */
static bool has_all_cases(const struct run_summary *newer, const struct run_summary *older)
{
    for (size_t o = 0; o < older->case_count; o++) {
        bool found = !older->cases[o].launches;
        for (size_t n = 0; n < newer->case_count && !found; n++)
            found = newer->cases[n].launches && same(newer->cases[n].key, older->cases[o].key);
        if (!found) return false;
    }
    return true;
}

/* Marks the earlier nights that have no case that the newest night lacks. Returns their number. */
static size_t mark_older(struct report_trends *trends, const struct aggregate *aggregate, size_t first,
                         const struct history *history)
{
    const struct run_summary *last = history->nights[history->night_count - 1].run, *newest = NULL;
    size_t count = 0;
    for (size_t r = first; r < aggregate->count; r++)
        if (same(aggregate->runs[r].run, last->run) && same(aggregate->runs[r].folder, last->folder))
            newest = &aggregate->runs[r];
    for (size_t r = first; r < aggregate->count && newest; r++) {
        const struct run_summary *run = &aggregate->runs[r];
        if (run == newest || !same_machine(newest, run) || !has_start(run) || !has_all_cases(newest, run))
            continue;
        trends->older[r] = true;
        count++;
    }
    return count;
}

/* The machine's name; without one, the names of its first and last run: "night-000 to night-039". */
static const char *label_of(struct report_trends *trends, const struct run_summary *run,
                            const struct history *history)
{
    struct text text = {0};
    if (!same(run->label, run->run)) return run->label;
    text_add(&text, "%s to %s", history->nights[0].run->run,
             history->nights[history->night_count - 1].run->run);
    const char *label = arena_string(&trends->arena, text_get(&text));
    text_free(&text);
    return label;
}

/* Adds the history of the machine of `first`, if it has enough nights. */
static enum status add_machine(struct report_trends *trends, const struct report *report, size_t first,
                               const struct history_rules *rules, const char *catalog)
{
    const struct aggregate *aggregate = &report->study->aggregate;
    struct trend_of_machine trend = {0};
    char name[32];
    size_t nights = 0;
    for (size_t r = first; r < aggregate->count; r++) {
        const struct run_summary *run = &aggregate->runs[r];
        if (!same_machine(&aggregate->runs[first], run) || !has_start(run)) continue;
        add_launches(&trend.archive, run);
        for (size_t l = 0; l < run->launch_count; l++)
            trend.has_overlap |= run->launches[l]->overlap_count > 0;
        nights++;
    }
    enum status status = STATUS_OK;
    bool keep = nights > 1 && !(status = history_of(&trend.history, &trend.archive, catalog, rules));
    if (keep && !is_long(&trend.history)) {
        history_free(&trend.history);
        keep = false;
    }
    if (!keep) {
        free(trend.archive.launches);
        return status;
    }
    snprintf(name, sizeof name, "trend-%zu", trends->count + 1);
    trend.drawing = arena_string(&trends->arena, name);
    trend.older = mark_older(trends, aggregate, first, &trend.history);
    trend.label = label_of(trends, &aggregate->runs[first], &trend.history);
    trends->list = reallocate(trends->list, trends->count + 1, sizeof *trends->list);
    trends->list[trends->count++] = trend;
    return STATUS_OK;
}

enum status report_trends_find(struct report *report, const char *acknowledged, const char *catalog)
{
    const struct aggregate *aggregate = &report->study->aggregate;
    struct report_trends *trends = allocate(1, sizeof *trends);
    enum status status = parse_real(USUAL_ALPHA, &trends->rules.alpha);
    if (!status) status = parse_share(USUAL_DELTA, &trends->rules.delta);
    report->trends = trends;
    trends->older = allocate(aggregate->count, sizeof *trends->older);
    if (!status && acknowledged) {
        status = acknowledgements_read(&trends->acknowledgements, acknowledged);
        trends->rules.acknowledgements = &trends->acknowledgements;
    }
    for (size_t r = 0; !status && r < aggregate->count; r++) {
        bool known = false;
        for (size_t other = 0; other < r; other++)
            known |= same_machine(&aggregate->runs[other], &aggregate->runs[r]);
        if (!known) status = add_machine(trends, report, r, &trends->rules, catalog);
    }
    return status;
}

void report_trends_free(struct report *report)
{
    struct report_trends *trends = report->trends;
    if (!trends) return;
    for (size_t i = 0; i < trends->count; i++) {
        history_free(&trends->list[i].history);
        free(trends->list[i].archive.launches);
    }
    free(trends->list);
    free(trends->older);
    acknowledgements_free(&trends->acknowledgements);
    arena_free(&trends->arena);
    free(trends);
    report->trends = NULL;
}

void report_drop_older(const struct report *report, struct study *study)
{
    struct aggregate *aggregate = &study->aggregate;
    size_t kept = 0;
    for (size_t r = 0; r < aggregate->count; r++)
        if (report->trends->older[r]) {
            free(aggregate->runs[r].cases);
        } else {
            aggregate->runs[kept] = aggregate->runs[r];
            study->sites[kept++] = study->sites[r];
        }
    aggregate->count = kept;
}

bool report_has_trends(const struct report *report)
{
    return report->trends->count > 0;
}

/* ---- the page ---- */

void report_trend_charts(struct drawings *drawings, const struct report *report)
{
    struct text title = {0};
    for (size_t i = 0; i < report->trends->count; i++) {
        const struct trend_of_machine *trend = &report->trends->list[i];
        text_clear(&title);
        text_add(&title, "Time per operation, night by night: %s", trend->label);
        history_chart(drawings, &trend->history, trend->drawing,
                      arena_string(&drawings->arena, text_get(&title)));
    }
    text_free(&title);
}

static void sentence(const struct trend_of_machine *trend, struct text *out)
{
    text_add(out, "%s: ", trend->label);
    history_sentence(&trend->history, false, out);
}

void report_trend_answer(struct page *page, const struct report *report)
{
    struct text text = {0};
    for (size_t i = 0; i < report->trends->count; i++) {
        text_clear(&text);
        sentence(&report->trends->list[i], &text);
        page_item(page, "trend", text_get(&text));
    }
    text_free(&text);
}

static enum status figure(struct page *page, const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->drawings->count; i++)
        if (same(report->drawings->list[i].name, name)) return page_figure(page, &report->drawings->list[i]);
    return STATUS_OK;
}

static size_t series_of(const struct history *history)
{
    return history->case_count + history->has_common;
}

/* Writes an item for each series that needs attention: what changed and, for a lasting change, how the
   environment differs since then. */
static void items(struct page *page, struct history *history)
{
    struct text text = {0};
    for (size_t c = 0; c < series_of(history); c++) {
        const struct case_history *one = &history->cases[c];
        bool dated = one->trend == TREND_REGRESSION || one->trend == TREND_IMPROVEMENT;
        if (!trend_is_listed(one)) continue;
        text_clear(&text);
        text_add(&text, "%s: ", one->row ? one->key : "all cases (common)");
        trend_text(history, one, &text);
        if (dated) text_add(&text, "; ");
        if (dated) trend_differences(history, one, &text);
        if (dated) text.data[--text.length] = 0; /* the last newline */
        for (char *newline = text.data; (newline = strchr(newline, '\n'));) *newline = ';';
        page_item(page, trend_names[one->trend], text_get(&text));
    }
    for (size_t i = 0; i < history->failure_count; i++) page_item(page, "FAIL", history->failures[i]);
    for (size_t i = 0; i < history->note_count; i++) page_item(page, NULL, history->notes[i]);
    text_free(&text);
}

static enum status machine(struct page *page, const struct report *report, struct trend_of_machine *trend)
{
    struct table table = {0};
    struct text text = {0}, shared = {0};
    sentence(trend, &text);
    if (trend->older)
        text_add(&text,
                 " The rest of this page has only its newest night; %zu earlier ones have the same cases.",
                 trend->older);
    if (trend->has_overlap) text_add(&text, " busbar history also follows the lines of overlap.");
    page_paragraph(page, "%s", text_get(&text));
    enum status status = figure(page, report, trend->drawing);
    history_fill_table(&trend->history, false, false, &table, &shared);
    if (table_rows(&table)) {
        for (char *newline = shared.data; newline && (newline = strchr(newline, '\n'));) *newline = '.';
        page_table(page, &table, shared.length ? text_get(&shared) : NULL);
    }
    items(page, &trend->history);
    table_free(&table);
    text_free(&text);
    text_free(&shared);
    return status;
}

enum status report_trend(struct page *page, const struct report *report)
{
    enum status status = STATUS_OK;
    if (!report->trends->count) return STATUS_OK;
    page_heading(page, 2, "trend", "The trend over nights");
    page_paragraph(
        page,
        "These are the results of busbar history: a regression is a time that rose by more than %g %% for at "
        "least three nights. The chance of any false change in 30 nights, over all series of a machine, is "
        "%g %%.",
        100 * report->trends->rules.delta, 100 * report->trends->rules.alpha);
    for (size_t i = 0; !status && i < report->trends->count; i++)
        status = machine(page, report, &report->trends->list[i]);
    return status;
}

/* Adds a row for each series that needs attention: the ratio of its time now to its reference. */
void report_trend_rows(struct table *table, const struct report *report)
{
    struct text name = {0}, note = {0};
    for (size_t i = 0; i < report->trends->count; i++) {
        const struct trend_of_machine *trend = &report->trends->list[i];
        const struct history *history = &trend->history;
        for (size_t c = 0; c < series_of(history); c++) {
            const struct case_history *one = &history->cases[c];
            if (!trend_is_listed(one)) continue;
            text_clear(&name), text_clear(&note);
            text_add(&name, "trend of %s", one->key);
            trend_text(history, one, &note);
            report_row_add(
                table, report,
                &(struct report_row){
                    .run = history->nights[history->night_count - 1].run->run,
                    .cloud = trend->label,
                    .figure = text_get(&name),
                    .value = {trend_is_open(one) ? one->newest_ratio : one->ratio, NAN, NAN, INTERVAL_NONE},
                    .unit = "time now / reference",
                    .statistic = one->row ? statistic_name(one->statistic) : NULL,
                    .provenance = history->nights[0].run->provenance,
                    .note = text_get(&note),
                });
        }
    }
    text_free(&name);
    text_free(&note);
}
