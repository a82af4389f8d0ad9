/* Reads the output of AWS Neuron's nccom-test (Trainium, Inferentia). Its "GB/s" means 2^30 bytes per
   second. */
#include "analysis/import/source.h"
#include "analysis/import/source_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum collective_id id;
} operations[] = {{"allr", ALL_REDUCE},       {"all_reduce", ALL_REDUCE}, {"allg", ALL_GATHER},
                  {"all_gather", ALL_GATHER}, {"redsct", REDUCE_SCATTER}, {"reduce_scatter", REDUCE_SCATTER},
                  {"sendrecv", SEND_RECV},    {"alltoall", ALL_TO_ALL}};

enum column { SIZE = 1, TYPE, TIME, ALGBW, BUSBW };

struct command {
    const struct collective *collective;
    int64_t ranks, nodes;
};

/* Reads a command such as "nccom-test -r 2 -N 1 -b 1MB allr" anywhere in a line. false: there is none. */
static bool read_command(const struct word *words, size_t count, struct command *command)
{
    size_t at = 0;
    while (at < count) {
        size_t length = strlen(words[at].text);
        if (length >= 10 && strcmp(words[at].text + length - 10, "nccom-test") == 0) break;
        at++;
    }
    if (at == count) return false;
    *command = (struct command){NULL, ABSENT, ABSENT};
    for (at++; at < count; at++) {
        const char *word = words[at].text, *next = at + 1 < count ? words[at + 1].text : "";
        bool is_ranks = strcmp(word, "-r") == 0 || strcmp(word, "--nworkers") == 0,
             is_nodes = strcmp(word, "-N") == 0 || strcmp(word, "--nnodes") == 0;
        if (is_ranks && is_integer_word(next)) command->ranks = strtoll(next, NULL, 10);
        if (is_nodes && is_integer_word(next)) command->nodes = strtoll(next, NULL, 10);
        for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
            if (strcmp(word, operations[i].word) == 0) command->collective = &collectives[operations[i].id];
    }
    if (command->ranks != ABSENT && command->nodes == ABSENT) command->nodes = 1; /* its default */
    return true;
}

static const struct column_name names[] = {{"size(B)", SIZE},      {"type", TYPE},         {"time(us)", TIME},
                                           {"algbw(GB/s)", ALGBW}, {"busbw(GB/s)", BUSBW}, {NULL, 0}};

/* Converts GiB/s to GB/s. */
static struct printed decimal(struct printed rate)
{
    const double gib = 1.073741824;
    return (struct printed){rate.value * gib, rate.step * gib};
}

static void read_row(struct source *source, struct source_table *table, const struct word *words,
                     size_t count, const int columns[WORD_LIMIT], size_t line)
{
    struct printed figure[COLUMN_LIMIT];
    const char *dtype = NULL;
    read_figures(words, count, columns, figure);
    for (size_t i = 0; i < count; i++)
        if (columns[i] == TYPE) dtype = dtype_by_any_name(words[i].text);
    struct source_row *row = source_take_row(source, table, line, strtoll(words[0].text, NULL, 10),
                                             figure[TIME].value > 0, "time");
    if (!row) return;
    row->dtype = dtype;
    row->figures[0].time_us = figure[TIME];
    row->figures[0].algbw_gbps = decimal(figure[ALGBW]);
    row->figures[0].busbw_gbps = decimal(figure[BUSBW]);
}

static struct source_table *open_table(struct source *source, size_t line, const struct command *command)
{
    struct source_table *table = source_add_table(source, line);
    table->program = "nccom-test";
    table->backend = "neuron", table->memory = "device", table->statistic = "mean";
    table->collective = command->collective;
    table->collective_from = command->collective ? FROM_COMMAND : FROM_NOTHING;
    table->ranks_said = command->ranks, table->nodes_said = command->nodes;
    table->interrupted = true; /* until the last line of the table is read */
    return table;
}

size_t source_read_nccom(struct source *source, const char *data, size_t length)
{
    struct lines *lines = allocate(1, sizeof *lines);
    struct command command = {NULL, ABSENT, ABSENT};
    int columns[WORD_LIMIT];
    size_t column_count = 0;
    struct source_table *table = NULL;
    lines_start(lines, data, length);
    while (lines_next(lines)) {
        char label[128], copy[LINE_LIMIT];
        struct word words[WORD_LIMIT];
        const char *line = skip_prefix(lines->text, label), *average = strstr(line, "Avg bus bandwidth:");
        size_t count = split_words(strcpy(copy, line), words);
        struct command next;
        if (average && table) {
            struct printed printed = {NAN, 0};
            char number[32];
            average += strlen("Avg bus bandwidth:") + strspn(average + strlen("Avg bus bandwidth:"), " ");
            snprintf(number, sizeof number, "%.*s", (int)strspn(average, "0123456789.e+-"), average);
            if (read_printed(number, &printed)) printed = decimal(printed);
            if (isfinite(printed.value))
                table->printed_average = printed.value, table->average_step = printed.step;
            table->interrupted = false;
            table = NULL;
        } else if (read_command(words, count, &next)) {
            command = next;
        } else if (count && strcmp(words[0].text, "size(B)") == 0 &&
                   name_columns(words, count, names, columns) >= 3) {
            column_count = count;
            table = open_table(source, lines->number, &command);
        } else if (table && count == column_count && is_integer_word(words[0].text)) {
            read_row(source, table, words, count, columns, lines->number);
        }
    }
    free(lines);
    return source_drop_empty(source);
}
