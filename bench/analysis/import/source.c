#include "analysis/import/source.h"
#include "base/sha256.h"
#include "collective/dtype.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_WARNINGS = 50, MOST_DEVICES = 1 << 17 };

struct source_table *source_add_table(struct source *source, size_t line)
{
    source->tables = reallocate(source->tables, source->table_count + 1, sizeof *source->tables);
    struct source_table *table = &source->tables[source->table_count++];
    *table = (struct source_table){
        .line = line,
        .min_bytes = ABSENT,
        .step = ABSENT,
        .warmup = ABSENT,
        .iterations = ABSENT,
        .batch = ABSENT,
        .graph = ABSENT,
        .average = ABSENT,
        .includes_launch = ABSENT,
        .printed_average = NAN,
        .out_of_bounds = ABSENT,
        .facts = json_object(),
        .warnings = json_array(),
        .ranks = ABSENT,
        .nodes = ABSENT,
        .ranks_said = ABSENT,
        .nodes_said = ABSENT,
        .domains_said = ABSENT,
        .ranks_lo = ABSENT,
        .ranks_hi = ABSENT,
        .ranks_likely = ABSENT,
        .ranks_exact = ABSENT,
        .recomputed_average = NAN,
        .peak = {NAN, NAN},
        .at_largest = {NAN, NAN},
    };
    return table;
}

static void free_table(struct source_table *table)
{
    for (size_t i = 0; i < table->row_count; i++)
        for (int p = 0; p < 2; p++) free(table->rows[i].figures[p].samples_us.us);
    free(table->rows);
    free(table->devices);
    json_decref(table->facts);
    json_decref(table->env);
    json_decref(table->args);
    json_decref(table->warnings);
}

size_t source_drop_empty(struct source *source)
{
    size_t kept = 0;
    for (size_t i = 0; i < source->table_count; i++) {
        struct source_table *table = &source->tables[i];
        if (table->row_count) {
            source->tables[kept++] = *table;
            continue;
        }
        if (table->program || table->min_bytes != ABSENT)
            warn("%s:%zu: a test begins here, but no row of it follows", source->path, table->line);
        free_table(table);
    }
    return source->table_count = kept;
}

void source_free(struct source *source)
{
    for (size_t i = 0; i < source->table_count; i++) free_table(&source->tables[i]);
    free(source->tables);
    arena_free(&source->arena);
    *source = (struct source){0};
}

/* Grows an array whose capacity is the next power of two. */
static void *grow(void *array, size_t count, size_t size)
{
    return (count & (count - 1)) == 0 ? reallocate(array, count ? 2 * count : 1, size) : array;
}

struct source_row *source_add_row(struct source_table *table, size_t line)
{
    static const struct figures none = {.time_us = {NAN, 0},
                                        .algbw_gbps = {NAN, 0},
                                        .busbw_gbps = {NAN, 0},
                                        .cpu_time_us = NAN,
                                        .wrong = ABSENT,
                                        .min_us = NAN,
                                        .max_us = NAN,
                                        .p99_us = NAN,
                                        .least_rank_us = NAN,
                                        .mean_rank_us = NAN,
                                        .most_rank_us = NAN,
                                        .overlap_percent = NAN};
    table->rows = grow(table->rows, table->row_count, sizeof *table->rows);
    struct source_row *row = &table->rows[table->row_count++];
    *row = (struct source_row){
        .line = line, .bytes = ABSENT, .count = ABSENT, .root = ABSENT, .figures = {none, none}};
    return row;
}

void source_wrong_count(struct source *source, struct source_table *table, struct source_row *row,
                        struct figures *figures, double count)
{
    if (count >= 0 && count < 9e18 && count == floor(count)) {
        figures->wrong = (int64_t)count;
        return;
    }
    row->contradiction = "the number of wrong elements is no count";
    source_warn(source, table, row->line, "the number of wrong elements is %g: no count", count);
}

void source_add_device(struct source_table *table, struct source_device device)
{
    if (table->device_count == MOST_DEVICES) return;
    table->devices = grow(table->devices, table->device_count, sizeof *table->devices);
    table->devices[table->device_count++] = device;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t source_hosts(const struct source_table *table, struct world_host **hosts)
{
    size_t named = 0, count = 0;
    const char **names = allocate(table->device_count, sizeof *names);
    for (size_t i = 0; i < table->device_count; i++)
        if (table->devices[i].host) names[named++] = table->devices[i].host;
    qsort(names, named, sizeof *names, by_name);
    *hosts = allocate(named, sizeof **hosts);
    for (size_t i = 0; i < named; i++) {
        if (i == 0 || names[i] != names[i - 1]) /* interned */
            (*hosts)[count++] = (struct world_host){.name = names[i], .ranks = 0, .gpus = ABSENT};
        (*hosts)[count - 1].ranks++;
    }
    free(names);
    return count;
}

void source_fact(struct source_table *table, const char *key, const char *value, size_t length)
{
    while (length && isspace((unsigned char)value[length - 1])) length--;
    if (length == 0 || length > 200 || json_object_get(table->facts, key)) return;
    json_object_set_new(table->facts, key,
                        json_stringn(value, length)); /* not UTF-8: NULL, and nothing is set */
}

/* nccl.h: X*10000 + Y*100 + Z; until 2.8 X*1000 + Y*100 + Z. */
void source_nccl_version(struct source_table *table, const char *key, int64_t code)
{
    char text[32];
    int64_t base = code < 10000 ? 1000 : 10000;
    if (code < 2000 || code > 1000000) return;
    snprintf(text, sizeof text, "%d.%d.%d", (int)(code / base), (int)(code % base / 100), (int)(code % 100));
    source_fact(table, key, text, strlen(text));
}

/* A JSON document is often one line: there `line` is the number of the result. */
void source_warn(struct source *source, struct source_table *table, size_t line, const char *format, ...)
{
    char text[512], place[64] = "", entry[600];
    va_list values;
    size_t said = json_array_size(table->warnings);
    bool is_json = source->format && strcmp(source->format, "nccl-tests-json") == 0;
    if (said > MOST_WARNINGS) return;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (said == MOST_WARNINGS) snprintf(text, sizeof text, "more contradictions follow; they are not listed");
    if (line && is_json)
        snprintf(place, sizeof place, "result %zu: ", line);
    else if (line)
        snprintf(place, sizeof place, "line %zu: ", line);
    snprintf(entry, sizeof entry, "%s%s", place, text);
    json_array_append_new(table->warnings, clean_string(entry));
    if (line && !is_json)
        warn("%s:%zu: %s", source->path, line, text);
    else
        warn("%s: %s%s", source->path, place, text);
}

/* Where "_perf" begins in "all_reduce_perf_mpi"; the length where it is not in it. */
static size_t program_stem(const char *word, size_t length)
{
    for (size_t i = 0; i + 5 <= length; i++)
        if (strncasecmp(word + i, "_perf", 5) == 0 &&
            (i + 5 == length || !isalnum((unsigned char)word[i + 5])))
            return i;
    return length;
}

bool is_perf_program(const char *word, size_t length)
{
    return program_stem(word, length) < length;
}

const struct collective *collective_by_any_name(const char *word, size_t length)
{
    static const char *const libraries[] = {"nccl", "rccl", "mpi"};
    char plain[32];
    size_t n = 0;
    length = program_stem(word, length);
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '_' || word[i] == '-') continue;
        if (n == sizeof plain - 1) return NULL;
        plain[n++] = word[i];
    }
    plain[n] = 0;
    const char *name = plain;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (strncasecmp(name, libraries[i], strlen(libraries[i])) == 0) name += strlen(libraries[i]);
    if (strcasecmp(name, "bcast") == 0) return &collectives[BROADCAST];
    /* nccl-tests' and MPI's all-to-all with unequal parts: its table says so (mode "uneven"). */
    if (strcasecmp(name, "alltoallv") == 0) return &collectives[ALL_TO_ALL];
    for (int i = 0; i < COLLECTIVE_COUNT; i++)
        if (strcasecmp(name, collectives[i].nccl_tests_name) == 0) return &collectives[i];
    return NULL;
}

const char *nccl_rank_reduction(int64_t average)
{
    static const char *const names[] = {"rank0", "mean", "min", "max"};
    return average >= 0 && average <= 3 ? names[average] : "mean";
}

const char *dtype_by_any_name(const char *word)
{
    if (strcmp(word, "char") == 0) return "int8"; /* nccl-tests for NCCL 1 */
    if (strcmp(word, "int") == 0) return "int32";
    int found = dtype_find(word);
    return found < 0 ? NULL : dtypes[found].name;
}

const char *op_by_any_name(const char *word)
{
    int found = op_find(word);
    return found < 0 ? NULL : op_names[found];
}

/* One unit of the last digit of a decimal number: "12.90": 0.01; "1.2e+06": 1e5. */
static double last_digit(const char *text)
{
    const char *point = strchr(text, '.'), *exponent = strpbrk(text, "eE");
    int decimals = 0;
    for (const char *c = point ? point + 1 : ""; isdigit((unsigned char)*c); c++) decimals++;
    return pow(10, (exponent ? atoi(exponent + 1) : 0) - decimals);
}

bool read_printed(const char *text, struct printed *printed)
{
    const char *digits = text + (*text == '-' || *text == '+');
    bool is_word = strcasecmp(digits, "nan") == 0 || strcasecmp(digits, "inf") == 0;
    if (is_word) {
        *printed = (struct printed){NAN, 0};
        return true;
    }
    if (!isdigit((unsigned char)*digits) && !(*digits == '.' && isdigit((unsigned char)digits[1])))
        return false;
    if (strspn(digits, "0123456789.eE+-") != strlen(digits)) return false;
    char *end;
    double value = strtod(text, &end);
    if (*end) return false;
    *printed = isfinite(value) ? (struct printed){value, last_digit(text)} : (struct printed){NAN, 0};
    return true;
}

/* The words that can stand behind a number; NULL: none of the list does. Returns what stands behind the word. */
static const char *word_behind(const char *text, const char *const *words)
{
    if (*text == 'x') text++;
    text += strspn(text, " -_");
    for (; *words; words++) {
        size_t length = strlen(*words);
        if (strncasecmp(text, *words, length) == 0 && !isalnum((unsigned char)text[length]))
            return text + length;
    }
    return NULL;
}

/* Two different numbers of one kind say nothing ("from 2 to 8 ranks"): 0. */
static void take_once(int64_t *place, int64_t number)
{
    if (*place == ABSENT)
        *place = number;
    else if (*place != number)
        *place = 0;
}

struct spoken read_spoken(const char *text)
{
    static const char *const ranks[] = {"ranks", "rank", "mpi ranks", "processes", "procs", "gpus", NULL},
                             *const nodes[] = {"nodes", "node", "hosts", NULL}, *const each[] = {"per node",
                                                                                                 "per host",
                                                                                                 "/node",
                                                                                                 "/ node",
                                                                                                 "a node",
                                                                                                 "each",
                                                                                                 NULL},
                             *const per_node[] = {"ppn", "per node", NULL};
    struct spoken spoken = {ABSENT, ABSENT, ABSENT};
    for (const char *at = text; *at; at++) {
        size_t digits = strspn(at, "0123456789");
        bool starts = at == text || (!isalnum((unsigned char)at[-1]) && at[-1] != '.');
        if (digits == 0) continue;
        const char *behind = at + digits, *unit;
        int64_t number = digits < 8 ? strtoll(at, NULL, 10) : 0;
        if (starts && (unit = word_behind(behind, ranks)))
            take_once(word_behind(unit, each) ? &spoken.per_node : &spoken.ranks, number);
        else if (starts && word_behind(behind, per_node))
            take_once(&spoken.per_node, number);
        else if (starts && word_behind(behind, nodes))
            take_once(&spoken.nodes, number);
        at = behind - 1;
    }
    if (spoken.ranks == ABSENT && spoken.nodes > 0 && spoken.per_node > 0)
        spoken.ranks = spoken.nodes * spoken.per_node;
    if (spoken.ranks == 0) spoken.ranks = ABSENT;
    if (spoken.nodes == 0) spoken.nodes = ABSENT;
    return spoken;
}

const char *prose_title(struct arena *arena, const char *line)
{
    char title[160];
    line += strspn(line, " ");
    if (*line == '#' && line[1] != '#') return NULL;
    line += strspn(line, "#*= ");
    size_t length = strlen(line);
    while (length && strchr(" :*=", line[length - 1])) length--;
    if (length < 3 || length >= sizeof title || !isalpha((unsigned char)*line) || !memchr(line, ' ', length))
        return NULL;
    memcpy(title, line, length);
    title[length] = 0;
    return arena_string(arena, title);
}

/* Tried in this order: the formats with unmistakable marks first, nccl-tests' text, which is read in any
   wrapping, last. */
const struct source_reader source_readers[] = {
    {"nccl-inspector", {"\"coll_perf\"", "\"p2p_perf\""}, true, source_read_inspector},
    {"rccl-tests-json", {"\"numCycle\""}, true, source_read_rccl_json},
    {"nccl-tests-json", {"\"results\""}, true, source_read_nccl_json},
    {"imb", {"# Benchmarking "}, false, source_read_imb},
    {"osu", {"OSU "}, false, source_read_osu},
    {"nccom-test", {"count(elems)"}, false, source_read_nccom},
    {"hccl-test", {"data_size(Bytes)"}, false, source_read_hccl},
    {"param", {"COMMS-RES"}, false, source_read_param},
    {"deepspeed", {"Comm. Op"}, false, source_read_deepspeed},
    {"perftest", {"BW average["}, false, source_read_perftest},
    {"nccl-tests-text", {NULL}, false, source_read_nccl_text},
};
const size_t source_reader_count = sizeof source_readers / sizeof *source_readers;

const struct source_reader source_published = {"published", {NULL}, false, source_read_published};

static bool has_mark(const struct source_reader *reader, const char *data, size_t length)
{
    size_t start = length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (start < length && isspace((unsigned char)data[start])) start++;
    if (reader->is_json && (start == length || (data[start] != '{' && data[start] != '['))) return false;
    if (!reader->marks[0]) return true;
    for (size_t i = 0; i < 4 && reader->marks[i]; i++)
        if (memmem(data, length, reader->marks[i], strlen(reader->marks[i]))) return true;
    return false;
}

static void forget_tables(struct source *source)
{
    for (size_t i = 0; i < source->table_count; i++) free_table(&source->tables[i]);
    source->table_count = 0;
}

static void start(struct source *source, const char *path, const char *data, size_t length)
{
    struct sha256 hash;
    *source = (struct source){.path = path};
    sha256_start(&hash);
    sha256_add(&hash, data, length);
    sha256_end(&hash, source->sha256);
}

size_t source_read_as(struct source *source, const struct source_reader *reader, const char *path,
                      const char *data, size_t length)
{
    start(source, path, data, length);
    source->format = reader->format;
    return reader->read(source, data, length);
}

size_t source_read(struct source *source, const char *path, const char *data, size_t length)
{
    start(source, path, data, length);
    for (size_t i = 0; i < source_reader_count; i++) {
        const struct source_reader *reader = &source_readers[i];
        if (!has_mark(reader, data, length)) continue;
        source->format = reader->format;
        if (reader->read(source, data, length)) return source->table_count;
        forget_tables(source);
    }
    return 0;
}

const char *source_looks_like(const char *data, size_t length)
{
    static const struct {
        const char *mark, *tool;
    } known[] = {
        {"IMB-P2P", "IMB-P2P"},
        {"IMB-MT", "IMB-MT"},
        {"IMB-RMA", "IMB-RMA"},
        {"MPI-RMA part", "IMB-RMA"},
        {"IMB-NBC", "IMB-NBC"},
        {"MPI-NBC part", "IMB-NBC"},
        {"IMB-EXT", "IMB-EXT"},
        {"MPI-2 part", "IMB-EXT"},
        {"IMB-IO", "IMB-IO"},
        {"MPI-4 part", "IMB-MPI4"},
        {"Intel(R) MPI Benchmarks", "a test of the Intel MPI Benchmarks that has no collective here"},
        {"OSU UPC", "OSU's UPC tests"},
        {"OSU OpenSHMEM", "OSU's OpenSHMEM tests"},
        {"OSU MPI", "a test of OSU that has no collective here"},
        {"COMMS-RES", "PARAM's comms benchmark in a form that is not read"},
        {"t_typical[usec]", "a latency test of perftest (ib_write_lat and the like)"},
        {"nvbandwidth", "nvbandwidth, which does not print the size of its copies"},
        {"ReproMPI", "ReproMPI"},
        {"nvloom", "nvloom"},
        {"\"traceEvents\"", "a PyTorch profiler's trace"},
        {"NCCL INFO", "NCCL's own log without a test's table"},
        {"Collective test starting", "nccl-tests without a row of results"},
        {"nThread ", "nccl-tests without a row of results"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (memmem(data, length, known[i].mark, strlen(known[i].mark))) return known[i].tool;
    return NULL;
}
