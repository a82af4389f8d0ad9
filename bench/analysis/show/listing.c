/* Makes the tables of a run for readers. */
#include "analysis/show/listing.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void size_cell(struct table *table, int64_t bytes)
{
    char text[UNIT_TEXT];
    table_cell(table, "%s", bytes == ABSENT || bytes < 0 ? "" : format_size((size_t)bytes, text));
}

/* ---- attributes that distinguish cases of one table ---- */

enum { SYNC = 1, GRAPH = 3, ROOT = 6, AGGREGATE = 11, PAIR = 12, ATTRIBUTES = 16, LONGEST_ATTRIBUTE = 40 };
static const struct attribute {
    const char *name, *usual; /* usual: the value that the title omits; NULL: it omits all */
} attributes[ATTRIBUTES] = {{"cache", "warm"}, {"sync", "barrier"},      {"memory", NULL},
                            {"graph", "0"},    {"registration", "none"}, {"cta", "default"},
                            {"root", "0"},     {"layout", NULL},         {"accumulator", NULL},
                            {"scaling", NULL}, {"imbalance", ""},        {"aggregate", "1"},
                            {"pair", ""},      {"workload", ""},         {"progress", ""},
                            {"beside", ""}};

/* The pair of GPUs of a row from an imported matrix: "0>1"; NULL if the row is not from a matrix. All
   pairs of a matrix share one table. */
static const char *pair_of(const struct case_row *row)
{
    return row->group && strncmp(row->group, "pair:", 5) == 0 ? row->group + 5 : NULL;
}

static const char *attribute_of(const struct case_row *row, size_t which, char number[32])
{
    const char *const words[] = {cache_name(row->cache),
                                 sync_name(row->sync),
                                 memory_name(row->memory),
                                 NULL,
                                 registration_name(row->registration),
                                 row->cta,
                                 NULL,
                                 row->layout,
                                 accumulator_name(row->accumulator),
                                 row->scaling,
                                 row->imbalance,
                                 NULL,
                                 pair_of(row),
                                 row->workload,
                                 row->progress ? name_of(&overlap_progress_names, (int)row->progress) : NULL,
                                 row->beside};
    int64_t value = which == GRAPH       ? row->graph
                    : which == ROOT      ? row->root
                    : which == AGGREGATE ? row->aggregate
                                         : ABSENT;
    if (value == ABSENT) return words[which] ? words[which] : "";
    snprintf(number, 32, "%lld", (long long)value);
    return number;
}

static bool varies(const struct case_summary *lines, size_t n, size_t which)
{
    char first[32], other[32];
    const char *value = attribute_of(lines[0].row, which, first);
    for (size_t i = 1; i < n; i++)
        if (!same(attribute_of(lines[i].row, which, other), value)) return true;
    return false;
}

static void add_columns(struct table *table, const bool *varying, bool gemm)
{
    static const char *const of_gemm[] = {"m", "n", "k", "=type", "=phase", NULL};
    static const char *const of_collective[] = {"size",        "~count", "=<type", "=<op",
                                                "=<placement", "=<mode", NULL};
    static const char *const figures_of_gemm[] = {"=<statistic", "time(us)",  "interval", "launches",
                                                  "TFLOP/s",     "~interval", "%peak",    "wrong",
                                                  "+<status",    NULL};
    static const char *const figures[] = {"=<statistic", "time(us)", "interval", "~rank(us)",
                                          "launches",    "~algbw",   "busbw",    "~interval",
                                          "%bound",      "wrong",    "+<status", NULL};
    table_columns(table, gemm ? of_gemm : of_collective);
    for (size_t a = 0; a < ATTRIBUTES; a++) {
        if (!varying[a]) continue;
        table_column(table, attributes[a].name, true);
        table_role(table, TABLE_SECTION);
    }
    table_columns(table, gemm ? figures_of_gemm : figures);
}

static void result_cells(struct table *table, const struct case_summary *line)
{
    if (figure_present(line->bound_percent))
        table_cell(table, "%.1f", line->bound_percent.point);
    else
        table_cell(table, "%s", "");
    if (line->wrong != ABSENT)
        table_cell(table, "%lld", (long long)line->wrong);
    else
        table_cell(table, "%s", line->launches ? "N/A" : "");
    if (line->status == CASE_OK && line->turnout.without)
        table_cell(table, "no figure in %zu of %zu launches", line->turnout.without, line->turnout.launches);
    else if (line->status == CASE_OK)
        table_cell(table, "%s", "");
    else
        table_cell(table, "%s in some of %zu launches", case_status_name(line->status), line->attempts);
}

static void add_row(struct table *table, const struct case_summary *line, const bool *varying)
{
    const struct case_row *row = line->row;
    char text[32];
    if (row->gemm) {
        table_integer(table, row->m);
        table_integer(table, row->n);
        table_integer(table, row->k);
        table_cell(table, "%s", row->dtype ? row->dtype : "");
        table_cell(table, "%s", row->phase ? phase_name(row->phase) : "");
    } else {
        size_cell(table, row->bytes);
        table_integer(table, row->count);
        table_cell(table, "%s", row->dtype ? row->dtype : "");
        table_cell(table, "%s", row->op ? row->op : "");
        table_cell(table, "%s", row->placement ? placement_name(row->placement) : "");
        table_cell(table, "%s", row->mode ? mode_name(row->mode) : "");
    }
    for (size_t a = 0; a < ATTRIBUTES; a++)
        if (varying[a]) table_cell(table, "%s", attribute_of(row, a, text));
    table_cell(table, "%s",
               line->statistic == STATISTIC_MEDIAN || !line->statistic ? ""
                                                                       : statistic_name(line->statistic));
    figure_cells(table, line->time_us);
    if (!row->gemm) /* only if isolated: that time is a maximum over ranks, which grows with their number */
        table_cell(table, "%s",
                   row->mode == MODE_ISOLATED && row->ranks > 1
                       ? number_text(line->rank_median_us.point, text)
                       : "");
    table_cell(table, "%zu", line->launches);
    if (!row->gemm) table_cell(table, "%s", number_text(line->algbw_gbps.point, text));
    figure_cells(table, row->gemm ? line->tflops : line->busbw_gbps);
    result_cells(table, line);
}

void listing_fill(const struct case_summary *lines, size_t n, size_t most, struct table *table)
{
    bool varying[ATTRIBUTES];
    for (size_t a = 0; a < ATTRIBUTES; a++) varying[a] = varies(lines, n, a);
    add_columns(table, varying, lines[0].row->gemm != NULL);
    for (size_t i = 0; i < n && table_rows(table) < most; i++)
        if (lines[i].launches) add_row(table, &lines[i], varying);
}

bool listing_same_table(const struct case_summary *a, const struct case_summary *b)
{
    bool same_group = (pair_of(a->row) && pair_of(b->row)) || same(a->row->group, b->row->group);
    return same(a->row->collective, b->row->collective) && same(a->row->gemm, b->row->gemm) &&
           a->row->ranks == b->row->ranks && a->row->nodes == b->row->nodes &&
           conditions_order(&a->conditions, &b->conditions) == 0 && same_group;
}

/* Groups cases without figures by what a reader needs: status, type, operation and error. */
static int by_reason(const void *a, const void *b)
{
    const struct case_summary *x = *(const struct case_summary *const *)a,
                              *y = *(const struct case_summary *const *)b;
    const char *const words[][2] = {{case_status_name(x->status), case_status_name(y->status)},
                                    {x->row->dtype, y->row->dtype},
                                    {x->row->op, y->row->op},
                                    {x->error, y->error}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        int order = strcmp(words[i][0] ? words[i][0] : "", words[i][1] ? words[i][1] : "");
        if (order) return order;
    }
    return 0;
}

static int by_reason_and_size(const void *a, const void *b)
{
    const struct case_summary *x = *(const struct case_summary *const *)a,
                              *y = *(const struct case_summary *const *)b;
    int order = by_reason(a, b);
    if (!order) order = (x->row->bytes > y->row->bytes) - (x->row->bytes < y->row->bytes);
    return order ? order : (x > y) - (x < y);
}

/* Adds "unsupported: 14 cases of half prod, from 8 B: why". */
static void add_reason(const struct case_summary *line, size_t alike, struct text *out)
{
    const struct case_row *row = line->row;
    char size[UNIT_TEXT];
    text_add(out, "%s: %zu case%s of ",
             line->status == CASE_OK ? "no figure" : case_status_name(line->status), alike,
             alike > 1 ? "s" : "");
    plain_text(out, row->dtype ? row->dtype : "?", 40);
    if (row->op) text_add(out, " ");
    plain_text(out, row->op ? row->op : "", 40);
    if (row->gemm)
        text_add(out, "%s %lldx%lldx%lld", alike > 1 ? ", first" : "", (long long)row->m, (long long)row->n,
                 (long long)row->k);
    if (row->bytes != ABSENT && row->bytes >= 0)
        text_add(out, ", from %s", format_size((size_t)row->bytes, size));
    if (line->error) text_add(out, ": ");
    plain_text(out, line->error, 200);
    text_add(out, "\n");
}

void listing_without_figure(const struct run_summary *run, size_t first, size_t last, struct text *out)
{
    const struct case_summary **lines = allocate(last - first, sizeof *lines);
    size_t count = 0;
    for (size_t i = first; i < last; i++)
        if (!run->cases[i].launches) lines[count++] = &run->cases[i];
    qsort(lines, count, sizeof *lines, by_reason_and_size);
    for (size_t i = 0, alike; i < count; i += alike) {
        for (alike = 1; i + alike < count && by_reason(&lines[i], &lines[i + alike]) == 0;) alike++;
        add_reason(lines[i], alike, out);
    }
    free(lines);
}

/* Adds ", root 1": an attribute, unless it has the usual value. */
static void add_attribute(const struct case_row *row, size_t which, struct text *out)
{
    char number[32];
    const char *value = attribute_of(row, which, number);
    if (!attributes[which].usual || !*value || same(value, attributes[which].usual) ||
        (which == SYNC && same(value, "device"))) /* the usual value on devices */
        return;
    text_add(out, ", %s ", attributes[which].name);
    plain_text(out, value, LONGEST_ATTRIBUTE);
}

bool listing_same_attributes(const struct case_row *a, const struct case_row *b)
{
    char of_a[32], of_b[32];
    for (size_t i = 0; i < ATTRIBUTES; i++)
        if (!same(attribute_of(a, i, of_a), attribute_of(b, i, of_b))) return false;
    return true;
}

void listing_attributes(const struct case_row *row, struct text *out)
{
    for (size_t a = 0; a < ATTRIBUTES; a++) add_attribute(row, a, out);
}

void listing_title(const struct case_summary *lines, size_t n, struct text *out)
{
    const struct case_row *row = lines[0].row;
    plain_text(out, row->gemm ? row->gemm : row->collective, 80);
    if (row->ranks != ABSENT)
        text_add(out, ", %lld rank%s", (long long)row->ranks, row->ranks == 1 ? "" : "s");
    if (row->nodes != ABSENT)
        text_add(out, " on %lld node%s", (long long)row->nodes, row->nodes == 1 ? "" : "s");
    conditions_words(&lines[0].conditions, out);
    if (!is_world(row->group) && (!pair_of(row) || !varies(lines, n, PAIR))) {
        text_add(out, ", group ");
        plain_text(out, row->group, 80);
    }
    for (size_t a = 0; a < ATTRIBUTES; a++)
        if (!varies(lines, n, a)) add_attribute(row, a, out);
    text_add(out, row->gemm || row->workload ? ""
                  : row->ranks == 1          ? " (GB/s; one rank has no bus bandwidth)"
                                             : " (algbw, busbw: GB/s)");
}
