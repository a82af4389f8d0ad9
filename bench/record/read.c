#include "record/fields.h"
#include "record/files.h"
#include "record/overlap.h"
#include "record/samples.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The member "key" or "parent.key"; NULL: there is none. */
static json_t *get(json_t *object, const char *key)
{
    const char *dot = strchr(key, '.');
    if (!dot) return json_object_get(object, key);
    char parent[64];
    snprintf(parent, sizeof parent, "%.*s", (int)(dot - key), key);
    return json_object_get(json_object_get(object, parent), dot + 1);
}

static int64_t integer_of(json_t *value)
{
    return json_is_integer(value) ? json_integer_value(value) : ABSENT;
}

static double real_of(json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static struct samples samples_of(struct arena *arena, json_t *array)
{
    struct samples samples = {NULL, json_array_size(array)};
    if (samples.count) samples.us = arena_memory(arena, samples.count * sizeof *samples.us);
    for (size_t i = 0; i < samples.count; i++) {
        samples.us[i] = real_of(json_array_get(array, i));
        if (!isfinite(samples.us[i]) || samples.us[i] < 0) return (struct samples){0};
    }
    return samples;
}

static struct spread spread_of(struct arena *arena, json_t *object, const char *extreme)
{
    json_t *who = json_object_get(object, extreme);
    return (struct spread){
        .min = real_of(json_object_get(object, "min")),
        .median = real_of(json_object_get(object, "median")),
        .max = real_of(json_object_get(object, "max")),
        .rank = integer_of(json_object_get(who, "rank")),
        .device = integer_of(json_object_get(who, "device")),
        .host = arena_string(arena, json_string_value(json_object_get(who, "host"))),
    };
}

/* A count that is there but is none must not pass as "not checked". null: it was not checked. */
static bool is_count(json_t *value)
{
    return json_is_null(value) || (json_is_integer(value) && json_integer_value(value) >= 0);
}

/* Reads all fields of a record. A value whose type differs from the field's counts as absent. Returns false
   if a count is none: the line is broken. */
static bool read_fields(struct arena *arena, json_t *object, const struct field *fields, void *record)
{
    bool counts = true;
    for (const struct field *field = fields; field->kind; field++) {
        json_t *value = get(object, field->key);
        void *place = (char *)record + field->offset;
        if (!value) continue;
        switch (field->kind) {
        case FIELD_STRING:
            *(const char **)place = arena_string(arena, json_string_value(value));
            break;
        case FIELD_WORD:
            *(int *)place = value_of_word(field->names, json_string_value(value));
            break;
        case FIELD_COUNT:
        case FIELD_NULLABLE:
            counts &= is_count(value);
            *(int64_t *)place = integer_of(value);
            break;
        case FIELD_INTEGER:
            *(int64_t *)place = integer_of(value);
            break;
        case FIELD_BOOL:
            *(int64_t *)place = json_is_boolean(value) ? json_is_true(value) : ABSENT;
            break;
        case FIELD_REAL:
            *(double *)place = real_of(value);
            break;
        case FIELD_SAMPLES:
            *(struct samples *)place = samples_of(arena, value);
            break;
        case FIELD_SPREAD:
            *(struct spread *)place = spread_of(arena, value, field->extreme);
            break;
        case FIELD_JSON:
            *(json_t **)place = json_incref(value);
            break;
        case FIELD_END:
            break;
        }
    }
    return counts;
}

static void read_hosts(struct arena *arena, json_t *object, struct launch_header *header)
{
    json_t *hosts = get(object, "world.hosts"), *host;
    size_t i;
    header->host_count = json_array_size(hosts);
    if (header->host_count) header->hosts = arena_memory(arena, header->host_count * sizeof *header->hosts);
    json_array_foreach(hosts, i, host)
    {
        header->hosts[i] = (struct world_host){
            .name = arena_string(arena, json_string_value(json_object_get(host, "name"))),
            .ranks = integer_of(json_object_get(host, "ranks")),
            .gpus = integer_of(json_object_get(host, "gpus")),
            .domain = arena_string(arena, json_string_value(json_object_get(host, "domain"))),
        };
    }
}

static struct launch *add_launch(struct archive *archive, const char *path)
{
    archive->launches = reallocate(archive->launches, archive->count + 1, sizeof *archive->launches);
    struct launch *launch = &archive->launches[archive->count++];
    *launch = (struct launch){.path = arena_string(&archive->arena, path), .header = launch_header_absent()};
    launch->end.cases = ABSENT;
    launch->end.elapsed_s = NAN;
    return launch;
}

static struct case_row *add_case(struct launch *launch)
{
    size_t n = launch->case_count;
    if ((n & (n - 1)) == 0) launch->cases = reallocate(launch->cases, n ? 2 * n : 1, sizeof *launch->cases);
    launch->cases[n] = case_row_absent();
    launch->case_count++;
    return &launch->cases[n];
}

/* Adds a row of a collective and a matmul at once. Returns false if the line is broken. */
static bool add_overlap(struct archive *archive, struct launch *launch, json_t *object)
{
    struct overlap_row row = overlap_row_absent();
    const bool counts = read_fields(&archive->arena, object, overlap_fields, &row);
    if (!row.collective || !row.status || !counts) return false;
    launch->overlaps = reallocate(launch->overlaps, launch->overlap_count + 1, sizeof *launch->overlaps);
    launch->overlaps[launch->overlap_count++] = row;
    return true;
}

static bool is_usable_case(const struct case_row *row)
{
    return (row->collective || row->gemm) && row->status;
}

/* Adds one parsed line to the archive; *launch is the current launch of the file. Returns false if the line
   is broken. */
static bool read_line(struct archive *archive, const char *path, json_t *object,
                      const struct tail_samples *tail, struct launch **launch, int64_t *schema)
{
    const char *word = json_string_value(json_object_get(object, "record"));
    enum record_kind kind = (enum record_kind)value_named(&record_kind_names, word);
    if (kind == RECORD_LAUNCH) {
        *schema = integer_of(json_object_get(object, "schema"));
        if (*schema == ABSENT || *schema < 1) return false;
        if (*schema > RECORD_SCHEMA) return true;
        *launch = add_launch(archive, path);
        read_fields(&archive->arena, object, launch_fields, &(*launch)->header);
        read_hosts(&archive->arena, object, &(*launch)->header);
        return true;
    }
    if (!*launch) return false;
    if (kind == RECORD_END) {
        if (read_fields(&archive->arena, object, end_fields, &(*launch)->end))
            return (*launch)->end.status != END_ABSENT;
        (*launch)->end.status = END_ABSENT;
        return false;
    }
    if (kind == RECORD_OVERLAP) return add_overlap(archive, *launch, object);
    if (kind != RECORD_CASE) return word != NULL; /* an unknown kind, from a newer version, is not an error */
    struct case_row *row = add_case(*launch);
    const bool counts = read_fields(&archive->arena, object, case_fields, row);
    if (tail->has_samples) row->samples_us = tail->samples_us;
    if (tail->has_global) row->global_us = tail->global_us;
    if (is_usable_case(row) && counts) return true;
    json_decref(row->telemetry);
    json_decref(row->groups);
    json_decref(row->step);
    (*launch)->case_count--;
    return false;
}

/* Adds a launch for a file without a header: the launch died before it wrote one, or the disk was full. It
   counts as died; its path gives the names of run and launch. */
static void add_headless(struct archive *archive, const char *path)
{
    struct launch *launch = add_launch(archive, path);
    const char *file = strrchr(launch->path, '/'), *run = file;
    while (run && run > launch->path && run[-1] != '/') run--;
    struct text name = {0};
    if (run) {
        text_add_bytes(&name, run, (size_t)(file - run));
        launch->header.run = arena_string(&archive->arena, text_get(&name));
        text_clear(&name);
    }
    file = file ? file + 1 : launch->path;
    text_add_bytes(&name, file, strlen(file) - strlen(".jsonl"));
    launch->header.launch = arena_string(&archive->arena, text_get(&name));
    text_free(&name);
}

/* Reads one file; *launches: how many it has. A file without any is not an error. */
static enum status read_file(struct archive *archive, const char *path, size_t *launches)
{
    struct line_reader reader;
    enum status status = line_reader_open(&reader, path);
    if (status) return status;
    struct launch *launch = NULL;
    size_t broken = 0, before = archive->count;
    while (!status && line_reader_next(&reader)) {
        if (reader.length == 0) continue;
        json_error_t error;
        struct tail_samples tail;
        take_samples(&archive->arena, reader.line, &reader.length, &tail);
        json_t *object = json_loadb(reader.line, reader.length, 0, &error);
        if (!object && json_error_code(&error) == json_error_out_of_memory)
            status = fail(STATUS_ENVIRONMENT, "%s:%zu: out of memory", path, reader.number);
        if (status) break;
        int64_t schema = RECORD_SCHEMA;
        if (!read_line(archive, path, object, &tail, &launch, &schema)) {
            warn("%s:%zu: skipped: %s", path, reader.number,
                 object ? "not a launch, case, overlap or end record, or a count in it is none" : error.text);
            broken++;
        } else if (schema > RECORD_SCHEMA) {
            status =
                fail(STATUS_ENVIRONMENT, "%s:%zu: schema %lld is newer than this busbar's %d: update busbar",
                     path, reader.number, (long long)schema, RECORD_SCHEMA);
        }
        json_decref(object);
    }
    enum status closed = line_reader_close(&reader);
    if (!status) status = closed;
    if (launch) launch->broken_lines += broken;
    *launches = archive->count - before;
    return status;
}

enum status archive_read(struct archive *archive, const char *path)
{
    struct paths paths = {0};
    enum status status = find_files(path, ".jsonl", &paths);
    size_t all = 0;
    for (size_t i = 0; !status && i < paths.count; i++) {
        size_t launches = 0;
        status = read_file(archive, paths.list[i], &launches);
        all += launches;
        if (status || launches || same(paths.list[i], path)) continue;
        warn("%s: no launch record in it: counted as a launch that died", paths.list[i]);
        add_headless(archive, paths.list[i]);
    }
    if (!status && paths.count && !all)
        status = fail(STATUS_ENVIRONMENT, "%s: no launch record in it: not a busbar result", path);
    paths_free(&paths);
    return status;
}

static void launch_free(struct launch *launch)
{
    for (const struct field *field = launch_fields; field->kind; field++)
        if (field->kind == FIELD_JSON) json_decref(*(json_t **)((char *)&launch->header + field->offset));
    for (size_t c = 0; c < launch->case_count; c++) {
        json_decref(launch->cases[c].telemetry);
        json_decref(launch->cases[c].groups);
        json_decref(launch->cases[c].step);
    }
    free(launch->cases);
    free(launch->overlaps);
}

void archive_drop(struct archive *archive, const bool *drop)
{
    size_t kept = 0;
    for (size_t i = 0; i < archive->count; i++)
        if (drop[i])
            launch_free(&archive->launches[i]);
        else
            archive->launches[kept++] = archive->launches[i];
    archive->count = kept;
}

void archive_free(struct archive *archive)
{
    for (size_t i = 0; i < archive->count; i++) launch_free(&archive->launches[i]);
    free(archive->launches);
    arena_free(&archive->arena);
    *archive = (struct archive){0};
}
