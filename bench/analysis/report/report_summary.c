/* The headline figures of the clouds, each with interval, launches, statistic, bound and
   provenance. */
#include "analysis/report/report_clouds.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void report_figure(struct text *out, struct figure figure, struct figure percent, const char *percent_of,
                   const char *note)
{
    if (!figure_present(figure)) return;
    figure_words(out, figure, "\n");
    if (figure_present(percent)) text_add(out, "\n%.0f %% of %s", percent.point, percent_of);
    if (note) text_add(out, "\n%s", note);
}

/* No-break spaces keep each of these phrases on one line in a narrow column. */
#define BLANK "\u00a0"

/* The most characters that a cell shows of a word from a record, which is untrusted. */
enum { CELL_WORD = 40 };

void report_origin(struct text *out, const struct run_summary *run, const struct case_summary *line)
{
    text_add(out, "%s\n%zu" BLANK "launch%s", run->provenance, line->launches,
             line->launches == 1 ? "" : "es");
    if (line->turnout.without) text_add(out, BLANK "of" BLANK "%zu", line->turnout.launches);
    text_add(out, "\n");
    plain_text(out, line->statistic ? statistic_name(line->statistic) : "unknown statistic", CELL_WORD);
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

static void bus_cell(struct table *table, const struct case_summary *line)
{
    struct text text = {0};
    if (line) report_figure(&text, line->busbw_gbps, line->bound_percent, "bound", NULL);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

static void latency_cell(struct table *table, const struct cloud *cloud)
{
    struct text text = {0}, note = {0};
    char size[UNIT_TEXT];
    if (cloud->smallest) {
        text_add(&note, "%s", format_size((size_t)cloud->smallest->row->bytes, size));
        if (cloud->smallest->row->mode) text_add(&note, ", ");
        plain_text(&note, mode_name(cloud->smallest->row->mode), CELL_WORD);
        report_figure(&text, cloud->smallest->time_us, figure_absent(), "", text_get(&note));
    }
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
    text_free(&note);
}

static void price_cells(struct table *table, const struct report *report, const struct instance *instance,
                        struct figure busbw)
{
    struct text text = {0};
    report_price_cell(table, report, instance);
    if (report_priced(instance))
        report_figure(&text, figure_scaled(busbw, 1 / instance->usd_per_gpu_hour), figure_absent(), "", NULL);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

static bool is_all_reduce(const struct cloud *cloud)
{
    return same(cloud->track->cases[0].row->collective, "all_reduce");
}

/* The figure by which the clouds of a table are compared, and below it the best one if that is at another
   size. If the cloud is alone, only the best figure. */
static void compared_cell(struct table *table, const struct cloud *cloud)
{
    struct text text = {0}, note = {0};
    char size[UNIT_TEXT], best[32];
    const struct case_summary *line = cloud->compared ? cloud->compared : cloud->best;
    if (line) {
        text_add(&note, "at %s", format_size((size_t)line->row->bytes, size));
        if (cloud->best && cloud->best != line)
            text_add(&note, "\nbest %s at %s", number_text(cloud->best->busbw_gbps.point, best),
                     format_size((size_t)cloud->best->row->bytes, size));
        report_figure(&text, line->busbw_gbps, line->bound_percent, "bound", text_get(&note));
    }
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
    text_free(&note);
}

static void place_cell(struct table *table, const struct cloud *cloud)
{
    if (cloud->place)
        table_cell(table, "%zu", cloud->place);
    else
        table_cell(table, "%s", cloud->compared ? "–" : "");
}

static void cloud_row(struct table *table, const struct report *report, const struct tracks *tracks,
                      const struct cloud *cloud)
{
    const struct study *study = report->study;
    const struct run_summary *run = &study->aggregate.runs[cloud->track->run];
    const struct site *site = &study->sites[cloud->track->run];
    const struct case_row *row = cloud->track->cases[0].row;
    struct text text = {0};
    place_cell(table, cloud);
    report_run_cell(table, run);
    if (row->ranks == ABSENT)
        text_add(&text, "?" BLANK "×" BLANK);
    else
        text_add(&text, "%lld" BLANK "×" BLANK, (long long)row->ranks);
    plain_text(&text, site->gpu ? site->gpu->name : site->gpu_name ? site->gpu_name : "rank", CELL_WORD);
    if (row->nodes != ABSENT)
        text_add(&text, "\n%lld" BLANK "node%s", (long long)row->nodes, row->nodes == 1 ? "" : "s");
    track_world(tracks, cloud->track, &text);
    if (row->graph > 0) text_add(&text, "\ngraphs");
    if (row->registration > REGISTRATION_NONE) text_add(&text, "\nregistered buffers");
    table_cell(table, "%s", text_get(&text));
    for (size_t i = 0; i < report->size_count; i++)
        bus_cell(table, track_at(cloud->track, (int64_t)report->sizes[i]));
    compared_cell(table, cloud);
    latency_cell(table, cloud);
    if (is_all_reduce(cloud))
        price_cells(table, report, site->instance,
                    cloud->compared ? cloud->compared->busbw_gbps : figure_absent());
    text_clear(&text);
    if (cloud->compared)
        report_figure(&text, report_joule_per_gb(cloud->compared), figure_absent(), "", NULL);
    table_cell(table, "%s", text_get(&text));
    text_clear(&text);
    report_origin(&text, run, cloud->best ? cloud->best : &cloud->track->cases[0]);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

const char *const report_collectives[REPORT_COLLECTIVES] = {"all_reduce", "all_gather"};

static void cloud_columns(struct table *table, const struct report *report, const struct cloud *cloud,
                          struct arena *arena)
{
    char size[UNIT_TEXT];
    struct text text = {0};
    table_column(table, "place", false);
    table_column(table, "cloud", true);
    table_column(table, "GPUs", true);
    for (size_t i = 0; i < report->size_count; i++) {
        text_clear(&text);
        text_add(&text, "%s, GB/s", format_size(report->sizes[i], size));
        table_column(table, arena_string(arena, text_get(&text)), false);
    }
    text_free(&text);
    table_column(table, cloud->compared ? "compared, GB/s" : "best, GB/s", false);
    table_column(table, "small message, µs", false);
    if (is_all_reduce(cloud)) {
        table_column(table, "US$ per GPU-hour", false);
        table_column(table, "GB/s per US$/GPU-hour", false);
    }
    table_column(table, "J per GB", false);
    table_column(table, "from", true);
}

/* Writes a table of n clouds, from `first` on. */
static void cloud_table(struct page *page, const struct report *report, const struct clouds *clouds,
                        size_t first, size_t n, const char *caption)
{
    struct arena arena = {0};
    struct table table = {0};
    cloud_columns(&table, report, &clouds->list[first], &arena);
    for (size_t i = first; i < first + n; i++)
        cloud_row(&table, report, &clouds->bandwidth, &clouds->list[i]);
    table_drop_empty(&table);
    page_table(page, &table, caption);
    table_free(&table);
    arena_free(&arena);
}

static const char *printed_name(const struct cloud *cloud)
{
    return is_all_reduce(cloud) ? "all-reduce" : "all-gather";
}

static bool measured_by(const struct clouds *clouds, size_t run, const struct basis *basis)
{
    for (size_t i = 0; i < clouds->possible; i++)
        if (clouds->list[i].track->run == run && basis_order(&clouds->list[i].basis, basis) == 0) return true;
    return false;
}

/* Notes the numbers of GPUs at which all runs of the extent can be compared. */
static void count_sets(struct page *page, const struct clouds *clouds)
{
    struct text common = {0};
    size_t runs = 0, sets = 0;
    for (size_t i = 0; i < clouds->possible; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = clouds->list[j].track->run == clouds->list[i].track->run;
        runs += !seen;
    }
    for (size_t first = 0; first < clouds->possible; first += clouds_equal(clouds, first), sets++) {
        bool all = true;
        for (size_t i = 0; i < clouds->possible && all; i++)
            all = measured_by(clouds, clouds->list[i].track->run, &clouds->list[first].basis);
        if (!all) continue;
        text_add(&common, "%s", common.length ? "; " : "");
        basis_words(&clouds->list[first].basis, &common);
    }
    if (runs > 1 && sets > 1) {
        if (common.length)
            page_paragraph(page,
                           "The %zu runs have different numbers of GPUs, modes or statistics; all can be "
                           "compared at: %s.",
                           runs, text_get(&common));
        else
            page_paragraph(page,
                           "The %zu runs have no number of GPUs, mode, cache and statistic in common: they "
                           "cannot all be compared.",
                           runs);
    }
    text_free(&common);
}

static void scope_tables(struct page *page, const struct report *report, enum scope scope)
{
    bool any = false;
    struct text text = {0};
    for (int c = 0; c < REPORT_COLLECTIVES; c++) {
        struct clouds clouds = clouds_of(report, report_collectives[c], scope);
        if (clouds.possible && !any) {
            text_add(&text, "Bus bandwidth and latency: %s", scope_names[scope]);
            page_heading(page, 3, NULL, text_get(&text));
            any = true;
        }
        for (size_t first = 0, n; first < clouds.ranked; first += n) {
            n = clouds_equal(&clouds, first);
            text_clear(&text);
            text_add(&text, "%s: ", printed_name(&clouds.list[first]));
            basis_words(&clouds.list[first].basis, &text);
            page_heading(page, 4, NULL, text_get(&text));
            cloud_table(
                page, report, &clouds, first, n,
                clouds.list[first].compared
                    ? "Compared at the largest size that all have. –: no interval (too few launches, or "
                      "some without a figure), so no place."
                    : "No size was measured by all of them: not compared.");
        }
        if (clouds.ranked < clouds.possible) {
            size_t n = clouds.possible - clouds.ranked;
            text_clear(&text);
            text_add(&text, "%s: not ranked, since no other run stands on the same basis",
                     printed_name(&clouds.list[clouds.ranked]));
            page_heading(page, 4, NULL, text_get(&text));
            cloud_table(
                page, report, &clouds, clouds.ranked, n,
                n > 1 ? "Not comparable with each other: the number of GPUs, the mode, the cache or the "
                        "statistic differs."
                      : NULL);
        }
        count_sets(page, &clouds);
        clouds_free(&clouds);
    }
    text_free(&text);
}

void report_summary(struct page *page, const struct report *report)
{
    page_heading(page, 3, "compared", "The comparisons in words");
    report_headline(page, report);
    for (int scope = 0; scope < SCOPE_COUNT; scope++) scope_tables(page, report, (enum scope)scope);
    page_paragraph(
        page, "In brackets: the interval over launches (exact 95 %% from six launches on, minimum "
              "and maximum with two to five, or if some launches have no figure; one "
              "launch has none). Percentages are of the physical bound of that machine. Bus bandwidth, bound "
              "and the other terms are explained in the glossary.");
}
