/* Reads NCCL Inspector's JSON lines: each operation of a communicator, as one rank timed it. All operations
   of one collective and size become one row with their median time on that rank. */
#include "analysis/import/source_json.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Finds the table of the record's communicator, rank and collective, or adds it. */
static struct source_table *table_of(struct source *source, json_t *header, json_t *metadata,
                                     const char *name, size_t line)
{
    char label[96];
    const char *id = json_string_value(json_object_get(header, "id"));
    int64_t rank = json_member_integer(header, "rank"), ranks = json_member_integer(header, "n_ranks"),
            nodes = json_member_integer(header, "nnodes");
    const struct collective *collective = collective_by_any_name(name, strlen(name));
    /* NCCL Inspector does not state whether the sizes of these are one rank's share. */
    if (collective && (collective->id == ALL_TO_ALL || collective->id == GATHER || collective->id == SCATTER))
        collective = NULL;
    snprintf(label, sizeof label, "communicator %s, rank %lld", id ? id : "?",
             (long long)(rank < 0 ? -1 : rank));
    for (size_t i = 0; i < source->table_count; i++)
        if (same(source->tables[i].program, name) && same(source->tables[i].title, label))
            return &source->tables[i];
    struct source_table *table = source_add_table(source, line);
    const char *version = json_string_value(json_object_get(metadata, "inspector_output_format_version"));
    table->program = arena_string(&source->arena, name);
    table->title = arena_string(&source->arena, label);
    table->collective = collective;
    table->collective_from = FROM_TABLE;
    table->backend = "nccl", table->memory = "device", table->statistic = "median";
    table->rank_reduction = "one_rank";
    table->bytes_per_rank = collective && collective->divisor(2) == 2;
    table->ranks_said = ranks > 0 ? ranks : ABSENT, table->nodes_said = nodes > 0 ? nodes : ABSENT;
    if (version) source_fact(table, "nccl_inspector", version, strlen(version));
    return table;
}

/* Keeps the row's times in `samples_us` until finish_row(). */
static void add_sample(struct figures *figures, double us)
{
    size_t count = figures->samples_us.count;
    if ((count & (count - 1)) == 0)
        figures->samples_us.us =
            reallocate(figures->samples_us.us, count ? 2 * count : 1, sizeof *figures->samples_us.us);
    figures->samples_us.us[figures->samples_us.count++] = us;
}

/* Adds the record's operation to its table. false: it is not an operation that busbar imports. */
static bool read_record(struct source *source, json_t *record, size_t line)
{
    json_t *perf = json_object_get(record, "coll_perf"), *header = json_object_get(record, "header");
    const char *name = json_string_value(json_object_get(perf, "coll"));
    int64_t bytes = json_member_integer(perf, "coll_msg_size_bytes");
    double us = json_member_real(perf, "coll_exec_time_us");
    if (!name || bytes < 0 || !(us > 0)) return false;
    struct source_table *table = table_of(source, header, json_object_get(record, "metadata"), name, line);
    const char *clock = json_string_value(json_object_get(perf, "coll_timing_source"));
    if (clock) source_fact(table, "timing_source", clock, strlen(clock));
    struct source_row *row = NULL;
    for (size_t i = 0; i < table->row_count && !row; i++)
        if (table->rows[i].bytes == bytes) row = &table->rows[i];
    if (!row) {
        row = source_add_row(table, line);
        row->bytes = bytes;
        row->figures[0].present = true;
    }
    add_sample(&row->figures[0], us);
    return true;
}

/* Replaces the samples by their median, minimum and maximum: these are one rank's samples, and a record holds
   the slowest rank's. */
static void finish_row(struct figures *figures)
{
    struct samples *samples = &figures->samples_us;
    sort_doubles(samples->us, samples->count);
    figures->time_us = (struct printed){median_sorted(samples->us, samples->count), 1};
    figures->min_us = samples->us[0], figures->max_us = samples->us[samples->count - 1];
    free(samples->us);
    *samples = (struct samples){0};
}

size_t source_read_inspector(struct source *source, const char *data, size_t length)
{
    struct json_pieces pieces;
    json_t *record;
    size_t skipped = 0;
    json_pieces_start(&pieces, data, length);
    while ((record = json_pieces_next(source, &pieces))) {
        skipped += !read_record(source, record, pieces.line);
        json_decref(record);
    }
    for (size_t i = 0; i < source->table_count; i++) {
        struct source_table *table = &source->tables[i];
        for (size_t r = 0; r < table->row_count; r++) finish_row(&table->rows[r].figures[0]);
        table->interrupted = pieces.broken > 0;
    }
    if (skipped)
        warn("%s: %zu records without a collective's time (send and recv are not imported)", source->path,
             skipped);
    return source_drop_empty(source);
}
