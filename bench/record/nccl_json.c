#include "record/nccl_text.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
    return text ? clean_string(text) : json_null();
}

static json_t *placement_json(const struct nccl_table *table, const struct case_row *row)
{
    if (!row) return json_null();
    struct nccl_rates rates = nccl_rates_of(table, row);
    return json_pack("{s:f, s:o, s:f, s:o}", "time", rates.time_us, "alg_bw",
                     isnan(rates.algbw) ? json_null() : json_real(rates.algbw), "bus_bw", rates.busbw,
                     "nwrong", row->wrong == ABSENT ? json_null() : json_real((double)row->wrong));
}

/* The times of single operations, like nccl-tests' -I; not for samples that are batches. Percentiles as
   nccl-tests computes them: nearest rank; p50 is sorted[n / 2]. */
static json_t *iterations_json(const struct case_row *row, double mean)
{
    size_t n = row->samples_us.count;
    double *sorted = allocate(n, sizeof *sorted), variance = 0;
    memcpy(sorted, row->samples_us.us, n * sizeof *sorted);
    sort_doubles(sorted, n);
    json_t *times = json_array();
    for (size_t i = 0; i < n; i++) {
        variance += (sorted[i] - mean) * (sorted[i] - mean) / (double)n;
        json_array_append_new(times, json_real(row->samples_us.us[i]));
    }
    double deviation = sqrt(variance);
    json_t *object =
        json_pack("{s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o}", "skipped_iterations", 0, "min_us",
                  sorted[0], "max_us", sorted[n - 1], "avg_us", mean, "p50_us", sorted[n / 2], "p95_us",
                  percentile_sorted(sorted, n, 0.95), "p99_us", percentile_sorted(sorted, n, 0.99),
                  "stdev_us", deviation, "cv_pct", mean > 0 ? deviation / mean * 100 : 0, "times_us", times);
    free(sorted);
    return object;
}

static bool has_iterations(const struct case_row *row)
{
    return row && row->samples_us.count &&
           (row->mode == MODE_ISOLATED || (row->mode == MODE_PIPELINED && row->batch == 1));
}

static json_t *line_json(const struct nccl_table *table, const struct nccl_line *line)
{
    static const char *const keys[] = {"out_of_place", "in_place"}, *const iterations[] = {
                                                                        "out_of_place_per_iter",
                                                                        "in_place_per_iter"};
    const struct case_row *row = nccl_any_row(line);
    char root[16];
    snprintf(root, sizeof root, "%6i", nccl_root(table, row));
    json_t *object = json_pack("{s:I, s:I, s:s, s:s, s:s}", "size", (json_int_t)row->bytes, "count",
                               (json_int_t)nccl_count(table, row), "type", nccl_type(row), "redop",
                               nccl_op(table, row), "root", root);
    for (int p = 0; p < 2; p++) {
        json_object_set_new(object, keys[p], placement_json(table, line->placement[p]));
        if (has_iterations(line->placement[p]))
            json_object_set_new(
                object, iterations[p],
                iterations_json(line->placement[p], nccl_rates_of(table, line->placement[p]).time_us));
    }
    json_object_set_new(object, "actual_iterations", json_integer((json_int_t)nccl_iterations(row)));
    json_object_set_new(object, "experiment_name", json_string(""));
    return object;
}

static json_t *devices_json(const struct nccl_run *run, const struct nccl_table *table)
{
    json_t *list = json_array();
    struct nccl_device *devices;
    const size_t count = nccl_table_devices(run, table, &devices);
    for (size_t i = 0; i < count; i++) {
        const struct nccl_device *d = &devices[i];
        json_array_append_new(list,
                              json_pack("{s:I, s:i, s:I, s:o, s:I, s:o, s:o}", "rank", (json_int_t)d->rank,
                                        "group", 0, "pid", (json_int_t)d->pid, "hostname",
                                        text_or_null(d->host), "device", (json_int_t)d->index, "device_hex",
                                        text_or_null(d->pci), "device_info", text_or_null(d->name)));
    }
    free(devices);
    return list;
}

static json_t *config_json(const struct nccl_run *run, const struct nccl_table *table)
{
    struct nccl_plan plan = nccl_plan_of(run, table);
    bool iterations = table->count && has_iterations(nccl_any_row(&table->lines[0]));
    return json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:s, s:s, s:i, s:s, s:o}",
                     "nthreads", 1, "ngpus", 1, "minimum_bytes", (json_int_t)plan.min_bytes, "maximum_bytes",
                     (json_int_t)plan.max_bytes, plan.step_is_factor ? "step_factor" : "step_bytes",
                     (json_int_t)plan.step, "warmup_iters", (json_int_t)plan.warmup, "iterations",
                     (json_int_t)plan.iterations, "aggregated_iterations", (int)plan.aggregate, "validation",
                     plan.checked, "graph", (json_int_t)plan.graph, "blocking_collectives", "false",
                     "per_iter_timing", iterations ? "true" : "false", "per_iter_skip", 0, "parallel_init",
                     "false", "devices", devices_json(run, table));
}

json_t *nccl_json(const struct nccl_run *run, const struct nccl_table *table)
{
    char program[64];
    struct text what = {0};
    double average;
    int wrong;
    json_t *results = json_array(), *args = run->args ? json_deep_copy(run->args) : json_array();
    nccl_describe(run, table, &what);
    snprintf(program, sizeof program, "%s_perf", table->collective->name);
    /* Readers of this JSON identify the test by the first argument only. */
    if (json_array_size(args))
        json_array_set_new(args, 0, json_string(program));
    else
        json_array_append_new(args, json_string(program));
    for (size_t i = 0; i < table->count; i++)
        json_array_append_new(results, line_json(table, &table->lines[i]));
    nccl_sum_up(table, &average, &wrong);
    json_t *busbar = clean_string(text_get(&what));
    text_free(&what);
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:{s:i, s:s}, s:{s:f, s:s}, s:o, s:o}",
                     "version", 3, "busbar", busbar, "start_time", text_or_null(run->started), "args", args,
                     "env", json_array(), "nccl_version", nccl_version_code(run->nccl_version), "config",
                     config_json(run, table), "results", results, "out_of_bounds", "count", wrong, "okay",
                     wrong ? "false" : "true", "average_bus_bandwidth", "bandwidth", average, "okay",
                     "unchecked", "errors", json_array(), "end_time", json_null());
}
