/* 1. The answer first: headline figures of the clouds, each with interval, launches, statistic, bound and
 * provenance. */
#include "analysis/report/report.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_MESSAGE = 1024 }; /* bytes: up to here latency is what counts */

void report_figure(struct text *out, struct figure figure, struct figure percent, const char *percent_of,
                   const char *note)
{
    char point[32], lo[32], hi[32];
    if (!figure_present(figure)) return;
    text_add(out, "%s", number_text(figure.point, point));
    if (figure.kind != INTERVAL_NONE)
        text_add(out, "\n[%s–%s]", number_text(figure.lo, lo), number_text(figure.hi, hi));
    if (figure_present(percent)) text_add(out, "\n%.0f %% of %s", percent.point, percent_of);
    if (note) text_add(out, "\n%s", note);
}

/* Blanks that do not break keep these few words on lines of their own in a narrow column. */
#define BLANK "\u00a0"

/* Words of records in a cell: anybody's, of any length. */
enum { CELL_WORD = 40 };

void report_origin(struct text *out, const struct run_summary *run, const struct case_summary *line)
{
    text_add(out, "%s\n%zu" BLANK "launch%s\n", run->provenance, line->launches,
             line->launches == 1 ? "" : "es");
    plain_text(out, line->statistic ? line->statistic : "unknown statistic", CELL_WORD);
    if (!line->rank_reduction) return;
    text_add(out, "\n");
    plain_text(out, line->rank_reduction, CELL_WORD);
    text_add(out, BLANK "over" BLANK "ranks");
}

void report_run_cell(struct table *table, const struct run_summary *run)
{
    struct text text = {0};
    text_add(&text, "%s", run->label);
    if (!same(run->label, run->run)) {
        text_add(&text, "\n");
        plain_text(&text, run->run, 2 * CELL_WORD);
    }
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

/* A run's part in the table of one collective and extent. */
struct cloud {
    const struct track *track, *latency; /* latency: NULL where there is none */
    const struct case_summary *best, *smallest;
};

static const struct case_summary *best_line(const struct track *track)
{
    const struct case_summary *best = NULL;
    for (size_t i = 0; track && i < track->count; i++) {
        const struct case_summary *line = &track->cases[i];
        if (figure_present(line->busbw_gbps) && (!best || line->busbw_gbps.point > best->busbw_gbps.point))
            best = line;
    }
    return best;
}

static const struct case_summary *smallest_line(const struct track *track)
{
    for (size_t i = 0; track && i < track->count; i++)
        if (track->cases[i].launches && track->cases[i].row->bytes > 0)
            return track->cases[i].row->bytes <= SMALL_MESSAGE ? &track->cases[i] : NULL;
    return NULL;
}

static const struct track *track_of_run(const struct tracks *tracks, size_t run)
{
    for (size_t i = 0; i < tracks->count; i++)
        if (tracks->list[i].run == run) return &tracks->list[i];
    return NULL;
}

static void bus_cell(struct table *table, const struct case_summary *line, bool name_size)
{
    struct text text = {0}, note = {0};
    char size[UNIT_TEXT];
    if (line && name_size) text_add(&note, "at %s", format_size((size_t)line->row->bytes, size));
    if (line)
        report_figure(&text, line->busbw_gbps, line->bound_percent, "bound",
                      note.length ? text_get(&note) : NULL);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
    text_free(&note);
}

static void latency_cell(struct table *table, const struct cloud *cloud)
{
    struct text text = {0}, note = {0};
    char size[UNIT_TEXT];
    if (cloud->smallest) {
        text_add(&note, "%s", format_size((size_t)cloud->smallest->row->bytes, size));
        if (cloud->smallest->row->mode) text_add(&note, ", ");
        plain_text(&note, cloud->smallest->row->mode, CELL_WORD);
        report_figure(&text, cloud->smallest->time_us, figure_absent(), "", text_get(&note));
    }
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
    text_free(&note);
}

static void price_cells(struct table *table, const struct instance *instance, struct figure busbw)
{
    struct text text = {0};
    bool priced = instance && isfinite(instance->usd_per_gpu_hour);
    if (priced)
        table_cell(table, "%.2f\n%s\n%s\nclouds.tsv:%zu", instance->usd_per_gpu_hour,
                   *instance->price_kind ? instance->price_kind : "kind not given",
                   *instance->price_date ? instance->price_date : "no date", instance->line);
    else
        table_cell(table, "%s", "");
    if (priced)
        report_figure(&text, figure_scaled(busbw, 1 / instance->usd_per_gpu_hour), figure_absent(), "", NULL);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

static bool is_all_reduce(const struct cloud *cloud)
{
    return same(cloud->track->cases[0].row->collective, "all_reduce");
}

static void cloud_row(struct table *table, const struct report *report, const struct cloud *cloud)
{
    const struct study *study = report->study;
    const struct run_summary *run = &study->aggregate.runs[cloud->track->run];
    const struct site *site = &study->sites[cloud->track->run];
    const struct case_row *row = cloud->track->cases[0].row;
    struct text text = {0};
    report_run_cell(table, run);
    text_add(&text, "%lld" BLANK "×" BLANK, (long long)row->ranks);
    plain_text(&text, site->gpu ? site->gpu->name : site->gpu_name ? site->gpu_name : "rank", CELL_WORD);
    if (row->nodes != ABSENT)
        text_add(&text, "\n%lld" BLANK "node%s", (long long)row->nodes, row->nodes == 1 ? "" : "s");
    table_cell(table, "%s", text_get(&text));
    for (size_t i = 0; i < report->size_count; i++)
        bus_cell(table, track_at(cloud->track, (int64_t)report->sizes[i]), false);
    bus_cell(table, cloud->best, true);
    latency_cell(table, cloud);
    if (is_all_reduce(cloud))
        price_cells(table, site->instance, cloud->best ? cloud->best->busbw_gbps : figure_absent());
    text_clear(&text);
    report_origin(&text, run, cloud->best ? cloud->best : &cloud->track->cases[0]);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

/* Unlike statistics do not stand in one order: medians first, then what others report. */
static int by_statistic_and_speed(const void *a, const void *b)
{
    const struct cloud *x = a, *y = b;
    bool p = same(x->track->cases[0].statistic, "median"), q = same(y->track->cases[0].statistic, "median");
    double s = x->best ? x->best->busbw_gbps.point : -1, t = y->best ? y->best->busbw_gbps.point : -1;
    if (p != q) return p ? -1 : 1;
    if (s != t) return s > t ? -1 : 1;
    return (x->track->run > y->track->run) - (x->track->run < y->track->run);
}

static const char *const summary_collectives[] = {"all_reduce", "all_gather"};
enum { SUMMARY_COLLECTIVES = sizeof summary_collectives / sizeof *summary_collectives };

/* The runs that measured a collective in an extent, best first. They point into the tracks, whose lists the
   caller frees. */
struct clouds {
    struct cloud *list;
    size_t count;
    struct tracks bandwidth, latency;
};

static struct clouds clouds_of(const struct report *report, const char *collective, enum scope scope)
{
    struct clouds clouds = {.bandwidth = study_tracks_in(report->study, collective, FOR_BANDWIDTH, scope),
                            .latency = study_tracks_in(report->study, collective, FOR_LATENCY, scope)};
    clouds.list = allocate(clouds.bandwidth.count, sizeof *clouds.list);
    for (size_t i = 0; i < clouds.bandwidth.count; i++) {
        const struct track *track = &clouds.bandwidth.list[i],
                           *latency = track_of_run(&clouds.latency, track->run);
        clouds.list[clouds.count++] =
            (struct cloud){track, latency, best_line(track), smallest_line(latency)};
    }
    qsort(clouds.list, clouds.count, sizeof *clouds.list, by_statistic_and_speed);
    return clouds;
}

static void clouds_free(struct clouds *clouds)
{
    free(clouds->list);
    free(clouds->bandwidth.list);
    free(clouds->latency.list);
}

static void cloud_columns(struct table *table, const struct report *report, const struct cloud *cloud,
                          struct arena *arena)
{
    char size[UNIT_TEXT];
    struct text text = {0};
    table_column(table, "cloud", true);
    table_column(table, "GPUs", true);
    for (size_t i = 0; i < report->size_count; i++) {
        text_clear(&text);
        text_add(&text, "%s, GB/s", format_size(report->sizes[i], size));
        table_column(table, arena_string(arena, text_get(&text)), false);
    }
    text_free(&text);
    table_column(table, "best, GB/s", false);
    table_column(table, "small message, µs", false);
    if (is_all_reduce(cloud)) {
        table_column(table, "US$ per GPU-hour", false);
        table_column(table, "GB/s per US$/GPU-hour", false);
    }
    table_column(table, "from", true);
}

static void cloud_table(struct page *page, const struct report *report, const struct clouds *clouds)
{
    struct arena arena = {0};
    struct table table = {0};
    size_t medians = 0;
    bool counts_differ = false;
    for (size_t i = 0; i < clouds->count; i++) {
        medians += same(clouds->list[i].track->cases[0].statistic, "median");
        counts_differ |=
            clouds->list[i].track->cases[0].row->ranks != clouds->list[0].track->cases[0].row->ranks;
    }
    page_heading(page, 4, NULL, is_all_reduce(&clouds->list[0]) ? "all-reduce" : "all-gather");
    cloud_columns(&table, report, &clouds->list[0], &arena);
    for (size_t i = 0; i < clouds->count; i++) cloud_row(&table, report, &clouds->list[i]);
    table_drop_empty(&table);
    page_table(page, &table,
               medians && medians < clouds->count
                   ? "Ordered by the best within each statistic: medians first; means of other tools are "
                     "not comparable with them."
               : counts_differ     ? "Ordered by the best. GPU counts differ: compare like with like."
               : clouds->count > 1 ? "Ordered by the best."
                                   : NULL);
    table_free(&table);
    arena_free(&arena);
}

static void scope_tables(struct page *page, const struct report *report, enum scope scope)
{
    bool any = false;
    for (int c = 0; c < SUMMARY_COLLECTIVES; c++) {
        struct clouds clouds = clouds_of(report, summary_collectives[c], scope);
        if (clouds.count && !any) {
            struct text heading = {0};
            text_add(&heading, "Bus bandwidth and latency: %s", scope_names[scope]);
            page_heading(page, 3, NULL, text_get(&heading));
            text_free(&heading);
            any = true;
        }
        if (clouds.count) cloud_table(page, report, &clouds);
        clouds_free(&clouds);
    }
}

static void add_best(struct text *text, const struct report *report, const struct cloud *cloud)
{
    const struct run_summary *run = &report->study->aggregate.runs[cloud->track->run];
    const struct site *site = &report->study->sites[cloud->track->run];
    const struct case_summary *line = cloud->best;
    char value[32], size[UNIT_TEXT];
    text_add(text, "highest all-reduce bus bandwidth %s GB/s at %s: %s on %lld %s",
             number_text(line->busbw_gbps.point, value), format_size((size_t)line->row->bytes, size),
             run->label, (long long)line->row->ranks, site->gpu || site->gpu_name ? "GPUs" : "ranks");
    if (figure_present(line->bound_percent))
        text_add(text, ", %.0f %% of what the machine can do", line->bound_percent.point);
    text_add(text, " (%s of %zu launch%s, %s).", line->statistic ? line->statistic : "unknown statistic",
             line->launches, line->launches == 1 ? "" : "es", run->provenance);
}

/* Bus bandwidth for the money; NAN without a price. */
static double per_dollar(const struct report *report, const struct cloud *cloud)
{
    const struct instance *instance = report->study->sites[cloud->track->run].instance;
    return instance && cloud->best ? cloud->best->busbw_gbps.point / instance->usd_per_gpu_hour : NAN;
}

static void add_most_for_the_money(struct text *text, const struct report *report, const struct cloud *clouds,
                                   size_t count)
{
    const struct cloud *most = NULL;
    size_t priced = 0;
    char value[32];
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(per_dollar(report, &clouds[i]))) continue;
        priced++;
        if (!most || per_dollar(report, &clouds[i]) > per_dollar(report, most)) most = &clouds[i];
    }
    if (priced < 2) return;
    const struct run_summary *run = &report->study->aggregate.runs[most->track->run];
    const struct instance *instance = report->study->sites[most->track->run].instance;
    text_add(text, " Most for the money: %s GB/s per US$/GPU-hour, %s on %lld GPUs at US$ %.2f (%s, %s; %s).",
             number_text(per_dollar(report, most), value), run->label, (long long)most->best->row->ranks,
             instance->usd_per_gpu_hour, *instance->price_kind ? instance->price_kind : "kind not given",
             *instance->price_date ? instance->price_date : "no date", run->provenance);
}

/* The highest of each extent and statistic, in words; the tables follow. GPU counts differ: no ranking. */
static void highest_items(struct page *page, const struct report *report, enum scope scope)
{
    struct clouds clouds = clouds_of(report, "all_reduce", scope);
    for (size_t first = 0, last; first < clouds.count; first = last) {
        struct text text = {0};
        for (last = first + 1; last < clouds.count && same(clouds.list[first].track->cases[0].statistic,
                                                           clouds.list[last].track->cases[0].statistic);)
            last++;
        if (!clouds.list[first].best) continue;
        add_best(&text, report, &clouds.list[first]);
        add_most_for_the_money(&text, report, &clouds.list[first], last - first);
        page_item(page, scope_names[scope], text_get(&text));
        text_free(&text);
    }
    clouds_free(&clouds);
}

void report_summary(struct page *page, const struct report *report)
{
    for (int scope = 0; scope < SCOPE_COUNT; scope++) highest_items(page, report, (enum scope)scope);
    report_cheapest(page, report);
    for (int scope = 0; scope < SCOPE_COUNT; scope++) scope_tables(page, report, (enum scope)scope);
    page_paragraph(page, "In brackets: the interval over launches (exact 95 %% from six launches on, minimum "
                         "and maximum with two to five; one launch has "
                         "none). Percentages are of the physical bound of that machine. Bus bandwidth, bound "
                         "and the other terms are explained under "
                         "“How it was measured”.");
    report_matmul(page, report);
}

/* ---- the same as CSV ---- */

static void csv_row(struct table *table, const struct run_summary *run, const char *scope,
                    const struct case_summary *line, const char *what, struct figure figure, const char *unit)
{
    if (!figure_present(figure)) return;
    table_cell(table, "%s", run->run);
    table_cell(table, "%s", run->label);
    table_cell(table, "%s", scope);
    table_integer(table, line->row->ranks);
    table_cell(table, "%s", what);
    table_integer(table, line->row->gemm ? ABSENT : line->row->bytes);
    table_cell(table, "%.7g", figure.point);
    for (int i = 0; i < 2; i++)
        if (figure.kind == INTERVAL_NONE)
            table_cell(table, "%s", "");
        else
            table_cell(table, "%.7g", i ? figure.hi : figure.lo);
    table_cell(table, "%s", unit);
    table_cell(table, "%s", interval_name(figure.kind));
    table_cell(table, "%zu", line->launches);
    table_cell(table, "%s", line->statistic ? line->statistic : "");
    if (figure_present(line->bound_percent) && !same(unit, "us"))
        table_cell(table, "%.4g", line->bound_percent.point);
    else
        table_cell(table, "%s", "");
    table_cell(table, "%s", run->provenance);
}

static void csv_cloud(struct table *table, const struct report *report, const struct cloud *cloud,
                      enum scope scope)
{
    const struct run_summary *run = &report->study->aggregate.runs[cloud->track->run];
    const char *collective = cloud->track->cases[0].row->collective;
    struct text what = {0};
    text_add(&what, "%s busbw", collective);
    for (size_t s = 0; s < report->size_count; s++) {
        const struct case_summary *line = track_at(cloud->track, (int64_t)report->sizes[s]);
        if (line) csv_row(table, run, scope_names[scope], line, text_get(&what), line->busbw_gbps, "GB/s");
    }
    text_clear(&what);
    text_add(&what, "%s best busbw", collective);
    if (cloud->best)
        csv_row(table, run, scope_names[scope], cloud->best, text_get(&what), cloud->best->busbw_gbps,
                "GB/s");
    text_clear(&what);
    text_add(&what, "%s small-message time", collective);
    if (cloud->smallest)
        csv_row(table, run, scope_names[scope], cloud->smallest, text_get(&what), cloud->smallest->time_us,
                "us");
    text_free(&what);
}

void report_csv(const struct report *report, struct text *out)
{
    static const char *const names[] = {
        "run", "cloud", "extent",   "ranks",    "figure",    "bytes",         "value",     "lo",
        "hi",  "unit",  "interval", "launches", "statistic", "bound_percent", "provenance"};
    struct table table = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) table_column(&table, names[i], true);
    for (int scope = 0; scope < SCOPE_COUNT; scope++)
        for (int c = 0; c < SUMMARY_COLLECTIVES; c++) {
            struct clouds clouds = clouds_of(report, summary_collectives[c], (enum scope)scope);
            for (size_t i = 0; i < clouds.count; i++)
                csv_cloud(&table, report, &clouds.list[i], (enum scope)scope);
            clouds_free(&clouds);
        }
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        struct text what = {0};
        for (size_t c = 0; c < run->case_count; c++) {
            const struct case_summary *line = &run->cases[c];
            if (!line->row->gemm || !figure_present(line->tflops) || !report_best_shape(run, line)) continue;
            text_clear(&what);
            text_add(&what, "matmul %s %s", line->row->dtype ? line->row->dtype : "",
                     line->row->phase ? line->row->phase : "");
            csv_row(&table, run, same(line->row->memory, "host") ? "one CPU" : "one GPU", line,
                    text_get(&what), line->tflops, "TFLOP/s");
        }
        text_free(&what);
    }
    table_print(&table, TABLE_CSV, out);
    table_free(&table);
}
