/* Reads a table of published figures that a user copied from a page: tab-separated, with named columns. Rows
   that differ only in size, type, operation, placement and figures form one launch. */
#include "analysis/import/source.h"
#include "base/tsv.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The columns; a cell is empty if the page does not state the value. */
static const struct {
    const char *name, *example, *meaning;
} columns[] = {
    {"collective", "all_reduce", "needed"},
    {"bytes", "16G", "needed: the size by nccl-tests' rule (8, 64K, 1M, 16G; binary units)"},
    {"busbw_gbps", "839.5",
     "bus bandwidth, 1e9 bytes/s; one of busbw_gbps, algbw_gbps and time_us is needed"},
    {"algbw_gbps", "", "algorithm bandwidth, 1e9 bytes/s"},
    {"time_us", "", "time of one operation"},
    {"ranks", "72", "needed: GPUs"},
    {"source", "https://example.org/page, table 2, 2026-11-01", "needed: the page that states the figure"},
    {"nodes", "18", "hosts"},
    {"domains", "1", "NVLink domains"},
    {"dtype", "", "float, half, bfloat16, …"},
    {"op", "", "sum, …"},
    {"placement", "out_of_place", "out_of_place (when empty) or in_place"},
    {"statistic", "", "over iterations: mean, median, max"},
    {"rank_reduction", "", "over ranks: mean, max, …"},
    {"backend", "nccl", "nccl, rccl, mpi, …"},
    {"memory", "device", "device or host"},
    {"cloud", "", "provider"},
    {"instance", "", "instance type, as in results/clouds.tsv"},
    {"gpu", "GB200", "GPU model, as in results/gpus.tsv"},
    {"label", "", "a name for reports"},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

void published_template(FILE *out)
{
    fputs("# One row a figure; tabs between the cells. What the page does not say stays empty.\n", out);
    for (size_t i = 0; i < COLUMNS; i++) fprintf(out, "# %-15s %s\n", columns[i].name, columns[i].meaning);
    for (size_t i = 0; i < COLUMNS; i++) fprintf(out, "%s%s", i ? "\t" : "", columns[i].name);
    fputs("\n# An example; remove the '# ' at the start of the next line:\n# ", out);
    for (size_t i = 0; i < COLUMNS; i++) fprintf(out, "%s%s", i ? "\t" : "", columns[i].example);
    fputs("\n", out);
}

static enum status check_columns(const struct tsv *tsv)
{
    static const char *const needed[] = {"collective", "bytes", "ranks", "source", NULL};
    const char *names[COLUMNS + 1];
    for (size_t i = 0; i < COLUMNS; i++) names[i] = columns[i].name;
    names[COLUMNS] = NULL;
    for (size_t c = 0; c < tsv->columns; c++) {
        bool known = false;
        for (size_t i = 0; i < COLUMNS; i++) known |= strcmp(tsv->cells[c], names[i]) == 0;
        const char *near = known ? NULL : nearest(tsv->cells[c], names);
        if (!known)
            return fail(STATUS_ENVIRONMENT, "%s:%zu: '%s' is not a column of a published table%s%s%s",
                        tsv->name, tsv->lines[0], tsv->cells[c], near ? "; did you mean '" : "",
                        near ? near : "", near ? "'?" : "; see busbar import --table-template");
    }
    return tsv_need(tsv, needed);
}

/* A copy of a cell's text in the source's arena; NULL: the cell is empty. */
static const char *cell(struct source *source, const struct tsv *tsv, size_t row, const char *column)
{
    const char *text = tsv_cell(tsv, row, column);
    return *text ? arena_string(&source->arena, text) : NULL;
}

static bool same_launch(const struct source_table *a, const struct source_table *b)
{
    return a->collective == b->collective && a->ranks_said == b->ranks_said &&
           a->nodes_said == b->nodes_said && a->domains_said == b->domains_said &&
           same(a->origin, b->origin) && same(a->cloud, b->cloud) && same(a->instance, b->instance) &&
           same(a->name, b->name) && same(a->statistic, b->statistic) &&
           same(a->rank_reduction, b->rank_reduction) && same(a->backend, b->backend) &&
           same(a->memory, b->memory) && json_equal(a->facts, b->facts);
}

/* Finds the launch that the row belongs to, or adds it. */
static enum status table_of(struct source *source, const struct tsv *tsv, size_t row, size_t *index)
{
    int64_t ranks = ABSENT, nodes = ABSENT, domains = ABSENT;
    const char *name = tsv_cell(tsv, row, "collective"), *gpu = cell(source, tsv, row, "gpu");
    const struct collective *collective = collective_by_any_name(name, strlen(name));
    if (!collective) return tsv_expected(tsv, row, "collective", "a collective");
    if (!*tsv_cell(tsv, row, "source"))
        return tsv_expected(tsv, row, "source", "the page that states the figure");
    if (!*tsv_cell(tsv, row, "ranks")) return tsv_expected(tsv, row, "ranks", "a number");
    enum status status = tsv_integer(tsv, row, "ranks", 1, 1 << 24, &ranks);
    if (!status && *tsv_cell(tsv, row, "nodes")) status = tsv_integer(tsv, row, "nodes", 1, 1 << 24, &nodes);
    if (!status && *tsv_cell(tsv, row, "domains"))
        status = tsv_integer(tsv, row, "domains", 1, 1 << 24, &domains);
    if (status) return status;
    struct source_table *table = source_add_table(source, tsv->lines[row + 1]);
    table->program = "published", table->collective = collective, table->collective_from = FROM_TABLE;
    table->ranks_said = ranks, table->nodes_said = nodes, table->domains_said = domains;
    table->origin = cell(source, tsv, row, "source"), table->cloud = cell(source, tsv, row, "cloud");
    table->instance = cell(source, tsv, row, "instance"), table->name = cell(source, tsv, row, "label");
    table->statistic = cell(source, tsv, row, "statistic");
    table->rank_reduction = cell(source, tsv, row, "rank_reduction");
    table->backend = cell(source, tsv, row, "backend"), table->memory = cell(source, tsv, row, "memory");
    if (gpu) source_fact(table, "gpu", gpu, strlen(gpu));
    for (*index = 0; !same_launch(&source->tables[*index], table);) ++*index;
    if (*index + 1 < source->table_count) { /* an earlier launch matches: drop the new one */
        json_decref(table->facts);
        json_decref(table->warnings);
        source->table_count--;
    }
    return STATUS_OK;
}

/* Reads a figure above 0; NAN if the cell is empty. */
static enum status figure(const struct tsv *tsv, size_t row, const char *column, struct printed *value)
{
    const char *text = tsv_cell(tsv, row, column);
    *value = (struct printed){NAN, 0};
    if (!*text) return STATUS_OK;
    return read_printed(text, value) && value->value > 0 ? STATUS_OK
                                                         : tsv_expected(tsv, row, column, "a number above 0");
}

static enum status read_row(struct source *source, const struct tsv *tsv, size_t row)
{
    const char *dtype = tsv_cell(tsv, row, "dtype"), *op = tsv_cell(tsv, row, "op"),
               *placement = tsv_cell(tsv, row, "placement");
    bool in_place = strcmp(placement, "in_place") == 0;
    struct printed busbw, algbw, time;
    size_t bytes, index = 0;
    enum status status = figure(tsv, row, "busbw_gbps", &busbw);
    if (!status) status = figure(tsv, row, "algbw_gbps", &algbw);
    if (!status) status = figure(tsv, row, "time_us", &time);
    if (status) return status;
    if (parse_size(tsv_cell(tsv, row, "bytes"), &bytes) || bytes > INT64_MAX / 2)
        return tsv_expected(tsv, row, "bytes", "a size (8, 64K, 16G)");
    if (*dtype && !dtype_by_any_name(dtype)) return tsv_expected(tsv, row, "dtype", "an element type");
    if (*op && !op_by_any_name(op)) return tsv_expected(tsv, row, "op", "a reduction operation");
    if (*placement && !in_place && strcmp(placement, "out_of_place") != 0)
        return tsv_expected(tsv, row, "placement", "out_of_place or in_place");
    if (isnan(busbw.value) && isnan(algbw.value) && isnan(time.value))
        return fail(STATUS_ENVIRONMENT,
                    "%s:%zu: no figure: one of busbw_gbps, algbw_gbps and time_us is needed", tsv->name,
                    tsv->lines[row + 1]);
    if ((status = table_of(source, tsv, row, &index))) return status;
    struct source_table *table = &source->tables[index];
    struct source_row *added = source_add_row(table, tsv->lines[row + 1]);
    struct figures *figures = &added->figures[in_place];
    added->bytes = (int64_t)bytes;
    added->dtype = *dtype ? dtype_by_any_name(dtype) : NULL;
    added->op = *op ? op_by_any_name(op) : NULL;
    figures->present = true;
    figures->busbw_gbps = busbw, figures->algbw_gbps = algbw, figures->time_us = time;
    /* If only one rate is given, the definition of bus bandwidth gives the other. */
    double factor = bus_factor(table->collective, table->ranks_said);
    if (isnan(algbw.value) && isfinite(busbw.value) && factor > 0)
        figures->algbw_gbps = (struct printed){busbw.value / factor, busbw.step / factor};
    if (isnan(busbw.value) && isfinite(algbw.value) && factor > 0)
        figures->busbw_gbps = (struct printed){algbw.value * factor, algbw.step * factor};
    return STATUS_OK;
}

size_t source_read_published(struct source *source, const char *data, size_t length)
{
    struct tsv tsv;
    enum status status = tsv_parse(source->path, data, length, &tsv);
    if (status) return 0;
    status = check_columns(&tsv);
    for (size_t row = 0; !status && row < tsv.rows; row++) status = read_row(source, &tsv, row);
    if (!status && tsv.rows == 0) status = fail(STATUS_ENVIRONMENT, "%s: no rows in it", source->path);
    tsv_free(&tsv);
    return status ? 0 : source->table_count;
}
