/* OSU micro-benchmarks' text: the blocking collectives of osu_*, versions 3 to 7. */
#include "analysis/import/source.h"
#include "analysis/import/source_line.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "# OSU MPI-CUDA Allreduce Latency Test v7.4": what stands between "OSU MPI" and "Latency Test". */
static const struct {
    const char *title;
    enum collective_id id;
    bool per_rank; /* its size is one rank's share: ours is that times the ranks */
} tests[] = {
    {"Allreduce", ALL_REDUCE, false},
    {"Allgather", ALL_GATHER, true},
    {"Broadcast", BROADCAST, false},
    {"Bcast", BROADCAST, false},
    {"Reduce_scatter", REDUCE_SCATTER, false},
    {"Reduce", REDUCE, false},
    {"All-to-All Personalized Exchange", ALL_TO_ALL, true},
    {"All-to-All", ALL_TO_ALL, true},
    {"Alltoall", ALL_TO_ALL, true},
    {"Gather", GATHER, true},
    {"Scatter", SCATTER, true},
};

static const struct {
    const char *osu, *ours;
} types[] = {{"MPI_CHAR", "int8"}, {"MPI_INT", "int32"}, {"MPI_FLOAT", "float"}, {"MPI_DOUBLE", "double"}};

enum { NO_TEST = -1 };

/* The row of `tests` that the title line names; NO_TEST: another test (point-to-point, non-blocking, vector).
 */
static int test_of(const char *line)
{
    const char *title = strstr(line, "OSU MPI"), *end = title ? strstr(title, " Latency Test") : NULL;
    if (!end) return NO_TEST;
    title += strcspn(title + 4, " ") + 4; /* behind "MPI" or "MPI-CUDA" */
    title += strspn(title, " ");
    if (end < title) return NO_TEST;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (strlen(tests[i].title) == (size_t)(end - title) &&
            strncmp(title, tests[i].title, strlen(tests[i].title)) == 0)
            return (int)i;
    return NO_TEST;
}

static void start_table(struct source *source, int test, const char *line, size_t number,
                        struct source_table **table)
{
    const char *version = strstr(line, " v");
    *table = source_add_table(source, number);
    (*table)->collective = &collectives[tests[test].id];
    (*table)->collective_from = FROM_TABLE;
    (*table)->program = "osu";
    (*table)->bytes_per_rank = tests[test].per_rank;
    if (version) source_fact(*table, "osu", version + 2, strcspn(version + 2, " "));
}

/* "Size  Avg Latency(us)  Min Latency(us)  Max Latency(us)  Iterations": the place of the average among the
 * figures; 0: no such line. */
static size_t average_column(const struct word *words, size_t count)
{
    size_t column = 0;
    for (size_t i = 0; i < count; i++) {
        if (!strstr(words[i].text, "Latency(us)") && strcmp(words[i].text, "Latency") != 0) continue;
        column++;
        if (i && strcmp(words[i - 1].text, "Avg") == 0) return column;
    }
    return 0;
}

static void add_row(struct source *source, struct source_table *table, int test, const struct word *words,
                    size_t column, size_t number, const char *dtype)
{
    struct printed time;
    if (!read_printed(words[column].text, &time) || !(time.value > 0)) {
        source_warn(source, table, number, "'%s' is no time: the row is left out", words[column].text);
        table->incomplete++;
        return;
    }
    struct source_row *row = source_add_row(table, number);
    row->bytes = strtoll(words[0].text, NULL, 10);
    row->dtype = dtype;
    row->op = collectives[tests[test].id].reduces ? "sum" : NULL;
    row->figures[0].present = true;
    row->figures[0].time_us = time;
}

size_t source_read_osu(struct source *source, const char *data, size_t length)
{
    struct lines *lines = allocate(1, sizeof *lines);
    struct source_table *table = NULL;
    const char *dtype = NULL;
    size_t column = 0;
    int test = NO_TEST;
    lines_start(lines, data, length);
    while (lines_next(lines)) {
        char label[128], copy[LINE_LIMIT];
        struct word words[WORD_LIMIT];
        const char *line = skip_prefix(lines->text, label);
        if (strstr(line, "OSU MPI")) {
            test = test_of(line);
            column = 0;
            dtype = NULL;
            table = NULL;
            if (test == NO_TEST)
                warn("%s:%zu: not a blocking collective of OSU's latency tests: its rows are left out",
                     source->path, lines->number);
            else
                start_table(source, test, line, lines->number, &table);
            continue;
        }
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            if (strstr(line, "Datatype:") && strstr(line, types[i].osu)) dtype = types[i].ours;
        size_t count = split_words(strcpy(copy, line), words);
        if (table && count && (strcmp(words[0].text, "#") == 0 || strcmp(words[0].text, "Size") == 0) &&
            average_column(words, count))
            column = average_column(words, count);
        else if (table && column && count > column && is_integer_word(words[0].text))
            add_row(source, table, test, words, column, lines->number, dtype);
    }
    free(lines);
    size_t kept = 0;
    for (size_t i = 0; i < source->table_count; i++) {
        if (source->tables[i].row_count) {
            source->tables[kept++] = source->tables[i];
            continue;
        }
        warn("%s:%zu: a test begins here, but no row of it follows", source->path, source->tables[i].line);
        json_decref(source->tables[i].facts);
        json_decref(source->tables[i].warnings);
    }
    return source->table_count = kept;
}
