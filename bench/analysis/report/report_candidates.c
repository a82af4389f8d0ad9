/* Every instance that a buyer may choose, measured or not: price, links, bounds, and what was measured or
   published (report_published.c). */
#include "analysis/report/report_clouds.h"
#include "analysis/report/report_figures.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CELL_WORD = 60 };

/* ---- which instances ---- */

/* Whether `is` is true for any word of a comma-separated list. */
static bool any_word(const char *list, bool (*is)(const char *word, const void *context), const void *context)
{
    struct text word = {0};
    bool found = false;
    for (const char *at = list; !found; at++) {
        size_t length = strcspn(at, ",");
        text_clear(&word);
        text_add_bytes(&word, at, length);
        found = is(text_get(&word), context);
        at += length;
        if (!*at) break;
    }
    text_free(&word);
    return found;
}

static bool names_gpu(const char *word, const void *gpu)
{
    return strcasecmp(word, gpu) == 0;
}

static bool is_candidate(const struct report *report, const struct instance *instance)
{
    if (!report->candidates) return instance->gpus_per_domain > instance->gpus_per_vm;
    return any_word(report->candidates, names_gpu, instance->gpu);
}

static bool unknown_gpu(const char *word, const void *context)
{
    const struct catalog *catalog = context;
    for (size_t i = 0; i < catalog->instance_count; i++)
        if (names_gpu(word, catalog->instances[i].gpu)) return false;
    return strcasecmp(word, "none") != 0;
}

enum status report_candidates_known(const struct report *report)
{
    const struct catalog *catalog = &report->study->catalog;
    struct text known = {0};
    if (!report->candidates || !any_word(report->candidates, unknown_gpu, catalog)) return STATUS_OK;
    for (size_t i = 0; i < catalog->instance_count; i++)
        if (!list_has(text_get(&known), ", ", catalog->instances[i].gpu))
            text_add(&known, "%s%s", known.length ? ", " : "", catalog->instances[i].gpu);
    enum status status = fail(STATUS_USAGE,
                              "--candidates '%s': expected 'none' or GPU classes of %s, separated "
                              "by commas: %s",
                              report->candidates, catalog->clouds_path, text_get(&known));
    text_free(&known);
    return status;
}

bool report_is_of_candidate(const struct report *report, const struct published_figure *figure)
{
    const struct instance *instance = catalog_instance(&report->study->catalog, figure->instance);
    return figure->collective && instance && is_candidate(report, instance);
}

/* ---- cells ---- */

static void price_cell(struct table *table, const struct report *report, const struct instance *instance)
{
    if (report_priced(instance))
        report_price_cell(table, report, instance);
    else
        table_cell(table, "%s", "no price");
}

static void gpu_cell(struct table *table, const struct instance *instance)
{
    struct text text = {0};
    char rate[32];
    text_add(&text, "%s\n%lld in a domain\n%lld in a host\nNVLink ", instance->gpu,
             (long long)instance->gpus_per_domain, (long long)instance->gpus_per_vm);
    text_add(&text, "%s\nNIC ",
             isfinite(instance->nvlink_gbps) ? number_text(instance->nvlink_gbps, rate) : "not known");
    text_add(&text, "%s", isfinite(instance->nic_gbps) ? number_text(instance->nic_gbps, rate) : "not known");
    if (*instance->fabric) text_add(&text, "\n%s", instance->fabric);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

/* The bus bandwidth that an all-reduce over whole domains cannot exceed; NAN: a rate is not known. */
static double all_reduce_bound(const struct report *report, const struct instance *instance, int64_t domains)
{
    struct machine machine;
    struct bound bound;
    int64_t gpus = domains * instance->gpus_per_domain;
    const struct gpu_facts *gpu = catalog_gpu(&report->study->catalog, instance->gpu);
    if (!machine_of(instance, gpu, gpus, gpus / instance->gpus_per_vm, domains, &machine) ||
        !bound_of(collective_find("all_reduce"), 1e9, &machine, BOUND_MACHINE, &bound))
        return NAN;
    return bound.busbw_gbps;
}

static const int64_t bound_domains[] = {1, 2, 8};
enum { BOUNDS = sizeof bound_domains / sizeof *bound_domains };

static void bounds_cell(struct table *table, const struct report *report, const struct instance *instance)
{
    struct text text = {0};
    char value[32];
    for (size_t i = 0; i < BOUNDS; i++) {
        double bound = all_reduce_bound(report, instance, bound_domains[i]);
        if (isfinite(bound)) text_add(&text, "%s%s", text.length ? "\n" : "", number_text(bound, value));
    }
    table_cell(table, "%s", text.length ? text_get(&text) : "not known: no NIC rate");
    text_free(&text);
}

static void gpus_and_size(struct text *text, int64_t gpus, int64_t bytes)
{
    char size[UNIT_TEXT];
    text_add(text, "\n%lld GPUs", (long long)gpus);
    if (bytes > 0) text_add(text, "\n%s", format_size((size_t)bytes, size));
}

/* The possible published all-reduce of an instance with the most GPUs, then the largest size; NULL: none. */
static const struct published_figure *most_published(const struct report *report,
                                                     const struct instance *instance, enum reach reach)
{
    const struct published_figure *most = NULL;
    for (size_t i = 0; i < report->published->count; i++) {
        const struct published_figure *figure = &report->published->list[i];
        if (figure->reach != reach || !same(figure->collective, "all_reduce") ||
            published_impossible(figure) ||
            catalog_instance(&report->study->catalog, figure->instance) != instance)
            continue;
        if (!most || figure->gpus > most->gpus || (figure->gpus == most->gpus && figure->bytes > most->bytes))
            most = figure;
    }
    return most;
}

/* The possible measured all-reduce of an instance with the most GPUs; NULL: none. */
static const struct cloud *most_measured(const struct report *report, const struct clouds *clouds,
                                         const struct instance *instance)
{
    const struct cloud *most = NULL;
    for (size_t i = 0; i < clouds->possible; i++) {
        const struct cloud *cloud = &clouds->list[i];
        if (cloud->best && !artificial_provenance(&cloud->best->launch->header) &&
            report->study->sites[cloud->track->run].instance == instance &&
            (!most || cloud->best->row->ranks > most->best->row->ranks))
            most = cloud;
    }
    return most;
}

static void measured_text(struct text *text, const struct report *report, const struct cloud *cloud)
{
    const struct case_summary *line = cloud->best;
    const struct run_summary *run = &report->study->aggregate.runs[cloud->track->run];
    report_figure(text, line->busbw_gbps, line->bound_percent, "bound", NULL);
    gpus_and_size(text, line->row->ranks, line->row->bytes);
    text_add(text, "\n%s\n%zu launch%s", run->provenance, line->launches, line->launches == 1 ? "" : "es");
}

static void published_text(struct text *text, const struct published_figure *figure)
{
    char value[32];
    text_add(text, "%s", number_text(figure->busbw_gbps, value));
    if (isfinite(figure->bound))
        text_add(text, "\n%.0f %% of bound", 100 * figure->busbw_gbps / figure->bound);
    gpus_and_size(text, figure->gpus, figure->bytes);
    text_add(text, "\npublished %s\nline %zu", *figure->date ? figure->date : "without a date", figure->line);
}

static void reach_cell(struct table *table, const struct report *report, const struct instance *instance,
                       enum reach reach)
{
    struct text text = {0};
    const struct published_figure *published = most_published(report, instance, reach);
    enum scope scope = report_scope_of(reach);
    struct clouds clouds = {0};
    const struct cloud *measured = NULL;
    if (scope != SCOPE_COUNT) {
        clouds = clouds_of(report, "all_reduce", scope);
        measured = most_measured(report, &clouds, instance);
    }
    if (measured && (!published || measured->best->row->ranks >= published->gpus))
        measured_text(&text, report, measured);
    else if (published)
        published_text(&text, published);
    table_cell(table, "%s", text.length ? text_get(&text) : "no measurement");
    clouds_free(&clouds);
    text_free(&text);
}

/* The highest possible rate of the GPU in a type, published or measured on any instance; 0: none. */
static double best_rate(const struct report *report, const struct gpu_facts *gpu, enum gpu_type type)
{
    double best = 0;
    for (size_t i = 0; i < report->published->count; i++) {
        const struct published_figure *figure = &report->published->list[i];
        if (!figure->collective && catalog_gpu(&report->study->catalog, figure->gpu) == gpu &&
            gpu_type_of(figure->dtype) == type && !published_impossible(figure))
            best = fmax(best, figure->tflops);
    }
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        for (size_t c = 0; c < run->case_count && report->study->sites[r].gpu == gpu; c++) {
            const struct case_summary *line = &run->cases[c];
            if (line->row->gemm && figure_present(line->tflops) && !is_impossible(line) &&
                !artificial_provenance(&line->launch->header) && gpu_type_of(line->row->dtype) == type)
                best = fmax(best, line->tflops.point);
        }
    }
    return best;
}

static void rates_cell(struct table *table, const struct report *report, const struct instance *instance)
{
    static const enum gpu_type types[] = {PEAK_BF16, PEAK_FP8, PEAK_NVFP4};
    const struct gpu_facts *gpu = catalog_gpu(&report->study->catalog, instance->gpu);
    struct text text = {0};
    for (size_t t = 0; gpu && t < sizeof types / sizeof *types; t++) {
        double best = best_rate(report, gpu, types[t]);
        if (best > 0) text_add(&text, "%s%s %.0f", text.length ? "\n" : "", gpu_type_names[types[t]], best);
        if (best > 0 && isfinite(gpu->peak_tflops[types[t]]))
            text_add(&text, " (%.0f %%)", 100 * best / gpu->peak_tflops[types[t]]);
    }
    table_cell(table, "%s", text.length ? text_get(&text) : "no measurement");
    text_free(&text);
}

static void candidate_row(struct table *table, const struct report *report, const struct instance *instance)
{
    table_cell(table, "%s %s\n%s", instance->provider, instance->name, instance->note);
    price_cell(table, report, instance);
    gpu_cell(table, instance);
    bounds_cell(table, report, instance);
    for (enum reach reach = REACH_HOST; reach <= REACH_NO_LINK; reach++)
        reach_cell(table, report, instance, reach);
    rates_cell(table, report, instance);
}

static int by_gpu_and_provider(const void *a, const void *b)
{
    const struct instance *const *x = a, *const *y = b;
    int order = strcmp((*x)->gpu, (*y)->gpu);
    if (!order) order = strcmp((*x)->provider, (*y)->provider);
    return order ? order : ((*x)->line > (*y)->line) - ((*x)->line < (*y)->line);
}

static const struct instance **candidates_of(const struct report *report, size_t *count)
{
    const struct catalog *catalog = &report->study->catalog;
    const struct instance **list = allocate(catalog->instance_count + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; i < catalog->instance_count; i++)
        if (is_candidate(report, &catalog->instances[i])) list[(*count)++] = &catalog->instances[i];
    qsort(list, *count, sizeof *list, by_gpu_and_provider);
    return list;
}

/* ---- the parts of the page ---- */

void report_candidates(struct page *page, const struct report *report)
{
    static const char *const names[] = {"<candidate",
                                        "US$ per GPU-hour",
                                        "<GPU",
                                        "bound, GB/s",
                                        "one host, GB/s",
                                        "one domain, GB/s",
                                        "across domains, GB/s",
                                        "NVLink off, GB/s",
                                        "matmul, TFLOP/s per GPU",
                                        NULL};
    struct table table = {0};
    size_t count;
    const struct instance **list = candidates_of(report, &count);
    table_columns(&table, names);
    for (size_t i = 0; i < count; i++) candidate_row(&table, report, list[i]);
    if (count) {
        page_heading(page, 3, "candidates", "Candidates");
        page_paragraph(
            page,
            "Every instance of clouds.tsv %s, by GPU and provider: this is no ranking. The figures "
            "are of different numbers of GPUs, statistics and sources.",
            report->candidates ? "with these GPUs" : "whose NVLink domain spans hosts");
        page_table(
            page, &table,
            "NVLink, NIC: GB/s per GPU and direction. Bound: the bus bandwidth that no all-reduce can "
            "exceed, at 1, 2 "
            "and 8 whole NVLink domains. Figures: all-reduce with the most GPUs that anybody measured or "
            "published (line of published.tsv). NVLink off: several hosts of one rack, over their NICs. "
            "Matmul: "
            "the best rate of the GPU by anybody, and its share of the dense peak.");
        report_published_items(page, report);
        report_published_impossible(page, report);
    }
    free(list);
    table_free(&table);
}

/* ---- rows for CSV and JSON ---- */

/* Adds what the catalog has on an instance, and the bounds and rates that follow from it. */
static void instance_rows(struct table *table, const struct report *report, const struct instance *instance)
{
    const struct gpu_facts *gpu = catalog_gpu(&report->study->catalog, instance->gpu);
    struct text figure = {0};
    struct instance other;
    if (instance_other_price(instance, &other)) {
        text_add(&figure, "other price, ");
        report_price_words(&figure, report, &other);
        report_instance_row_add(table, report, instance,
                                (struct report_row){.figure = text_get(&figure),
                                                    .unit = "US$ per GPU-hour",
                                                    .provenance = "catalog",
                                                    .note = other.price_source},
                                other.usd_per_gpu_hour);
    }
    report_instance_row_add(
        table, report, instance,
        (struct report_row){.figure = "NVLink rate", .unit = "GB/s", .provenance = "catalog"},
        instance->nvlink_gbps);
    report_instance_row_add(
        table, report, instance,
        (struct report_row){.figure = "NIC rate", .unit = "GB/s", .provenance = "catalog"},
        instance->nic_gbps);
    for (size_t b = 0; b < BOUNDS; b++)
        report_instance_row_add(table, report, instance,
                                (struct report_row){.extent = bound_domains[b] > 1 ? "across NVLink domains"
                                                                                   : "one NVLink domain",
                                                    .ranks = bound_domains[b] * instance->gpus_per_domain,
                                                    .figure = "all_reduce bound busbw",
                                                    .unit = "GB/s",
                                                    .provenance = "bound",
                                                    .domains = bound_domains[b]},
                                all_reduce_bound(report, instance, bound_domains[b]));
    for (enum gpu_type type = 0; gpu && type < PEAK_COUNT; type++) {
        double best = best_rate(report, gpu, type);
        text_clear(&figure);
        text_add(&figure, "matmul %s best rate of the GPU", gpu_type_names[type]);
        if (best > 0)
            report_instance_row_add(
                table, report, instance,
                (struct report_row){.extent = "one GPU",
                                    .figure = text_get(&figure),
                                    .unit = "TFLOP/s",
                                    .bound_percent = isfinite(gpu->peak_tflops[type])
                                                         ? 100 * best / gpu->peak_tflops[type]
                                                         : 0,
                                    .provenance = "published or measured"},
                best);
    }
    text_free(&figure);
}

void report_candidate_rows(struct table *table, const struct report *report)
{
    size_t count;
    const struct instance **list = candidates_of(report, &count);
    for (size_t i = 0; i < count; i++) instance_rows(table, report, list[i]);
    free(list);
}
