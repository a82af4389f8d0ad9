/* busbar report: one page on which a buyer can decide and which an engineer can verify. */
#include "analysis/report/report.h"
#include "analysis/common/subcommand.h"
#include "analysis/plot/charts.h"
#include "analysis/show/listing.h"
#include "base/outfile.h"
#include "base/units.h"
#include "record/flags.h"
#include "record/redact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Limits for the page, in characters of a run's name and rows of a table; `busbar show --format csv` has all
   rows. */
enum { LONGEST_NAME = 80, MOST_ROWS = 400 };

struct settings {
    const char *output, *workload, *workloads, *sizes, *catalog, *plots, *candidates, *date, *acknowledged;
    struct option_list prices;
    enum format format;
    int redact, local;
};

#define AT(member) offsetof(struct settings, member)

static const struct option options[] = {
    FLAG_OUTPUT(.argument = "FILE", .at = AT(output), .group = "Output",
                .help = "output file. Default: standard output"),
    FLAG_FORMAT(
        "html|markdown|csv|json", .at = AT(format), .initial = "html",
        .help = "html: one self-contained page; markdown: with plots only if --plots is given; csv: every "
                "figure, price, step and warning, one per row; json: the same, and the page's text and "
                "tables"),
    FLAG_PLOTS(.at = AT(plots), .help = "also write every plot into DIR, as SVG, PNG and PDF, with its data"),
    {.kind = OPTION_FLAG,
     .name = "redact",
     .at = AT(redact),
     .help = "replace host names, serial numbers and UUIDs consistently by host-1, serial-1, uuid-1, …"},
    {.kind = OPTION_TEXT,
     .name = "workload",
     .argument = "NAME",
     .at = AT(workload),
     .initial = "llama-70b-dp",
     .group = "Content",
     .help = "rank the clouds for a training step of this job (a row of results/workloads.tsv)"},
    FLAG_SIZES(.at = AT(sizes), .initial = "16M,1G",
               .help = "sizes that the summary shows beside the best one; at most four"),
    {.kind = OPTION_TEXT,
     .name = "candidates",
     .argument = "LIST",
     .at = AT(candidates),
     .help = "list every instance of clouds.tsv that has these GPUs, measured or not, e.g. gb200,gb300; "
             "none: no list. "
             "Default: the instances whose NVLink domains span hosts (UltraServers and the like)"},
    {.kind = OPTION_FLAG,
     .name = "local",
     .at = AT(local),
     .help = "also show runs of a single host without GPUs and without a cloud. Default: only if there are "
             "no other runs"},
    {.kind = OPTION_TEXT,
     .name = "acknowledged",
     .argument = "FILE",
     .at = AT(acknowledged),
     .help = "file with known changes for the trend over nights (busbar history --help)"},
    {.kind = OPTION_LIST,
     .name = "price",
     .argument = "INSTANCE=USD[:KIND[:DATE]]",
     .at = AT(prices),
     .group = "Prices",
     .help = "price of a GPU-hour, instead of the one in clouds.tsv, e.g. p5.48xlarge=2.10:reserved; may be "
             "repeated"},
    {.kind = OPTION_TEXT,
     .name = "date",
     .argument = "YYYY-MM-DD",
     .at = AT(date),
     .help = "the day on which the page is written, for the age of prices. Default: today"},
    FLAG_CATALOG(.at = AT(catalog), .group = "Input"),
    {.kind = OPTION_TEXT,
     .name = "workloads",
     .argument = "FILE",
     .at = AT(workloads),
     .help = "table of workloads. Default: workloads.tsv in the catalog's folder"},
    FLAG_LETTER_GONE('o', "output"),
    FLAG_LETTER_GONE('f', "format"),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar report",
    .summary = "write the page that compares clouds: figures, plots, prices, warnings",
    .synopsis = "[flags] RUN...",
    .description =
        "RUN is a file of results (*.jsonl) or a folder of them, measured or imported. The page needs no "
        "network and no scripts. It prints on A4; the appendix begins on a new sheet. The same input and "
        "--date give the same bytes.\n",
    .examples = "busbar report results --output report.html\n    all runs below results/, with the "
                "references that busbar comes with\n"
                "busbar report results/a results/b --redact --plots out --output report.html\n    two runs "
                "for others to "
                "read; plots for slides\n",
    .options = options,
};

/* ---- small sections ---- */

static void about(struct page *page, const struct study *study)
{
    struct table table = {0};
    struct text name = {0};
    static const char *const names[] = {"<run",        "<cloud",        "<GPU",        "launches",
                                        "allocations", "<first launch", "<provenance", NULL};
    table_columns(&table, names);
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct run_summary *run = &study->aggregate.runs[r];
        const struct site *site = &study->sites[r];
        text_clear(&name);
        plain_text(&name, run->run, LONGEST_NAME);
        table_cell(&table, "%s", text_get(&name));
        table_cell(&table, "%s", run->label);
        text_clear(&name);
        plain_text(&name, site->gpu ? site->gpu->name : site->gpu_name, LONGEST_NAME);
        table_cell(&table, "%s", text_get(&name));
        table_cell(&table, "%zu", run->launch_count);
        table_integer(&table, run->allocations ? (int64_t)run->allocations : ABSENT);
        table_cell(&table, "%s", run->launches[0]->header.started ? run->launches[0]->header.started : "");
        table_cell(&table, "%s", run->provenance);
    }
    table_drop_empty(&table);
    page_heading(page, 3, NULL, "The runs");
    page_table(page, &table, NULL);
    text_free(&name);
    table_free(&table);
}

static void contents(struct page *page, const struct report *report)
{
    static const char *const links[][2] = {{"answer", "The answer"}, {"candidates", "Candidates"},
                                           {"compared", "Compared"}, {"edge", "Rack's edge"},
                                           {"workload", "Workload"}, {"trend", "Trend"},
                                           {"warnings", "Warnings"}, {"method", "Method"},
                                           {"plots", "Plots"},       {"environments", "Environments"},
                                           {"formulas", "Formulas"}, {"glossary", "Glossary"},
                                           {"data", "Data"}};
    if (!page->html) return;
    text_add(&page->out, "<nav>");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (!same(links[i][0], "trend") || report_has_trends(report))
            text_add(&page->out, "<a href=\"#%s\">%s</a>", links[i][0], links[i][1]);
    text_add(&page->out, "</nav>\n");
}

static enum status report_plots(struct page *page, const struct report *report)
{
    static const struct {
        const char *begins, *heading;
    } parts[] = {{"bandwidth-", "Bus bandwidth against size"},
                 {"latency-", "Time against size"},
                 {"scaling-", "Scaling with nodes"},
                 {"efficiency-", "Efficiency over nodes"},
                 {"edge-", "Loss at the edge of the NVLink domain"},
                 {"matmul", "Matrix multiplication"},
                 {"overlap-", "Collectives beside matmul"},
                 {"step-", "Measured steps beside computed ones"},
                 {"scan", "Pairs of hosts"},
                 {"series", "Launches over time"}};
    enum status status = STATUS_OK;
    if (!page->sections && (!page->plots || (!page->html && !page->plots_kept))) return STATUS_OK;
    page_heading(page, 3, "plots", "Plots");
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        bool opened = false;
        for (size_t i = 0; !status && i < report->drawings->count; i++) {
            const struct drawing *drawing = &report->drawings->list[i];
            if (strncmp(drawing->name, parts[p].begins, strlen(parts[p].begins)) != 0) continue;
            if (!opened) {
                page_heading(page, 4, NULL, parts[p].heading);
                text_add(&page->out, page->html ? "<div class=\"plots\">\n" : "");
            }
            opened = true;
            status = page_figure(page, drawing);
        }
        if (opened) text_add(&page->out, page->html ? "</div>\n" : "");
    }
    return status;
}

static void data_of(struct page *page, const struct run_summary *run)
{
    struct text text = {0};
    size_t rows = 0;
    text_add(&text, "%s (%s)", run->label, run->provenance);
    page_heading(page, 4, NULL, text_get(&text));
    for (size_t first = 0, last; first < run->case_count && rows < MOST_ROWS; first = last) {
        struct table table = {0};
        for (last = first + 1;
             last < run->case_count && listing_same_table(&run->cases[first], &run->cases[last]);)
            last++;
        listing_fill(&run->cases[first], last - first, MOST_ROWS - rows, &table);
        rows += table_rows(&table);
        text_clear(&text);
        listing_title(&run->cases[first], last - first, &text);
        if (table_rows(&table)) {
            table_drop_empty(&table);
            page_heading(page, 5, NULL, text_get(&text));
            page_table(page, &table, NULL);
        }
        table_free(&table);
        text_clear(&text);
        listing_without_figure(run, first, last, &text);
        for (char *line = text.data, *end; line && *line; line = end) {
            end = line + strcspn(line, "\n");
            if (*end) *end++ = 0;
            page_item(page, NULL, line);
        }
    }
    if (rows == MOST_ROWS)
        page_paragraph(page, "Only the first %d lines are shown; busbar show --format csv has all.",
                       MOST_ROWS);
    text_free(&text);
}

/* Lists the source files of imported figures. */
static void sources(struct page *page, const struct study *study)
{
    static const char *const keys[] = {"file", "origin", "format"};
    struct table table = {0};
    static const char *const names[] = {"cloud", "file", "origin", "format", "SHA-256 begins"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) table_column(&table, names[i], true);
    for (size_t r = 0; r < study->aggregate.count; r++)
        for (size_t i = 0; i < study->aggregate.runs[r].launch_count; i++) {
            const struct launch_header *header = &study->aggregate.runs[r].launches[i]->header;
            const char *sha = fact_text(header->source, "sha256"), *file = fact_text(header->source, "file");
            const char *before =
                i ? fact_text(study->aggregate.runs[r].launches[i - 1]->header.source, "sha256") : NULL;
            if (!header->source || (sha && same(sha, before)) || table_rows(&table) == MOST_ROWS)
                continue; /* another table of the same file */
            table_cell(&table, "%s", study->aggregate.runs[r].label);
            for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
                const char *value = k == 0 ? file : fact_text(header->source, keys[k]);
                table_cell(&table, "%s", value ? value : "");
            }
            table_cell(&table, "%.16s", sha ? sha : "");
        }
    if (table_rows(&table)) {
        table_drop_empty(&table);
        page_heading(page, 4, NULL, "Sources of imported figures");
        page_table(page, &table, NULL);
    }
    table_free(&table);
}

static void report_data(struct page *page, const struct report *report)
{
    page_heading(page, 3, "data", "The data");
    report_published(page, report);
    sources(page, report->study);
    for (size_t r = 0; r < report->study->aggregate.count; r++)
        data_of(page, &report->study->aggregate.runs[r]);
}

/* ---- plots, in a temporary folder or in one that the user named ---- */

static void remove_plots(const char *folder, const struct drawings *drawings)
{
    static const char *const suffixes[] = {".tsv", ".svg", NULL};
    struct text path = {0};
    for (size_t i = 0; i < drawings->count; i++)
        for (const char *const *suffix = suffixes; *suffix; suffix++) {
            text_clear(&path);
            text_add(&path, "%s/%s%s", folder, drawings->list[i].name, *suffix);
            (void)unlink(path.data); /* errors do not matter in a temporary folder */
        }
    for (const char *const *name = (const char *const[]){"plots.gp", "plots.log", NULL}; *name; name++) {
        text_clear(&path);
        text_add(&path, "%s/%s", folder, *name);
        (void)unlink(path.data);
    }
    (void)rmdir(folder);
    text_free(&path);
}

static enum status draw(const struct drawings *drawings, const char *plots, struct text *folder)
{
    const char *temporary = getenv("TMPDIR");
    if (plots)
        text_add(folder, "%s", plots);
    else
        text_add(folder, "%s/busbar-plots-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (plots) {
        enum status status = make_folder(plots);
        if (status) return status;
    } else if (!mkdtemp(folder->data)) {
        return fail(STATUS_ENVIRONMENT, "cannot make the folder %s: %s", folder->data, strerror(errno));
    }
    enum status status = drawings_write(drawings, folder->data, plots ? PLOT_SVG_PNG_PDF : PLOT_SVG);
    return status ? status : gnuplot_run(folder->data);
}

/* ---- the whole page ---- */

static enum status write_page(struct page *page, const struct report *report)
{
    page_open(page, "Clouds compared: collectives, matrix multiplication, prices");
    contents(page, report);
    page_heading(page, 2, "answer", "The answer first");
    enum status status = report_answer(page, report);
    report_candidates(page, report);
    report_summary(page, report);
    report_edge(page, report);
    report_matmul(page, report);
    report_workload(page, report);
    if (!status) status = report_trend(page, report);
    about(page, report->study);
    if (report->left_out)
        page_paragraph(page,
                       "Left out: %s, measured on one host without GPUs and named as no cloud (--local shows "
                       "such runs).",
                       report->left_out);
    report_differences(page, report);
    report_warnings(page, report);
    report_method(page, report);
    page_appendix(page);
    if (!status) status = report_plots(page, report);
    report_environments(page, report);
    report_formulas(page, report);
    report_data(page, report);
    page_close(page);
    return status;
}

static bool has_plots(const struct settings *settings)
{
    return settings->plots || settings->format == FORMAT_HTML;
}

static enum status run_report(const struct settings *settings, struct report *report,
                              struct drawings *drawings)
{
    struct page page = {.html = settings->format == FORMAT_HTML};
    struct text folder = {0};
    enum status status = STATUS_OK;
    bool as_data = settings->format == FORMAT_CSV || settings->format == FORMAT_JSON;
    if (as_data) page.sections = json_array();
    chart_all(drawings, report->study); /* for their captions, even if nothing is drawn */
    report_answer_chart(drawings, report);
    report_trend_charts(drawings, report);
    if (has_plots(settings) && drawings->count) {
        status = draw(drawings, settings->plots, &folder);
        page.plots = as_data ? NULL : text_get(&folder);
        page.plots_kept = settings->plots != NULL;
    }
    if (!status) status = write_page(&page, report);
    if (!status && settings->format == FORMAT_CSV) report_csv(report, page.sections, &page.out);
    if (!status && settings->format == FORMAT_JSON) report_json(report, page.sections, &page.out);
    if (folder.length && !settings->plots) remove_plots(folder.data, drawings);
    if (!status) status = outfile_put(settings->output, &page.out);
    json_decref(page.sections);
    text_free(&page.out);
    text_free(&folder);
    return status;
}

/* Usually the machine that builds the page: its figures come from host memory of one host, without a
   provider, instance or label. Nobody can rent it. */
static bool is_local(const struct run_summary *run)
{
    if (run->provider || run->instance || run->given_label || !same(run->provenance, "measured"))
        return false;
    for (size_t c = 0; c < run->case_count; c++)
        if (run->cases[c].row->memory != MEMORY_HOST || run->cases[c].launch->header.nodes != 1) return false;
    return run->case_count > 0;
}

/* Takes local runs out of the study, unless there are no others. Returns their names in the arena; NULL:
   none. */
static const char *leave_out_local(struct study *study)
{
    struct aggregate *aggregate = &study->aggregate;
    struct text names = {0};
    size_t kept = 0;
    for (size_t r = 0; r < aggregate->count; r++) kept += !is_local(&aggregate->runs[r]);
    if (!kept || kept == aggregate->count) return NULL;
    kept = 0;
    for (size_t r = 0; r < aggregate->count; r++)
        if (is_local(&aggregate->runs[r])) {
            text_add(&names, "%s%s", names.length ? ", " : "", aggregate->runs[r].run);
            free(aggregate->runs[r].cases);
        } else {
            aggregate->runs[kept] = aggregate->runs[r];
            study->sites[kept++] = study->sites[r];
        }
    aggregate->count = kept;
    const char *words = arena_string(&aggregate->arena, text_get(&names));
    text_free(&names);
    return words;
}

/* Reads the day as of which the ages of prices are computed. */
static enum status read_date(const char *text, struct report *report, struct arena *arena)
{
    char today[16];
    time_t now = time(NULL);
    struct tm tm;
    if (!text) {
        if (!gmtime_r(&now, &tm) || !strftime(today, sizeof today, "%Y-%m-%d", &tm))
            return fail(STATUS_ENVIRONMENT, "the clock shows no date; give --date YYYY-MM-DD");
        text = today;
    }
    if (parse_time(text, &report->now) || strlen(text) != strlen("2026-11-28"))
        return fail(STATUS_USAGE, "--date: '%s' is not a day such as 2026-11-28", text);
    report->today = arena_string(arena, text);
    return STATUS_OK;
}

/* Reads prices and candidates, from the catalog and from the command line. */
static enum status read_catalog(const struct settings *settings, struct study *study, struct report *report,
                                struct published *published)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < settings->prices.count; i++)
        status = catalog_set_price(&study->catalog, settings->prices.values[i], report->today);
    if (!status) status = published_read(published, &study->catalog);
    return status ? status : report_candidates_known(report);
}

static int by_size(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Makes the report, once the results have been read. */
static enum status report_on(const struct settings *settings, struct study *study, struct report *report)
{
    struct workloads workloads = {0};
    struct drawings drawings = {0};
    struct published published = {0};
    report->study = study;
    report->workloads = &workloads;
    report->drawings = &drawings;
    report->published = &published;
    if (!settings->local) report->left_out = leave_out_local(study);
    enum status status = read_catalog(settings, study, report, &published);
    if (!status) status = workloads_read(&workloads, &study->catalog, settings->workloads);
    if (!status) status = workload_choose(&workloads, settings->workload, &report->workload);
    if (!status) status = report_trends_find(report, settings->acknowledged, settings->catalog);
    if (!status) report_drop_older(report, study);
    if (!status) status = run_report(settings, report, &drawings);
    report_trends_free(report);
    drawings_free(&drawings);
    workloads_free(&workloads);
    published_free(&published);
    return status;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    struct study study;
    struct arena arena = {0};
    struct report report = {0};
    size_t *sizes = NULL;
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (!status && first == argc)
        status =
            fail(STATUS_USAGE, "report: which runs? Name files or folders (busbar report results --output "
                               "report.html)");
    if (!status) status = parse_sizes("sizes", settings.sizes, 1, &sizes, &report.size_count);
    if (!status && report.size_count > 4)
        status = fail(STATUS_USAGE, "--sizes: %zu sizes; expected at most four, such as 16M,1G",
                      report.size_count);
    if (!status) status = read_date(settings.date, &report, &arena);
    if (!status) {
        qsort(sizes, report.size_count, sizeof *sizes, by_size);
        report.sizes = sizes;
        report.candidates = settings.candidates;
        status = study_read(&study, argv + first, argc - first, settings.catalog,
                            settings.redact ? STUDY_REDACTED : STUDY_PLAIN);
        if (!status) {
            status = report_on(&settings, &study, &report);
            study_free(&study);
        }
    }
    free(sizes);
    arena_free(&arena);
    options_free(&command, &settings);
    return status;
}

const struct subcommand report_subcommand = {&command, run};
