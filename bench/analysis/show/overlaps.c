#include "analysis/show/overlaps.h"
#include "analysis/common/json.h"
#include "analysis/common/terminal.h"
#include "analysis/compare/overlap.h"
#include "base/units.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 200, LONGEST_WORD = 40 };

/* The figures of a row by name; their order is that of the columns. */
static const struct column {
    const char *name, *title; /* in JSON and CSV; in tables for people */
    size_t figure;
} columns[] = {
    {"communication_us", "Tc(us)", offsetof(struct overlap_summary, communication_us)},
    {"computation_us", "Tm(us)", offsetof(struct overlap_summary, computation_us)},
    {"both_us", "both(us)", offsetof(struct overlap_summary, both_us)},
    {"hidden_share", "hidden", offsetof(struct overlap_summary, hidden_share)},
    {"communication_slowdown", "collective slower", offsetof(struct overlap_summary, communication_slowdown)},
    {"computation_slowdown", "matmul slower", offsetof(struct overlap_summary, computation_slowdown)},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static struct figure figure_at(const struct overlap_summary *line, size_t column)
{
    return *(const struct figure *)((const char *)line + columns[column].figure);
}

static const char *progress_of(const struct overlap_row *row)
{
    return row->progress ? name_of(&overlap_progress_names, (int)row->progress) : "?";
}

/* ---- text and markdown ---- */

static void add_title(const struct overlap_summary *line, bool policies, struct text *out)
{
    const struct overlap_row *row = line->row;
    char size[UNIT_TEXT];
    plain_text(out, row->collective, LONGEST_WORD);
    if (row->bytes >= 0) text_add(out, " %s", format_size((size_t)row->bytes, size));
    text_add(out, " ");
    plain_text(out, row->dtype, LONGEST_WORD);
    text_add(out, " beside matmul %lldx%lldx%lld ", (long long)row->m, (long long)row->n, (long long)row->k);
    plain_text(out, row->gemm_dtype, LONGEST_WORD);
    if (row->ranks != ABSENT)
        text_add(out, ", %lld rank%s", (long long)row->ranks, row->ranks == 1 ? "" : "s");
    if (row->nodes != ABSENT)
        text_add(out, " on %lld node%s", (long long)row->nodes, row->nodes == 1 ? "" : "s");
    const char *const words[][2] = {{"progress", progress_of(row)},
                                    {"cache", row->cache ? cache_name(row->cache) : NULL},
                                    {"registration", row->registration == REGISTRATION_NONE
                                                         ? NULL
                                                         : registration_name(row->registration)},
                                    {"cta", same(row->cta, "default") && !policies ? NULL : row->cta}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!words[i][1]) continue;
        text_add(out, ", %s ", words[i][0]);
        plain_text(out, words[i][1], LONGEST_WORD);
    }
    conditions_words(&line->conditions, out);
}

static void add_row(struct table *table, const struct overlap_summary *line)
{
    table_cell(table, "%g", line->row->ratio);
    for (size_t i = 0; i < COLUMNS; i++) figure_cells(table, figure_at(line, i));
    table_cell(table, "%zu", line->launches);
    if (line->wrong == ABSENT)
        table_cell(table, "%s", "N/A");
    else
        table_integer(table, line->wrong);
    if (line->status == CASE_OK)
        table_cell(table, "%s", "");
    else
        table_cell(table, "%s in some of %zu launches", case_status_name(line->status), line->attempts);
}

static enum interval_kind most_certain(const struct overlap_summary *lines, size_t n)
{
    enum interval_kind kind = INTERVAL_NONE;
    for (size_t i = 0; i < n; i++)
        if (lines[i].launches && lines[i].both_us.kind > kind) kind = lines[i].both_us.kind;
    return kind;
}

/* policies: other curves differ in the policy. */
static void print_curve(const struct overlap_summary *lines, size_t n, bool policies, bool markdown,
                        bool wide, struct text *out)
{
    struct table table = {0};
    struct text title = {0}, head = {0};
    add_title(lines, policies, &title);
    text_add(&head, markdown ? "\n### " : "\n");
    line_text(&head, text_get(&title), LONGEST, markdown);
    text_add(&head, markdown ? "\n\n" : "\n");
    text_add(
        &head,
        "hidden: (Tc + Tm - both) / min(Tc, Tm); slower: own time beside the other / alone; interval: %s\n\n",
        interval_name(most_certain(lines, n)));
    terminal_lines(text_get(&head), markdown || wide, out);
    text_free(&head);
    table_column(&table, "ratio", false);
    for (size_t i = 0; i < COLUMNS; i++) {
        table_column(&table, columns[i].title, false);
        table_column(&table, "interval", false);
        table_role(&table, TABLE_SPARE);
    }
    table_column(&table, "launches", false);
    table_column(&table, "wrong", false);
    table_column(&table, "status", true);
    table_role(&table, TABLE_NOTE);
    for (size_t i = 0; i < n; i++)
        if (lines[i].launches) add_row(&table, &lines[i]);
    if (table_rows(&table)) readable_table(&table, markdown, wide, out);
    for (size_t i = 0; i < n; i++) {
        if (lines[i].launches) continue;
        text_clear(&title);
        text_add(&title, "%s: ratio %g: ", case_status_name(lines[i].status), lines[i].row->ratio);
        plain_text(&title, lines[i].error, LONGEST);
        text_add(out, markdown ? "- " : "  ");
        line_text(out, text_get(&title), LONGEST, markdown);
        text_add(out, "\n");
    }
    table_free(&table);
    text_free(&title);
}

void overlaps_print(const struct run_summary *run, bool markdown, bool wide, struct text *out)
{
    struct overlaps overlaps = overlaps_of(run);
    bool policies = false;
    for (size_t i = 1; i < overlaps.count; i++)
        policies |= !same(overlaps.list[i].row->cta, overlaps.list[0].row->cta);
    for (size_t first = 0, last; first < overlaps.count; first = last) {
        for (last = first + 1;
             last < overlaps.count && overlaps.list[last].curve == overlaps.list[first].curve;)
            last++;
        print_curve(&overlaps.list[first], last - first, policies, markdown, wide, out);
    }
    overlaps_free(&overlaps);
}

/* ---- JSON ---- */

static json_t *overlap_object(const struct overlap_summary *line)
{
    const struct overlap_row *row = line->row;
    json_t *object = json_object();
    object_put_text(object, "key", line->key);
    object_put_text(object, "collective", row->collective);
    object_put_text(object, "dtype", row->dtype);
    object_put_text(object, "op", row->op);
    object_put_integer(object, "requested_bytes", row->requested_bytes);
    object_put_integer(object, "bytes", row->bytes);
    object_put_text(object, "gemm_dtype", row->gemm_dtype);
    object_put_integer(object, "m", row->m);
    object_put_integer(object, "n", row->n);
    object_put_integer(object, "k", row->k);
    object_put_real(object, "ratio", row->ratio);
    object_put_text(object, "progress", progress_of(row));
    object_put_text(object, "cache", cache_name(row->cache));
    object_put_text(object, "memory", memory_name(row->memory));
    object_put_text(object, "cta", row->cta);
    object_put_integer(object, "nodes", row->nodes);
    object_put_integer(object, "ranks", row->ranks);
    object_put(object, "launches", json_integer((json_int_t)line->launches));
    for (size_t i = 0; i < COLUMNS; i++) put_figure(object, columns[i].name, figure_at(line, i));
    object_put(object, "wrong", line->wrong == ABSENT ? json_null() : json_integer(line->wrong));
    object_put_text(object, "status", case_status_name(line->status));
    object_put_text(object, "error", line->error);
    return object;
}

void overlaps_json(const struct run_summary *run, json_t *object)
{
    struct overlaps overlaps = overlaps_of(run);
    json_t *list = json_array();
    for (size_t i = 0; i < overlaps.count; i++) array_add(list, overlap_object(&overlaps.list[i]));
    if (overlaps.count)
        object_put(object, "overlaps", list);
    else
        json_decref(list);
    overlaps_free(&overlaps);
}

/* ---- CSV ---- */

/* The time of a row is that of both sides together, in the columns of every row's time. */
static bool is_time(size_t column)
{
    return columns[column].figure == offsetof(struct overlap_summary, both_us);
}

size_t overlaps_csv_columns(const struct aggregate *aggregate, struct table *table)
{
    const size_t before = table->column_count;
    size_t rows = 0;
    for (size_t r = 0; r < aggregate->count; r++)
        for (size_t l = 0; l < aggregate->runs[r].launch_count; l++)
            rows += aggregate->runs[r].launches[l]->overlap_count;
    if (!rows) return 0;
    table_column(table, "ratio", true);
    table_column(table, "progress", true);
    table_column(table, "gemm_dtype", true);
    for (size_t i = 0; i < COLUMNS; i++)
        if (!is_time(i)) figure_exact_columns(table, columns[i].name);
    return table->column_count - before;
}

static void own_cells(struct table *table, const struct overlap_summary *line)
{
    table_cell(table, "%g", line->row->ratio);
    table_cell(table, "%s", progress_of(line->row));
    table_cell(table, "%s", line->row->gemm_dtype ? line->row->gemm_dtype : "");
    for (size_t i = 0; i < COLUMNS; i++)
        if (!is_time(i)) figure_exact_cells(table, figure_at(line, i));
}

/* The cell of a column that cases have, too, by its name; empty if these rows have none. */
static void shared_cell(struct table *table, const char *column, const struct run_summary *run,
                        const struct overlap_summary *line)
{
    const struct overlap_row *row = line->row;
    char name[128], conditions[256] = "";
    struct text words = {0};
    snprintf(name, sizeof name, "%.80s+matmul", row->collective);
    conditions_words(&line->conditions, &words);
    if (words.length > 2) snprintf(conditions, sizeof conditions, "%s", text_get(&words) + 2);
    text_free(&words);
    const struct {
        const char *column, *text;
    } texts[] = {{"run", run->run},
                 {"label", run->label},
                 {"provenance", run->provenance},
                 {"collective", name},
                 {"dtype", row->dtype},
                 {"op", row->op},
                 {"statistic", statistic_name(STATISTIC_MEDIAN)},
                 {"rank_reduction", "max"},
                 {"interval", line->launches ? interval_name(line->both_us.kind) : ""},
                 {"status", case_status_name(line->status)},
                 {"cache", cache_name(row->cache)},
                 {"memory", memory_name(row->memory)},
                 {"conditions", conditions},
                 {"key", line->key}};
    const struct {
        const char *column;
        int64_t number;
    } numbers[] = {{"requested_bytes", row->requested_bytes},
                   {"bytes", row->bytes},
                   {"count", row->count},
                   {"m", row->m},
                   {"n", row->n},
                   {"k", row->k},
                   {"nodes", row->nodes},
                   {"ranks", row->ranks},
                   {"launches", (int64_t)line->launches},
                   {"wrong", line->wrong},
                   {"domains", line->conditions.domains}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (same(column, texts[i].column)) {
            table_cell(table, "%s", texts[i].text ? texts[i].text : "");
            return;
        }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (same(column, numbers[i].column)) {
            table_integer(table, numbers[i].number);
            return;
        }
    table_cell(table, "%s", "");
}

void overlaps_csv_rows(const struct aggregate *aggregate, size_t own, struct table *table)
{
    for (size_t r = 0; r < aggregate->count; r++) {
        struct overlaps overlaps = overlaps_of(&aggregate->runs[r]);
        for (size_t i = 0; i < overlaps.count; i++) {
            const struct overlap_summary *line = &overlaps.list[i];
            for (size_t c = 0; c + own < table->column_count;)
                if (same(table->columns[c].name, "time_us"))
                    figure_exact_cells(table, line->both_us), c += 3;
                else
                    shared_cell(table, table->columns[c++].name, &aggregate->runs[r], line);
            own_cells(table, line);
        }
        overlaps_free(&overlaps);
    }
}
