/* Reads the output of nvbandwidth, as text and as JSON (-j): matrices with the bandwidth of copies between
   GPUs. Each matrix becomes a table, and each pair of GPUs a send-recv of two ranks. nvbandwidth does not
   print the size of its copies, whose default differs between versions, nor whether a figure is a median or a
   mean. So the records have neither. */
#include "analysis/import/source_json.h"
#include "analysis/import/source_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_GPUS = 1 << 10 };

/* What a matrix contains, according to the line above it. */
enum matrix_kind {
    NO_MATRIX,
    OTHER_MATRIX,  /* copies with the host, within a GPU or to several GPUs; latencies */
    PART_MATRIX,   /* one direction of a bidirectional test; a later matrix has the sum of both */
    ROW_TO_COLUMN, /* GPU(row) -> GPU(column) */
    COLUMN_TO_ROW, /* GPU(row) <- GPU(column) */
    BOTH_WAYS      /* GPU(row) <-> GPU(column), both directions together */
};

struct parser {
    struct source *source;
    json_t *facts;         /* of the run whose lines are being read */
    bool gpus_differ;      /* its GPUs are not all of one model */
    const char *test;      /* "device_to_device_memcpy_read_ce"; NULL: not printed */
    enum matrix_kind kind; /* of the current matrix */
    int64_t columns;       /* of that matrix; 0: the line with their numbers has not been read yet */
    int64_t rows;          /* of that matrix, read so far */
    size_t left_out;       /* number of OTHER_MATRIX */
};

/* Returns the kind of the matrix that `line` announces; NO_MATRIX: it announces none. */
static enum matrix_kind kind_of(const char *line, const char *test)
{
    if (!strstr(line, "GPU(column)")) return NO_MATRIX;
    if (!strstr(line, "bandwidth (GB/s)")) return OTHER_MATRIX;
    if (strstr(line, "GPU(row) -> GPU(column)")) return ROW_TO_COLUMN;
    if (strstr(line, "GPU(row) <- GPU(column)")) return COLUMN_TO_ROW;
    /* The bidirectional multinode tests of versions up to 0.8 call their rows CPUs. */
    bool of_gpus =
        strstr(line, "GPU(row) <-> GPU(column)") || (test && strstr(test, "device_to_device_bidirectional"));
    if (!of_gpus) return OTHER_MATRIX;
    if (strstr(line, "Total")) return BOTH_WAYS;
    /* Versions 0.1 and 0.2 print one more matrix before the "Total". Only their documentation explains it. */
    return strstr(line, "Read") || strstr(line, "Write") ? PART_MATRIX : OTHER_MATRIX;
}

/* Does the matrix become a table? */
static bool is_imported(enum matrix_kind kind)
{
    return kind >= ROW_TO_COLUMN;
}

static struct source_table *last_table(const struct parser *parser)
{
    return &parser->source->tables[parser->source->table_count - 1];
}

static void name_test(struct source *source, struct source_table *table, const char *name)
{
    table->program = table->test = arena_string(&source->arena, name);
    if (strncmp(name, "multinode_", 10) != 0) table->nodes_said = 1;
}

/* Begins the matrix that `description` announces. */
static void begin_matrix(struct parser *parser, const char *description, size_t line)
{
    parser->kind = kind_of(description, parser->test);
    parser->columns = parser->rows = 0;
    parser->left_out += parser->kind == OTHER_MATRIX;
    if (!is_imported(parser->kind)) return;
    struct source_table *table = source_add_table(parser->source, line);
    table->collective = &collectives[SEND_RECV];
    table->collective_from = FROM_TABLE;
    table->backend = "cuda", table->memory = "device";
    table->mode = parser->kind == BOTH_WAYS ? "bidirectional" : "unidirectional";
    table->ranks_said = 2;
    table->interrupted = true; /* until the matrix ends */
    if (parser->test) name_test(parser->source, table, parser->test);
    json_object_update(table->facts, parser->facts);
    if (parser->gpus_differ) json_object_del(table->facts, "gpu");
}

/* Adds a row for the pair of GPUs of one cell. If nvbandwidth did not measure the pair, the cell is N/A, or 0
   in older versions. */
static void add_pair(struct parser *parser, int64_t row, int64_t column, const char *cell, size_t line)
{
    struct printed rate;
    char group[64];
    if (row == column || !read_printed(cell, &rate) || !(rate.value > 0)) return;
    bool reverse = parser->kind == COLUMN_TO_ROW;
    snprintf(group, sizeof group, "pair:%lld%s%lld", (long long)(reverse ? column : row),
             parser->kind == BOTH_WAYS ? "<>" : ">", (long long)(reverse ? row : column));
    if (parser->kind == BOTH_WAYS) rate.value /= 2, rate.step /= 2;
    struct source_row *added = source_add_row(last_table(parser), line);
    added->group = arena_string(&parser->source->arena, group);
    added->figures[0].present = true;
    added->figures[0].algbw_gbps = added->figures[0].busbw_gbps = rate;
}

/* Warns if the sum that nvbandwidth printed differs from the sum of the cells by more than their rounding:
   `step` is the last printed digit, in GB/s; 0: not rounded. */
static void check_sum(struct parser *parser, double printed, double step, size_t line)
{
    struct source_table *table = last_table(parser);
    double sum = 0, ways = same(table->mode, "bidirectional") ? 2 : 1;
    for (size_t i = 0; i < table->row_count; i++) sum += ways * table->rows[i].figures[0].algbw_gbps.value;
    double allowed = step / 2 * (double)(table->row_count + 1) + 1e-5 * sum;
    if (fabs(sum - printed) > allowed)
        source_warn(parser->source, table, line,
                    "the printed sum is %.6g GB/s, but the cells add up to %.6g: cells are missing or were "
                    "changed",
                    printed, sum);
}

/* Sets a fact without the spaces at its end. */
static void set_fact(struct parser *parser, const char *key, const char *value)
{
    size_t length = strlen(value);
    while (length && value[length - 1] == ' ') length--;
    if (length) json_object_set_new(parser->facts, key, json_stringn(value, length));
}

/* Sets the version of CUDA, such as "12.4", from "12040" or "13.2 (13020)". */
static void set_cuda(struct parser *parser, const char *value)
{
    char text[32];
    long code = strtol(value, NULL, 10);
    if (code >= 1000)
        snprintf(text, sizeof text, "%ld.%ld", code / 1000, code % 1000 / 10);
    else
        snprintf(text, sizeof text, "%.*s", (int)strcspn(value, " "), value);
    set_fact(parser, "cuda", text);
}

/* Sets the model of the GPUs from "NVIDIA H200 (00000000:1b:00)", and notes whether this one has another
   model. */
static void add_gpu(struct parser *parser, const char *device)
{
    char model[128];
    const char *bus = strstr(device, " (");
    snprintf(model, sizeof model, "%.*s", (int)(bus ? bus - device : (long)strlen(device)), device);
    const char *before = json_string_value(json_object_get(parser->facts, "gpu"));
    if (before && !same(before, model)) parser->gpus_differ = true;
    if (!before) set_fact(parser, "gpu", model);
}

static void start_run(struct parser *parser)
{
    json_decref(parser->facts);
    parser->facts = json_object();
    parser->gpus_differ = false;
    parser->test = NULL;
    parser->kind = NO_MATRIX;
}

static void report_wrong_data(struct parser *parser, size_t line)
{
    warn("%s:%zu: %s: nvbandwidth found wrong data after a copy and prints no figures for this test",
         parser->source->path, line, parser->test ? parser->test : "a test");
    parser->source->wrong_data = true;
}

/* ---- text ---- */

/* Returns the value of a line such as "Driver Version: 580.95.05"; NULL: the line has another key. */
static const char *value_after(const char *line, const char *key)
{
    size_t length = strlen(key);
    if (strncmp(line, key, length) != 0) return NULL;
    return line + length + strspn(line + length, " ");
}

/* Reads the line of column numbers, "0 1 2 3". Returns how many there are; 0: the line is something else. */
static int64_t count_columns(char *line)
{
    int64_t count = 0;
    for (char *word, *rest = line; (word = strsep(&rest, " \t"));) {
        if (!*word) continue;
        if (!is_integer_word(word) || strtoll(word, NULL, 10) != count || count == MOST_GPUS) return 0;
        count++;
    }
    return count;
}

static void report_short_row(struct parser *parser, int64_t row, size_t line)
{
    source_warn(parser->source, last_table(parser), line, "row %lld of the matrix is cut off",
                (long long)row);
    last_table(parser)->incomplete++;
}

/* Reads a row of the matrix: its number, then one cell per column. Returns false if it is something else. */
static bool read_matrix_row(struct parser *parser, char *line, size_t number)
{
    int64_t row = ABSENT, column = 0;
    for (char *word, *rest = line; (word = strsep(&rest, " \t"));) {
        struct printed ignored;
        if (!*word) continue;
        if (row == ABSENT) {
            if (!is_integer_word(word) || strtoll(word, NULL, 10) != parser->rows) return false;
            row = parser->rows;
        } else if (column == parser->columns || (!same(word, "N/A") && !read_printed(word, &ignored))) {
            return false;
        } else {
            if (is_imported(parser->kind)) add_pair(parser, row, column, word, number);
            column++;
        }
    }
    if (row == ABSENT) return false;
    if (column < parser->columns && is_imported(parser->kind)) report_short_row(parser, row, number);
    parser->rows++;
    if (parser->rows == parser->columns && is_imported(parser->kind)) last_table(parser)->interrupted = false;
    return true;
}

/* Reads "SUM device_to_device_memcpy_read_ce 715.53", which ends a matrix. */
static void read_sum(struct parser *parser, const char *text, size_t line)
{
    char name[128];
    size_t length = strcspn(text, " ");
    struct printed sum;
    bool has_rows = is_imported(parser->kind) && last_table(parser)->row_count;
    parser->kind = NO_MATRIX;
    if (!has_rows) return;
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    if (!last_table(parser)->test) name_test(parser->source, last_table(parser), name);
    if (read_printed(text + length + strspn(text + length, " "), &sum))
        check_sum(parser, sum.value, sum.step, line);
}

static void read_text_line(struct parser *parser, const char *line, size_t number)
{
    char copy[LINE_LIMIT];
    const char *value;
    line += strspn(line, " \t");
    if ((value = value_after(line, "nvbandwidth Version:"))) {
        start_run(parser);
        set_fact(parser, "nvbandwidth", value);
    } else if (kind_of(line, parser->test) != NO_MATRIX) {
        begin_matrix(parser, line, number);
    } else if ((value = value_after(line, "CUDA Runtime Version:"))) {
        set_cuda(parser, value);
    } else if ((value = value_after(line, "Driver Version:"))) {
        set_fact(parser, "driver", value);
    } else if ((value_after(line, "Device ") || value_after(line, "Process ")) && parser->kind == NO_MATRIX) {
        const char *last = strstr(line, ": device ");
        value = strchr(last ? last + 2 : line, ':');
        if (value) add_gpu(parser, value + 1 + strspn(value + 1, " "));
    } else if ((value = value_after(line, "Running "))) {
        snprintf(copy, sizeof copy, "%.*s", (int)strcspn(value, ". "), value);
        parser->test = arena_string(&parser->source->arena, copy);
        parser->kind = NO_MATRIX;
    } else if ((value = value_after(line, "SUM ")) || (value = value_after(line, "&&&& PERF "))) {
        read_sum(parser, value, number);
    } else if (strstr(line, "Invalid value when checking the pattern")) {
        report_wrong_data(parser, number);
    } else if (parser->kind != NO_MATRIX && !parser->columns) {
        parser->columns = count_columns(strcpy(copy, line));
    } else if (parser->kind != NO_MATRIX && *line && parser->rows < parser->columns) {
        if (!read_matrix_row(parser, strcpy(copy, line), number)) parser->kind = NO_MATRIX;
    }
}

static void read_text(struct parser *parser, const char *data, size_t length)
{
    struct lines *lines = allocate(1, sizeof *lines);
    lines_start(lines, data, length);
    while (lines_next(lines)) {
        char label[128];
        read_text_line(parser, skip_prefix(lines->text, label), lines->number);
    }
    free(lines);
}

/* ---- JSON ---- */

static void read_json_row(struct parser *parser, const json_t *row, int64_t number, size_t columns,
                          size_t line)
{
    for (size_t c = 0; c < json_array_size(row) && c < MOST_GPUS; c++) {
        const json_t *cell = json_array_get(row, c);
        char real[32];
        snprintf(real, sizeof real, "%.9g", json_number_value(cell));
        add_pair(parser, number, (int64_t)c, json_is_string(cell) ? json_string_value(cell) : real, line);
    }
    if (json_array_size(row) < columns) report_short_row(parser, number, line);
}

static void read_testcase(struct parser *parser, json_t *testcase, size_t line)
{
    const char *name = json_string_value(json_object_get(testcase, "name")),
               *description = json_string_value(json_object_get(testcase, "bandwidth_description")),
               *error = json_string_value(json_object_get(testcase, "error"));
    parser->test = name ? arena_string(&parser->source->arena, name) : NULL;
    if (error && strstr(error, "Invalid value when checking the pattern"))
        report_wrong_data(parser, line);
    else if (error)
        warn("%s:%zu: %s: nvbandwidth says '%s'", parser->source->path, line, name ? name : "a test", error);
    if (!description) return;
    /* A bidirectional test puts its three matrices into one list, with the description of only the last. */
    json_t *matrix = json_object_get(testcase, "bandwidth_matrix");
    begin_matrix(parser, description, line);
    if (!is_imported(parser->kind)) return;
    size_t first = 0, rows = json_array_size(matrix), columns = json_array_size(json_array_get(matrix, 0));
    if (parser->kind == BOTH_WAYS && columns && rows == 3 * columns) first = 2 * columns;
    for (size_t r = first; r < rows && r - first < MOST_GPUS; r++)
        read_json_row(parser, json_array_get(matrix, r), (int64_t)(r - first), columns, line);
    last_table(parser)->interrupted = rows - first < columns || columns > MOST_GPUS;
    double sum = json_member_real(testcase, "sum");
    if (isfinite(sum) && last_table(parser)->row_count) check_sum(parser, sum, 0, line);
}

static void read_json(struct parser *parser, const char *data, size_t length)
{
    struct json_pieces pieces;
    json_t *root, *item;
    size_t i;
    json_pieces_start(&pieces, data, length);
    while ((root = json_pieces_next(parser->source, &pieces))) {
        json_t *run = json_object_get(root, "nvbandwidth"),
               *cuda = json_object_get(run, "CUDA Runtime Version");
        const char *version = json_string_value(json_object_get(run, "version")),
                   *driver = json_string_value(json_object_get(run, "Driver Version"));
        char code[32];
        start_run(parser);
        if (version) set_fact(parser, "nvbandwidth", version);
        if (driver) set_fact(parser, "driver", driver);
        snprintf(code, sizeof code, "%lld", (long long)json_integer_value(cuda));
        if (cuda) set_cuda(parser, json_is_string(cuda) ? json_string_value(cuda) : code);
        json_array_foreach(json_object_get(run, "GPU Device list"), i, item)
        {
            const char *device = json_string_value(item), *colon = device ? strchr(device, ':') : NULL;
            if (colon) add_gpu(parser, colon + 1 + strspn(colon + 1, " "));
        }
        size_t before = parser->source->table_count;
        json_array_foreach(json_object_get(run, "testcases"), i, item)
            read_testcase(parser, item, pieces.line);
        if (pieces.cut && parser->source->table_count > before) last_table(parser)->interrupted = true;
        json_decref(root);
    }
}

size_t source_read_nvbandwidth(struct source *source, const char *data, size_t length)
{
    static const char json_mark[] = "\"bandwidth_matrix\"";
    struct parser parser = {.source = source};
    start_run(&parser);
    if (memmem(data, length, json_mark, sizeof json_mark - 1))
        read_json(&parser, data, length);
    else
        read_text(&parser, data, length);
    json_decref(parser.facts);
    size_t count = source_drop_empty(source);
    if (parser.left_out && count)
        warn("%s: left out %zu matrices of nvbandwidth: copies with the host, within a GPU or to several "
             "GPUs, and latencies, are not a send-recv between two GPUs",
             source->path, parser.left_out);
    return count;
}
