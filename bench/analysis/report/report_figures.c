/* All figures of the report as one long table: CSV for spreadsheets and, with the text of the page, JSON. */
#include "analysis/report/report_figures.h"
#include "analysis/report/report_clouds.h"

#include <stdlib.h>
#include <string.h>

enum { JSON_SCHEMA = 1, JSON_DIGITS = 9 };

/* ---- rows ---- */

static void add_columns(struct table *table)
{
    static const char *const names[] = {"<run",
                                        "<cloud",
                                        "<extent",
                                        "ranks",
                                        "<figure",
                                        "bytes",
                                        "value",
                                        "lo",
                                        "hi",
                                        "<unit",
                                        "<interval",
                                        "launches",
                                        "<statistic",
                                        "bound_percent",
                                        "<provenance",
                                        "<mode",
                                        "<cache",
                                        "domains",
                                        "place",
                                        "<note",
                                        "usd_per_gpu_hour",
                                        "<price_kind",
                                        "<price_date",
                                        "price_age_days",
                                        "<price_doubt",
                                        NULL};
    table_columns(table, names);
}

static void text_cell(struct table *table, const char *text)
{
    table_cell(table, "%s", text ? text : "");
}

static void count_cell(struct table *table, int64_t count)
{
    table_integer(table, count > 0 ? count : ABSENT);
}

static void real_cell(struct table *table, double value, bool known)
{
    if (known)
        table_cell(table, "%.7g", value);
    else
        table_cell(table, "%s", "");
}

/* Names the interval of a value. One that is computed from several figures may have none although these
   do. */
static const char *interval_words(const struct report_row *row)
{
    if (row->value.kind == INTERVAL_NONE && row->launches > 1) return "no interval";
    return interval_name(row->value.kind);
}

void report_row_add(struct table *table, const struct report *report, const struct report_row *row)
{
    const struct figure value = row->value;
    bool present = row->unit && figure_present(value);
    bool interval = present && row->launches && value.kind != INTERVAL_NONE;
    if (row->unit && !present) return;
    text_cell(table, row->run);
    text_cell(table, row->cloud);
    text_cell(table, row->extent);
    count_cell(table, row->ranks);
    text_cell(table, row->figure);
    count_cell(table, row->bytes);
    real_cell(table, value.point, present);
    real_cell(table, value.lo, interval);
    real_cell(table, value.hi, interval);
    text_cell(table, row->unit);
    text_cell(table, present && row->launches ? interval_words(row) : NULL);
    count_cell(table, (int64_t)row->launches);
    text_cell(table, row->statistic);
    if (row->bound_percent > 0)
        table_cell(table, "%.4g", row->bound_percent);
    else
        text_cell(table, NULL);
    text_cell(table, row->provenance);
    text_cell(table, row->mode);
    text_cell(table, row->cache);
    count_cell(table, row->domains);
    count_cell(table, (int64_t)row->place);
    text_cell(table, row->note);
    report_price_cells(table, report, row->instance);
}

void report_instance_row_add(struct table *table, const struct report *report,
                             const struct instance *instance, struct report_row row, double value)
{
    struct text cloud = {0};
    text_add(&cloud, "%s %s", instance->provider, instance->name);
    row.cloud = text_get(&cloud);
    row.value = (struct figure){value, value, value, INTERVAL_NONE};
    row.instance = instance;
    report_row_add(table, report, &row);
    text_free(&cloud);
}

struct report_row report_row_of(const struct report *report, size_t r, enum scope scope,
                                const struct case_summary *line)
{
    const struct run_summary *run = &report->study->aggregate.runs[r];
    const struct case_row *row = line->row;
    return (struct report_row){
        .run = run->run,
        .cloud = run->label,
        .extent = !row->gemm                   ? scope_names[scope]
                  : row->memory == MEMORY_HOST ? "one CPU"
                                               : "one GPU",
        .ranks = row->ranks,
        .bytes = row->gemm ? 0 : row->bytes,
        .domains = line->conditions.domains,
        .launches = line->launches,
        .statistic = line->statistic ? statistic_name(line->statistic) : NULL,
        .bound_percent = figure_present(line->bound_percent) ? line->bound_percent.point : 0,
        .provenance = run->provenance,
        .mode = row->mode ? mode_name(row->mode) : NULL,
        .cache = row->cache ? cache_name(row->cache) : NULL,
        .note = is_impossible(line)      ? "above the bound: not ranked"
                : !line->turnout.without ? NULL
                                         : "some launches have no figure: not ranked",
        .instance = report->study->sites[r].instance,
    };
}

/* ---- collectives ---- */

static void cloud_figure(struct table *table, const struct report *report, const struct cloud *cloud,
                         const struct case_summary *line, const char *what, struct figure value,
                         const char *unit)
{
    struct report_row row = report_row_of(report, cloud->track->run, cloud->track->scope, line);
    struct text figure = {0};
    text_add(&figure, "%s %s", line->row->collective, what);
    row.figure = text_get(&figure);
    row.value = value;
    row.unit = unit;
    if (line == cloud->compared) row.place = cloud->place;
    if (cloud->impossible) row.note = "above the bound: not ranked";
    if (!same(unit, "GB/s")) row.bound_percent = 0;
    report_row_add(table, report, &row);
    text_free(&figure);
}

static void cloud_figures(struct table *table, const struct report *report, const struct cloud *cloud)
{
    const struct instance *instance = report->study->sites[cloud->track->run].instance;
    const struct case_summary *line = cloud->compared;
    for (size_t s = 0; s < report->size_count; s++) {
        const struct case_summary *at = track_at(cloud->track, (int64_t)report->sizes[s]);
        if (at) cloud_figure(table, report, cloud, at, "busbw", at->busbw_gbps, "GB/s");
    }
    if (line) cloud_figure(table, report, cloud, line, "compared busbw", line->busbw_gbps, "GB/s");
    if (line && report_priced(instance) && same(line->row->collective, "all_reduce"))
        cloud_figure(table, report, cloud, line, "compared busbw per price",
                     figure_scaled(line->busbw_gbps, 1 / instance->usd_per_gpu_hour),
                     "GB/s per US$/GPU-hour");
    if (line) cloud_figure(table, report, cloud, line, "compared energy", report_joule_per_gb(line), "J/GB");
    if (cloud->best)
        cloud_figure(table, report, cloud, cloud->best, "best busbw", cloud->best->busbw_gbps, "GB/s");
    if (cloud->smallest)
        cloud_figure(table, report, cloud, cloud->smallest, "small-message time", cloud->smallest->time_us,
                     "us");
}

static void add_clouds(struct table *table, const struct report *report)
{
    for (int scope = 0; scope < SCOPE_COUNT; scope++)
        for (int c = 0; c < REPORT_COLLECTIVES; c++) {
            struct clouds clouds = clouds_of(report, report_collectives[c], (enum scope)scope);
            for (size_t i = 0; i < clouds.count; i++) cloud_figures(table, report, &clouds.list[i]);
            clouds_free(&clouds);
        }
}

/* ---- statements: what the page says in words ---- */

/* A row for each item of the page that has a kind: answers, warnings, what is not comparable. */
static void add_statements(struct table *table, const struct report *report, const json_t *sections)
{
    struct text figure = {0};
    const json_t *section, *item;
    size_t s, i;
    json_array_foreach(sections, s, section)
    {
        json_array_foreach(json_object_get(section, "items"), i, item)
        {
            const char *kind = json_string_value(json_object_get(item, "kind"));
            if (!kind) continue;
            text_clear(&figure);
            text_add(&figure, "%s: %s", json_string_value(json_object_get(section, "heading")), kind);
            report_row_add(table, report,
                           &(struct report_row){.figure = text_get(&figure),
                                                .note = json_string_value(json_object_get(item, "text"))});
        }
    }
    text_free(&figure);
}

/* ---- the formats ---- */

static void add_figures(struct table *table, const struct report *report)
{
    add_columns(table);
    add_clouds(table, report);
    report_edge_rows(table, report);
    report_matmul_rows(table, report);
    report_workload_rows(table, report);
    report_candidate_rows(table, report);
    report_published_rows(table, report);
    report_trend_rows(table, report);
}

void report_csv(const struct report *report, const json_t *sections, struct text *out)
{
    struct table table = {0};
    add_figures(&table, report);
    add_statements(&table, report, sections);
    table_print(&table, TABLE_CSV, out);
    table_free(&table);
}

static json_t *number(const char *text)
{
    return text[strcspn(text, ".en")] ? json_real(strtod(text, NULL)) : json_integer(strtoll(text, NULL, 10));
}

/* An object per row: a text for each column on the left, a number for the others; empty cells are left
   out. */
static json_t *objects(const struct table *table)
{
    json_t *list = json_array();
    for (size_t r = 0; r < table_rows(table); r++) {
        json_t *object = json_object();
        for (size_t c = 0; c < table->column_count; c++) {
            const struct table_column *column = &table->columns[c];
            const char *cell = table->cells[r * table->column_count + c];
            if (*cell && column->left)
                object_put_text(object, column->name, cell);
            else if (*cell)
                object_put(object, column->name, number(cell));
        }
        array_add(list, object);
    }
    return list;
}

void report_json(const struct report *report, json_t *sections, struct text *out)
{
    struct table table = {0};
    json_t *object = json_object();
    add_figures(&table, report);
    object_put_integer(object, "schema", JSON_SCHEMA);
    object_put_text(object, "date", report->today);
    object_put_text(object, "workload", report->workload ? report->workload->name : NULL);
    object_put(object, "figures", objects(&table));
    object_put(object, "sections", json_incref(sections));
    print_json(out, object, JSON_DIGITS);
    table_free(&table);
}
