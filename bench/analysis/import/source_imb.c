/* Reads the output of the Intel MPI Benchmarks (IMB-MPI1): collectives, Sendrecv and PingPong. Each number of
   processes is a table. A time is a mean over iterations. The row's time is that of the slowest rank, t_max,
   as busbar measures; t_min and t_avg are kept too. */
#include "analysis/import/source.h"
#include "analysis/import/source_line.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct test {
    const char *name;
    enum collective_id id;
    bool per_rank; /* the printed size is one rank's share */
    const char *mode;
} tests[] = {
    {"Allreduce", ALL_REDUCE, false, NULL},
    {"Reduce", REDUCE, false, NULL},
    {"Reduce_scatter", REDUCE_SCATTER, true,
     NULL}, /* the whole buffer up to 2019: share_of_reduce_scatter() */
    {"Reduce_scatter_block", REDUCE_SCATTER, true, NULL},
    {"Allgather", ALL_GATHER, true, NULL},
    {"Gather", GATHER, true, NULL},
    {"Scatter", SCATTER, true, NULL},
    {"Alltoall", ALL_TO_ALL, true, NULL},
    {"Bcast", BROADCAST, false, NULL},
    {"Sendrecv", SEND_RECV, false, NULL},        /* a ring, as in nccl-tests */
    {"PingPong", SEND_RECV, false, "ping_pong"}, /* half the round-trip time */
};

static const struct {
    const char *mpi, *ours;
} types[] = {{"MPI_BYTE", "uint8"},
             {"MPI_CHAR", "int8"},
             {"MPI_INT", "int32"},
             {"MPI_FLOAT", "float"},
             {"MPI_DOUBLE", "double"}};

enum column { BYTES = 1, LEAST, MOST, MEAN, TIME, DEFECTS };

struct parser {
    struct source *source;
    struct source_table *table; /* NULL: none yet, or its test is not imported */
    const struct test *test;
    int columns[WORD_LIMIT];
    size_t column_count; /* 0: no header line yet */
    const char *version, *memory, *dtype, *reduced_dtype, *op;
    bool finalized;
    struct lines lines;
};

static const char *type_after_colon(const char *line)
{
    const char *colon = strchr(line, ':');
    if (!colon) return NULL;
    colon += 1 + strspn(colon + 1, " ");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncmp(colon, types[i].mpi, strlen(types[i].mpi)) == 0) return types[i].ours;
    return NULL;
}

/* Reads the lines that apply to all tests. */
static void read_preamble(struct parser *parser, const char *line)
{
    const char *at;
    if ((at = strstr(line, "Intel(R) MPI Benchmarks "))) {
        char version[32];
        at += strlen("Intel(R) MPI Benchmarks ");
        snprintf(version, sizeof version, "%.*s", (int)strcspn(at, ","), at);
        parser->version = arena_string(&parser->source->arena, version);
        parser->memory = strstr(at, "(GPU)") ? NULL : "host";
    } else if (strstr(line, "MPI_Datatype for reductions")) {
        parser->reduced_dtype = type_after_colon(line);
    } else if (strstr(line, "# MPI_Datatype")) {
        parser->dtype = type_after_colon(line);
    } else if (strstr(line, "# MPI_Op") && strstr(line, "MPI_SUM")) {
        parser->op = "sum";
    } else if ((at = strstr(line, "-mem_alloc_type "))) {
        at += strlen("-mem_alloc_type ");
        parser->memory = strncmp(at, "device", 6) == 0 ? "device" : "host";
    } else if (strstr(line, "entering MPI_Finalize")) {
        parser->finalized = true;
    }
}

/* Up to version "2019", Reduce_scatter's size is the whole buffer; from "2019 Update 1" on, one rank's
   share. */
static bool share_of_reduce_scatter(const char *version)
{
    return version && (strncmp(version, "2019 ", 5) == 0 || (atoi(version) > 2019 && atoi(version) < 3000));
}

static void read_title(struct parser *parser, const char *name)
{
    size_t length = strcspn(name, " ");
    parser->table = NULL;
    parser->test = NULL;
    parser->column_count = 0;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (strlen(tests[i].name) == length && strncasecmp(tests[i].name, name, length) == 0)
            parser->test = &tests[i];
    if (!parser->test) {
        warn("%s:%zu: %.*s is not imported: %s", parser->source->path, parser->lines.number, (int)length,
             name,
             strncmp(name, "Multi-", 6) == 0 ? "several groups ran at once" : "it has no counterpart here");
        return;
    }
    struct source_table *table = source_add_table(parser->source, parser->lines.number);
    parser->table = table;
    table->program = arena_string(&parser->source->arena, parser->test->name);
    table->collective = &collectives[parser->test->id];
    table->collective_from = FROM_TABLE;
    table->backend = "mpi", table->memory = parser->memory, table->mode = parser->test->mode;
    table->statistic = "mean", table->rank_reduction = parser->test->mode ? NULL : "max";
    table->bytes_per_rank = parser->test->per_rank;
    if (strcmp(parser->test->name, "Reduce_scatter") == 0)
        table->bytes_per_rank = share_of_reduce_scatter(parser->version);
    if (parser->version) source_fact(table, "imb", parser->version, strlen(parser->version));
}

static const struct column_name names[] = {{"#bytes", BYTES},
                                           {"t_min[usec]", LEAST},
                                           {"t_max[usec]", MOST},
                                           {"t_avg[usec]", MEAN},
                                           {"t[usec]", TIME},
                                           {"defects", DEFECTS},
                                           {NULL, 0}};

static void read_row(struct parser *parser, const struct word *words, size_t count)
{
    struct source_table *table = parser->table;
    struct printed figure[COLUMN_LIMIT];
    read_figures(words, count, parser->columns, figure);
    struct printed time = figure[MOST].value >= 0 ? figure[MOST] : figure[TIME];
    /* Without a time, IMB prints "out-of-mem.", "int-overflow;" or "time-out." instead. */
    struct source_row *row = source_take_row(parser->source, table, parser->lines.number,
                                             strtoll(words[0].text, NULL, 10), time.value > 0, "time");
    if (!row) return;
    bool reduces = table->collective->reduces;
    row->dtype = reduces ? parser->reduced_dtype : parser->dtype;
    row->op = reduces ? parser->op : NULL;
    struct figures *figures = &row->figures[0];
    figures->time_us = time;
    figures->least_rank_us = figure[LEAST].value, figures->mean_rank_us = figure[MEAN].value,
    figures->most_rank_us = figure[MOST].value;
    if (figure[DEFECTS].value == 0) figures->wrong = 0;
    figures->failed = figure[DEFECTS].value > 0;
}

/* A row has as many words as columns, or a size and IMB's reason for the missing figures. */
static bool is_row(const struct parser *parser, const struct word *words, size_t count)
{
    static const char *const failures[] = {"out-of-mem.", "int-overflow;", "time-out."};
    if (parser->column_count == 0 || count < 2 || !is_integer_word(words[0].text)) return false;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (strncmp(words[1].text, failures[i], strlen(failures[i])) == 0) return true;
    return count == parser->column_count;
}

static void read_line(struct parser *parser)
{
    char label[128], copy[LINE_LIMIT];
    struct word words[WORD_LIMIT];
    const char *line = skip_prefix(parser->lines.text, label), *at;
    read_preamble(parser, line);
    if ((at = strstr(line, "# Benchmarking "))) {
        read_title(parser, at + strlen("# Benchmarking "));
    } else if (parser->table && (at = strstr(line, "#processes = "))) {
        int64_t ranks = strtoll(at + strlen("#processes = "), NULL, 10);
        if (ranks > 0 && ranks < 1 << 24) parser->table->ranks_said = ranks;
    } else if (parser->table) {
        size_t count = split_words(strcpy(copy, line), words);
        if (count && strcmp(words[0].text, "#bytes") == 0)
            parser->column_count = name_columns(words, count, names, parser->columns) >= 2 ? count : 0;
        else if (is_row(parser, words, count))
            read_row(parser, words, count);
    }
}

size_t source_read_imb(struct source *source, const char *data, size_t length)
{
    struct parser *parser = allocate(1, sizeof *parser);
    parser->source = source;
    lines_start(&parser->lines, data, length);
    while (lines_next(&parser->lines)) read_line(parser);
    /* Without the program's last line, its last table may be incomplete. */
    if (!parser->finalized && parser->table) parser->table->interrupted = true;
    free(parser);
    return source_drop_empty(source);
}
