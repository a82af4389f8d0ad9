/* Tables of one file that hold the same cases. They are repetitions of one test only if the user or the file
   says so; else they are launches of their own, and a heading that tells them apart becomes their label. */
#include "analysis/import/source.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The row of the other table with the same size and type; NULL: none. */
static const struct source_row *same_case(const struct source_table *table, const struct source_row *row)
{
    for (size_t i = 0; i < table->row_count; i++)
        if (table->rows[i].bytes == row->bytes && same(table->rows[i].dtype, row->dtype) &&
            table->rows[i].root == row->root)
            return &table->rows[i];
    return NULL;
}

static const struct source_row *common_row(const struct source_table *a, const struct source_table *b,
                                           const struct source_row **other)
{
    bool alike = a->collective && a->collective == b->collective && same(a->memory, b->memory) &&
                 same(a->backend, b->backend) && same(a->mode, b->mode) && a->ranks == b->ranks &&
                 a->nodes == b->nodes && a->graph == b->graph && same(a->name, b->name) &&
                 same(a->origin, b->origin) && a->domains_said == b->domains_said;
    if (!alike) return NULL;
    for (size_t i = a->row_count; i-- > 0;) /* the largest sizes tell the most */
        if ((*other = same_case(b, &a->rows[i]))) return &a->rows[i];
    return NULL;
}

/* "run 2 of 3", "Iteration #2", "trial_2": the number, and the text without it into `rest`; 0: none. */
static long numbered_run(const char *title, char rest[160])
{
    static const char *const words[] = {"run", "iteration", "repetition", "repeat", "trial", "pass", "attempt",
                                        "round"};
    for (const char *at = title; at && *at; at++)
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            size_t length = strlen(words[i]);
            if ((at > title && isalnum((unsigned char)at[-1])) || strncasecmp(at, words[i], length) != 0) continue;
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

/* What the row is best told by: its bandwidth, else its time. */
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
    char figures[2][48];
    figure_text(a, figures[0]), figure_text(b, figures[1]);
    source_warn(source, table, table->line,
                "tables %zu and %zu hold the same cases (%s, %lld bytes: %s and %s), and nothing says that they "
                "are repetitions: each is a launch of its own%s",
                first + 1, second + 1, table->collective->name, (long long)a->bytes, figures[0], figures[1],
                table->by_heading ? ", labelled by its heading; give --repetitions if they are"
                                  : "; give --repetitions if they are, else name each with --only N --label TEXT");
}

void source_tell_apart(struct source *source, const struct source_given *given)
{
    enum { MOST_TABLES = 2000 }; /* the work grows with its square */
    const struct source_row *a, *b;
    for (size_t j = 1; j < source->table_count && j < MOST_TABLES && !given->repetitions; j++)
        for (size_t i = 0; i < j; i++) {
            struct source_table *first = &source->tables[i], *second = &source->tables[j];
            if (!(a = common_row(first, second, &b))) continue;
            if (file_says_so(first, second)) {
                first->repetitions = second->repetitions = true;
            } else {
                bool differ = second->title && !same(first->title, second->title);
                first->by_heading |= differ && first->title, second->by_heading |= differ;
                say(source, i, j, a, b);
            }
            break; /* one word a table is enough */
        }
    for (size_t i = 0; given->repetitions && i < source->table_count; i++) source->tables[i].repetitions = true;
}

const char *source_label(struct source *source, size_t number, const struct source_given *given)
{
    struct source_table *table = &source->tables[number];
    if (table->name) return table->name;
    if (!table->by_heading) return given->label;
    if (!given->label) return table->title;
    struct text text = {0};
    text_add(&text, "%s, %s", given->label, table->title);
    const char *label = arena_string(&source->arena, text_get(&text));
    text_free(&text);
    return label;
}
