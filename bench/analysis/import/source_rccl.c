/* Reads the files of rccl-tests' -Z json and -Z csv: rows that each name their collective.

   Two columns do not mean what they are called (Reporter::addResult in rccl-tests' common.cu): "ranksPerNode"
   is the number of processes of one NCCL communicator, and "nodes" is the number of communicators that ran
   side by side (NCCL_TESTS_SPLIT). So the file does not state the number of nodes. The bandwidths are those
   of one communicator, of ranksPerNode * gpusPerRank GPUs. Builds without MPI state "gpus" instead of these
   columns. */
#include "analysis/import/source_json.h"
#include "analysis/import/source_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t ranks_of(json_t *item)
{
    int64_t processes = json_member_integer(item, "ranksPerNode"),
            gpus = json_member_integer(item, "gpusPerRank"), all = json_member_integer(item, "gpus");
    if (processes > 0 && processes < 1 << 20 && gpus > 0 && gpus < 1024) all = processes * gpus;
    return all > 0 && all < 1 << 30 ? all : ABSENT;
}

/* Finds the table of the row's collective and ranks, or adds it. */
static struct source_table *table_of(struct source *source, json_t *item, size_t from, size_t line)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    int64_t ranks = ranks_of(item);
    if (!name) return NULL;
    for (size_t i = from; i < source->table_count; i++) {
        struct source_table *table = &source->tables[i];
        if (same(table->program, name) && table->ranks_said == ranks) return table;
    }
    struct source_table *table = source_add_table(source, line);
    table->program = arena_string(&source->arena, name);
    table->collective = collective_by_any_name(name, strlen(name));
    table->collective_from = FROM_TABLE;
    table->backend = "rccl", table->memory = "device", table->statistic = "mean";
    table->includes_launch = 1;
    table->ranks_said = ranks;
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
    source_wrong_member(source, table, row, figures, json_object_get(item, "wrong"));
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
        source_warn(source, &source->tables[i], 0, "the JSON is cut off: only its complete rows were read");
    }
    return source_drop_empty(source);
}

/* The columns, with the names that the JSON has. The header of builds with MPI lacks "nodes", but the rows
   have it. */
enum { CSV_COLUMNS = 32 };
static const char *const csv_names[][2] = {{"numCycle", "numCycle"},
                                           {"collective", "name"},
                                           {"nodes", "nodes"},
                                           {"ranks", "ranks"},
                                           {"rankspernode", "ranksPerNode"},
                                           {"gpusperrank", "gpusPerRank"},
                                           {"gpus", "gpus"},
                                           {"size", "size"},
                                           {"type", "type"},
                                           {"redop", "redop"},
                                           {"inplace", "inPlace"},
                                           {"time", "time"},
                                           {"algbw", "algBw"},
                                           {"busbw", "busBw"},
                                           {"#wrong", "wrong"}};

/* Splits a line in place at commas, and removes the quotes around cells. Returns the number of cells. */
static size_t split_cells(char *line, char *cells[CSV_COLUMNS])
{
    size_t count = 0;
    for (char *cell; count < CSV_COLUMNS && (cell = strsep(&line, ","));) {
        size_t length = strlen(cell);
        while (length && strchr(" \r", cell[length - 1])) cell[--length] = 0;
        if (length > 1 && cell[0] == '"' && cell[length - 1] == '"') {
            cell[length - 1] = 0;
            cell++;
        }
        cells[count++] = cell;
    }
    return count;
}

/* Sets the JSON name of each column that the header names. Returns the number of columns of a row. */
static size_t read_header(char *const *cells, size_t count, bool has_nodes, const char *names[CSV_COLUMNS])
{
    size_t columns = 0;
    for (size_t i = 0; i < count && columns < CSV_COLUMNS - 1; i++) {
        names[columns] = NULL;
        for (size_t k = 0; k < sizeof csv_names / sizeof *csv_names; k++)
            if (strcmp(cells[i], csv_names[k][0]) == 0) names[columns] = csv_names[k][1];
        if (names[columns] && same(names[columns], "ranks") && !has_nodes) {
            names[columns + 1] = names[columns];
            names[columns++] = "nodes";
        }
        columns++;
    }
    return columns;
}

static void read_csv_row(struct source *source, char *const *cells, size_t count, const char *const *names,
                         size_t line)
{
    json_t *item = json_object();
    for (size_t i = 0; i < count; i++)
        if (names[i]) json_object_set_new(item, names[i], json_string(cells[i]));
    read_item(source, item, 0, line);
    json_decref(item);
}

size_t source_read_rccl_csv(struct source *source, const char *data, size_t length)
{
    struct lines *lines = allocate(1, sizeof *lines);
    const char *names[CSV_COLUMNS];
    size_t columns = 0;
    lines_start(lines, data, length);
    while (lines_next(lines)) {
        char label[128], copy[LINE_LIMIT], *cells[CSV_COLUMNS];
        const char *line = skip_prefix(lines->text, label);
        size_t count = split_cells(strcpy(copy, line), cells);
        bool is_header = count > 2 && strcmp(cells[0], "numCycle") == 0;
        if (is_header)
            columns = read_header(cells, count, strstr(line, ",nodes,") != NULL, names);
        else if (count == columns && is_integer_word(cells[0]))
            read_csv_row(source, cells, count, names, lines->number);
        else if (columns && count > 2 && source->table_count) {
            struct source_table *table = &source->tables[source->table_count - 1];
            source_warn(source, table, lines->number, "a row has %zu columns instead of %zu: left out", count,
                        columns);
            table->incomplete++;
            table->interrupted = lines->next == lines->end;
        }
    }
    free(lines);
    return source_drop_empty(source);
}
