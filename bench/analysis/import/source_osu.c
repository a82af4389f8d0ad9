/* Reads the text output of the OSU micro-benchmarks, versions 3 to 7: collectives (blocking, non-blocking,
   persistent) and point-to-point tests, over MPI, NCCL and similar libraries. */
#include "analysis/import/source.h"
#include "analysis/import/source_line.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The tests by the part of the title between the library and "Test". */
static const struct test {
    const char *title;
    enum collective_id id;
    bool per_rank;    /* the printed size is one rank's share; busbar's is that times the ranks */
    const char *mode; /* of point-to-point tests; NULL: a collective */
    double share;     /* one direction's share of the printed bandwidth */
} tests[] = {
    {"Allreduce Latency", ALL_REDUCE, false, NULL, 1},
    {"Allgather Latency", ALL_GATHER, true, NULL, 1},
    {"Broadcast Latency", BROADCAST, false, NULL, 1},
    {"Bcast Latency", BROADCAST, false, NULL, 1},
    {"Reduce_scatter Latency", REDUCE_SCATTER, false, NULL, 1},
    {"Reduce_scatter_block Latency", REDUCE_SCATTER, false, NULL, 1},
    {"Reduce Latency", REDUCE, false, NULL, 1},
    {"All-to-All Personalized Exchange Latency", ALL_TO_ALL, true, NULL, 1},
    {"All-to-All Latency", ALL_TO_ALL, true, NULL, 1},
    {"Alltoall Latency", ALL_TO_ALL, true, NULL, 1},
    {"Gather Latency", GATHER, true, NULL, 1},
    {"Scatter Latency", SCATTER, true, NULL, 1},
    /* Half the round-trip time. */
    {"Latency", SEND_RECV, false, "ping_pong", 1},
    /* Many messages in flight, one direction. */
    {"Bandwidth", SEND_RECV, false, "unidirectional", 1},
    /* Both directions at once; the printed bandwidth is their sum. */
    {"Bi-Directional Bandwidth", SEND_RECV, false, "bidirectional", 0.5},
};

static const struct {
    const char *osu, *ours;
} types[] = {{"MPI_CHAR", "int8"}, {"MPI_INT", "int32"}, {"MPI_FLOAT", "float"}, {"MPI_DOUBLE", "double"}};

/* The columns of a row, as the header line names them. */
enum column { OTHER, SIZE, TIME, BANDWIDTH, LEAST, MOST, ITERATIONS, VALIDATION, OVERLAP };

struct columns {
    enum column list[24];
    size_t count;
};

struct parser {
    struct source *source;
    struct source_table *table; /* NULL: none yet, or its test is not imported */
    const struct test *test;
    struct columns columns;
    const char *dtype, *title; /* title: the last line of prose */
    struct lines lines;
};

/* Reads library and memory: "MPI", "MPI-CUDA", "MPI-CUDA MANAGED", "NCCL-CUDA", "XCCL". Returns the text
   after them; NULL: not a library. */
static const char *read_library(struct source *source, const char *text, const char **backend,
                                const char **memory)
{
    char word[32];
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    if (length == 0 || length >= sizeof word) return NULL;
    for (size_t i = 0; i < length; i++) word[i] = (char)tolower((unsigned char)text[i]);
    word[length] = 0;
    bool is_mpi = strcmp(word, "mpi") == 0, is_ccl = length > 3 && strcmp(word + length - 3, "ccl") == 0;
    if (!is_mpi && !is_ccl) return NULL;
    *backend = arena_string(&source->arena, word);
    *memory = is_ccl ? "device" : "host";
    text += length;
    if (*text == '-') {
        size_t device = strcspn(text, " ");
        *memory = strncmp(text, "-MANAGED", 8) == 0 ? "managed" : "device";
        text += device;
    }
    text += strspn(text, " ");
    if (strncmp(text, "MANAGED ", 8) == 0) *memory = "managed", text += 8;
    return text;
}

/* Finds the test that the title names, and its variant ("Non-blocking Allreduce Latency Test", "Allreduce
   Persistent Latency Test"). NULL: busbar does not import it. */
static const struct test *find_test(const char *title, const char **variant)
{
    char plain[96];
    const char *end = strstr(title, " Test");
    *variant = NULL;
    if (strncasecmp(title, "Non-blocking ", 13) == 0) title += 13, *variant = "nonblocking";
    if (!end || end < title || (size_t)(end - title) >= sizeof plain) return NULL;
    memcpy(plain, title, (size_t)(end - title));
    plain[end - title] = 0;
    char *persistent = strstr(plain, "Persistent ");
    if (!persistent && (persistent = strstr(plain, " Persistent"))) /* "Bandwidth Persistent Test" */
        persistent[0] = 0, *variant = "persistent";
    else if (persistent)
        memmove(persistent, persistent + 11, strlen(persistent + 11) + 1), *variant = "persistent";
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (strcmp(tests[i].title, plain) == 0 && !(tests[i].mode && *variant)) return &tests[i];
    return NULL;
}

/* "# OSU MPI-CUDA Allreduce Latency Test v7.4". false: the line is not a title. */
static bool read_title(struct parser *parser, const char *line)
{
    const char *osu = strstr(line, "OSU "), *backend, *memory, *variant;
    const char *title = osu ? read_library(parser->source, osu + 4, &backend, &memory) : NULL;
    if (!title || !strstr(title, " Test")) return false;
    parser->columns.count = 0;
    parser->dtype = NULL;
    parser->table = NULL;
    parser->test = find_test(title, &variant);
    if (!parser->test) {
        warn("%s:%zu: not a test that busbar imports: its rows are left out", parser->source->path,
             parser->lines.number);
        return true;
    }
    struct source_table *table = source_add_table(parser->source, parser->lines.number);
    const char *version = strstr(title, " v");
    parser->table = table;
    table->collective = &collectives[parser->test->id];
    table->collective_from = FROM_TABLE;
    table->program = "osu";
    table->backend = backend, table->memory = memory;
    table->mode = parser->test->mode ? parser->test->mode : variant;
    table->statistic = "mean", table->rank_reduction = parser->test->mode ? NULL : "mean";
    table->bytes_per_rank = parser->test->per_rank;
    table->title = parser->title;
    parser->title = NULL;
    if (parser->test->mode) table->ranks_said = 2;
    if (version) source_fact(table, "osu", version + 2, strcspn(version + 2, " "));
    return true;
}

/* Reads the column name at `text`. Returns its length. */
static size_t column_name(const char *text, enum column *column)
{
    static const struct {
        const char *name;
        enum column column;
    } names[] = {{"Avg Latency(us)", TIME},  {"Latency (us)", TIME},      {"Latency(us)", TIME},
                 {"Min Latency(us)", LEAST}, {"Max Latency(us)", MOST},   {"Pure Comm.(us)", TIME},
                 {"Min Comm.(us)", LEAST},   {"Max Comm.(us)", MOST},     {"Bandwidth (MB/s)", BANDWIDTH},
                 {"Iterations", ITERATIONS}, {"Validation", VALIDATION},  {"Overlap(%)", OVERLAP},
                 {"Coll. Init(us)", OTHER},  {"Transmit Size", OTHER},    {"Size", SIZE},
                 {"Avg Latency (us)", TIME}, {"Min Latency (us)", LEAST}, {"Max Latency (us)", MOST}};
    static const char *const tails[] = {" Tail Lat(us)", " Tail BW(MB/s)"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(text, names[i].name, strlen(names[i].name)) == 0) {
            *column = names[i].column;
            return strlen(names[i].name);
        }
    size_t word = strcspn(text, " ");
    *column = OTHER;
    for (size_t i = 0; i < 2; i++) /* "P99 Tail Lat(us)" */
        if (strncmp(text + word, tails[i], strlen(tails[i])) == 0) return word + strlen(tails[i]);
    return word;
}

/* The header line "# Size  Avg Latency(us)  …". false: it is not a header line. */
static bool read_columns(struct parser *parser, const char *line)
{
    struct columns found = {.count = 0};
    bool has_figure = false;
    line += strspn(line, "# ");
    if (strncmp(line, "Size", 4) != 0) return false;
    while (*line && found.count < sizeof found.list / sizeof *found.list) {
        enum column column;
        line += column_name(line, &column);
        line += strspn(line, " ");
        has_figure |= column == TIME || column == BANDWIDTH;
        found.list[found.count++] = column;
    }
    if (!has_figure) return false;
    parser->columns = found;
    return true;
}

static void read_row(struct parser *parser, const struct word *words, size_t count)
{
    struct source_table *table = parser->table;
    const struct columns *columns = &parser->columns;
    struct printed figure[OVERLAP + 1];
    const char *validation = NULL;
    for (size_t i = 0; i <= OVERLAP; i++) figure[i] = (struct printed){NAN, 0};
    for (size_t i = 0; i < columns->count && i < count; i++) {
        if (columns->list[i] == VALIDATION) validation = words[i].text;
        read_printed(words[i].text, &figure[columns->list[i]]);
    }
    bool has_time = figure[TIME].value > 0, has_rate = figure[BANDWIDTH].value > 0;
    struct source_row *row =
        source_take_row(parser->source, table, parser->lines.number, strtoll(words[0].text, NULL, 10),
                        has_time || has_rate, "time and no bandwidth");
    if (!row) return;
    struct figures *figures = &row->figures[0];
    row->dtype = parser->dtype;
    row->op = collectives[parser->test->id].reduces ? "sum" : NULL;
    figures->time_us = figure[TIME];
    if (has_rate) /* MB/s are 1e6 bytes a second */
        figures->algbw_gbps = figures->busbw_gbps =
            (struct printed){figure[BANDWIDTH].value * parser->test->share * 1e-3,
                             figure[BANDWIDTH].step * parser->test->share * 1e-3};
    figures->least_rank_us = figure[LEAST].value, figures->most_rank_us = figure[MOST].value;
    figures->overlap_percent = figure[OVERLAP].value;
    if (validation && strcasecmp(validation, "Pass") == 0) figures->wrong = 0;
    figures->failed = validation && strcasecmp(validation, "Fail") == 0;
}

static void read_line(struct parser *parser)
{
    char label[128], copy[LINE_LIMIT];
    struct word words[WORD_LIMIT];
    const char *line = skip_prefix(parser->lines.text, label);
    if (read_title(parser, line)) return;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strstr(line, "Datatype:") && strstr(line, types[i].osu)) parser->dtype = types[i].ours;
    if (parser->table && strstr(line, "DATA VALIDATION ERROR")) parser->table->interrupted = true;
    if (parser->table && read_columns(parser, line)) return;
    struct printed ignored;
    size_t count = split_words(strcpy(copy, line), words);
    if (count >= 2 && parser->table && count == parser->columns.count && is_integer_word(words[0].text) &&
        read_printed(words[1].text, &ignored))
        read_row(parser, words, count);
    else if (prose_title(&parser->source->arena, line))
        parser->title = prose_title(&parser->source->arena, line);
}

size_t source_read_osu(struct source *source, const char *data, size_t length)
{
    struct parser *parser = allocate(1, sizeof *parser);
    parser->source = source;
    lines_start(&parser->lines, data, length);
    while (lines_next(&parser->lines)) read_line(parser);
    free(parser);
    return source_drop_empty(source);
}
