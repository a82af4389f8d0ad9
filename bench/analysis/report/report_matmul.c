/* 1. The answer, of matrix multiplication: rates, their share of the peak, and what they cost. */
#include "analysis/report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* US$ per delivered EFLOP = US$/h / 3600 s / (TFLOP/s * 1e12) * 1e18. */
static double usd_per_eflop(double usd_per_hour)
{
    return usd_per_hour / 3600 * 1e6;
}

static void matmul_row(struct table *table, const struct run_summary *run, const struct site *site,
                       const struct case_summary *line)
{
    const struct instance *instance = site->instance;
    bool priced = instance && isfinite(instance->usd_per_gpu_hour);
    struct text text = {0};
    report_run_cell(table, run);
    table_cell(table, "%s", line->row->dtype ? line->row->dtype : "");
    table_cell(table, "%s", line->row->phase ? line->row->phase : "");
    table_cell(table, "%lld × %lld × %lld", (long long)line->row->m, (long long)line->row->n,
               (long long)line->row->k);
    report_figure(&text, line->tflops, line->bound_percent, "peak", NULL);
    table_cell(table, "%s", text_get(&text));
    if (priced)
        table_cell(table, "%.2f\n%s\n%s\nclouds.tsv:%zu", instance->usd_per_gpu_hour,
                   *instance->price_kind ? instance->price_kind : "kind not given",
                   *instance->price_date ? instance->price_date : "no date", instance->line);
    else
        table_cell(table, "%s", "");
    text_clear(&text);
    if (priced && line->row->phase)
        report_figure(&text, figure_inverse(usd_per_eflop(instance->usd_per_gpu_hour), line->tflops),
                      figure_absent(), "", NULL);
    table_cell(table, "%s", text_get(&text));
    text_clear(&text);
    report_origin(&text, run, line);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

bool report_best_shape(const struct run_summary *run, const struct case_summary *line)
{
    for (size_t c = 0; c < run->case_count; c++) {
        const struct case_summary *other = &run->cases[c];
        if (!other->row->gemm || !figure_present(other->tflops) ||
            !same(other->row->dtype, line->row->dtype) || !same(other->row->phase, line->row->phase))
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
                                        "<best shape",
                                        "TFLOP/s per GPU",
                                        "US$ per GPU-hour",
                                        "US$ per delivered EFLOP",
                                        "<from"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        table_column(&table, names[i] + (*names[i] == '<'), *names[i] == '<');
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        for (size_t c = 0; c < run->case_count; c++)
            if (run->cases[c].row->gemm && figure_present(run->cases[c].tflops) &&
                report_best_shape(run, &run->cases[c]))
                matmul_row(&table, run, &report->study->sites[r], &run->cases[c]);
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

/* A run's price of sustained computation. */
struct cost {
    const struct run_summary *run;
    struct figure usd_per_eflop;
};

static int by_cost(const void *a, const void *b)
{
    const struct cost *x = a, *y = b;
    if (x->usd_per_eflop.point != y->usd_per_eflop.point)
        return x->usd_per_eflop.point < y->usd_per_eflop.point ? -1 : 1;
    return (x->run > y->run) - (x->run < y->run);
}

static void cost_text(struct text *out, const struct cost *cost)
{
    char point[32], lo[32], hi[32];
    text_add(out, "%s", number_text(cost->usd_per_eflop.point, point));
    if (cost->usd_per_eflop.kind != INTERVAL_NONE)
        text_add(out, " [%s–%s]", number_text(cost->usd_per_eflop.lo, lo),
                 number_text(cost->usd_per_eflop.hi, hi));
    text_add(out, " %s (%s)", cost->run->label, cost->run->provenance);
}

/* Sustained computation in the type of most training, measured the same way (medians), where two runs or more
 * are priced. */
void report_cheapest(struct page *page, const struct report *report)
{
    struct cost *costs = allocate(report->study->aggregate.count, sizeof *costs);
    size_t n = 0;
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        const struct instance *instance = report->study->sites[r].instance;
        struct cost best = {run, figure_absent()};
        for (size_t c = 0; instance && c < run->case_count; c++) {
            const struct case_summary *line = &run->cases[c];
            if (!line->row->gemm || !same(line->row->dtype, "bfloat16") ||
                !same(line->row->phase, "sustained") || !same(line->statistic, "median"))
                continue;
            struct figure cost = figure_inverse(usd_per_eflop(instance->usd_per_gpu_hour), line->tflops);
            if (figure_present(cost) && !(cost.point >= best.usd_per_eflop.point)) best.usd_per_eflop = cost;
        }
        if (figure_present(best.usd_per_eflop)) costs[n++] = best;
    }
    if (n > 1) {
        struct text text = {0};
        qsort(costs, n, sizeof *costs, by_cost);
        text_add(&text, "lowest US$ per delivered EFLOP, sustained bfloat16: ");
        cost_text(&text, &costs[0]);
        text_add(&text, "; next ");
        cost_text(&text, &costs[1]);
        bool apart = costs[0].usd_per_eflop.kind == INTERVAL_EXACT &&
                     costs[1].usd_per_eflop.kind == INTERVAL_EXACT &&
                     costs[0].usd_per_eflop.hi < costs[1].usd_per_eflop.lo;
        text_add(&text, apart ? "." : ": not told apart.");
        page_item(page, "matrix multiplication", text_get(&text));
        text_free(&text);
    }
    free(costs);
}
