/* Reads nccl-tests' JSON (-J), versions 1 to 3. */
#include "analysis/import/source_json.h"
#include "analysis/import/source_nccl.h"
#include "record/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* nccl-tests writes reals with "%lf": six decimals. */
static struct printed printed(json_t *object, const char *key)
{
    return (struct printed){json_member_real(object, key), 1e-6};
}

static void read_samples(json_t *iterations, struct figures *figures)
{
    json_t *times = json_object_get(iterations, "times_us");
    size_t count = json_array_size(times);
    int64_t skipped = json_member_integer(iterations, "skipped_iterations");
    size_t from = skipped > 0 && (size_t)skipped < count ? (size_t)skipped : 0;
    figures->min_us = json_member_real(iterations, "min_us");
    figures->max_us = json_member_real(iterations, "max_us");
    figures->p99_us = json_member_real(iterations, "p99_us");
    if (count == 0) return;
    figures->samples_us.us = allocate(count, sizeof(double));
    for (size_t i = from; i < count; i++) {
        double us = json_number_value(json_array_get(times, i));
        if (!json_is_number(json_array_get(times, i)) ||
            !(us >= 0)) { /* not a time: the others may not be in their places either */
            free(figures->samples_us.us);
            figures->samples_us = (struct samples){0};
            return;
        }
        figures->samples_us.us[figures->samples_us.count++] = us;
    }
}

static void read_placement(struct source *source, struct source_table *table, json_t *result, const char *key,
                           struct source_row *row, struct figures *figures)
{
    char iterations[64];
    json_t *object = json_object_get(result, key);
    if (!json_is_object(object)) return; /* null: this placement was not run */
    figures->present = true;
    figures->time_us = printed(object, "time");
    figures->cpu_time_us = json_member_real(object, "cpu_time");
    table->cpu_time |= json_object_get(object, "cpu_time") != NULL;
    figures->algbw_gbps = printed(object, "alg_bw");
    figures->busbw_gbps = printed(object, "bus_bw");
    source_wrong_member(source, table, row, figures, json_object_get(object, "nwrong"));
    snprintf(iterations, sizeof iterations, "%s_per_iter", key);
    read_samples(json_object_get(result, iterations), figures);
    if (isnan(figures->time_us.value) && isnan(figures->cpu_time_us))
        source_warn(source, table, row->line, "%s has no time", key);
}

static void read_result(struct source *source, struct source_table *table, json_t *result, size_t number)
{
    const char *type = json_string_value(json_object_get(result, "type")),
               *op = json_string_value(json_object_get(result, "redop"));
    int64_t bytes = json_member_integer(result, "size");
    if (bytes < 0 || !type || !dtype_by_any_name(type)) {
        source_warn(source, table, number, "no size or no known type: left out");
        table->incomplete++;
        return;
    }
    /* The document is one line: the number of the result identifies a row. */
    struct source_row *row = source_add_row(table, number);
    row->bytes = bytes;
    row->count = json_member_integer(result, "count");
    row->dtype = dtype_by_any_name(type);
    row->op = op ? op_by_any_name(op) : NULL;
    row->root = json_member_integer(result, "root");
    read_placement(source, table, result, "out_of_place", row, &row->figures[0]);
    read_placement(source, table, result, "in_place", row, &row->figures[1]);
    if (row->figures[0].present || row->figures[1].present) return;
    source_warn(source, table, number, "no figures: left out");
    table->incomplete++;
    table->row_count--;
}

static void read_devices(struct source *source, struct source_table *table, json_t *devices)
{
    size_t i;
    json_t *device;
    json_array_foreach(devices, i, device)
    {
        struct source_device found = {
            .rank = json_member_integer(device, "rank"),
            .device = json_member_integer(device, "device"),
            .host = arena_string(&source->arena, json_string_value(json_object_get(device, "hostname"))),
            .gpu = arena_string(&source->arena, json_string_value(json_object_get(device, "device_info"))),
        };
        if (found.rank >= 0) source_add_device(table, found);
    }
    if (table->device_count && table->devices[0].gpu)
        source_fact(table, "gpu", table->devices[0].gpu, strlen(table->devices[0].gpu));
}

/* Only the program's name tells the collective in this format. */
static void read_args(struct source *source, struct source_table *table, json_t *args)
{
    size_t i;
    json_t *item;
    json_array_foreach(args, i, item)
    {
        const char *word = json_string_value(item), *slash = word ? strrchr(word, '/') : NULL;
        const char *next = json_string_value(json_array_get(args, i + 1));
        if (!word) continue;
        if (slash) word = slash + 1;
        if (i == 0) {
            nccl_set_program(&source->arena, table, word);
        }
        bool is_average = strcmp(word, "-a") == 0 || strcmp(word, "--average") == 0;
        if (is_average && next) table->average = atoi(next);
    }
    if (json_is_array(args)) table->args = json_deep_copy(args);
}

/* nccl-tests writes its whole environment: keeps only the variables of the allow-list. */
static json_t *allowed(json_t *env)
{
    size_t count = json_array_size(env), kept = 0;
    char **list = allocate(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        const char *entry = json_string_value(json_array_get(env, i));
        if (entry) list[kept++] = duplicate(entry);
    }
    json_t *result = allowed_environment(list);
    for (size_t i = 0; i < kept; i++) free(list[i]);
    free(list);
    return result;
}

static void read_config(struct source_table *table, json_t *config)
{
    int64_t factor = json_member_integer(config, "step_factor"),
            step = json_member_integer(config, "step_bytes");
    table->min_bytes = json_member_integer(config, "minimum_bytes");
    table->step_is_factor = factor > 1;
    table->step = factor > 1 ? factor : step;
    table->warmup = json_member_integer(config, "warmup_iters");
    table->iterations = json_member_integer(config, "iterations");
    table->batch = json_member_integer(config, "aggregated_iterations");
    table->graph = json_member_integer(config, "graph");
}

static void read_summary(struct source_table *table, json_t *root)
{
    json_t *average = json_object_get(root, "average_bus_bandwidth");
    table->out_of_bounds = json_member_integer(json_object_get(root, "out_of_bounds"), "count");
    if (!average)
        average = json_object_get(root, "average_bus_bandwidith"); /* spelling of the first release */
    table->printed_average = json_member_real(average, "bandwidth");
    if (isnan(table->printed_average)) table->printed_average = json_member_real(average, "bandwidith");
    table->average_step = 1e-6;
}

static void read_document(struct source *source, json_t *root)
{
    size_t i;
    json_t *result, *results = json_object_get(root, "results"), *config = json_object_get(root, "config");
    struct source_table *table = source_add_table(source, 1);
    int64_t version = json_member_integer(root, "version");
    table->backend = "nccl", table->memory = "device", table->statistic = "mean", table->includes_launch = 1;
    if (version > 3)
        source_warn(
            source, table, 0,
            "JSON version %lld is newer than 3, the newest that busbar knows: some values may be missing",
            (long long)version);
    read_args(source, table, json_object_get(root, "args"));
    table->rank_reduction = nccl_rank_reduction(table->average);
    read_config(table, config);
    read_devices(source, table, json_object_get(config, "devices"));
    source_nccl_version(table, "nccl", json_member_integer(root, "nccl_version"));
    table->started = arena_string(&source->arena, json_string_value(json_object_get(root, "start_time")));
    if (json_object_get(root, "env")) table->env = allowed(json_object_get(root, "env"));
    json_array_foreach(results, i, result) read_result(source, table, result, i + 1);
    read_summary(table, root);
    json_array_foreach(json_object_get(root, "errors"), i, result)
    {
        if (json_is_string(result) && *json_string_value(result))
            source_warn(source, table, 0, "the run reported: %s", json_string_value(result));
    }
}

/* Reads one document, or a list of documents. Those with the same arguments as the first are its
   repetitions. */
static void read_documents(struct source *source, json_t *root)
{
    size_t i;
    json_t *document;
    if (json_is_array(json_object_get(root, "results"))) read_document(source, root);
    json_array_foreach(root, i, document)
    {
        json_t *first = json_object_get(json_array_get(root, 0), "args");
        size_t before = source->table_count;
        if (json_is_array(json_object_get(document, "results"))) read_document(source, document);
        if (before && source->table_count > before && first &&
            json_equal(first, json_object_get(document, "args")))
            source->tables[0].repetitions = source->tables[before].repetitions = true;
    }
}

size_t source_read_nccl_json(struct source *source, const char *data, size_t length)
{
    struct json_pieces pieces;
    json_t *root;
    json_pieces_start(&pieces, data, length);
    while ((root = json_pieces_next(source, &pieces))) {
        size_t before = source->table_count;
        read_documents(source, root);
        json_decref(root);
        for (size_t i = before; pieces.cut && i < source->table_count; i++) {
            source->tables[i].interrupted = true;
            source_warn(source, &source->tables[i], 0,
                        "the JSON is cut off: only its complete rows were read");
        }
    }
    if (source_drop_empty(source)) return source->table_count;
    warn("%s:1: no results in it: not nccl-tests' JSON, or the run ended before its first", source->path);
    return 0;
}
