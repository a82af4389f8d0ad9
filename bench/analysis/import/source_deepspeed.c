/* Reads DeepSpeed's communication log (comms_logger, log_summary): operations that rank 0 timed during
   training. A time is a mean without the lowest and the highest tenth. The bandwidths are ignored: they are
   means of rates, and "tput" counts the data of an all-reduce twice. */
#include "analysis/import/source.h"
#include "analysis/import/source_line.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum collective_id id;
    bool per_rank; /* the logged size is one rank's share */
} operations[] = {{"all_reduce", ALL_REDUCE, false},
                  {"inference_all_reduce", ALL_REDUCE, false},
                  {"all_gather", ALL_GATHER, true},
                  {"all_gather_into_tensor", ALL_GATHER, true},
                  {"reduce_scatter", REDUCE_SCATTER, false},
                  {"reduce_scatter_tensor", REDUCE_SCATTER, false},
                  {"all_to_all_single", ALL_TO_ALL, false},
                  {"broadcast", BROADCAST, false},
                  {"reduce", REDUCE, false}};

/* Bytes of "678.86 MB": binary units, two decimals. ABSENT: not a size. */
static int64_t size_of(const char *number, const char *unit)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    struct printed printed;
    double scale = 1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++, scale *= 1024)
        if (strcmp(unit, units[i]) == 0 && read_printed(number, &printed) && printed.value >= 0 &&
            printed.value * scale < 9e15)
            return (int64_t)llround(printed.value * scale);
    return ABSENT;
}

static struct source_table *open_table(struct source *source, size_t line, const char *name)
{
    struct source_table *table = source_add_table(source, line);
    table->program = arena_string(&source->arena, name);
    table->statistic = "trimmed_mean", table->rank_reduction = "rank0";
    table->collective_from = FROM_TABLE;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(operations[i].name, name) == 0) {
            table->collective = &collectives[operations[i].id];
            table->bytes_per_rank = operations[i].per_rank;
        }
    return table;
}

/* SIZE UNIT COUNT TOTAL(ms) AVERAGE(ms) TPUT BUSBW */
static void read_row(struct source *source, struct source_table *table, const struct word *words, size_t line)
{
    struct printed average;
    int64_t bytes = size_of(words[0].text, words[1].text);
    bool has_time = read_printed(words[4].text, &average) && average.value > 0;
    struct source_row *row = source_take_row(source, table, line, bytes, has_time, "time");
    if (!row) return;
    if (table->row_count == 1)
        source_warn(source, table, line,
                    "sizes are printed to two decimals and times to 10 us: both are rounded");
    row->figures[0].time_us = (struct printed){average.value * 1000, average.step * 1000};
}

size_t source_read_deepspeed(struct source *source, const char *data, size_t length)
{
    struct lines *lines = allocate(1, sizeof *lines);
    struct source_table *table = NULL;
    bool in_summary = false;
    lines_start(lines, data, length);
    while (lines_next(lines)) {
        char label[128], copy[LINE_LIMIT];
        struct word words[WORD_LIMIT];
        const char *line = skip_prefix(lines->text, label);
        size_t count = split_words(strcpy(copy, line), words);
        if (strstr(line, "Comm. Op")) { /* the table of stragglers has other columns */
            in_summary = strstr(line, "Avg Latency(ms)") != NULL;
            table = NULL;
        } else if (in_summary && count == 1 && isalpha((unsigned char)words[0].text[0])) {
            table = open_table(source, lines->number, words[0].text);
        } else if (in_summary && table && count == 7) {
            read_row(source, table, words, lines->number);
        }
    }
    free(lines);
    return source_drop_empty(source);
}
