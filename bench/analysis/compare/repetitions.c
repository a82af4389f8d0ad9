#include "analysis/compare/repetitions.h"
#include "analysis/compare/launches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- figures of a row ---- */

bool is_figure(double value)
{
    return isfinite(value) && value > 0;
}

double row_time_us(const struct case_row *row)
{
    if (row->samples_us.count) return sampled_time_us(row);
    return is_figure(row->time_us) ? row->time_us : row->median_us;
}

double row_rate(const struct case_row *row)
{
    return row->gemm ? row->tflops : row->busbw_gbps;
}

bool row_has_figure(const struct case_row *row)
{
    return row->status == CASE_OK && (is_figure(row_time_us(row)) || is_figure(row_rate(row)));
}

/* ---- groups ---- */

struct appearance {
    const struct case_row *row;
    int64_t ranks, nodes; /* of the launch */
    size_t launch;
};

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_key_and_world(const void *a, const void *b)
{
    const struct appearance *x = a, *y = b;
    int order = x->row->key == y->row->key ? 0 : strcmp(x->row->key, y->row->key);
    if (!order) order = by_number(x->ranks, y->ranks);
    if (!order) order = by_number(x->nodes, y->nodes);
    return order ? order : (x->launch > y->launch) - (x->launch < y->launch);
}

static size_t root_of(size_t *parent, size_t i)
{
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

struct repetitions repetitions_of(const struct launch *const *launches, size_t count)
{
    struct repetitions all = {launches, count, allocate(count, sizeof *all.group), NULL, 0};
    size_t rows = 0;
    for (size_t l = 0; l < count; l++) rows += launches[l]->case_count, all.group[l] = l;
    all.cases = allocate(rows, sizeof *all.cases);
    for (size_t l = 0; l < count; l++)
        for (size_t c = 0; c < launches[l]->case_count; c++)
            all.cases[all.case_count++] = (struct appearance){
                &launches[l]->cases[c], launches[l]->header.ranks, launches[l]->header.nodes, l};
    if (rows) qsort(all.cases, rows, sizeof *all.cases, by_key_and_world);
    for (size_t i = 1; i < rows; i++) {
        const struct appearance *a = &all.cases[i - 1], *b = &all.cases[i];
        if (a->ranks != b->ranks || a->nodes != b->nodes || !same(a->row->key, b->row->key)) continue;
        all.group[root_of(all.group, b->launch)] = root_of(all.group, a->launch);
    }
    for (size_t l = 0; l < count; l++) all.group[l] = root_of(all.group, l);
    return all;
}

void repetitions_free(struct repetitions *all)
{
    free(all->group);
    free(all->cases);
    *all = (struct repetitions){0};
}

static size_t first_of(const struct repetitions *all, const char *key)
{
    size_t lo = 0, hi = all->case_count;
    while (lo < hi) {
        size_t middle = (lo + hi) / 2;
        if (strcmp(all->cases[middle].row->key, key) < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

struct turnout repetitions_turnout(const struct repetitions *all, const char *key)
{
    struct turnout turnout = {0};
    bool *group = allocate(all->count, sizeof *group), *row = allocate(all->count, sizeof *row),
         *figure = allocate(all->count, sizeof *figure);
    for (size_t i = first_of(all, key); i < all->case_count && same(all->cases[i].row->key, key); i++) {
        size_t launch = all->cases[i].launch;
        group[all->group[launch]] = row[launch] = true;
        figure[launch] |= row_has_figure(all->cases[i].row);
    }
    for (size_t l = 0; l < all->count; l++) {
        bool expected = row[l] || (group[all->group[l]] && !launch_failure(all->launches[l]));
        turnout.launches += expected;
        turnout.without += expected && !figure[l];
    }
    free(group);
    free(row);
    free(figure);
    return turnout;
}

void turnout_words(struct text *out, struct turnout turnout, enum case_status status)
{
    text_add(out, "no figure in %zu of %zu launches", turnout.without, turnout.launches);
    if (status > CASE_OK) text_add(out, ": %s", case_status_name(status));
}
