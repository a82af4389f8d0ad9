/* Writes the tables of other tools as records. They keep the source's statistic, and state only what the
   source states. */
#include "analysis/import/source.h"
#include "base/paths.h"
#include "catalog/catalog.h"
#include "collective/dtype.h"
#include "record/facts.h"
#include "record/files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the rows of a table have in common. */
struct context {
    struct source *source;
    struct source_table *table;
    bool has_machine;
    struct machine machine;
};

/* The first of from, from x factor, … (or from + step, …) that is >= bytes; ABSENT: it would overflow. */
static int64_t planned_size(const struct source_table *table, int64_t from, int64_t bytes)
{
    if (!table->step_is_factor && from < bytes) {
        int64_t steps = (bytes - from - 1) / table->step + 1;
        return steps > (INT64_MAX - from) / table->step ? ABSENT : from + steps * table->step;
    }
    while (from < bytes) {
        if (from > INT64_MAX / table->step) return ABSENT;
        from *= table->step;
    }
    return from;
}

/* Finds the size that was requested of the test for each row: minBytes x factor^k (or minBytes + k x step),
   which the tool rounds down to whole elements of all ranks. A row that does not follow that plan keeps its
   size. */
static void requested_sizes(const struct source_table *table, int64_t *requested)
{
    bool has_plan = table->min_bytes > 0 && table->step >= 1 && (table->step > 1 || !table->step_is_factor);
    int64_t next = table->min_bytes;
    int64_t lost =
        64 * (table->ranks != ABSENT ? table->ranks : 1); /* bytes that rounding can remove, at most */
    for (size_t i = 0; i < table->row_count; i++) {
        int64_t bytes = requested[i] = table->rows[i].bytes;
        if (!has_plan) continue;
        if (next - bytes >= lost) next = table->min_bytes; /* another cycle (-N) begins */
        int64_t planned = planned_size(table, next, bytes);
        if (planned == ABSENT || planned - bytes >= lost) continue;
        requested[i] = planned;
        next = planned_size(table, planned, planned + 1);
        if (next == ABSENT) next = table->min_bytes;
    }
}

static void set_bound(const struct context *context, struct case_row *row)
{
    struct bound bound;
    if (!context->has_machine || row->bytes == ABSENT ||
        !bound_of(context->table->collective, (double)row->bytes, &context->machine, BOUND_MACHINE, &bound))
        return;
    row->bound_us = bound.time_us;
    row->bound = arena_string(&context->source->arena, bound.formula);
}

static void set_extents(const struct context *context, struct case_row *row)
{
    const struct collective *collective = context->table->collective;
    int found = row->dtype ? dtype_find(row->dtype) : -1;
    if (found < 0) return;
    int64_t size = (int64_t)dtypes[found].size;
    row->count = row->bytes / size;
    if (collective->rooted || collective->id == ALL_TO_ALL_V || row->ranks == ABSENT) return;
    const struct layout layout = {(size_t)row->count, (int)row->ranks, 0, 0, NULL};
    struct extent extent = collective->extent(&layout);
    row->send_bytes = (int64_t)extent.send * size;
    row->recv_bytes = (int64_t)extent.recv * size;
}

/* Sets the rates as printed, or from size and time where these have more digits (small messages print as
   "0.00 GB/s"). */
static void set_rates(const struct context *context, const struct figures *figures, struct case_row *row)
{
    const struct printed *rate = &figures->algbw_gbps, *time = &figures->time_us;
    bool has_time = time->value > 0 && row->bytes > 0, has_rate = rate->value > 0 && row->bytes != 0;
    const double coarse = 0.002; /* relative */
    bool time_is_finer = has_time && (!has_rate || (rate->step / rate->value > coarse &&
                                                    time->step / time->value < rate->step / rate->value));
    double factor = bus_factor(context->table->collective, row->ranks);
    if (has_time && !context->table->rate_is_not_bytes && (!has_rate || (time_is_finer && !row->error))) {
        row->algbw_gbps = case_algbw(row, time->value);
        row->busbw_gbps = factor > 0 ? row->algbw_gbps * factor : figures->busbw_gbps.value;
    } else if (has_rate) {
        row->algbw_gbps = rate->value;
        row->busbw_gbps = figures->busbw_gbps.value;
        if (isnan(row->busbw_gbps) && factor > 0) row->busbw_gbps = rate->value * factor;
    }
    if (row->ranks == 1) row->busbw_gbps = NAN; /* one rank has no bus bandwidth; nccl-tests prints 0 */
    if (!case_moves_data(row)) row->algbw_gbps = NAN;
}

/* The figures that a case record has no member for, as a new object; NULL: none. */
static json_t *more_figures(const struct figures *figures)
{
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"cpu_time_us", figures->cpu_time_us},
                   {"least_rank_us", figures->least_rank_us},
                   {"mean_rank_us", figures->mean_rank_us},
                   {"most_rank_us", figures->most_rank_us},
                   {"overlap_percent", figures->overlap_percent}};
    json_t *object = NULL;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!isfinite(numbers[i].value)) continue;
        if (!object) object = json_object();
        json_object_set_new(object, numbers[i].key, json_real(numbers[i].value));
    }
    return object;
}

static struct case_row make_row(const struct context *context, const struct source_row *from, int placement,
                                int64_t requested)
{
    const struct source_table *table = context->table;
    const struct figures *figures = &from->figures[placement];
    struct case_row row = case_row_absent();
    row.collective = table->collective->name;
    row.mode = (enum mode)value_of_word(&mode_names, table->mode);
    row.placement = placement ? IN_PLACE : OUT_OF_PLACE;
    row.requested_bytes = requested, row.bytes = from->bytes;
    row.dtype = from->dtype, row.op = from->op;
    row.root = table->collective->rooted && from->root >= 0 ? from->root : ABSENT;
    row.nodes = table->nodes, row.ranks = table->ranks;
    row.group = from->group ? from->group : "world";
    row.graph = table->graph;
    row.memory = (enum memory)value_of_word(&memory_names, table->memory);
    row.batch = row.aggregate = table->batch, row.warmup = table->warmup;
    row.time_us = figures->time_us.value;
    row.statistic = (enum statistic)value_of_word(&statistic_names, table->statistic);
    row.rank_reduction = table->rank_reduction;
    row.includes_launch = table->includes_launch;
    row.min_us = figures->min_us, row.max_us = figures->max_us, row.p99_us = figures->p99_us;
    row.samples_us = figures->samples_us;
    row.error = from->contradiction;
    set_rates(context, figures, &row);
    row.wrong = figures->wrong;
    row.telemetry = more_figures(figures);
    row.status = figures->wrong > 0 || figures->failed ? CASE_WRONG
                 : from->contradiction                 ? CASE_ERROR
                                                       : CASE_OK;
    if (figures->failed && figures->wrong == ABSENT)
        row.error = "the tool's validation failed; it prints no count of wrong elements";
    row.source_line = (int64_t)from->line;
    set_extents(context, &row);
    set_bound(context, &row);
    struct text key = {0};
    case_key(&row, &key);
    row.key = arena_string(&context->source->arena, text_get(&key));
    text_free(&key);
    return row;
}

struct place {
    const char *key;
    size_t index;
};

static int by_key(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->key != y->key)
        return (uintptr_t)x->key < (uintptr_t)y->key
                   ? -1
                   : 1; /* keys are interned: any order puts equal ones together */
    return (x->index > y->index) - (x->index < y->index);
}

/* Numbers the passes: a case that occurs again (-N cycles, sizes rounded to 0) is another pass. */
static void number_passes(struct case_row *rows, size_t count)
{
    struct place *places = allocate(count, sizeof *places);
    for (size_t i = 0; i < count; i++) places[i] = (struct place){rows[i].key, i};
    qsort(places, count, sizeof *places, by_key);
    for (size_t i = 0; i < count; i++)
        rows[places[i].index].pass =
            i && places[i].key == places[i - 1].key ? rows[places[i - 1].index].pass + 1 : 0;
    free(places);
}

static json_t *number_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *integer_or_null(int64_t value)
{
    return value == ABSENT || value == INT64_MAX ? json_null() : json_integer(value);
}

static json_t *source_object(const struct source *source, size_t number)
{
    const struct source_table *table = &source->tables[number];
    const char *slash = strrchr(source->path, '/'), *name = slash ? slash + 1 : source->path;
    json_t *object = json_pack("{s:s, s:s, s:I, s:I}", "sha256", source->sha256, "format", table->format,
                               "table", (json_int_t)number + 1, "line", (json_int_t)table->line);
    json_object_set_new(object, "file", clean_string(name));
    if (table->started) json_object_set_new(object, "started", clean_string(table->started));
    if (table->label) json_object_set_new(object, "prefix", clean_string(table->label));
    if (table->by_heading) json_object_set_new(object, "heading", clean_string(table->title));
    if (table->repetitions) json_object_set_new(object, "repetitions", json_true());
    if (table->iterations != ABSENT)
        json_object_set_new(object, "iterations", json_integer(table->iterations));
    if (table->device_count)
        json_object_set_new(object, "ranks_listed", json_integer((json_int_t)table->device_count));
    if (table->ranks_lo != ABSENT)
        json_object_set_new(
            object, "ranks_inferred",
            json_pack("[o, o]", integer_or_null(table->ranks_lo), integer_or_null(table->ranks_hi)));
    json_object_set_new(object, "avg_busbw_printed", number_or_null(table->printed_average));
    json_object_set_new(object, "avg_busbw_recomputed", number_or_null(table->recomputed_average));
    if (table->incomplete)
        json_object_set_new(object, "incomplete_rows", json_integer((json_int_t)table->incomplete));
    if (json_array_size(table->warnings)) json_object_set(object, "warnings", table->warnings);
    return object;
}

/* The number of NVLink domains if it is certain: as stated, or one per node where NVLink does not leave the
   node; else ABSENT. */
static int64_t certain_domains(const struct source_table *table, const struct source_given *given,
                               const struct instance *instance, const struct gpu_facts *gpu)
{
    if (given->domains != ABSENT) return given->domains;
    if (table->domains_said != ABSENT) return table->domains_said;
    bool in_racks = instance ? instance->gpus_per_domain > instance->gpus_per_vm
                             : !gpu || strncmp(gpu->name, "GB", 2) == 0;
    return in_racks ? ABSENT : table->nodes;
}

/* Uses the names of measured records for gpu.model, gpu.cuda and nccl.version; keeps the other names. */
static json_t *facts_object(const struct source_table *table)
{
    json_t *facts = json_object(), *value;
    const char *key;
    json_object_foreach(table->facts, key, value)
    {
        bool is_gpu = same(key, "gpu") || same(key, "cuda"), is_nccl = same(key, "nccl");
        json_t *place = facts;
        if (is_gpu || is_nccl) {
            place = json_object_get(facts, is_gpu ? "gpu" : "nccl");
            if (!place) json_object_set_new(facts, is_gpu ? "gpu" : "nccl", place = json_object());
        }
        json_object_set(place, same(key, "gpu") ? "model" : is_nccl ? "version" : key, value);
    }
    return facts;
}

static void make_header(struct context *context, const struct source_given *given,
                        const struct catalog *catalog, size_t number, struct launch_header *header)
{
    struct source *source = context->source;
    struct source_table *table = context->table;
    const char *instance_name = given->instance   ? given->instance
                                : table->instance ? table->instance
                                                  : source->instance;
    const struct instance *instance = catalog ? catalog_instance(catalog, instance_name) : NULL;
    if (given->gpu) json_object_set_new(table->facts, "gpu", clean_string(given->gpu));
    const char *gpu_name = json_string_value(json_object_get(table->facts, "gpu"));
    if (!gpu_name && instance && *instance->gpu) gpu_name = instance->gpu;
    const struct gpu_facts *gpu = catalog ? catalog_gpu(catalog, gpu_name) : NULL;
    if (!gpu && catalog && instance) gpu = catalog_gpu(catalog, instance->gpu);
    *header = launch_header_absent();
    header->driver = table->program;
    header->backend = table->backend;
    header->provenance = json_pack("[s]", provenance_name(PROVENANCE_IMPORTED));
    header->cloud_provider = given->cloud   ? given->cloud
                             : table->cloud ? table->cloud
                             : instance     ? instance->provider
                                            : NULL;
    header->cloud_instance = instance_name;
    header->cloud_label = source_label(source, number, given);
    header->args = table->args;
    header->nodes = table->nodes, header->ranks = table->ranks;
    if (table->nodes > 0 && table->ranks > 0 && table->ranks % table->nodes == 0)
        header->ranks_per_node = table->ranks / table->nodes;
    header->domains = certain_domains(table, given, instance, gpu);
    header->host_count = source_hosts(table, &header->hosts);
    if ((int64_t)header->host_count == table->nodes)
        header->allocation_hosts_hash = hosts_hash(&source->arena, header->hosts, header->host_count);
    if (given->no_hosts) header->host_count = 0;
    header->facts = facts_object(table);
    header->env = table->env;
    header->source = source_object(source, number);
    const char *origin = given->origin ? given->origin : table->origin;
    if (origin) json_object_set_new(header->source, "origin", clean_string(origin));
    if (header->domains > 0 && table->ranks > 0)
        context->has_machine =
            machine_of(instance, gpu, table->ranks, table->nodes, header->domains, &context->machine);
}

/* Does the file begin with a complete line of JSON? false: it is empty, or was cut off in its header. */
static bool has_first_line(const char *path)
{
    struct line_reader reader;
    bool has = true; /* keep a file that cannot be read */
    if (line_reader_open(&reader, path)) return has;
    json_t *object =
        line_reader_next(&reader) ? json_loadb(reader.line, reader.length, JSON_ALLOW_NUL, NULL) : NULL;
    has = object != NULL;
    json_decref(object);
    return line_reader_close(&reader) || has;
}

/* Was the import that wrote this file cut off? The file is then empty, has a part of the header, or has no
   end record. Never true for the record of a measured launch. */
static bool is_broken_import(const char *path)
{
    struct archive archive = {0};
    struct stat facts;
    if (stat(path, &facts) || !S_ISREG(facts.st_mode)) return false;
    silence(1);
    bool broken = !has_first_line(path);
    if (!broken && !archive_read(&archive, path) && archive.count == 1)
        broken = archive.launches[0].end.status == END_ABSENT &&
                 launch_has_provenance(&archive.launches[0].header, PROVENANCE_IMPORTED);
    silence(0);
    archive_free(&archive);
    return broken;
}

/* Removes the file of an import that was cut off, because it would keep the complete one from being
   written. */
static void remove_broken(const char *dir, const char *run, const char *launch)
{
    struct text path = {0};
    text_add(&path, "%s/%s/%s.jsonl", dir, run, launch);
    if (is_broken_import(path.data)) {
        warn("%s: replaced, since its import was cut off", path.data);
        (void)unlink(path.data); /* if this fails, record_open() reports that the file exists */
    }
    text_free(&path);
}

enum status source_record(struct source *source, size_t number, const struct source_given *given,
                          const struct catalog *catalog, const char *dir, const char *run, const char *launch,
                          bool *wrong)
{
    struct source_table *table = &source->tables[number];
    struct context context = {.source = source, .table = table};
    struct launch_header header;
    struct record_writer writer;
    make_header(&context, given, catalog, number, &header);
    header.run = run, header.launch = launch;
    int64_t *requested = allocate(table->row_count, sizeof *requested);
    struct case_row *rows = allocate(2 * table->row_count, sizeof *rows);
    size_t count = 0;
    requested_sizes(table, requested);
    for (size_t i = 0; i < table->row_count; i++)
        for (int p = 0; p < 2; p++)
            if (table->rows[i].figures[p].present)
                rows[count++] = make_row(&context, &table->rows[i], p, requested[i]);
    number_passes(rows, count);
    for (size_t i = 0; i < count; i++) *wrong |= rows[i].status == CASE_WRONG;
    if (dir && is_plain_name(run) && is_plain_name(launch)) remove_broken(dir, run, launch);
    enum status status = record_open(&writer, dir, run, launch, NULL);
    if (!status) status = record_launch(&writer, &header);
    for (size_t i = 0; !status && i < count; i++) status = record_case(&writer, &rows[i]);
    if (!status)
        status = record_end(&writer, table->interrupted || table->incomplete ? END_INTERRUPTED : END_COMPLETE,
                            NAN);
    enum status closed = record_close(&writer);
    for (size_t i = 0; i < count; i++) json_decref(rows[i].telemetry);
    free(rows);
    free(requested);
    free(header.hosts);
    json_decref(header.provenance);
    json_decref(header.facts);
    json_decref(header.source);
    return status ? status : closed;
}
