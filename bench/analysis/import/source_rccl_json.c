/* Reads rccl-tests' JSON (-Z json -x FILE): a list of rows, each with its collective. Only runs on several
   nodes state the number of ranks. */
#include "analysis/import/source_json.h"

#include <math.h>
#include <string.h>

/* Finds the table of the row's collective, ranks and nodes, or adds it. */
static struct source_table *table_of(struct source *source, json_t *item, size_t from, size_t line)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    int64_t ranks = json_member_integer(item, "ranks"), nodes = json_member_integer(item, "nodes");
    int64_t per_rank = json_member_integer(item, "gpusPerRank");
    if (ranks > 0 && ranks < 1 << 20 && per_rank > 0 && per_rank < 1024)
        ranks *= per_rank; /* busbar counts GPUs */
    if (ranks <= 0) ranks = ABSENT;
    if (nodes <= 0) nodes = ABSENT;
    if (!name) return NULL;
    for (size_t i = from; i < source->table_count; i++) {
        struct source_table *table = &source->tables[i];
        if (same(table->program, name) && table->ranks_said == ranks && table->nodes_said == nodes)
            return table;
    }
    struct source_table *table = source_add_table(source, line);
    table->program = arena_string(&source->arena, name);
    table->collective = collective_by_any_name(name, strlen(name));
    table->collective_from = FROM_TABLE;
    table->backend = "rccl", table->memory = "device", table->statistic = "mean";
    table->includes_launch = 1;
    table->ranks_said = ranks, table->nodes_said = nodes;
    table->rate_is_not_bytes = table->collective && table->collective->id == ALL_TO_ALL_V;
    return table;
}

static void read_item(struct source *source, json_t *item, size_t from, size_t line)
{
    const char *type = json_string_value(json_object_get(item, "type")),
               *op = json_string_value(json_object_get(item, "redop"));
    int64_t bytes = json_member_integer(item, "size"), in_place = json_member_integer(item, "inPlace");
    struct source_table *table = table_of(source, item, from, line);
    if (!table || bytes < 0 || !type || !dtype_by_any_name(type) || (in_place != 0 && in_place != 1)) {
        warn("%s:%zu: a row has no collective, size, type or placement: left out", source->path, line);
        if (table) table->incomplete++;
        return;
    }
    /* The out-of-place and in-place figures of a size are two items in succession. */
    struct source_row *row = table->row_count ? &table->rows[table->row_count - 1] : NULL;
    const char *dtype = dtype_by_any_name(type);
    if (!row || row->bytes != bytes || !same(row->dtype, dtype) || row->figures[in_place].present) {
        row = source_add_row(table, line);
        row->bytes = bytes, row->dtype = dtype, row->op = op ? op_by_any_name(op) : NULL;
    }
    struct figures *figures = &row->figures[in_place];
    figures->present = true;
    figures->time_us = (struct printed){json_member_real(item, "time"), 1e-6};
    figures->algbw_gbps = (struct printed){json_member_real(item, "algBw"), 1e-6};
    figures->busbw_gbps = (struct printed){json_member_real(item, "busBw"), 1e-6};
    double wrong = json_member_real(item, "wrong"); /* "N/A": not checked */
    if (isfinite(wrong)) source_wrong_count(source, table, row, figures, wrong);
}

size_t source_read_rccl_json(struct source *source, const char *data, size_t length)
{
    struct json_pieces pieces;
    json_t *root, *item;
    bool cut = false;
    json_pieces_start(&pieces, data, length);
    while ((root = json_pieces_next(source, &pieces))) {
        size_t i;
        json_array_foreach(root, i, item) read_item(source, item, 0, pieces.line + i);
        if (json_is_object(root)) read_item(source, root, 0, pieces.line);
        cut |= pieces.cut;
        json_decref(root);
    }
    for (size_t i = 0; cut && i < source->table_count; i++) {
        source->tables[i].interrupted = true;
        source_warn(source, &source->tables[i], 0, "the JSON is cut off: its whole rows are kept");
    }
    return source_drop_empty(source);
}
