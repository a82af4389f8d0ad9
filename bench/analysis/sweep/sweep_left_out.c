/* The cases that a time budget leaves out: before the first launch as far as the plan's estimates tell, and
   at the end as the records tell. */
#include "analysis/sweep/sweep_verbs.h"
#include "base/units.h"
#include "record/grid.h"
#include "record/overlap.h"
#include "record/record.h"
#include "record/shapes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- before ---- */

static int by_size(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

static int by_volume(const void *a, const void *b)
{
    const struct shape *s = a, *t = b;
    const double x = (double)s->m * (double)s->n * (double)s->k,
                 y = (double)t->m * (double)t->n * (double)t->k;
    return x < y ? -1 : x > y;
}

static size_t size_of(const char *args, const char *flag, size_t usual)
{
    struct text value = {0};
    size_t size;
    if (!plan_args_value(args, flag, &value) || parse_size(text_get(&value), &size)) size = usual;
    text_free(&value);
    return size;
}

/* The first of `count` cases in ascending order that does not fit if only this share of them does. */
static size_t first_beyond(size_t count, double share)
{
    const size_t first = (size_t)((double)count * fmin(fmax(share, 0), 1));
    return first < count ? first : count - 1;
}

/* Adds "all_reduce, all_gather from 64 MiB on". Returns false if the arguments do not tell the sizes. */
static bool add_collectives(const struct plan_row *row, double share, struct text *out)
{
    struct text list = {0}, names = {0};
    char text[UNIT_TEXT];
    size_t *sizes, count;
    const bool has_list = plan_args_value(row->args, "--sizes", &list);
    const struct size_grid grid = {.list = has_list ? text_get(&list) : NULL,
                                   .begin = size_of(row->args, "-b", 0),
                                   .end = size_of(row->args, "-e", 0),
                                   .factor = size_of(row->args, "-f", 2)};
    const bool has_grid = grid.begin && grid.end >= grid.begin && grid.factor > 1;
    const bool told = (has_list ? !same(grid.list, "matrix") : has_grid) && /* its file tells the sizes */
                      size_grid_read(&grid, &sizes, &count) == STATUS_OK;
    if (!plan_args_value(row->args, "--collectives", &names)) text_add(&names, "%s", row->driver);
    if (told) {
        qsort(sizes, count, sizeof *sizes, by_size);
        for (const char *c = text_get(&names); *c; c++) text_add(out, *c == ',' ? "%c " : "%c", *c);
        text_add(out, " from %s on", format_size(sizes[first_beyond(count, share)], text));
        free(sizes);
    }
    text_free(&list);
    text_free(&names);
    return told;
}

/* Adds "matmul from 1024x1024x1024 on". Returns false if the arguments do not tell the shapes. */
static bool add_matmul(const struct plan_row *row, double share, struct text *out)
{
    struct text list = {0};
    struct shape *shapes;
    size_t count;
    const bool told = plan_args_value(row->args, "--shapes", &list) &&
                      shapes_parse(text_get(&list), &shapes, &count) == STATUS_OK;
    if (told) {
        qsort(shapes, count, sizeof *shapes, by_volume);
        const struct shape *s = &shapes[first_beyond(count, share)];
        text_add(out, "matmul from %lldx%lldx%lld on", (long long)s->m, (long long)s->n, (long long)s->k);
        free(shapes);
    }
    text_free(&list);
    return told;
}

void beyond_text(const struct plan_row *row, double share, struct text *out)
{
    const int driver = plan_driver(row->driver);
    bool told = false;
    if (driver == DRIVER_MATMUL) told = add_matmul(row, share, out);
    if (driver >= 0 && driver < COLLECTIVE_COUNT) told = add_collectives(row, share, out);
    if (!told) text_add(out, "the last cases of %s", row->driver);
}

/* ---- afterwards ---- */

/* Cases that differ in size only. */
struct alike {
    const char *kind;        /* "all_reduce float sum isolated, group node" */
    struct text sizes, mark; /* "16 MiB, 64 MiB"; "|16 MiB|64 MiB|" */
};

struct left_out {
    struct arena arena;
    struct alike *list;
    size_t count, cases, launches;
};

static void note(struct left_out *left, const struct text *kind, const char *size)
{
    const char *interned = arena_string(&left->arena, text_get(kind));
    struct text marked = {0};
    size_t i = 0;
    while (i < left->count && left->list[i].kind != interned) i++;
    if (i == left->count) {
        left->list = reallocate(left->list, left->count + 1, sizeof *left->list);
        left->list[left->count++] = (struct alike){.kind = interned};
    }
    struct alike *alike = &left->list[i];
    text_add(&marked, "|%s|", size);
    if (!strstr(text_get(&alike->mark), text_get(&marked))) {
        text_add(&alike->mark, "%s", text_get(&marked));
        text_add(&alike->sizes, "%s%s", alike->sizes.length ? ", " : "", size);
    }
    text_free(&marked);
    left->cases++;
}

static void add_word(struct text *text, const char *word)
{
    if (word && *word) text_add(text, "%s%s", text->length ? " " : "", word);
}

static void add_condition(struct text *text, const char *name, const char *value)
{
    if (value && *value) text_add(text, ", %s %s", name, value);
}

static void note_case(struct left_out *left, const struct case_row *row)
{
    struct text kind = {0};
    char size[UNIT_TEXT] = "";
    add_word(&kind, row->gemm ? "matmul" : row->collective);
    add_word(&kind, row->dtype);
    add_word(&kind, row->op);
    add_word(&kind, row->layout);
    if (row->mode) add_word(&kind, mode_name(row->mode));
    if (row->placement) add_word(&kind, placement_name(row->placement));
    if (row->phase) add_word(&kind, phase_name(row->phase));
    add_condition(&kind, "imbalance", row->imbalance);
    add_condition(&kind, "beside", row->beside);
    add_condition(&kind, "group", is_world(row->group) ? NULL : row->group);
    if (row->gemm)
        snprintf(size, sizeof size, "%lldx%lldx%lld", (long long)row->m, (long long)row->n,
                 (long long)row->k);
    else if (row->requested_bytes >= 0)
        format_size((size_t)row->requested_bytes, size);
    note(left, &kind, size);
    text_free(&kind);
}

static void note_overlap(struct left_out *left, const struct overlap_row *row)
{
    struct text kind = {0};
    char size[UNIT_TEXT] = "";
    text_add(&kind, "overlap of %s %s, ratio %g", row->collective ? row->collective : "",
             row->dtype ? row->dtype : "", row->ratio);
    add_condition(&kind, "cta", row->cta);
    if (row->requested_bytes >= 0) format_size((size_t)row->requested_bytes, size);
    note(left, &kind, size);
    text_free(&kind);
}

void say_left_out(const struct sweep_state *state, const struct plan *plan)
{
    struct left_out left = {0};
    struct text path = {0};
    for (size_t i = 0; i < plan->count; i++) {
        struct archive archive = {0};
        const size_t before = left.cases;
        text_clear(&path);
        text_add(&path, "%s/%s.jsonl", state->folder, plan->rows[i].launch);
        if (plan->rows[i].state == LAUNCH_DONE) archive_read(&archive, text_get(&path));
        const struct launch *launch = archive.count ? &archive.launches[0] : NULL;
        for (size_t c = 0; launch && c < launch->case_count; c++)
            if (launch->cases[c].status == CASE_SKIPPED) note_case(&left, &launch->cases[c]);
        for (size_t c = 0; launch && c < launch->overlap_count; c++)
            if (launch->overlaps[c].status == CASE_SKIPPED) note_overlap(&left, &launch->overlaps[c]);
        left.launches += left.cases > before;
        archive_free(&archive);
    }
    if (left.cases)
        sweep_say("sweep: the time budget left out %zu case%s of %zu launch%s:", left.cases,
                  left.cases == 1 ? "" : "s", left.launches, left.launches == 1 ? "" : "es");
    for (size_t i = 0; i < left.count; i++) {
        sweep_say("sweep: left out: %s: %s", left.list[i].kind, text_get(&left.list[i].sizes));
        text_free(&left.list[i].sizes);
        text_free(&left.list[i].mark);
    }
    free(left.list);
    arena_free(&left.arena);
    text_free(&path);
}
