#include "analysis/show/loads.h"
#include "analysis/common/json.h"
#include "analysis/common/terminal.h"
#include "analysis/compare/loaded.h"
#include "analysis/show/listing.h"
#include "base/units.h"

#include <math.h>

enum { LONGEST = 200, LONGEST_WORD = 40 };

/* ---- text and markdown ---- */

static void add_row(struct table *table, const struct loaded_summary *pair)
{
    const struct case_row *row = pair->loaded->row;
    char size[UNIT_TEXT];
    table_cell(table, "%s", row->bytes < 0 ? "" : format_size((size_t)row->bytes, size));
    table_cell(table, "%s", row->dtype ? row->dtype : "");
    table_cell(table, "%s", row->op ? row->op : "");
    table_cell(table, "%s", row->placement ? placement_name(row->placement) : "");
    table_cell(table, "%s", row->mode ? mode_name(row->mode) : "");
    figure_cells(table, pair->idle->time_us);
    figure_cells(table, pair->idle_p99_us);
    figure_cells(table, pair->loaded->time_us);
    figure_cells(table, pair->loaded_p99_us);
    figure_cells(table, pair->slowdown);
    figure_cells(table, pair->p99_slowdown);
    if (isfinite(pair->load.share))
        table_cell(table, "%.1f", 100 * pair->load.share);
    else
        table_cell(table, "%s", "");
    table_integer(table, pair->load.operations);
    table_cell(table, "%zu", pair->loaded->launches);
}

static void add_title(const struct case_summary *line, struct text *out)
{
    const struct case_row *row = line->row;
    struct case_row others = *row;
    plain_text(out, row->collective, LONGEST_WORD);
    text_add(out, " beside ");
    plain_text(out, row->beside, LONGEST_WORD);
    if (row->ranks != ABSENT) text_add(out, ", %lld ranks measure", (long long)row->ranks);
    if (row->nodes != ABSENT)
        text_add(out, " on %lld node%s", (long long)row->nodes, row->nodes == 1 ? "" : "s");
    conditions_words(&line->conditions, out);
    others.beside = NULL; /* it is at the beginning */
    listing_attributes(&others, out);
}

/* The rows of a table differ in nothing but its columns. */
static bool in_one_table(const struct case_summary *a, const struct case_summary *b)
{
    return listing_same_table(a, b) && listing_same_attributes(a->row, b->row);
}

static void print_load(const struct run_summary *run, const struct case_summary *first, bool markdown,
                       bool wide, struct text *out)
{
    static const char *const names[] = {
        "size",      "=<type",       "=<op",       "=<placement", "=<mode",      "idle(us)",  "~interval",
        "p99(us)",   "~interval",    "loaded(us)", "~interval",   "p99(us)",     "~interval", "slowdown",
        "~interval", "p99 slowdown", "~interval",  "~loaded(%)",  "~operations", "launches",  NULL};
    struct table table = {0};
    struct text title = {0}, head = {0};
    struct loaded_summary pair;
    table_columns(&table, names);
    for (size_t i = 0; i < run->case_count; i++)
        if (in_one_table(&run->cases[i], first) && run->cases[i].launches &&
            loaded_of(run, &run->cases[i], &pair))
            add_row(&table, &pair);
    add_title(first, &title);
    text_add(&head, markdown ? "\n### " : "\n");
    line_text(&head, text_get(&title), LONGEST, markdown);
    text_add(
        &head,
        "%sslowdown: time beside the load / time idle, of one launch; loaded: share of the time in which an "
        "operation of the load was under way\n\n",
        markdown ? "\n\n" : "\n");
    terminal_lines(text_get(&head), markdown || wide, out);
    text_free(&head);
    readable_table(&table, markdown, wide, out);
    table_free(&table);
    text_free(&title);
}

void loads_print(const struct run_summary *run, bool markdown, bool wide, struct text *out)
{
    for (size_t i = 0; i < run->case_count; i++) {
        struct loaded_summary pair;
        bool printed = false;
        if (!run->cases[i].launches || !loaded_of(run, &run->cases[i], &pair)) continue;
        for (size_t j = 0; j < i && !printed; j++)
            printed = run->cases[j].launches && in_one_table(&run->cases[j], &run->cases[i]) &&
                      loaded_of(run, &run->cases[j], &pair);
        if (!printed) print_load(run, &run->cases[i], markdown, wide, out);
    }
}

/* ---- JSON and CSV ---- */

/* The figures of a pair by name, in the order of the columns. */
static const struct column {
    const char *name;
    size_t figure;
} columns[] = {{"idle_p99_us", offsetof(struct loaded_summary, idle_p99_us)},
               {"p99_us", offsetof(struct loaded_summary, loaded_p99_us)},
               {"slowdown", offsetof(struct loaded_summary, slowdown)},
               {"p99_slowdown", offsetof(struct loaded_summary, p99_slowdown)}};
enum { COLUMNS = sizeof columns / sizeof *columns };

static struct figure figure_at(const struct loaded_summary *pair, size_t column)
{
    return *(const struct figure *)((const char *)pair + columns[column].figure);
}

void loads_json(const struct run_summary *run, const struct case_summary *line, json_t *object)
{
    struct loaded_summary pair;
    object_put_text(object, "beside", line->row->beside);
    if (!loaded_of(run, line, &pair)) return;
    for (size_t i = 0; i < COLUMNS; i++) put_figure(object, columns[i].name, figure_at(&pair, i));
    json_t *load = json_object();
    object_put_integer(load, "operations", pair.load.operations);
    object_put_real(load, "share", pair.load.share);
    object_put_real(load, "us", pair.load.us);
    object_put_integer(load, "wrong", pair.load.wrong);
    object_put(object, "load", load);
}

size_t loads_csv_columns(const struct aggregate *aggregate, struct table *table)
{
    const size_t before = table->column_count;
    bool any = false;
    for (size_t r = 0; r < aggregate->count; r++)
        for (size_t c = 0; c < aggregate->runs[r].case_count; c++)
            any |= aggregate->runs[r].cases[c].row->beside != NULL;
    if (!any) return 0;
    table_column(table, "beside", true);
    for (size_t i = 0; i < COLUMNS; i++) figure_exact_columns(table, columns[i].name);
    table_column(table, "load_operations", true);
    table_column(table, "load_share", true);
    return table->column_count - before;
}

void loads_csv_cells(const struct run_summary *run, const struct case_summary *line, struct table *table)
{
    struct loaded_summary pair;
    const bool loaded = loaded_of(run, line, &pair);
    table_cell(table, "%s", line->row->beside ? line->row->beside : "");
    for (size_t i = 0; i < COLUMNS; i++)
        figure_exact_cells(table, loaded ? figure_at(&pair, i) : figure_absent());
    table_integer(table, loaded ? pair.load.operations : ABSENT);
    if (loaded && isfinite(pair.load.share))
        table_cell(table, "%.7g", pair.load.share);
    else
        table_cell(table, "%s", "");
}
