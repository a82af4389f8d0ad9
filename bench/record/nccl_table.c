#include "record/nccl_table.h"
#include "base/version.h"
#include "collective/dtype.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- figures of a row as nccl-tests computes them ---- */

/* The mean over the samples; for imported rows, which have none, the time of their source. */
static double mean_us(const struct case_row *row)
{
    if (row->samples_us.count == 0) return isfinite(row->time_us) ? row->time_us : row->median_us;
    return arithmetic_mean(row->samples_us.us, row->samples_us.count);
}

static bool has_figures(const struct case_row *row)
{
    double time = mean_us(row);
    return time > 0 && isfinite(time) && row->bytes != ABSENT;
}

struct nccl_rates nccl_rates_of(const struct nccl_table *table, const struct case_row *row)
{
    double time = mean_us(row), factor = bus_factor(table->collective, table->ranks);
    double algbw = algbw_gbps((double)row->bytes, time), busbw = algbw * factor;
    /* The source computed imported rates from times with more digits than it printed. */
    if (row->samples_us.count == 0 && isfinite(row->algbw_gbps))
        algbw = row->algbw_gbps, busbw = algbw * factor;
    if (row->samples_us.count == 0 && isfinite(row->busbw_gbps)) busbw = row->busbw_gbps;
    /* src/hypercube.cu, HyperCubeGetBw: the algorithm bandwidth counts what each rank receives. */
    if (table->collective->id == HYPERCUBE) algbw = busbw;
    if (!case_moves_data(row)) algbw = NAN;
    return (struct nccl_rates){time, algbw, busbw};
}

int64_t nccl_count(const struct nccl_table *table, const struct case_row *row)
{
    int dtype = row->dtype ? dtype_find(row->dtype) : -1;
    int64_t elements = dtype >= 0 ? row->bytes / (int64_t)dtypes[dtype].size : row->bytes;
    return elements / (int64_t)table->collective->divisor((int)table->ranks);
}

const char *nccl_type(const struct case_row *row)
{
    int dtype = row->dtype ? dtype_find(row->dtype) : -1;
    if (dtype == DTYPE_FP8_E4M3) return "f8e4m3";
    if (dtype == DTYPE_FP8_E5M2) return "f8e5m2";
    return dtype >= 0 ? dtypes[dtype].name : "?";
}

/* nccl-tests also iterates over operations for sendrecv, which has none, and so prints "sum"; for hypercube
   it prints nothing. */
const char *nccl_op(const struct nccl_table *table, const struct case_row *row)
{
    int op = row->op ? op_find(row->op) : -1;
    if (op == OP_PREMULSUM) return "mulsum";
    if (op >= 0) return op_names[op];
    return table->collective->id == SEND_RECV ? "sum" : table->collective->id == HYPERCUBE ? "" : "none";
}

int nccl_root(const struct nccl_table *table, const struct case_row *row)
{
    if (!table->collective->rooted) return -1;
    return row->root >= 0 && row->root < 1 << 30 ? (int)row->root : 0;
}

/* ---- tables ---- */

static int index_in(const char *name, int (*find)(const char *))
{
    return name ? find(name) : -1;
}

/* The order of nccl-tests: by type, operation, root and size. */
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
    table->lines[table->count++].placement[row->placement == IN_PLACE] = row;
}

/* Sorts the lines, which have one placement each, and merges those of the same case into one line. */
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

/* Does the row belong to the test? Not if it differs in a setting for which nccl-tests has no column. */
static bool same_test(const struct nccl_table *table, const struct case_row *row)
{
    const struct case_row *first = table->first;
    return same(first->collective, row->collective) && first->mode == row->mode && first->sync == row->sync &&
           first->cache == row->cache && first->memory == row->memory && first->graph == row->graph &&
           case_aggregate(first) == case_aggregate(row) && first->registration == row->registration &&
           same(first->cta, row->cta) && same(first->imbalance, row->imbalance) &&
           same(first->beside, row->beside) && same(first->group, row->group) && first->nodes == row->nodes &&
           first->ranks == row->ranks;
}

size_t nccl_tables(const struct case_row *rows, size_t count, struct nccl_table **tables)
{
    struct nccl_table *list = NULL;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct collective *collective = rows[i].collective ? collective_find(rows[i].collective) : NULL;
        if (!collective || rows[i].ranks < 1 || rows[i].ranks > 1 << 30) continue;
        size_t t = 0;
        while (t < n && !same_test(&list[t], &rows[i])) t++;
        if (t == n) {
            list = reallocate(list, n + 1, sizeof *list);
            list[n++] = (struct nccl_table){.collective = collective,
                                            .first = &rows[i],
                                            .mode = rows[i].mode,
                                            .cache = rows[i].cache,
                                            .ranks = rows[i].ranks};
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
    /* The header does not say which rank ran on which host, so this works for a single host only. */
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

/* The groups of --group that measured a table, as the first row with figures has them, slowest first; NULL:
   not recorded, or all ranks. */
static const json_t *groups_of(const struct nccl_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        for (int p = 0; p < 2; p++) {
            const struct case_row *row = table->lines[i].placement[p];
            if (row && json_array_size(row->groups)) return row->groups;
        }
    return NULL;
}

static bool contains_rank(const json_t *ranks, int64_t rank)
{
    for (size_t i = 0; i < json_array_size(ranks); i++)
        if (json_integer_value(json_array_get(ranks, i)) == rank) return true;
    return false;
}

size_t nccl_table_devices(const struct nccl_run *run, const struct nccl_table *table,
                          struct nccl_device **devices)
{
    const bool whole = is_world(table->first->group);
    const json_t *ranks = json_object_get(json_array_get(groups_of(table), 0), "ranks");
    size_t count = 0;
    *devices = allocate(run->device_count, sizeof **devices);
    for (size_t i = 0; i < run->device_count; i++)
        if (whole || contains_rank(ranks, run->devices[i].rank)) {
            (*devices)[count] = run->devices[i];
            if (!whole) (*devices)[count].rank = (int64_t)count;
            count++;
        }
    return count;
}

/* ---- parameters in front of the table ---- */

const struct case_row *nccl_any_row(const struct nccl_line *line)
{
    return line->placement[0] ? line->placement[0] : line->placement[1];
}

int64_t nccl_iterations(const struct case_row *row)
{
    int64_t operations = (int64_t)row->samples_us.count * (row->batch > 0 ? row->batch : 1);
    return operations / case_aggregate(row);
}

static void add_to_plan(struct nccl_plan *plan, const struct case_row *row)
{
    int64_t iterations = nccl_iterations(row);
    if (plan->iterations == ABSENT || iterations < plan->iterations) plan->iterations = iterations;
    if (row->warmup > plan->warmup) plan->warmup = row->warmup;
    if (row->graph > plan->graph) plan->graph = row->graph;
    if (row->aggregate > plan->aggregate) plan->aggregate = row->aggregate;
    plan->checked |= row->wrong != ABSENT;
}

/* Finds the step between sizes: a constant ratio, else a constant difference, else nccl-tests' default. */
static void find_step(const struct nccl_table *table, struct nccl_plan *plan)
{
    int64_t factor = ABSENT, distance = ABSENT;
    bool by_factor = true, by_distance = true;
    for (size_t i = 1; i < table->count; i++) {
        int64_t before = nccl_any_row(&table->lines[i - 1])->requested_bytes,
                now = nccl_any_row(&table->lines[i])->requested_bytes;
        if (now <= before || before <= 0) continue; /* the first size of another type or operation */
        if (factor == ABSENT) factor = now / before, distance = now - before;
        by_factor &= now == before * factor && factor > 1;
        by_distance &= now - before == distance;
    }
    plan->step_is_factor = factor != ABSENT && by_factor;
    plan->step = plan->step_is_factor ? factor : distance != ABSENT && by_distance ? distance : 1 << 20;
}

struct nccl_plan nccl_plan_of(const struct nccl_run *run, const struct nccl_table *table)
{
    struct nccl_plan plan = {.min_bytes = INT64_MAX, .iterations = ABSENT, .aggregate = 1};
    for (size_t i = 0; i < table->count; i++) {
        int64_t bytes = nccl_any_row(&table->lines[i])->requested_bytes;
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

/* The settings that tell tables of one launch apart and that nccl-tests' other lines do not name. */
static void add_settings(const struct nccl_run *run, const struct nccl_table *table, struct text *text)
{
    const struct case_row *row = table->first;
    const size_t groups = json_array_size(groups_of(table));
    if (row->sync == SYNC_WINDOW) text_add(text, ", window sync");
    if (row->memory == MEMORY_DEVICE && !same(run->backend, "nccl")) text_add(text, ", device memory");
    if (row->registration > REGISTRATION_NONE)
        text_add(text, ", registration %s", registration_name(row->registration));
    if (row->cta && !same(row->cta, "default")) text_add(text, ", CTA policy %s", row->cta);
    if (row->imbalance) text_add(text, ", imbalance %s", row->imbalance);
    if (row->beside) text_add(text, ", while other ranks run %s", row->beside);
    if (!is_world(row->group))
        text_add(text, ", group %s of %lld ranks", row->group, (long long)table->ranks);
    if (groups > 1) text_add(text, " (one of %zu is listed)", groups);
}

void nccl_describe(const struct nccl_run *run, const struct nccl_table *table, struct text *text)
{
    bool sampled = table->count && nccl_any_row(&table->lines[0])->samples_us.count;
    const char *how = table->mode == MODE_ISOLATED ? "one operation at a time" : "operations back to back",
               *buffers = table->cache == CACHE_COLD
                              ? ", buffers rotated beyond the caches (--cache cold; nccl-tests reuses them)"
                          : table->cache == CACHE_WARM ? ", the same buffers every time"
                                                       : "";
    bool as_nccl_tests = table->mode == MODE_NCCL_TESTS;
    text_add(text, "busbar %s", BUSBAR_VERSION);
    if (sampled)
        text_add(text, ", backend %s: mean over iterations, %s, %s%s%s", run->backend ? run->backend : "?",
                 as_nccl_tests ? "mean over ranks" : "maximum over ranks", how,
                 as_nccl_tests ? ", host's clock" : "", buffers);
    else
        text_add(text, ": figures imported from another tool, its own statistic");
    add_settings(run, table, text);
    if (table->ranks == 1) text_add(text, "; one rank: no busbw, in place no algbw");
}

int nccl_version_code(const char *version)
{
    int x = 0, y = 0, z = 0;
    if (!version || sscanf(version, "%d.%d.%d", &x, &y, &z) < 2 || x < 0 || x > 99 || y < 0 || y > 99 ||
        z < 0 || z > 99)
        return 0;
    return x * (x <= 2 && y <= 8 ? 1000 : 10000) + y * 100 + z;
}

void nccl_sum_up(const struct nccl_table *table, double *average, int *wrong)
{
    double sum = 0;
    size_t count = 0;
    *wrong = 0;
    for (size_t i = 0; i < table->count; i++)
        for (int p = 0; p < 2; p++) {
            const struct case_row *row = table->lines[i].placement[p];
            if (!row) continue;
            sum += nccl_rates_of(table, row).busbw;
            *wrong += row->wrong != ABSENT && row->wrong > 0;
            count++;
        }
    *average = count ? sum / (double)count : 0;
}
