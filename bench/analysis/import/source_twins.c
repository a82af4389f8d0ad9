/* Finds tables of one file that hold the same cases. They are repetitions of one test only if the user or the
   file says so. Otherwise they are separate launches, and a heading that distinguishes them becomes their
   label. */
#include "analysis/import/source.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct place {
    size_t table, row;
};

static int by_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Groups equal cases. Large sizes come first, because they make the best example in the warning. */
static int by_case(const struct source *source, struct place x, struct place y)
{
    const struct source_table *a = &source->tables[x.table], *b = &source->tables[y.table];
    const struct source_row *r = &a->rows[x.row], *s = &b->rows[y.row];
    int order = by_number(a->collective->id, b->collective->id);
    if (!order) order = by_text(a->memory, b->memory);
    if (!order) order = by_text(a->backend, b->backend);
    if (!order) order = by_text(a->mode, b->mode);
    if (!order) order = by_text(a->test, b->test);
    if (!order) order = by_number(a->ranks, b->ranks);
    if (!order) order = by_number(a->nodes, b->nodes);
    if (!order) order = by_number(a->domains_said, b->domains_said);
    if (!order) order = by_number(a->graph, b->graph);
    if (!order) order = by_number(a->batch, b->batch);
    if (!order) order = by_text(a->name, b->name);
    if (!order) order = by_text(a->origin, b->origin);
    if (!order) order = by_number(s->bytes, r->bytes);
    if (!order) order = by_text(r->group, s->group);
    if (!order) order = by_text(r->dtype, s->dtype);
    if (!order) order = by_number(r->root, s->root);
    return order;
}

static int by_case_and_table(const void *x, const void *y, void *source)
{
    const struct place *a = x, *b = y;
    int order = by_case(source, *a, *b);
    return order ? order : (a->table > b->table) - (a->table < b->table);
}

/* Finds the number in a title such as "run 2 of 3", "Iteration #2" or "trial_2", and copies the title without
   it to `rest`. 0: no such number. */
static long numbered_run(const char *title, char rest[160])
{
    static const char *const words[] = {"run",   "iteration", "repetition", "repeat",
                                        "trial", "pass",      "attempt",    "round"};
    for (const char *at = title; at && *at; at++)
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            size_t length = strlen(words[i]);
            if ((at > title && isalnum((unsigned char)at[-1])) || strncasecmp(at, words[i], length) != 0)
                continue;
            const char *digits = at + length + strspn(at + length, " #:_-");
            size_t count = strspn(digits, "0123456789");
            if (count == 0 || count > 6) continue;
            snprintf(rest, 160, "%.*s%s", (int)(at - title), title, digits + count);
            return strtol(digits, NULL, 10);
        }
    return 0;
}

static bool file_says_so(const struct source_table *a, const struct source_table *b)
{
    char rest[2][160];
    if (a->repetitions && b->repetitions) return true;
    long first = numbered_run(a->title, rest[0]), second = numbered_run(b->title, rest[1]);
    return first > 0 && second > 0 && first != second && same(rest[0], rest[1]);
}

/* The figure that describes the row in a warning: its bandwidth, else its time. */
static void figure_text(const struct source_row *row, char text[48])
{
    const struct figures *f = &row->figures[!row->figures[0].present];
    if (isfinite(f->busbw_gbps.value))
        snprintf(text, 48, "%.6g GB/s", f->busbw_gbps.value);
    else if (isfinite(f->time_us.value))
        snprintf(text, 48, "%.6g us", f->time_us.value);
    else
        snprintf(text, 48, "no time");
}

static void say(struct source *source, size_t first, size_t second, const struct source_row *a,
                const struct source_row *b)
{
    struct source_table *table = &source->tables[second];
    char figures[2][48], what[64];
    figure_text(a, figures[0]), figure_text(b, figures[1]);
    if (a->bytes == ABSENT)
        snprintf(what, sizeof what, "%s", a->group ? a->group : "size not printed");
    else
        snprintf(what, sizeof what, "%lld bytes", (long long)a->bytes);
    source_warn(source, table, table->line,
                "tables %zu and %zu hold the same cases (%s, %s: %s and %s), and nothing says that they "
                "are repetitions: each becomes a separate launch%s",
                first + 1, second + 1, table->collective->name, what, figures[0], figures[1],
                table->by_heading
                    ? ", labelled by its heading; give --repetitions if they are"
                    : "; give --repetitions if they are, else name each with --only N --label TEXT");
}

/* Handles a pair of tables with a common case: the first table that has it, and a later one. */
static void tell_pair(struct source *source, struct place first, struct place second)
{
    struct source_table *a = &source->tables[first.table], *b = &source->tables[second.table];
    if (file_says_so(a, b)) {
        a->repetitions = b->repetitions = true;
        return;
    }
    bool differ = b->title && !same(a->title, b->title);
    a->by_heading |= differ && a->title, b->by_heading |= differ;
    say(source, first.table, second.table, &a->rows[first.row], &b->rows[second.row]);
}

void source_tell_apart(struct source *source, const struct source_given *given)
{
    size_t count = 0;
    for (size_t i = 0; i < source->table_count; i++) {
        source->tables[i].repetitions |= given->repetitions;
        count += source->tables[i].row_count;
    }
    if (given->repetitions || source->table_count < 2) return;
    struct place *places = allocate(count, sizeof *places);
    bool *told = allocate(source->table_count, sizeof *told); /* warn once per table */
    count = 0;
    for (size_t i = 0; i < source->table_count; i++)
        for (size_t r = 0; source->tables[i].collective && r < source->tables[i].row_count; r++)
            places[count++] = (struct place){i, r};
    qsort_r(places, count, sizeof *places, by_case_and_table, source);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (by_case(source, places[first], places[i]) != 0)
            first = i;
        else if (places[i].table != places[first].table && !told[places[i].table])
            told[places[i].table] = true, tell_pair(source, places[first], places[i]);
    }
    free(told);
    free(places);
}

const char *source_label(struct source *source, size_t number, const struct source_given *given)
{
    struct source_table *table = &source->tables[number];
    const char *heading = table->by_heading ? table->title : table->test;
    if (table->name) return table->name;
    if (!heading) return given->label;
    if (!given->label) return heading;
    struct text text = {0};
    text_add(&text, "%s, %s", given->label, heading);
    const char *label = arena_string(&source->arena, text_get(&text));
    text_free(&text);
    return label;
}
