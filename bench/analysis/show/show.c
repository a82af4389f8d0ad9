/* busbar show: prints the tables of one or more runs; a line is one case over its launches. */
#include "analysis/common/json.h"
#include "analysis/common/subcommand.h"
#include "analysis/common/terminal.h"
#include "analysis/compare/aggregate.h"
#include "analysis/compare/study.h"
#include "analysis/show/listing.h"
#include "analysis/compare/steps.h"
#include "analysis/show/loads.h"
#include "analysis/show/overlaps.h"
#include "analysis/show/sentence.h"
#include "analysis/show/steps.h"
#include "record/flags.h"
#include "record/timing_cost.h"
#include "stats/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 200 }; /* the most characters of a label or an error */

struct settings {
    enum format format;
    int by_allocation, wide;
};

#define AT(member) offsetof(struct settings, member)

static const struct option options[] = {
    FLAG_FORMAT("text|csv|json|markdown", .at = AT(format), .initial = "text", .group = "Output",
                .help =
                    "text: for a terminal; csv and json: all columns; markdown: the most important columns"),
    FLAG_WIDE(.at = AT(wide), .help = ALL_COLUMNS),
    {.kind = OPTION_FLAG,
     .name = "by-allocation",
     .at = AT(by_allocation),
     .help = "print the allocations (sets of hosts) of a run separately"},
    FLAG_LETTER_GONE('f', "format"),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar show",
    .summary = "print the figures of results as tables",
    .synopsis = "[flags] RESULTS...",
    .description =
        "RESULTS are files (*.jsonl) or folders of them. A line is one case of a run: the median of its "
        "launches' medians. With six launches or more, the interval is the exact 95 % interval of that "
        "median (order statistics); with fewer, the minimum and maximum of the launches; with one, there is "
        "none. Rates are bytes / time. Imported figures keep the statistic of their source, which the column "
        "'statistic' names.\n",
    .examples = "busbar show results/first\n    tables of a run\nbusbar show --format csv results >all.csv\n "
                "   every run, for a spreadsheet\n",
    .options = options,
};

/* ---- JSON: figures are numbers; absent ones are left out ---- */

static json_t *case_object(const struct run_summary *run, const struct case_summary *line)
{
    const struct case_row *row = line->row;
    json_t *object = json_object();
    object_put_text(object, "key", line->key);
    object_put_text(object, "collective", row->collective);
    object_put_text(object, "gemm", row->gemm);
    object_put_text(object, "workload", row->workload);
    if (row->progress)
        object_put_text(object, "progress", name_of(&overlap_progress_names, (int)row->progress));
    object_put_integer(object, "requested_bytes", row->requested_bytes);
    object_put_integer(object, "bytes", row->bytes);
    object_put_integer(object, "count", row->count);
    object_put_text(object, "dtype", row->dtype);
    object_put_text(object, "op", row->op);
    object_put_text(object, "placement", placement_name(row->placement));
    object_put_text(object, "mode", mode_name(row->mode));
    object_put_text(object, "phase", phase_name(row->phase));
    object_put_integer(object, "m", row->m);
    object_put_integer(object, "n", row->n);
    object_put_integer(object, "k", row->k);
    object_put_integer(object, "nodes", row->nodes);
    object_put_integer(object, "ranks", row->ranks);
    object_put_text(object, "group", row->group);
    object_put_text(object, "sync", sync_name(row->sync));
    object_put_text(object, "cache", cache_name(row->cache));
    object_put_text(object, "memory", memory_name(row->memory));
    object_put_integer(object, "domains", line->conditions.domains);
    object_put_text(object, "filling", line->conditions.filling);
    object_put_text(object, "blas", line->conditions.blas);
    object_put_text(object, "transport", line->conditions.transport);
    object_put_text(object, "table", line->conditions.table);
    object_put_text(object, "statistic", statistic_name(line->statistic));
    object_put_text(object, "rank_reduction", line->rank_reduction);
    object_put(object, "launches", json_integer((json_int_t)line->launches));
    object_put(object, "attempts", json_integer((json_int_t)line->attempts));
    object_put(object, "without_figure", json_integer((json_int_t)line->turnout.without));
    object_put(object, "allocations", json_integer((json_int_t)line->allocations));
    put_figure(object, "time_us", line->time_us);
    put_figure(object, "rank_median_us", line->rank_median_us);
    loads_json(run, line, object);
    put_figure(object, "algbw_gbps", line->algbw_gbps);
    put_figure(object, "busbw_gbps", line->busbw_gbps);
    put_figure(object, "tflops", line->tflops);
    put_figure(object, "bound_percent", line->bound_percent);
    steps_json(line, object);
    object_put_real(object, "bound_us", line->bound_us);
    object_put_text(object, "bound", line->bound);
    object_put_real(object, "peak_tflops", line->peak_tflops);
    object_put(object, "wrong", line->wrong == ABSENT ? json_null() : json_integer(line->wrong));
    object_put_text(object, "status", case_status_name(line->status));
    object_put_text(object, "error", line->error);
    return object;
}

static void print_runs(const struct aggregate *aggregate, struct text *out)
{
    json_t *runs = json_array();
    for (size_t r = 0; r < aggregate->count; r++) {
        const struct run_summary *run = &aggregate->runs[r];
        json_t *object = json_object(), *cases = json_array();
        object_put_text(object, "run", run->run);
        object_put_text(object, "label", run->label);
        object_put_text(object, "allocation", run->allocation);
        object_put_text(object, "provenance", run->provenance);
        object_put(object, "launches", json_integer((json_int_t)run->launch_count));
        object_put(object, "launches_died", json_integer((json_int_t)run->died));
        object_put(object, "launches_unfinished", json_integer((json_int_t)run->unfinished));
        object_put(object, "launches_planned", json_integer((json_int_t)run->shortfall.planned));
        object_put(object, "launches_missing", json_integer((json_int_t)run->shortfall.missing));
        for (size_t c = 0; c < run->case_count; c++) array_add(cases, case_object(run, &run->cases[c]));
        object_put(object, "cases", cases);
        overlaps_json(run, object);
        array_add(runs, object);
    }
    print_json(out, runs, 7);
}

/* ---- text and markdown ---- */

/* Prints the planned launches that have no record. */
static void print_shortfall(const struct run_summary *run, bool markdown, struct text *out)
{
    const struct shortfall *shortfall = &run->shortfall;
    if (shortfall->missing) {
        text_add(out, "%zu of %zu planned launches are missing: ", shortfall->missing, shortfall->planned);
        line_text(out, shortfall->names, LONGEST * 3, markdown);
        text_add(out, "\n");
    }
    if (shortfall->unknown) {
        line_text(out, shortfall->unknown, LONGEST, markdown);
        text_add(out, " cannot be read: it is not known whether launches are missing\n");
    }
}

static void print_head(const struct run_summary *run, bool markdown, struct text *out)
{
    struct text sentence = {0};
    bool has[INTERVAL_EXACT + 1] = {false}, several = false;
    for (size_t i = 0; i < run->case_count; i++)
        if (run->cases[i].launches) has[run->cases[i].time_us.kind] = true;
    run_sentence(run, &sentence);
    text_add(out, markdown ? "## " : "");
    if (markdown || !same(run->label, run->run)) {
        line_text(out, run->label, LONGEST, markdown);
        text_add(out, markdown ? "\n\n" : sentence.length ? ": " : "\n");
    }
    if (sentence.length) {
        line_text(out, text_get(&sentence), 3 * LONGEST, markdown);
        text_add(out, markdown ? "\n\n" : "\n");
    }
    text_free(&sentence);
    text_add(out, "run ");
    line_text(out, run->run, LONGEST, markdown);
    text_add(out, ": %s; %zu launch%s", run->provenance, run->launch_count,
             run->launch_count == 1 ? "" : "es");
    if (run->allocations)
        text_add(out, " on %zu allocation%s", run->allocations, run->allocations == 1 ? "" : "s");
    for (int kind = INTERVAL_EXACT; kind >= INTERVAL_NONE; kind--) {
        if (!has[kind]) continue;
        text_add(out, "%s%s", several ? "; where a case has fewer: " : "; interval: ",
                 interval_name((enum interval_kind)kind));
        several = true;
    }
    text_add(out, "\n");
    if (run->died)
        text_add(out, "%zu launch%s died before the end record\n", run->died, run->died == 1 ? "" : "es");
    if (run->unfinished)
        text_add(out, "%zu launch%s did not complete\n", run->unfinished, run->unfinished == 1 ? "" : "es");
    print_shortfall(run, markdown, out);
}

/* The median over the launches of a line of what timing takes; NAN: theirs is not of this kind. */
static double timing_cost_us(const struct case_summary *line, enum timing_kind kind)
{
    double *us = allocate(line->launches, sizeof *us), middle = NAN;
    size_t count = 0;
    for (size_t i = 0; i < line->launches; i++) {
        struct timing_cost cost = timing_cost_of(line->points[i].launch->header.facts);
        if (cost.kind == kind) us[count++] = cost.us;
    }
    if (count) middle = median(us, count);
    free(us);
    return middle;
}

/* Adds what timing itself takes, if that is a notable share of the shortest isolated time. */
static void print_timing_cost(const struct run_summary *run, bool markdown, struct text *out)
{
    struct text lines = {0};
    for (enum timing_kind kind = TIMING_CLOCK; kind < TIMING_KINDS; kind++) {
        double least_us = INFINITY, of_least_us = 0;
        for (size_t i = 0; i < run->case_count; i++) {
            const struct case_summary *line = &run->cases[i];
            if (!line->launches || line->row->mode != MODE_ISOLATED || !(line->time_us.point < least_us))
                continue;
            double cost_us = timing_cost_us(line, kind);
            if (isfinite(cost_us)) least_us = line->time_us.point, of_least_us = cost_us;
        }
        timing_cost_line((struct timing_cost){kind, of_least_us}, least_us, &lines);
    }
    if (lines.length) text_add(out, "%s%s", markdown ? "\n" : "", text_get(&lines));
    text_free(&lines);
}

/* Moves the lines to the output. */
static void add_lines(struct text *lines, bool wide, struct text *out)
{
    terminal_lines(text_get(lines), wide, out);
    text_clear(lines);
}

static void print_run(const struct run_summary *run, bool markdown, bool wide, struct text *out)
{
    struct text words = {0}, lines = {0};
    print_head(run, markdown, &lines);
    for (size_t first = 0, last; first < run->case_count; first = last) {
        struct table table = {0};
        for (last = first + 1;
             last < run->case_count && listing_same_table(&run->cases[first], &run->cases[last]);)
            last++;
        text_clear(&words);
        listing_title(&run->cases[first], last - first, &words);
        text_add(&lines, markdown ? "\n### " : "\n");
        line_text(&lines, text_get(&words), LONGEST, markdown);
        text_add(&lines, "\n\n");
        add_lines(&lines, markdown || wide, out);
        listing_fill(&run->cases[first], last - first, (size_t)-1, &table);
        if (table_rows(&table)) readable_table(&table, markdown, wide, out);
        table_free(&table);
        text_clear(&words);
        listing_without_figure(run, first, last, &words);
        for (char *line = words.data, *end; line && *line; line = end) {
            end = line + strcspn(line, "\n");
            if (*end) *end++ = 0;
            text_add(&lines, markdown ? "- " : "  ");
            line_text(&lines, line, LONGEST, markdown);
            text_add(&lines, "\n");
        }
    }
    print_timing_cost(run, markdown, &lines);
    add_lines(&lines, markdown || wide, out);
    loads_print(run, markdown, wide, out);
    steps_print(run, markdown, wide, out);
    overlaps_print(run, markdown, wide, out);
    text_add(out, "\n");
    text_free(&words);
    text_free(&lines);
}

static void print_csv(const struct aggregate *aggregate, struct text *out)
{
    static const char *const names[] = {
        "run",      "label",     "provenance", "collective", "requested_bytes",
        "bytes",    "count",     "m",          "n",          "k",
        "dtype",    "op",        "placement",  "mode",       "phase",
        "nodes",    "ranks",     "group",      "statistic",  "rank_reduction",
        "launches", "interval",  "time_us",    "time_lo_us", "time_hi_us",
        "rate",     "rate_lo",   "rate_hi",    "rate_unit",  "bound_percent",
        "wrong",    "status",    "cache",      "sync",       "memory",
        "domains",  "conditions"};
    static const char *const of_ranks[] = {"rank_median_us", "rank_median_lo_us", "rank_median_hi_us"};
    struct table table = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) table_column(&table, names[i], true);
    for (size_t i = 0; i < sizeof of_ranks / sizeof *of_ranks; i++) table_column(&table, of_ranks[i], true);
    table_column(&table, "key", true);
    const bool loads = loads_csv_columns(aggregate, &table) > 0;
    const bool steps = steps_csv_columns(aggregate, &table) > 0;
    const size_t more = overlaps_csv_columns(aggregate, &table);
    for (size_t r = 0; r < aggregate->count; r++)
        for (size_t c = 0; c < aggregate->runs[r].case_count; c++) {
            const struct run_summary *run = &aggregate->runs[r];
            const struct case_summary *line = &run->cases[c];
            const struct case_row *row = line->row;
            const int64_t sizes[] = {row->requested_bytes, row->bytes, row->count, row->m, row->n, row->k};
            const char *const words[] = {row->dtype, row->op, placement_name(row->placement),
                                         mode_name(row->mode), phase_name(row->phase)};
            const bool bus = figure_present(line->busbw_gbps);
            const struct figure rate = row->gemm ? line->tflops : bus ? line->busbw_gbps : line->algbw_gbps;
            const char *unit = row->gemm ? "TFLOP/s" : bus ? "busbw GB/s" : "algbw GB/s";
            table_cell(&table, "%s", run->run);
            table_cell(&table, "%s", run->label);
            table_cell(&table, "%s", run->provenance);
            table_cell(&table, "%s", row->gemm ? row->gemm : row->collective);
            for (int i = 0; i < 6; i++) table_integer(&table, sizes[i]);
            for (int i = 0; i < 5; i++) table_cell(&table, "%s", words[i] ? words[i] : "");
            table_integer(&table, row->nodes);
            table_integer(&table, row->ranks);
            table_cell(&table, "%s", row->group ? row->group : "");
            table_cell(&table, "%s", line->statistic ? statistic_name(line->statistic) : "");
            table_cell(&table, "%s", line->rank_reduction ? line->rank_reduction : "");
            table_cell(&table, "%zu", line->launches);
            table_cell(&table, "%s", line->launches ? interval_name(line->time_us.kind) : "");
            figure_exact_cells(&table, line->time_us);
            figure_exact_cells(&table, rate);
            table_cell(&table, "%s", figure_present(rate) ? unit : "");
            if (figure_present(line->bound_percent))
                table_cell(&table, "%.4g", line->bound_percent.point);
            else
                table_cell(&table, "%s", "");
            table_integer(&table, line->wrong);
            table_cell(&table, "%s", case_status_name(line->status));
            table_cell(&table, "%s", row->cache ? cache_name(row->cache) : "");
            table_cell(&table, "%s", row->sync ? sync_name(row->sync) : "");
            table_cell(&table, "%s", row->memory ? memory_name(row->memory) : "");
            table_integer(&table, line->conditions.domains);
            struct text conditions = {0};
            conditions_words(&line->conditions, &conditions);
            table_cell(&table, "%s", conditions.length > 2 ? text_get(&conditions) + 2 : "");
            text_free(&conditions);
            figure_exact_cells(&table, line->rank_median_us);
            table_cell(&table, "%s", line->key);
            if (loads) loads_csv_cells(run, line, &table);
            if (steps) steps_csv_cells(line, &table);
            for (size_t i = 0; i < more; i++) table_cell(&table, "%s", "");
        }
    overlaps_csv_rows(aggregate, more, &table);
    table_print(&table, TABLE_CSV, out);
    table_free(&table);
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (status) return status;
    if (first == argc)
        return fail(STATUS_USAGE, "show: which results? Name files or folders (busbar show results/first)");
    struct study study;
    status = study_read(&study, argv + first, argc - first, NULL,
                        settings.by_allocation ? STUDY_BY_ALLOCATION : STUDY_PLAIN);
    if (!status) {
        struct text out = {0};
        bool markdown = settings.format == FORMAT_MARKDOWN;
        if (settings.format == FORMAT_JSON)
            print_runs(&study.aggregate, &out);
        else if (settings.format == FORMAT_CSV)
            print_csv(&study.aggregate, &out);
        else
            for (size_t r = 0; r < study.aggregate.count; r++)
                print_run(&study.aggregate.runs[r], markdown, settings.wide, &out);
        fputs(text_get(&out), stdout);
        text_free(&out);
        study_free(&study);
    }
    options_free(&command, &settings);
    return status;
}

const struct subcommand show_subcommand = {&command, run};
