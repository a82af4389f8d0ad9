#include "record/nccl_text.h"
#include "base/version.h"
#include "collective/dtype.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Format strings, widths and order: nccl-tests 2.19.6, src/util.cu. */
#define NCCL_TESTS_VERSION "2.19.6"

/* ---- figures of a row as nccl-tests has them ---- */

/* The mean over warm iterations; imported rows have their source's own. */
static double mean_us(const struct case_row *row)
{
    double sum = 0;
    if (row->samples_us.count == 0) return isfinite(row->time_us) ? row->time_us : row->median_us;
    for (size_t i = 0; i < row->samples_us.count; i++) sum += row->samples_us.us[i];
    return sum / (double)row->samples_us.count;
}

static bool has_figures(const struct case_row *row)
{
    double time = mean_us(row);
    return time > 0 && isfinite(time) && row->bytes != ABSENT;
}

struct rates {
    double time_us, algbw, busbw;
};

static struct rates rates_of(const struct nccl_table *table, const struct case_row *row)
{
    double time = mean_us(row), factor = table->collective->bus_factor((int)table->ranks);
    double algbw = (double)row->bytes / time * 1e-3, busbw = algbw * factor;
    /* Imported rates were printed from times with more digits. */
    if (row->samples_us.count == 0 && isfinite(row->algbw_gbps))
        algbw = row->algbw_gbps, busbw = algbw * factor;
    if (row->samples_us.count == 0 && isfinite(row->busbw_gbps)) busbw = row->busbw_gbps;
    return (struct rates){time, algbw, busbw};
}

/* Elements as nccl-tests counts them: of one rank for what gathers or scatters. */
static int64_t count_of(const struct nccl_table *table, const struct case_row *row)
{
    int dtype = row->dtype ? dtype_find(row->dtype) : -1;
    int64_t elements = dtype >= 0 ? row->bytes / (int64_t)dtypes[dtype].size : row->bytes;
    return elements / (int64_t)table->collective->divisor((int)table->ranks);
}

static const char *type_name(const struct case_row *row)
{
    int dtype = row->dtype ? dtype_find(row->dtype) : -1;
    if (dtype == DTYPE_FP8_E4M3) return "f8e4m3";
    if (dtype == DTYPE_FP8_E5M2) return "f8e5m2";
    return dtype >= 0 ? dtypes[dtype].name : "?";
}

/* nccl-tests goes through sendrecv by operation too, though it has none. */
static const char *op_name(const struct nccl_table *table, const struct case_row *row)
{
    int op = row->op ? op_find(row->op) : -1;
    if (op == OP_PREMULSUM) return "mulsum";
    return op >= 0 ? op_names[op] : table->collective->id == SEND_RECV ? "sum" : "none";
}

static int root_of(const struct nccl_table *table, const struct case_row *row)
{
    if (!table->collective->rooted) return -1;
    return row->root >= 0 && row->root < 1 << 30 ? (int)row->root : 0;
}

/* ---- tables ---- */

static int index_in(const char *name, int (*find)(const char *))
{
    return name ? find(name) : -1;
}

/* nccl-tests' order: types, operations, roots, and sizes within them. */
static int by_case(const void *a, const void *b)
{
    const struct case_row *x = ((const struct nccl_line *)a)->placement[0],
                          *y = ((const struct nccl_line *)b)->placement[0];
    if (!x) x = ((const struct nccl_line *)a)->placement[1];
    if (!y) y = ((const struct nccl_line *)b)->placement[1];
    int64_t keys[][2] = {{index_in(x->dtype, dtype_find), index_in(y->dtype, dtype_find)},
                         {index_in(x->op, op_find), index_in(y->op, op_find)},
                         {x->root, y->root},
                         {x->requested_bytes, y->requested_bytes},
                         {x->bytes, y->bytes}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1]) return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

static void add_row(struct nccl_table *table, const struct case_row *row)
{
    if (!has_figures(row)) {
        table->left_out = reallocate(table->left_out, table->left_out_count + 1, sizeof *table->left_out);
        table->left_out[table->left_out_count++] = row;
        return;
    }
    table->lines = reallocate(table->lines, table->count + 1, sizeof *table->lines);
    table->lines[table->count] = (struct nccl_line){{NULL, NULL}};
    table->lines[table->count++].placement[same(row->placement, "in_place")] = row;
}

/* Sorted lines of one placement each become lines of two where the case is the same. */
static void pair_up(struct nccl_table *table)
{
    size_t kept = 0;
    if (table->count) qsort(table->lines, table->count, sizeof *table->lines, by_case);
    for (size_t i = 0; i < table->count; i++) {
        struct nccl_line *last = kept ? &table->lines[kept - 1] : NULL, *line = &table->lines[i];
        int place = line->placement[1] != NULL;
        if (last && !last->placement[place] && by_case(last, line) == 0)
            last->placement[place] = line->placement[place];
        else
            table->lines[kept++] = *line;
    }
    table->count = kept;
}

size_t nccl_tables(const struct case_row *rows, size_t count, struct nccl_table **tables)
{
    struct nccl_table *list = NULL;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct collective *collective = rows[i].collective ? collective_find(rows[i].collective) : NULL;
        if (!collective || rows[i].ranks < 1 || rows[i].ranks > 1 << 30) continue;
        size_t t = 0;
        while (t < n && !(list[t].collective == collective && same(list[t].mode, rows[i].mode) &&
                          list[t].ranks == rows[i].ranks))
            t++;
        if (t == n) {
            list = reallocate(list, n + 1, sizeof *list);
            list[n++] =
                (struct nccl_table){.collective = collective, .mode = rows[i].mode, .ranks = rows[i].ranks};
        }
        add_row(&list[t], &rows[i]);
    }
    for (size_t t = 0; t < n; t++) pair_up(&list[t]);
    *tables = list;
    return n;
}

void nccl_tables_free(struct nccl_table *tables, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(tables[i].lines);
        free(tables[i].left_out);
    }
    free(tables);
}

size_t nccl_devices(const struct launch_header *header, struct nccl_device **devices)
{
    json_t *facts = header->facts, *gpus = json_object_get(facts, "gpus"), *gpu;
    const char *model = json_string_value(json_object_get(json_object_get(facts, "gpu"), "model"));
    const char *cpu = json_string_value(json_object_get(facts, "cpu"));
    size_t i, count = json_array_size(gpus);
    *devices = allocate(count, sizeof **devices);
    json_array_foreach(gpus, i, gpu)
    {
        (*devices)[i] = (struct nccl_device){
            .rank = (int64_t)json_integer_value(json_object_get(gpu, "rank")),
            .index = (int64_t)json_integer_value(json_object_get(gpu, "index")),
            .host = json_string_value(json_object_get(gpu, "host")),
            .pci = json_string_value(json_object_get(gpu, "pci")),
            .name = model,
        };
    }
    /* Which of several hosts has which rank is not in a header; of one host it is clear. */
    if (count || header->host_count != 1 || header->hosts[0].ranks < 1 || header->hosts[0].ranks > 1 << 20)
        return count;
    count = (size_t)header->hosts[0].ranks;
    *devices = reallocate(*devices, count, sizeof **devices);
    for (i = 0; i < count; i++)
        (*devices)[i] = (struct nccl_device){.rank = (int64_t)i,
                                             .index = (int64_t)i,
                                             .host = header->hosts[0].name,
                                             .name = model ? model : cpu};
    return count;
}

/* ---- what the opening says of the plan ---- */

struct plan {
    int64_t min_bytes, max_bytes, step, warmup, iterations, batch, graph;
    bool step_is_factor, checked;
};

static const struct case_row *any_row(const struct nccl_line *line)
{
    return line->placement[0] ? line->placement[0] : line->placement[1];
}

static void add_to_plan(struct plan *plan, const struct case_row *row)
{
    int64_t iterations = (int64_t)row->samples_us.count * (row->batch > 0 ? row->batch : 1);
    if (plan->iterations == ABSENT || iterations < plan->iterations) plan->iterations = iterations;
    if (row->warmup > plan->warmup) plan->warmup = row->warmup;
    if (row->graph > plan->graph) plan->graph = row->graph;
    plan->checked |= row->wrong != ABSENT;
}

/* Sizes in a constant ratio or at a constant distance; else nccl-tests' default step. */
static void find_step(const struct nccl_table *table, struct plan *plan)
{
    int64_t factor = ABSENT, distance = ABSENT;
    bool by_factor = true, by_distance = true;
    for (size_t i = 1; i < table->count; i++) {
        int64_t before = any_row(&table->lines[i - 1])->requested_bytes,
                now = any_row(&table->lines[i])->requested_bytes;
        if (now <= before || before <= 0) continue; /* another type or operation begins again */
        if (factor == ABSENT) factor = now / before, distance = now - before;
        by_factor &= now == before * factor && factor > 1;
        by_distance &= now - before == distance;
    }
    plan->step_is_factor = factor != ABSENT && by_factor;
    plan->step = plan->step_is_factor ? factor : distance != ABSENT && by_distance ? distance : 1 << 20;
}

static struct plan plan_of(const struct nccl_run *run, const struct nccl_table *table)
{
    struct plan plan = {.min_bytes = INT64_MAX, .iterations = ABSENT};
    for (size_t i = 0; i < table->count; i++) {
        int64_t bytes = any_row(&table->lines[i])->requested_bytes;
        if (bytes < plan.min_bytes) plan.min_bytes = bytes;
        if (bytes > plan.max_bytes) plan.max_bytes = bytes;
        for (int p = 0; p < 2; p++)
            if (table->lines[i].placement[p]) add_to_plan(&plan, table->lines[i].placement[p]);
    }
    if (table->count == 0) plan.min_bytes = 0;
    if (run->min_bytes) plan.min_bytes = run->min_bytes;
    if (run->max_bytes) plan.max_bytes = run->max_bytes;
    if (plan.iterations == ABSENT) plan.iterations = 0;
    find_step(table, &plan);
    return plan;
}

/* What the figures are, in one line; it must not hold the words by which parsers find the header. */
static void describe(const struct nccl_run *run, const struct nccl_table *table, char text[256])
{
    bool sampled = table->count && any_row(&table->lines[0])->samples_us.count;
    const char *how = same(table->mode, "isolated") ? "operations one by one" : "operations back to back";
    if (sampled)
        snprintf(text, 256,
                 "busbar %s, backend %s: means over warm iterations of the slowest rank, %s; the records "
                 "have medians%s",
                 BUSBAR_VERSION, run->backend ? run->backend : "?", how,
                 table->ranks == 1 ? "; one rank has no bus bandwidth" : "");
    else
        snprintf(text, 256, "busbar %s: figures imported from another tool, its own statistic%s",
                 BUSBAR_VERSION, table->ranks == 1 ? "; one rank has no bus bandwidth" : "");
}

static int version_code(const char *version)
{
    int x = 0, y = 0, z = 0;
    if (!version || sscanf(version, "%d.%d.%d", &x, &y, &z) < 2 || x < 0 || x > 99 || y < 0 || y > 99 ||
        z < 0 || z > 99)
        return 0;
    return x * (x <= 2 && y <= 8 ? 1000 : 10000) + y * 100 + z;
}

/* ---- text ---- */

/* nccl-tests' getFloatStr. */
static void float_text(double value, int width, char text[32])
{
    for (int decimals = 2; decimals >= 0; decimals--)
        if (snprintf(text, 32, "%*.*f", width, decimals, value) <= width) return;
    snprintf(text, 32, "%*.*e", width, width >= 7 ? 1 : 0, value);
}

/* Words from records are anybody's: one line whatever they hold. */
static void clean_text(const char *text, const char *standard, char clean[256])
{
    snprintf(clean, 256, "%s", text && *text ? text : standard);
    for (char *c = clean; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?';
}

static void print_device(FILE *out, const struct nccl_device *d)
{
    char host[256], name[256], pci[256];
    clean_text(d->host, "?", host);
    clean_text(d->name, "?", name);
    clean_text(d->pci, "0000:00:00", pci);
    fprintf(out, "#  Rank %2d Group %2d Pid %6d on %10s device %2d [%.*s] %s\n", (int)d->rank, 0, (int)d->pid,
            host, (int)d->index, (int)strcspn(pci, ".]"), pci, name);
}

static void print_left_out(FILE *out, const struct nccl_table *table, const struct case_row *row)
{
    char what[256];
    clean_text(row->error ? row->error : row->status, "no figures", what);
    fprintf(out, "# not measured: %lld bytes %s %s %s: %s\n", (long long)row->requested_bytes, type_name(row),
            op_name(table, row), same(row->placement, "in_place") ? "in place" : "separate buffers", what);
}

static void print_opening(FILE *out, const struct nccl_run *run, const struct nccl_table *table,
                          const char *program)
{
    struct plan plan = plan_of(run, table);
    char what[256];
    int code = version_code(run->nccl_version);
    describe(run, table, what);
    fprintf(out, "# nccl-tests version %s nccl-headers=%d nccl-library=%d\n", NCCL_TESTS_VERSION, code, code);
    fprintf(out, "# Collective test starting: %s\n", program);
    fprintf(out,
            "# nThread %d nGpus %d minBytes %ld maxBytes %ld step: %ld(%s) warmup iters: %d iters: %d agg "
            "iters: %d validation: %d "
            "graph: %d unalign: %d\n",
            1, 1, (long)plan.min_bytes, (long)plan.max_bytes, (long)plan.step,
            plan.step_is_factor ? "factor" : "bytes", (int)plan.warmup, (int)plan.iterations, 1, plan.checked,
            (int)plan.graph, 0);
    fprintf(out, "# %s\n", what);
    fprintf(out, "#\n# Using devices\n");
    for (size_t i = 0; i < run->device_count; i++) print_device(out, &run->devices[i]);
}

static void print_header(FILE *out)
{
    static const char *const row =
        "# %10s  %12s  %8s  %6s  %6s  %7s  %6s  %6s  %6s  %7s  %6s  %6s  %6s %*s\n";
    fprintf(
        out,
        "#\n# %10s  %12s  %8s  %6s  %6s           out-of-place                       in-place          \n",
        "", "", "", "", "");
    fprintf(out, row, "size", "count", "type", "redop", "root", "time", "algbw", "busbw", "#wrong", "time",
            "algbw", "busbw", "#wrong", 0, "");
    fprintf(out, row, "(B)", "(elements)", "", "", "", "(us)", "(GB/s)", "(GB/s)", "", "(us)", "(GB/s)",
            "(GB/s)", "", 0, "");
}

static void print_placement(FILE *out, const struct nccl_table *table, const struct case_row *row)
{
    char time[32], algbw[32], busbw[32];
    if (!row) { /* as nccl-tests leaves the out-of-place columns of a trace replay */
        fprintf(out, "%32s", "");
        return;
    }
    struct rates rates = rates_of(table, row);
    float_text(rates.time_us, 7, time);
    float_text(rates.algbw, 6, algbw);
    float_text(rates.busbw, 6, busbw);
    if (row->wrong != ABSENT)
        fprintf(out, "  %7s  %6s  %6s  %6g", time, algbw, busbw, (double)row->wrong);
    else
        fprintf(out, "  %7s  %6s  %6s    N/A", time, algbw, busbw);
}

/* Average bus bandwidth over all measurements, and how many have wrong elements, as the footer has them. */
static void sum_up(const struct nccl_table *table, double *average, int *wrong)
{
    double sum = 0;
    size_t count = 0;
    *wrong = 0;
    for (size_t i = 0; i < table->count; i++)
        for (int p = 0; p < 2; p++) {
            const struct case_row *row = table->lines[i].placement[p];
            if (!row) continue;
            sum += rates_of(table, row).busbw;
            *wrong += row->wrong != ABSENT && row->wrong > 0;
            count++;
        }
    *average = count ? sum / (double)count : 0;
}

void nccl_text_print(FILE *out, const struct nccl_run *run, const struct nccl_table *table)
{
    char program[64];
    double average;
    int wrong;
    snprintf(program, sizeof program, "%s_perf", table->collective->name);
    print_opening(out, run, table, program);
    print_header(out);
    for (size_t i = 0; i < table->count; i++) {
        const struct nccl_line *line = &table->lines[i];
        const struct case_row *row = any_row(line);
        fprintf(out, "%12li  %12li  %8s  %6s  %6i", (long)row->bytes, (long)count_of(table, row),
                type_name(row), op_name(table, row), root_of(table, row));
        print_placement(out, table, line->placement[0]);
        if (line->placement[1]) print_placement(out, table, line->placement[1]);
        fprintf(out, "\n");
    }
    for (size_t i = 0; i < table->left_out_count; i++) print_left_out(out, table, table->left_out[i]);
    sum_up(table, &average, &wrong);
    fprintf(out, "# %-20s : %d %s\n", "Out of bounds values", wrong, wrong ? "FAILED" : "OK");
    fprintf(out, "# %-20s : %g %s\n", "Avg bus bandwidth", average, "");
    fprintf(out, "#\n# Collective test concluded: %s\n#\n\n", program);
}

/* ---- JSON ---- */

static json_t *text_or_null(const char *text)
{
    json_t *string = text ? json_string(text) : NULL;
    return string ? string : json_null();
}

static json_t *placement_json(const struct nccl_table *table, const struct case_row *row)
{
    if (!row) return json_null();
    struct rates rates = rates_of(table, row);
    return json_pack("{s:f, s:f, s:f, s:o}", "time", rates.time_us, "alg_bw", rates.algbw, "bus_bw",
                     rates.busbw, "nwrong",
                     row->wrong == ABSENT ? json_null() : json_real((double)row->wrong));
}

/* nccl-tests' -I: of single operations; samples of batches are none. Its percentiles: nearest rank; p50 is
 * sorted[n / 2]. */
static json_t *iterations_json(const struct case_row *row)
{
    size_t n = row->samples_us.count;
    double *sorted = allocate(n, sizeof *sorted), mean = mean_us(row), variance = 0;
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
    return row && row->samples_us.count && (same(row->mode, "isolated") || row->batch == 1);
}

static json_t *line_json(const struct nccl_table *table, const struct nccl_line *line)
{
    static const char *const keys[] = {"out_of_place", "in_place"}, *const iterations[] = {
                                                                        "out_of_place_per_iter",
                                                                        "in_place_per_iter"};
    const struct case_row *row = any_row(line);
    char root[16];
    snprintf(root, sizeof root, "%6i", root_of(table, row));
    json_t *object = json_pack("{s:I, s:I, s:s, s:s, s:s}", "size", (json_int_t)row->bytes, "count",
                               (json_int_t)count_of(table, row), "type", type_name(row), "redop",
                               op_name(table, row), "root", root);
    for (int p = 0; p < 2; p++) {
        json_object_set_new(object, keys[p], placement_json(table, line->placement[p]));
        if (has_iterations(line->placement[p]))
            json_object_set_new(object, iterations[p], iterations_json(line->placement[p]));
    }
    json_object_set_new(object, "actual_iterations",
                        json_integer((json_int_t)row->samples_us.count * (row->batch > 0 ? row->batch : 1)));
    json_object_set_new(object, "experiment_name", json_string(""));
    return object;
}

static json_t *devices_json(const struct nccl_run *run)
{
    json_t *list = json_array();
    for (size_t i = 0; i < run->device_count; i++) {
        const struct nccl_device *d = &run->devices[i];
        json_array_append_new(list,
                              json_pack("{s:I, s:i, s:I, s:o, s:I, s:o, s:o}", "rank", (json_int_t)d->rank,
                                        "group", 0, "pid", (json_int_t)d->pid, "hostname",
                                        text_or_null(d->host), "device", (json_int_t)d->index, "device_hex",
                                        text_or_null(d->pci), "device_info", text_or_null(d->name)));
    }
    return list;
}

static json_t *config_json(const struct nccl_run *run, const struct nccl_table *table)
{
    struct plan plan = plan_of(run, table);
    bool iterations = table->count && has_iterations(any_row(&table->lines[0]));
    return json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:s, s:s, s:i, s:s, s:o}",
                     "nthreads", 1, "ngpus", 1, "minimum_bytes", (json_int_t)plan.min_bytes, "maximum_bytes",
                     (json_int_t)plan.max_bytes, plan.step_is_factor ? "step_factor" : "step_bytes",
                     (json_int_t)plan.step, "warmup_iters", (json_int_t)plan.warmup, "iterations",
                     (json_int_t)plan.iterations, "aggregated_iterations", 1, "validation", plan.checked,
                     "graph", (json_int_t)plan.graph, "blocking_collectives", "false", "per_iter_timing",
                     iterations ? "true" : "false", "per_iter_skip", 0, "parallel_init", "false", "devices",
                     devices_json(run));
}

json_t *nccl_json(const struct nccl_run *run, const struct nccl_table *table)
{
    char what[256], program[64];
    double average;
    int wrong;
    json_t *results = json_array(), *args = run->args ? json_deep_copy(run->args) : json_array();
    describe(run, table, what);
    snprintf(program, sizeof program, "%s_perf", table->collective->name);
    /* The first argument is all by which readers know the test. */
    if (json_array_size(args))
        json_array_set_new(args, 0, json_string(program));
    else
        json_array_append_new(args, json_string(program));
    for (size_t i = 0; i < table->count; i++)
        json_array_append_new(results, line_json(table, &table->lines[i]));
    sum_up(table, &average, &wrong);
    return json_pack("{s:i, s:s, s:o, s:o, s:o, s:i, s:o, s:o, s:{s:i, s:s}, s:{s:f, s:s}, s:o, s:o}",
                     "version", 3, "busbar", what, "start_time", text_or_null(run->started), "args", args,
                     "env", json_array(), "nccl_version", version_code(run->nccl_version), "config",
                     config_json(run, table), "results", results, "out_of_bounds", "count", wrong, "okay",
                     wrong ? "false" : "true", "average_bus_bandwidth", "bandwidth", average, "okay",
                     "unchecked", "errors", json_array(), "end_time", json_null());
}
