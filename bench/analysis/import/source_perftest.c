/* Reads the output of perftest's bandwidth tests (ib_write_bw and the like): messages between two NICs,
   imported as a send-recv of two ranks. */
#include "analysis/import/source.h"
#include "analysis/import/source_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum column { BYTES = 1, MEBI, GIGABIT };

/* "MB/sec" of older versions is 2^20 bytes too. The names in the header contain blanks: only the
   last word of each is matched. */
static const struct column_name names[] = {
    {"average[MiB/sec]", MEBI}, {"average[MB/sec]", MEBI}, {"average[Gb/sec]", GIGABIT}, {NULL, 0}};

struct parser {
    struct source *source;
    const char *title, *device; /* title: "RDMA_Write BW Test" */
    bool has_both;              /* the printed rate is the sum of both directions */
    bool is_part;               /* what follows is one side's part of a table that was already read */
    int unit;                   /* MEBI or GIGABIT; 0: not in a table */
    struct lines lines;
};

static void read_preamble(struct parser *parser, const char *line)
{
    const char *at = strstr(line, " BW Test"), *device = strstr(line, "Device ");
    if (at) {
        line += strspn(line, " ");
        parser->title = arena_string(&parser->source->arena, line);
        parser->has_both = strstr(line, "Bidirectional ") != NULL;
        parser->is_part = false;
        parser->device = NULL;
        parser->unit = 0;
    } else if (device && strchr(device, ':')) {
        char name[64];
        device = strchr(device, ':') + 1;
        device += strspn(device, " ");
        snprintf(name, sizeof name, "%.*s", (int)strcspn(device, " "), device);
        parser->device = arena_string(&parser->source->arena, name);
    } else if (strstr(line, "Local results:") || strstr(line, "Remote results:")) {
        parser->is_part = true;
        parser->unit = 0;
    }
}

static void open_table(struct parser *parser)
{
    struct source_table *table = source_add_table(parser->source, parser->lines.number);
    table->program = parser->title ? parser->title : "perftest";
    table->title = parser->title;
    table->collective = &collectives[SEND_RECV];
    table->collective_from = FROM_TABLE;
    table->backend = "rdma";
    table->mode = parser->has_both ? "bidirectional" : "unidirectional";
    table->statistic = "mean";
    table->ranks_said = 2;
    if (parser->device) source_fact(table, "nic", parser->device, strlen(parser->device));
}

static void read_row(struct parser *parser, const struct word *words)
{
    struct printed average;
    struct source_table *table = &parser->source->tables[parser->source->table_count - 1];
    double scale = (parser->unit == MEBI ? 1048576e-9 : 0.125) * (parser->has_both ? 0.5 : 1);
    bool has_rate = read_printed(words[3].text, &average) && average.value > 0;
    struct source_row *row = source_take_row(parser->source, table, parser->lines.number,
                                             strtoll(words[0].text, NULL, 10), has_rate, "bandwidth");
    if (!row) return;
    row->figures[0].algbw_gbps = row->figures[0].busbw_gbps =
        (struct printed){average.value * scale, average.step * scale};
}

size_t source_read_perftest(struct source *source, const char *data, size_t length)
{
    struct parser *parser = allocate(1, sizeof *parser);
    parser->source = source;
    lines_start(&parser->lines, data, length);
    while (lines_next(&parser->lines)) {
        char label[128], copy[LINE_LIMIT];
        struct word words[WORD_LIMIT];
        int columns[WORD_LIMIT];
        struct printed ignored;
        const char *line = skip_prefix(parser->lines.text, label);
        size_t count = split_words(strcpy(copy, line), words);
        if (count && strcmp(words[0].text, "#bytes") == 0) {
            bool found = !parser->is_part && name_columns(words, count, names, columns) == 1;
            parser->unit = 0;
            for (size_t i = 0; found && i < count; i++)
                if (columns[i]) parser->unit = columns[i];
            if (parser->unit) open_table(parser);
        } else if (parser->unit && count >= 5 && is_integer_word(words[0].text) &&
                   is_integer_word(words[1].text) && read_printed(words[2].text, &ignored)) {
            read_row(parser, words);
        } else {
            read_preamble(parser, line);
        }
    }
    free(parser);
    return source_drop_empty(source);
}
