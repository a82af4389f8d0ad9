#include "analysis/compare/ranking.h"
#include "analysis/common/table.h"
#include "collective/dtype.h"
#include "stats/order.h"
#include "stats/student.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const char *a, const char *b)
{
    if (!a || !b) return (b != NULL) - (a != NULL); /* absent values come last */
    return strcmp(a, b);
}

struct basis basis_of(enum scope scope, const struct case_summary *line)
{
    const struct case_row *row = line->row;
    const struct timing_method method = timing_method(row);
    return (struct basis){.ranks = row->ranks,
                          .aggregate = case_aggregate(row),
                          .scope = scope,
                          .artificial = artificial_provenance(&line->launch->header),
                          .dtype = row->dtype,
                          .op = row->op,
                          .imbalance = row->imbalance,
                          .placement = row->placement,
                          .mode = method.mode,
                          .sync = method.sync,
                          .cache = method.cache,
                          .memory = row->memory,
                          .statistic = line->statistic,
                          .rank_reduction = line->rank_reduction};
}

int basis_order(const struct basis *a, const struct basis *b)
{
    int order = (a->scope > b->scope) - (a->scope < b->scope);
    if (!order) order = (a->ranks > b->ranks) - (a->ranks < b->ranks);
    if (!order) order = (a->aggregate > b->aggregate) - (a->aggregate < b->aggregate);
    /* Medians come before the statistics of other tools. */
    if (!order) order = (b->statistic == STATISTIC_MEDIAN) - (a->statistic == STATISTIC_MEDIAN);
    const char *const words[][2] = {{statistic_name(a->statistic), statistic_name(b->statistic)},
                                    {a->rank_reduction, b->rank_reduction},
                                    {mode_name(a->mode), mode_name(b->mode)},
                                    {sync_name(a->sync), sync_name(b->sync)},
                                    {cache_name(a->cache), cache_name(b->cache)},
                                    {memory_name(a->memory), memory_name(b->memory)},
                                    {a->dtype, b->dtype},
                                    {a->op, b->op},
                                    {a->imbalance, b->imbalance},
                                    {placement_name(a->placement), placement_name(b->placement)},
                                    {a->artificial, b->artificial}};
    for (size_t i = 0; !order && i < sizeof words / sizeof *words; i++)
        order = by_text(words[i][0], words[i][1]);
    return order;
}

bool tracks_alike(const struct track *a, const struct track *b)
{
    struct basis x = basis_of(SCOPE_UNKNOWN, a->cases), y = basis_of(SCOPE_UNKNOWN, b->cases);
    x.ranks = y.ranks = 0;
    return a->run == b->run && basis_order(&x, &y) == 0 &&
           same(a->cases[0].conditions.backend, b->cases[0].conditions.backend) &&
           same(a->cases[0].conditions.table, b->cases[0].conditions.table);
}

static void add_word(struct text *out, const char *before, const char *word, const char *after)
{
    enum { LONGEST = 40 }; /* a record may contain any text */
    if (!word) return;
    text_add(out, "%s", before);
    plain_text(out, word, LONGEST);
    text_add(out, "%s", after);
}

void basis_words(const struct basis *basis, struct text *out)
{
    if (basis->ranks != ABSENT)
        text_add(out, "%lld %s", (long long)basis->ranks, basis->memory == MEMORY_HOST ? "ranks" : "GPUs");
    else
        text_add(out, "an unknown number of GPUs");
    if (!same(basis->dtype, "float")) add_word(out, ", ", basis->dtype, "");
    if (!is_usual_op(basis->op)) add_word(out, ", ", basis->op, "");
    add_word(out, ", imbalance ", basis->imbalance, "");
    if (basis->aggregate > 1) text_add(out, ", groups of %lld operations", (long long)basis->aggregate);
    if (basis->placement == IN_PLACE) text_add(out, ", in place");
    add_word(out, ", ", mode_name(basis->mode), "");
    if (basis->sync == SYNC_WINDOW) text_add(out, ", window sync");
    add_word(out, ", ", cache_name(basis->cache), " cache");
    add_word(out, ", ", basis->statistic ? statistic_name(basis->statistic) : "unknown statistic", "");
    add_word(out, ", ", basis->artificial, "");
}

bool is_impossible(const struct case_summary *line)
{
    const double rounding = 100.5; /* per cent */
    struct figure share = line->bound_percent;
    if (!line->launches || !figure_present(share)) return false;
    return share.kind == INTERVAL_EXACT ? share.lo > 100 : share.point > rounding && share.lo > 100;
}

const struct case_summary *impossible_in_world(const struct run_summary *run, const struct case_summary *like)
{
    const struct case_summary *worst = NULL;
    for (size_t i = 0; i < run->case_count; i++) {
        const struct case_summary *line = &run->cases[i];
        bool together = same(line->row->collective, like->row->collective) &&
                        same(line->row->gemm, like->row->gemm) && line->row->ranks == like->row->ranks &&
                        line->row->nodes == like->row->nodes && same(line->row->group, like->row->group) &&
                        same(line->row->imbalance, like->row->imbalance) &&
                        (!line->row->gemm || same(line->row->dtype, like->row->dtype)) &&
                        conditions_order(&line->conditions, &like->conditions) == 0;
        if (together && is_impossible(line) &&
            (!worst || line->bound_percent.point > worst->bound_percent.point))
            worst = line;
    }
    return worst;
}

const struct case_summary *impossible_line(const struct study *study, const struct track *track)
{
    return impossible_in_world(&study->aggregate.runs[track->run], track->cases);
}

/* Widens [lo, hi] to contain Student's interval, at confidence 1 - alpha, of the mean of ln(value). */
static void widen(const double *values, size_t n, double alpha, struct figure *figure)
{
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++) mean += log(values[i]) / (double)n;
    for (size_t i = 0; i < n; i++) squares += (log(values[i]) - mean) * (log(values[i]) - mean);
    double half =
        student_quantile(1 - alpha / 2, (double)n - 1) * sqrt(squares / (double)(n - 1) / (double)n);
    figure->lo = fmin(figure->lo, exp(mean - half));
    figure->hi = fmax(figure->hi, exp(mean + half));
}

struct figure simultaneous_time(const struct case_summary *line, size_t rivals)
{
    struct figure figure = line->time_us;
    double alpha = 0.05 / (double)(rivals ? rivals : 1);
    if (figure.kind != INTERVAL_EXACT) return figure;
    double *values = allocate(line->launches, sizeof *values);
    for (size_t i = 0; i < line->launches; i++) values[i] = line->points[i].time_us;
    sort_doubles(values, line->launches);
    if (!median_interval_sorted(values, line->launches, alpha, &figure.lo, &figure.hi))
        widen(values, line->launches, alpha, &figure);
    free(values);
    return figure;
}

void places(const struct figure *figures, size_t count, bool less_is_better, size_t *place)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++) known += figures[i].kind == INTERVAL_EXACT;
    for (size_t i = 0; i < count; i++) {
        place[i] = known > 1 && figures[i].kind == INTERVAL_EXACT;
        for (size_t j = 0; j < count && place[i]; j++)
            place[i] += figures[j].kind == INTERVAL_EXACT &&
                        (less_is_better ? figures[j].hi < figures[i].lo : figures[j].lo > figures[i].hi);
    }
}
