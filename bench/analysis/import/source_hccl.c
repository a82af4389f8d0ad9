/* Reads the output of Huawei's hccl_test. Its table does not name the collective: a command line in the file
   must, or --collective. Imports only collectives whose size is a rank's whole buffer, because for the others
   the output does not say whether a size is one rank's share. */
#include "analysis/import/source.h"
#include "analysis/import/source_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum column { SIZE = 1, TIME, ALGBW, RESULT };

static const struct column_name names[] = {
    {"data_size(Bytes):", SIZE}, {"aveg_time(us):", TIME}, /* the program's spelling */
    {"avg_time(us):", TIME},     {"alg_bandwidth(GB/s):", ALGBW}, {"check_result:", RESULT}, {NULL, 0}};

struct command {
    const char *program;
    const struct collective *collective;
    const char *dtype, *op;
    int64_t ranks;
};

/* Reads a command such as "mpirun -n 8 ./bin/all_reduce_test -b 8K -d fp32 -o sum". false: the line has
   none. */
static bool read_command(struct arena *arena, const struct word *words, size_t count, struct command *command)
{
    size_t at;
    for (at = 0; at < count; at++) {
        const char *slash = strrchr(words[at].text, '/'), *name = slash ? slash + 1 : words[at].text;
        size_t length = strlen(name);
        if (length < 6 || strcmp(name + length - 5, "_test") != 0 || strcmp(name, "hccl_test") == 0) continue;
        *command = (struct command){.program = arena_string(arena, name),
                                    .collective = collective_by_any_name(name, length - 5),
                                    .ranks = ABSENT};
        break;
    }
    if (at == count) return false;
    for (size_t i = 0; i + 1 < count; i++) {
        const char *word = words[i].text, *value = words[i + 1].text;
        bool is_count = i < at && (strcmp(word, "-n") == 0 || strcmp(word, "-np") == 0);
        if (is_count && is_integer_word(value)) command->ranks = strtoll(value, NULL, 10);
        if (i > at && strcmp(word, "-d") == 0) command->dtype = dtype_by_any_name(value);
        if (i > at && strcmp(word, "-o") == 0) command->op = op_by_any_name(value);
    }
    return true;
}

static struct source_table *open_table(struct source *source, size_t line, const struct command *command)
{
    struct source_table *table = source_add_table(source, line);
    table->program = command->program;
    table->backend = "hccl", table->memory = "device", table->statistic = "mean";
    table->ranks_said = command->ranks;
    table->collective_from = command->program ? FROM_TABLE : FROM_NOTHING;
    table->collective = command->collective;
    if (!command->collective || command->collective->divisor(2) == 1) return table;
    source_warn(source, table, line, "%s: hccl_test does not say whether its sizes are one rank's share",
                command->program);
    table->collective = NULL;
    return table;
}

static void read_row(struct source *source, struct source_table *table, const struct command *command,
                     const struct word *words, size_t count, const int columns[WORD_LIMIT], size_t line)
{
    struct printed figure[COLUMN_LIMIT];
    const char *result = "";
    read_figures(words, count, columns, figure);
    for (size_t i = 0; i < count; i++)
        if (columns[i] == RESULT) result = words[i].text;
    struct source_row *row = source_take_row(source, table, line, strtoll(words[0].text, NULL, 10),
                                             figure[TIME].value > 0, "time");
    if (!row) return;
    row->dtype = command->dtype;
    row->op = table->collective && table->collective->reduces ? command->op : NULL;
    struct figures *figures = &row->figures[0];
    figures->time_us = figure[TIME], figures->algbw_gbps = figure[ALGBW];
    if (strcasecmp(result, "success") == 0) figures->wrong = 0; /* "NULL": not checked */
    figures->failed = strcasecmp(result, "failed") == 0;
}

size_t source_read_hccl(struct source *source, const char *data, size_t length)
{
    struct lines *lines = allocate(1, sizeof *lines);
    struct command command = {.ranks = ABSENT};
    int columns[WORD_LIMIT];
    size_t column_count = 0;
    struct source_table *table = NULL;
    lines_start(lines, data, length);
    while (lines_next(lines)) {
        char label[128], copy[LINE_LIMIT];
        struct word words[WORD_LIMIT];
        const char *line = skip_prefix(lines->text, label);
        size_t count = split_words(strcpy(copy, line), words);
        if (count >= 3 && strstr(line, "data_size(Bytes)")) {
            column_count = name_columns(words, count, names, columns) >= 3 ? count : 0;
            table = column_count ? open_table(source, lines->number, &command) : NULL;
        } else if (table && count == column_count && is_integer_word(words[0].text)) {
            read_row(source, table, &command, words, count, columns, lines->number);
        } else {
            read_command(&source->arena, words, count, &command);
        }
    }
    free(lines);
    return source_drop_empty(source);
}
