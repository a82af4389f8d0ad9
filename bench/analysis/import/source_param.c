/* PARAM's comms benchmark (comms.py): rows "COMMS-RES-all_reduce-float32 SIZE …". Each rank reports its mean
   over iterations; the row's time is the median of these over ranks. Sizes are whole buffers. */
#include "analysis/import/source.h"
#include "analysis/import/source_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum column { SIZE = 1, TIME, LEAST, MOST, ALGBW, BUSBW };

static const struct column_name names[] = {{"total-size", SIZE},
                                           {"size", SIZE},
                                           {"Time(us):p50", TIME},
                                           {"Min", LEAST},
                                           {"Latency(us):p50", TIME},
                                           {"Max", MOST},
                                           {"AlgBW(GB/s)", ALGBW},
                                           {"BusBW(GB/s)", BUSBW},
                                           {NULL, 0}};

static const struct {
    const char *name;
    enum collective_id id;
} operations[] = {{"all_reduce", ALL_REDUCE},
                  {"all_gather", ALL_GATHER},
                  {"all_gather_base", ALL_GATHER},
                  {"reduce_scatter", REDUCE_SCATTER},
                  {"reduce_scatter_base", REDUCE_SCATTER},
                  {"all_to_all", ALL_TO_ALL},
                  {"all_to_all_single", ALL_TO_ALL},
                  {"reduce", REDUCE},
                  {"broadcast", BROADCAST}};

struct parser {
    struct source *source;
    int columns[WORD_LIMIT];
    size_t column_count; /* 0: no header line yet */
    size_t table;        /* index + 1 of the current table; 0: none */
    const char *operation;
    struct lines lines;
};

/* Drops the word "(B)", which the header prints after "size". */
static size_t without_units(struct word *words, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i].text, "(B)") != 0) words[kept++] = words[i];
    return kept;
}

static struct source_table *open_table(struct parser *parser, const char *operation)
{
    struct source_table *table = source_add_table(parser->source, parser->lines.number);
    table->program = arena_string(&parser->source->arena, operation);
    table->statistic = "mean", table->rank_reduction = "median";
    table->collective_from = FROM_TABLE;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(operations[i].name, operation) == 0) table->collective = &collectives[operations[i].id];
    parser->table = parser->source->table_count;
    parser->operation = table->program;
    return table;
}

/* Splits "COMMS-RES-all_reduce-float32" into operation and type. */
static bool split_name(const char *word, char operation[64], const char **dtype)
{
    char type[32];
    word += strlen("COMMS-RES-");
    size_t length = strcspn(word, "-");
    if (length == 0 || length >= 64 || word[length] != '-') return false;
    memcpy(operation, word, length);
    operation[length] = 0;
    snprintf(type, sizeof type, "%.*s", (int)strcspn(word + length + 1, "-"), word + length + 1);
    *dtype = dtype_by_any_name(strncmp(type, "torch.", 6) == 0 ? type + 6 : type);
    return true;
}

static void read_row(struct parser *parser, const struct word *words, size_t count)
{
    char operation[64];
    const char *dtype;
    struct printed figure[COLUMN_LIMIT];
    if (!split_name(words[0].text, operation, &dtype)) return;
    struct source_table *table = parser->table && same(parser->operation, operation)
                                     ? &parser->source->tables[parser->table - 1]
                                     : open_table(parser, operation);
    read_figures(words, count, parser->columns, figure);
    int64_t bytes = is_integer_word(words[1].text) ? strtoll(words[1].text, NULL, 10) : ABSENT;
    struct source_row *row =
        source_take_row(parser->source, table, parser->lines.number, bytes, figure[TIME].value > 0, "time");
    if (!row) return;
    row->dtype = dtype;
    struct figures *figures = &row->figures[0];
    figures->time_us = figure[TIME], figures->algbw_gbps = figure[ALGBW], figures->busbw_gbps = figure[BUSBW];
    figures->least_rank_us = figure[LEAST].value, figures->most_rank_us = figure[MOST].value;
}

size_t source_read_param(struct source *source, const char *data, size_t length)
{
    struct parser *parser = allocate(1, sizeof *parser);
    parser->source = source;
    lines_start(&parser->lines, data, length);
    while (lines_next(&parser->lines)) {
        char label[128], copy[LINE_LIMIT];
        struct word words[WORD_LIMIT];
        const char *line = strstr(parser->lines.text, "COMMS-RES");
        if (!line) line = skip_prefix(parser->lines.text, label);
        size_t count = without_units(words, split_words(strcpy(copy, line), words));
        if (count && strcmp(words[0].text, "COMMS-RES") == 0) {
            parser->column_count = name_columns(words, count, names, parser->columns) >= 3 ? count : 0;
            parser->table = 0;
        } else if (count && strncmp(words[0].text, "COMMS-RES-", 10) == 0 && parser->column_count == count) {
            read_row(parser, words, count);
        }
    }
    free(parser);
    return source_drop_empty(source);
}
