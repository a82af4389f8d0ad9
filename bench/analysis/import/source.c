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
        .printed_average = NAN,
        .out_of_bounds = ABSENT,
        .facts = json_object(),
        .warnings = json_array(),
        .ranks = ABSENT,
        .nodes = ABSENT,
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
                                        .p99_us = NAN};
    table->rows = grow(table->rows, table->row_count, sizeof *table->rows);
    struct source_row *row = &table->rows[table->row_count++];
    *row = (struct source_row){
        .line = line, .bytes = ABSENT, .count = ABSENT, .root = ABSENT, .figures = {none, none}};
    return row;
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
void source_nccl_version(struct source_table *table, int64_t code)
{
    char text[32];
    int64_t base = code < 10000 ? 1000 : 10000;
    if (code < 2000 || code > 1000000) return;
    snprintf(text, sizeof text, "%d.%d.%d", (int)(code / base), (int)(code % base / 100), (int)(code % 100));
    source_fact(table, "nccl", text, strlen(text));
}

/* A JSON document is one line: there `line` is the number of the result. 0: the whole table. */
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

const struct collective *collective_by_any_name(const char *word, size_t length)
{
    char plain[32];
    size_t n = 0;
    if (length > 5 && strncasecmp(word + length - 5, "_perf", 5) == 0) length -= 5;
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '_' || word[i] == '-') continue;
        if (n == sizeof plain - 1) return NULL;
        plain[n++] = word[i];
    }
    plain[n] = 0;
    if (strcasecmp(plain, "bcast") == 0) return &collectives[BROADCAST];
    for (int i = 0; i < COLLECTIVE_COUNT; i++)
        if (strcasecmp(plain, collectives[i].nccl_tests_name) == 0) return &collectives[i];
    return NULL;
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

size_t source_read(struct source *source, const char *path, const char *data, size_t length)
{
    struct sha256 hash;
    *source = (struct source){.path = path};
    sha256_start(&hash);
    sha256_add(&hash, data, length);
    sha256_end(&hash, source->sha256);
    size_t start = length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (start < length && isspace((unsigned char)data[start])) start++;
    if (start < length && data[start] == '{') {
        source->format = "nccl-tests-json";
        if (source_read_nccl_json(source, data + start, length - start)) return source->table_count;
        for (size_t i = 0; i < source->table_count; i++) free_table(&source->tables[i]);
        source->table_count = 0;
    }
    source->format = "nccl-tests-text";
    if (source_read_nccl_text(source, data, length)) return source->table_count;
    source->format = "osu";
    return source_read_osu(source, data, length);
}
