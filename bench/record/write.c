#include "record/fields.h"
#include "record/overlap.h"
#include "base/paths.h"
#include "record/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Sets the member "key" or "parent.key"; steals the reference to the value. */
static void put(json_t *object, const char *key, json_t *value)
{
    const char *dot = strchr(key, '.');
    if (dot) {
        char parent[64];
        snprintf(parent, sizeof parent, "%.*s", (int)(dot - key), key);
        json_t *inner = json_object_get(object, parent);
        if (!inner) {
            inner = json_object();
            json_object_set_new(object, parent, inner);
        }
        object = inner;
        key = dot + 1;
    }
    if (!value || json_object_set_new(object, key, value))
        exit((int)fail(STATUS_ENVIRONMENT,
                       "cannot write the value of '%s' as JSON: out of memory or not UTF-8", key));
}

json_t *clean_string(const char *text)
{
    json_t *string = json_string(text);
    if (string) return string;
    char *copy = duplicate(text);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c >= 0x80) *c = '?';
    string = json_string(copy);
    free(copy);
    return string;
}

static json_t *spread_object(const struct spread *spread, const char *extreme)
{
    json_t *object = json_object(), *who = json_object();
    if (isfinite(spread->min)) put(object, "min", json_real(spread->min));
    if (isfinite(spread->median)) put(object, "median", json_real(spread->median));
    put(object, "max", json_real(spread->max));
    if (spread->rank != ABSENT) put(who, "rank", json_integer(spread->rank));
    if (spread->host) put(who, "host", clean_string(spread->host));
    if (spread->device != ABSENT) put(who, "device", json_integer(spread->device));
    put(object, extreme, who);
    return object;
}

/* Messages may quote what libraries and people said: commands, addresses, variables. */
static json_t *masked_string(const char *message)
{
    struct text text = {0};
    mask_secrets(&text, message);
    json_t *string = clean_string(text_get(&text));
    text_free(&text);
    return string;
}

static void put_field(json_t *object, const struct field *field, const void *record)
{
    const void *place = (const char *)record + field->offset;
    int64_t integer;
    const char *name, *text;
    switch (field->kind) {
    case FIELD_STRING:
        text = *(const char *const *)place;
        if (text)
            put(object, field->key, same(field->key, "error") ? masked_string(text) : clean_string(text));
        break;
    case FIELD_WORD:
        name = name_of(field->names, *(const int *)place);
        if (name) put(object, field->key, clean_string(name));
        break;
    case FIELD_INTEGER:
    case FIELD_COUNT:
        integer = *(const int64_t *)place;
        if (integer != ABSENT) put(object, field->key, json_integer(integer));
        break;
    case FIELD_NULLABLE:
        integer = *(const int64_t *)place;
        put(object, field->key, integer == ABSENT ? json_null() : json_integer(integer));
        break;
    case FIELD_BOOL:
        integer = *(const int64_t *)place;
        if (integer != ABSENT) put(object, field->key, json_boolean(integer));
        break;
    case FIELD_REAL:
        if (isfinite(*(const double *)place)) put(object, field->key, json_real(*(const double *)place));
        break;
    case FIELD_SPREAD: {
        const struct spread *spread = place;
        if (isfinite(spread->max)) put(object, field->key, spread_object(spread, field->extreme));
        break;
    }
    case FIELD_JSON:
        if (*(json_t *const *)place) put(object, field->key, json_incref(*(json_t *const *)place));
        break;
    case FIELD_SAMPLES: /* add_samples() writes these: as JSON values they would need five times the memory */
    case FIELD_END:
        break;
    }
}

static json_t *record_object(enum record_kind kind, const struct field *fields, const void *record)
{
    json_t *object = json_object();
    put(object, "record", json_string(name_of(&record_kind_names, (int)kind)));
    for (const struct field *field = fields; field->kind; field++) put_field(object, field, record);
    return object;
}

static void add_object(struct text *line, json_t *object)
{
    char *dump = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(object);
    if (!dump) exit((int)fail(STATUS_ENVIRONMENT, "cannot write a record as JSON: out of memory"));
    text_add_bytes(line, dump, strlen(dump));
    free(dump);
}

/* Adds the samples of every FIELD_SAMPLES in front of the closing brace. */
static void add_samples(struct text *line, const struct field *fields, const void *record)
{
    line->length--;
    for (const struct field *field = fields; field->kind; field++) {
        const struct samples *samples = (const void *)((const char *)record + field->offset);
        if (field->kind != FIELD_SAMPLES || samples->count == 0) continue;
        text_add(line, ",\"%s\":[", field->key);
        for (size_t i = 0; i < samples->count; i++) {
            char number[32];
            int length = snprintf(number, sizeof number, i ? ",%.7g" : "%.7g", samples->us[i]);
            text_add_bytes(line, number, (size_t)length);
        }
        text_add_bytes(line, "]", 1);
    }
    text_add_bytes(line, "}", 1);
}

void case_line(const struct case_row *row, struct text *line)
{
    add_object(line, record_object(RECORD_CASE, case_fields, row));
    add_samples(line, case_fields, row);
}

static json_t *hosts_array(const struct launch_header *header)
{
    json_t *hosts = json_array();
    for (size_t i = 0; i < header->host_count; i++) {
        const struct world_host *host = &header->hosts[i];
        json_t *object = json_object();
        put(object, "name", clean_string(host->name ? host->name : "?"));
        if (host->ranks != ABSENT) put(object, "ranks", json_integer(host->ranks));
        if (host->gpus != ABSENT) put(object, "gpus", json_integer(host->gpus));
        if (host->domain) put(object, "domain", clean_string(host->domain));
        json_array_append_new(hosts, object);
    }
    return hosts;
}

void launch_line(const struct launch_header *header, struct text *line)
{
    json_t *object = record_object(RECORD_LAUNCH, launch_fields, header);
    if (header->host_count) put(object, "world.hosts", hosts_array(header));
    add_object(line, masked_json(object)); /* whoever filled the header: drivers, imports, sweeps */
}

static enum status make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int failed = mkdir(path, 0777) && errno != EEXIST;
        int error = errno;
        if (failed) fail(STATUS_ENVIRONMENT, "cannot make the folder %s: %s", path, strerror(error));
        *slash = '/';
        if (failed) return STATUS_ENVIRONMENT;
    }
    return STATUS_OK;
}

enum status record_open(struct record_writer *writer, const char *dir, const char *run, const char *launch,
                        FILE *echo)
{
    *writer = (struct record_writer){.fd = -1, .echo = echo};
    if (!dir) return STATUS_OK;
    if (!is_plain_name(run)) return fail(STATUS_USAGE, "--run: '%s' is not a plain file name", run);
    if (!is_plain_name(launch)) return fail(STATUS_USAGE, "--launch: '%s' is not a plain file name", launch);
    struct text path = {0};
    text_add(&path, "%s/%s/%s.jsonl", dir, run, launch);
    writer->path = path.data;
    enum status status = make_folders(writer->path);
    if (status) return writer->status = status;
    writer->fd = open(writer->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (writer->fd >= 0) return STATUS_OK;
    if (errno == EEXIST)
        return writer->status = fail(
                   STATUS_ENVIRONMENT,
                   "%s exists: a launch is never overwritten; give another --launch or --run", writer->path);
    return writer->status = fail(STATUS_ENVIRONMENT, "cannot create %s: %s", writer->path, strerror(errno));
}

static enum status write_line(struct record_writer *writer, struct text *line)
{
    text_add_bytes(line, "\n", 1);
    if (writer->echo && (fputs(text_get(line), writer->echo) < 0 || fflush(writer->echo)) && !writer->status)
        writer->status = fail(STATUS_ENVIRONMENT, "cannot print a record: %s", strerror(errno));
    if (writer->fd >= 0 && !writer->status) {
        struct stat file;
        if (fstat(writer->fd, &file) == 0 && file.st_nlink == 0)
            return text_free(line), writer->status = fail(STATUS_ENVIRONMENT,
                                                          "%s has vanished: its rows are lost", writer->path);
        off_t before = lseek(writer->fd, 0, SEEK_END);
        ssize_t written;
        do written = write(writer->fd, line->data, line->length);
        while (written < 0 && errno == EINTR);
        if (written != (ssize_t)line->length) {
            int error = written < 0 ? errno : ENOSPC;
            if (written > 0 && (before < 0 || ftruncate(writer->fd, before))) error = errno;
            writer->status =
                fail(STATUS_ENVIRONMENT, "cannot write to %s: %s; it is readable up to the row before",
                     writer->path, strerror(error));
        }
    }
    text_free(line);
    return writer->status;
}

enum status record_launch(struct record_writer *writer, const struct launch_header *header)
{
    struct text line = {0};
    launch_line(header, &line);
    enum status status = write_line(writer, &line);
    if (status && writer->fd >= 0 && unlink(writer->path)) /* a file without a header is not a record */
        (void)fail(STATUS_ENVIRONMENT, "cannot remove %s: %s", writer->path, strerror(errno));
    return status;
}

enum status record_case(struct record_writer *writer, const struct case_row *row)
{
    struct text line = {0};
    case_line(row, &line);
    writer->cases++;
    return write_line(writer, &line);
}

enum status record_overlap(struct record_writer *writer, const struct overlap_row *row)
{
    struct text line = {0};
    add_object(&line, record_object(RECORD_OVERLAP, overlap_fields, row));
    add_samples(&line, overlap_fields, row);
    writer->cases++;
    return write_line(writer, &line);
}

static enum status write_end(struct record_writer *writer, const struct launch_end *end)
{
    struct text line = {0};
    add_object(&line, record_object(RECORD_END, end_fields, end));
    return write_line(writer, &line);
}

enum status record_end(struct record_writer *writer, enum end_status status, double elapsed_s)
{
    return write_end(writer, &(struct launch_end){status, writer->cases, elapsed_s, NULL});
}

enum status record_failure(struct record_writer *writer, double elapsed_s, const char *error)
{
    return write_end(writer, &(struct launch_end){END_FAILED, writer->cases, elapsed_s, error});
}

enum status record_close(struct record_writer *writer)
{
    if (writer->fd >= 0 && close(writer->fd) && !writer->status)
        writer->status = fail(STATUS_ENVIRONMENT, "cannot close %s: %s", writer->path, strerror(errno));
    free(writer->path);
    writer->path = NULL;
    writer->fd = -1;
    return writer->status;
}
