/* Matrix multiplication: rates, their share of the peak, cost and energy. */
#include "analysis/report/report_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* US$ per delivered EFLOP = US$/h / 3600 s / (TFLOP/s * 1e12) * 1e18. */
static double usd_per_eflop(double usd_per_hour)
{
    return usd_per_hour / 3600 * 1e6;
}

/* US$ per delivered EFLOP; absent without a price, or if it is not known how long the rate was kept up. */
static struct figure line_cost(const struct instance *instance, const struct case_summary *line)
{
    if (!report_priced(instance) || !line->row->phase) return figure_absent();
    return figure_inverse(usd_per_eflop(instance->usd_per_gpu_hour), line->tflops);
}

static void matmul_row(struct table *table, const struct report *report, const struct run_summary *run,
                       const struct site *site, const struct case_summary *line)
{
    const struct instance *instance = site->instance;
    struct text text = {0};
    report_run_cell(table, run);
    table_cell(table, "%s", line->row->dtype ? line->row->dtype : "");
    table_cell(table, "%s", line->row->phase ? phase_name(line->row->phase) : "");
    table_integer(table, line->row->ranks);
    table_cell(table, "%lld × %lld × %lld", (long long)line->row->m, (long long)line->row->n,
               (long long)line->row->k);
    report_figure(&text, line->tflops, line->bound_percent, "peak", NULL);
    table_cell(table, "%s", text_get(&text));
    report_price_cell(table, report, instance);
    text_clear(&text);
    report_figure(&text, line_cost(instance, line), figure_absent(), "", NULL);
    table_cell(table, "%s", text_get(&text));
    text_clear(&text);
    report_figure(&text, report_joule_per_tflop(line), figure_absent(), "", NULL);
    table_cell(table, "%s", text_get(&text));
    text_clear(&text);
    report_origin(&text, run, line);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

/* Is this the fastest of the run's matmul shapes with the same type, phase and number of GPUs? */
static bool report_best_shape(const struct run_summary *run, const struct case_summary *line)
{
    for (size_t c = 0; c < run->case_count; c++) {
        const struct case_summary *other = &run->cases[c];
        if (!other->row->gemm || !figure_present(other->tflops) ||
            !same(other->row->dtype, line->row->dtype) || other->row->phase != line->row->phase ||
            other->row->ranks != line->row->ranks)
            continue;
        if (other->tflops.point > line->tflops.point ||
            (other < line && other->tflops.point >= line->tflops.point))
            return false;
    }
    return true;
}

void report_matmul(struct page *page, const struct report *report)
{
    struct table table = {0};
    static const char *const names[] = {"<cloud",
                                        "<type",
                                        "<phase",
                                        "GPUs",
                                        "<best shape",
                                        "TFLOP/s per GPU",
                                        "US$ per GPU-hour",
                                        "US$ per delivered EFLOP",
                                        "J per TFLOP",
                                        "<from",
                                        NULL};
    table_columns(&table, names);
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        for (size_t c = 0; c < run->case_count; c++)
            if (run->cases[c].row->gemm && figure_present(run->cases[c].tflops) &&
                report_best_shape(run, &run->cases[c]))
                matmul_row(&table, report, run, &report->study->sites[r], &run->cases[c]);
    }
    page_heading(page, 3, NULL, "Matrix multiplication");
    if (table_rows(&table)) {
        table_drop_empty(&table);
        page_table(
            page, &table,
            "Sustained is what training keeps up; a burst is a cold GPU's first moments. max: the best "
            "that somebody published; how long it was kept up is not known, so no step and no cost is "
            "made from it. Without a GPU these are the CPU's.");
    } else {
        page_paragraph(page, "No run measured matrix multiplication: computation, its cost and steps of "
                             "workloads are not known.");
    }
    table_free(&table);
}

void report_matmul_rows(struct table *table, const struct report *report)
{
    struct text what = {0};
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        for (size_t c = 0; c < run->case_count; c++) {
            const struct case_summary *line = &run->cases[c];
            const struct {
                const char *name, *unit;
                struct figure value;
            } figures[] = {
                {"", "TFLOP/s", line->tflops},
                {" cost", "US$/EFLOP", line_cost(report->study->sites[r].instance, line)},
                {" energy", "J/TFLOP", report_joule_per_tflop(line)},
            };
            if (!line->row->gemm || !figure_present(line->tflops) || !report_best_shape(run, line)) continue;
            for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
                struct report_row row = report_row_of(report, r, SCOPE_UNKNOWN, line);
                text_clear(&what);
                text_add(&what, "matmul %s %s%s", line->row->dtype ? line->row->dtype : "",
                         line->row->phase ? phase_name(line->row->phase) : "", figures[i].name);
                row.figure = text_get(&what);
                row.unit = figures[i].unit;
                row.value = figures[i].value;
                if (i) row.bound_percent = 0;
                report_row_add(table, report, &row);
            }
        }
    }
    text_free(&what);
}

/* A run's cost of sustained computation. */
struct cost {
    const struct run_summary *run;
    const struct instance *instance;
    const struct case_summary *line;
    int64_t ranks;
    struct figure usd_per_eflop;
};

/* The cost of one delivered EFLOP from the time of one call. */
static struct figure cost_of(const struct cost *cost, struct figure time_us)
{
    const struct case_row *row = cost->line->row;
    double mflops = case_flop(row) * 1e-6;
    return figure_scaled(time_us, usd_per_eflop(cost->instance->usd_per_gpu_hour) / mflops);
}

static int by_basis(const struct cost *x, const struct cost *y)
{
    int order = strcmp(x->instance->price_kind, y->instance->price_kind);
    return order ? order : (x->ranks > y->ranks) - (x->ranks < y->ranks);
}

static int by_basis_and_cost(const void *a, const void *b)
{
    const struct cost *x = a, *y = b;
    int order = by_basis(x, y);
    if (order) return order;
    if (x->usd_per_eflop.point != y->usd_per_eflop.point)
        return x->usd_per_eflop.point < y->usd_per_eflop.point ? -1 : 1;
    return (x->run > y->run) - (x->run < y->run);
}

static void cost_text(struct text *out, const struct report *report, const struct cost *cost)
{
    figure_words(out, cost->usd_per_eflop, " ");
    text_add(out, " %s (%s; US$ %.2f, ", cost->run->label, cost->run->provenance,
             cost->instance->usd_per_gpu_hour);
    report_price_words(out, report, cost->instance);
    text_add(out, ")");
}

/* Writes an item on n costs of one basis (number of GPUs, kind of price), which are sorted: the lowest
   first. */
static void lowest_item(struct page *page, const struct report *report, const struct cost *costs, size_t n)
{
    struct text text = {0};
    struct figure *figures = allocate(n, sizeof *figures);
    size_t *place = allocate(n, sizeof *place), first = 0;
    for (size_t i = 0; i < n; i++) figures[i] = cost_of(&costs[i], simultaneous_time(costs[i].line, n));
    places(figures, n, true, place);
    for (size_t i = 0; i < n; i++) first += place[i] == 1;
    text_add(&text, "lowest US$ per delivered EFLOP, sustained bfloat16, %lld GPU%s, %s prices: ",
             (long long)costs->ranks, costs->ranks == 1 ? "" : "s",
             *costs->instance->price_kind ? costs->instance->price_kind : "unnamed kinds of");
    cost_text(&text, report, &costs[0]);
    text_add(&text, "; next ");
    cost_text(&text, report, &costs[1]);
    text_add(&text, place[0] == 1 && first == 1 ? "." : ": not told apart.");
    report_lead_words(&text, costs[0].run->label, costs[0].instance->usd_per_gpu_hour,
                      costs[1].usd_per_eflop.point / costs[0].usd_per_eflop.point);
    text_add(&text, ".");
    page_item(page, "matrix multiplication", text_get(&text));
    free(figures);
    free(place);
    text_free(&text);
}

static void add_costs(struct cost **costs, size_t *n, const struct run_summary *run,
                      const struct instance *instance)
{
    size_t first = *n;
    for (size_t c = 0; c < run->case_count; c++) {
        const struct case_summary *line = &run->cases[c];
        if (!line->row->gemm || !same(line->row->dtype, "bfloat16") || line->row->phase != PHASE_SUSTAINED ||
            line->statistic != STATISTIC_MEDIAN || is_impossible(line))
            continue;
        int64_t ranks = line->row->ranks != ABSENT ? line->row->ranks : line->launch->header.ranks;
        struct cost cost = {run, instance, line, ranks, figure_absent()};
        cost.usd_per_eflop = cost_of(&cost, line->time_us);
        size_t at = first;
        while (at < *n && (*costs)[at].ranks != ranks) at++;
        if (!figure_present(cost.usd_per_eflop) ||
            (at < *n && cost.usd_per_eflop.point >= (*costs)[at].usd_per_eflop.point))
            continue;
        if (at == *n) *costs = reallocate(*costs, ++*n, sizeof **costs);
        (*costs)[at] = cost;
    }
}

/* Writes an item on a cost that is comparable with no other, so that it has no rank. */
static void only_item(struct page *page, const struct report *report, const struct cost *cost)
{
    struct text text = {0};
    text_add(&text, "US$ per delivered EFLOP, sustained bfloat16, %lld GPU%s: ", (long long)cost->ranks,
             cost->ranks == 1 ? "" : "s");
    cost_text(&text, report, cost);
    text_add(&text, "; no other run has the same number of GPUs and kind of price.");
    page_item(page, "matrix multiplication", text_get(&text));
    text_free(&text);
}

/* Compares the cost of sustained bfloat16 computation, the usual type in training, by medians: a ranking
   among runs with the same number of GPUs and kind of price, and at most MOST_ALONE that have no equal. */
void report_cheapest(struct page *page, const struct report *report)
{
    enum { MOST_ALONE = 3 };
    struct cost *costs = NULL;
    size_t n = 0, alone = 0;
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct instance *instance = report->study->sites[r].instance;
        if (report_priced(instance)) add_costs(&costs, &n, &report->study->aggregate.runs[r], instance);
    }
    if (n) qsort(costs, n, sizeof *costs, by_basis_and_cost);
    for (size_t first = 0, last; first < n; first = last) {
        for (last = first + 1; last < n && by_basis(&costs[first], &costs[last]) == 0;) last++;
        if (last - first > 1)
            lowest_item(page, report, &costs[first], last - first);
        else if (alone++ < MOST_ALONE)
            only_item(page, report, &costs[first]);
    }
    free(costs);
}
