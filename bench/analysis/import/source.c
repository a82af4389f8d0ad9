#include "analysis/import/source.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WARNINGS = 50, MOST_DEVICES = 1 << 17 };

struct source_table *source_add_table(struct source *source, size_t line)
{
    source->tables = reallocate(source->tables, source->table_count + 1, sizeof *source->tables);
    struct source_table *table = &source->tables[source->table_count++];
    *table = (struct source_table){
        .line = line,
        .format = source->format,
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

void source_forget_tables(struct source *source)
{
    for (size_t i = 0; i < source->table_count; i++) free_table(&source->tables[i]);
    source->table_count = 0;
}

void source_free(struct source *source)
{
    source_forget_tables(source);
    free(source->tables);
    arena_free(&source->arena);
    *source = (struct source){0};
}

/* Makes room for one more element in an array of `count`, whose capacity is a power of two. */
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

struct source_row *source_take_row(struct source *source, struct source_table *table, size_t line,
                                   int64_t bytes, bool has_figure, const char *what)
{
    if (bytes == ABSENT || !has_figure) {
        if (bytes == ABSENT)
            source_warn(source, table, line, "the row has no size: left out");
        else
            source_warn(source, table, line, "the row of %lld bytes has no %s: left out", (long long)bytes,
                        what);
        table->incomplete++;
        return NULL;
    }
    struct source_row *row = source_add_row(table, line);
    row->bytes = bytes;
    row->figures[0].present = true;
    return row;
}

void source_wrong_count(struct source *source, struct source_table *table, struct source_row *row,
                        struct figures *figures, double count)
{
    if (count >= 0 && count == floor(count)) {
        figures->wrong = count < 9e18 ? (int64_t)count : INT64_MAX; /* saturates: the data are wrong */
        return;
    }
    row->contradiction = "the number of wrong elements is not a count";
    if (isnan(count))
        source_warn(source, table, row->line, "%s", row->contradiction);
    else
        source_warn(source, table, row->line, "the number of wrong elements, %g, is not a count", count);
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
        if (i == 0 || names[i] != names[i - 1]) /* names are interned: equal ones have the same address */
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
                        json_stringn(value, length)); /* does nothing if the value is not UTF-8 */
}

/* NCCL_VERSION_CODE in nccl.h: X*10000 + Y*100 + Z; up to 2.8, X*1000 + Y*100 + Z. */
void source_nccl_version(struct source_table *table, const char *key, int64_t code)
{
    char text[32];
    int64_t base = code < 10000 ? 1000 : 10000;
    if (code < 2000 || code > 1000000) return;
    snprintf(text, sizeof text, "%d.%d.%d", (int)(code / base), (int)(code % base / 100), (int)(code % 100));
    source_fact(table, key, text, strlen(text));
}

/* nccl-tests' JSON is usually one line: `line` is then the number of the result. */
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
