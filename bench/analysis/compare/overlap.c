#include "analysis/compare/overlap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row of one launch. */
struct place {
    struct overlap_row row; /* with figures from its samples */
    const struct launch *launch;
    struct conditions conditions;
    const char *curve, *key; /* the key without its ratio; the whole key */
};

/* The key with the conditions. without_ratio: the same for all rows of a curve. */
static const char *key_of(const struct overlap_row *row, const struct conditions *conditions,
                          bool without_ratio, struct arena *arena)
{
    struct overlap_row copy = *row;
    struct text key = {0};
    if (without_ratio) copy.ratio = 0;
    overlap_key(&copy, &key);
    conditions_key(conditions, &key);
    const char *result = arena_string(arena, text_get(&key));
    text_free(&key);
    return result;
}

static void add_place(struct place *place, const struct launch *launch, const struct overlap_row *row,
                      struct arena *arena)
{
    const struct case_row like = {.collective = row->collective,
                                  .memory = row->memory,
                                  .nodes = row->nodes,
                                  .ranks = row->ranks,
                                  .algorithm = row->algorithm};
    *place = (struct place){*row, launch, conditions_of(launch, &like, arena), NULL, NULL};
    overlap_row_summarise(&place->row);
    place->curve = key_of(row, &place->conditions, true, arena);
    place->key = key_of(row, &place->conditions, false, arena);
}

static int by_curve_and_ratio(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = strcmp(x->row.collective, y->row.collective);
    if (!order && x->row.requested_bytes != y->row.requested_bytes)
        order = x->row.requested_bytes < y->row.requested_bytes ? -1 : 1;
    if (!order && x->curve != y->curve) order = strcmp(x->curve, y->curve);
    if (!order && x->key != y->key) order = x->row.ratio < y->row.ratio ? -1 : 1;
    return order ? order : (x->launch > y->launch) - (x->launch < y->launch);
}

static struct figure figure_over(const struct place *places, size_t n, size_t member, double *room)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        double value;
        memcpy(&value, (const char *)&places[i].row + member, sizeof value);
        if (places[i].row.status == CASE_OK && isfinite(value)) room[count++] = value;
    }
    return count == n ? figure_of_launches(room, count) : figure_of_rest(room, count);
}

static struct overlap_summary summarise(const struct place *places, size_t n, struct arena *arena)
{
    struct overlap_row *row = arena_memory(arena, sizeof *row);
    *row = places[0].row;
    struct overlap_summary line = {.row = row,
                                   .conditions = places[0].conditions,
                                   .key = places[0].key,
                                   .curve = places[0].curve,
                                   .attempts = n,
                                   .status = CASE_OK,
                                   .wrong = ABSENT};
    for (size_t i = 0; i < n; i++) {
        const struct overlap_row *one = &places[i].row;
        line.launches += one->status == CASE_OK && isfinite(one->both_time_us);
        if (overlap_wrong(one) != ABSENT) line.wrong = add_counts(line.wrong, overlap_wrong(one));
        if (case_severity(one->status) > case_severity(line.status))
            line.status = one->status, line.error = one->error;
    }
    const struct {
        struct figure *figure;
        size_t member;
    } figures[] = {
        {&line.communication_us, offsetof(struct overlap_row, communication_time_us)},
        {&line.computation_us, offsetof(struct overlap_row, computation_time_us)},
        {&line.both_us, offsetof(struct overlap_row, both_time_us)},
        {&line.hidden_share, offsetof(struct overlap_row, hidden_share)},
        {&line.communication_slowdown, offsetof(struct overlap_row, communication_slowdown)},
        {&line.computation_slowdown, offsetof(struct overlap_row, computation_slowdown)},
    };
    double *room = allocate(n, sizeof *room);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        *figures[i].figure = figure_over(places, n, figures[i].member, room);
    free(room);
    return line;
}

struct overlaps overlaps_of(const struct run_summary *run)
{
    struct overlaps overlaps = {0};
    size_t rows = 0, n = 0;
    for (size_t l = 0; l < run->launch_count; l++) rows += run->launches[l]->overlap_count;
    struct place *places = allocate(rows, sizeof *places);
    for (size_t l = 0; l < run->launch_count; l++)
        for (size_t i = 0; i < run->launches[l]->overlap_count; i++)
            add_place(&places[n++], run->launches[l], &run->launches[l]->overlaps[i], &overlaps.arena);
    qsort(places, n, sizeof *places, by_curve_and_ratio);
    overlaps.list = allocate(n, sizeof *overlaps.list);
    for (size_t first = 0, last; first < n; first = last) {
        for (last = first + 1; last < n && places[last].key == places[first].key;) last++;
        overlaps.list[overlaps.count++] = summarise(&places[first], last - first, &overlaps.arena);
    }
    free(places);
    return overlaps;
}

void overlaps_free(struct overlaps *overlaps)
{
    free(overlaps->list);
    arena_free(&overlaps->arena);
    *overlaps = (struct overlaps){0};
}
