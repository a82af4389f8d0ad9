/* Writes, moves and reads the files in a run's folder. */
#include "analysis/sweep/sweep.h"
#include "analysis/common/table.h"
#include "base/paths.h"
#include "record/files.h"
#include "record/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void stamp(char text[32])
{
    time_t now = time(NULL);
    struct tm parts;
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
}

void sweep_say(const char *format, ...)
{
    va_list values;
    char *line = NULL;
    va_start(values, format);
    int length = vasprintf(&line, format, values);
    va_end(values);
    if (length < 0) return;
    struct text clean = {0}; /* without control characters, which text from outside may contain */
    plain_text(&clean, line, 1 << 20);
    fprintf(stderr, "%s\n", text_get(&clean));
    text_free(&clean);
    free(line);
}

static enum status write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return STATUS_ENVIRONMENT;
        bytes += written;
        length -= (size_t)written;
    }
    return STATUS_OK;
}

enum status replace_file(const char *path, const char *content)
{
    struct text temporary = {0};
    text_add(&temporary, "%s.XXXXXX", path);
    int fd = mkostemp(temporary.data, O_CLOEXEC), error = errno;
    bool made = fd >= 0;
    mode_t mask = umask(0);
    umask(mask);
    bool written = made && !write_all(fd, content, strlen(content)) && !fchmod(fd, 0666 & ~mask);
    if (made && !written) error = errno;
    if (made && close(fd) && written) error = errno, written = false;
    if (written && rename(temporary.data, path)) error = errno, written = false;
    if (made && !written) unlink(temporary.data);
    text_free(&temporary);
    return written ? STATUS_OK : fail(STATUS_ENVIRONMENT, "cannot write %s: %s", path, strerror(error));
}

enum status note_outcome(const char *folder, const char *launch, enum outcome outcome, int code,
                         int64_t took_s, int64_t nodes, double usd_per_hour, const char *reason)
{
    struct text path = {0}, line = {0};
    char when[32];
    stamp(when);
    text_add(&path, "%s/sweep.tsv", folder);
    text_add(&line, "%s\t%s\t%s\t%d\t%lld\t%lld\t", when, launch, outcome_names[outcome], code,
             (long long)took_s, (long long)nodes);
    if (isfinite(usd_per_hour))
        text_add(&line, "%.4f", cost_usd(took_s, usd_per_hour));
    else
        text_add(&line, "-");
    text_add(&line, "\t%s\n", *reason ? reason : "-");
    int fd = open(text_get(&path), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    enum status status = STATUS_OK;
    if (fd < 0 || write_all(fd, line.data, line.length))
        status = fail(STATUS_ENVIRONMENT, "cannot write to %s: %s", text_get(&path), strerror(errno));
    if (fd >= 0) close(fd);
    text_free(&path);
    text_free(&line);
    return status;
}

static bool exists(const char *path)
{
    struct stat facts;
    return lstat(path, &facts) == 0;
}

/* FOLDER/failed/LAUNCH.N.SUFFIX */
static void failed_name(const char *folder, const char *launch, int n, const char *suffix, struct text *path)
{
    text_clear(path);
    text_add(path, "%s/failed/%s.%d.%s", folder, launch, n, suffix);
}

static enum status move(const char *from, const char *to)
{
    if (!exists(from) || rename(from, to) == 0) return STATUS_OK;
    return fail(STATUS_ENVIRONMENT, "cannot move %s to %s: %s", from, to, strerror(errno));
}

enum status set_aside(const char *folder, const char *launch)
{
    struct text record = {0}, log = {0}, path = {0};
    enum status status = STATUS_OK;
    int n = 0;
    text_add(&record, "%s/%s.jsonl", folder, launch);
    text_add(&log, "%s/%s.log", folder, launch);
    if (exists(text_get(&record)) || exists(text_get(&log))) {
        text_add(&path, "%s/failed", folder);
        if (mkdir(text_get(&path), 0777) && errno != EEXIST)
            status =
                fail(STATUS_ENVIRONMENT, "cannot make the folder %s: %s", text_get(&path), strerror(errno));
        bool taken;
        do {
            failed_name(folder, launch, ++n, "partial", &path);
            taken = exists(text_get(&path));
            failed_name(folder, launch, n, "log", &path);
        } while (taken || exists(text_get(&path)));
        if (!status) status = move(text_get(&log), text_get(&path));
        failed_name(folder, launch, n, "partial", &path);
        if (!status) status = move(text_get(&record), text_get(&path));
    }
    text_free(&record);
    text_free(&log);
    text_free(&path);
    return status;
}

enum status write_tombstone(const char *results, const char *run, const char *launch, const char *driver,
                            const char *reason)
{
    struct launch_header header = launch_header_absent();
    struct record_writer writer;
    struct text path = {0};
    struct stat facts;
    char when[32];
    text_add(&path, "%s/%s/%s.jsonl", results, run, launch);
    bool there = lstat(text_get(&path), &facts) == 0;
    if (there && S_ISREG(facts.st_mode) && facts.st_size == 0) there = unlink(text_get(&path)) != 0;
    text_free(&path);
    if (there) return STATUS_OK;
    stamp(when);
    header.schema = RECORD_SCHEMA;
    header.run = run;
    header.launch = launch;
    header.started = when;
    header.driver = driver;
    header.provenance = json_pack("[s]", "measured");
    enum status status = record_open(&writer, results, run, launch, NULL);
    if (!status) status = record_launch(&writer, &header);
    if (!status) status = record_failure(&writer, NAN, reason);
    enum status closed = record_close(&writer);
    json_decref(header.provenance);
    return status ? status : closed;
}

/* Finds the record in a line of output: from the last place where a record begins to the end of the line.
   NULL: none. */
static const char *record_in(const char *line)
{
    static const char *const kinds[] = {"{\"record\":\"launch\",", "{\"record\":\"case\",",
                                        "{\"record\":\"end\","};
    const char *found = NULL;
    size_t length = strlen(line);
    for (size_t i = 0; i < 3; i++)
        for (const char *at = line; (at = strstr(at, kinds[i])); at++)
            if (!found || at > found) found = at;
    return found && line[length - 1] == '}' ? found : NULL;
}

enum status collect_records(const char *folder, const char *launch)
{
    struct text log = {0}, path = {0}, records = {0};
    struct line_reader reader;
    text_add(&log, "%s/%s.log", folder, launch);
    text_add(&path, "%s/%s.jsonl", folder, launch);
    enum status status = line_reader_open(&reader, text_get(&log));
    if (!status) {
        while (line_reader_next(&reader)) {
            const char *record = record_in(reader.line);
            if (record) text_add(&records, "%s\n", record);
        }
        line_reader_close(&reader);
        if (records.length) status = replace_file(text_get(&path), text_get(&records));
    }
    text_free(&log);
    text_free(&path);
    text_free(&records);
    return status;
}

static bool file_has(const char *path, const char *text)
{
    char block[65536];
    size_t keep = strlen(text) - 1, have = 0, got;
    bool found = false;
    FILE *file = fopen(path, "re");
    while (file && !found && (got = fread(block + have, 1, sizeof block - have, file)) > 0) {
        have += got;
        found = memmem(block, have, text, strlen(text)) != NULL;
        size_t rest = have < keep ? have : keep;
        memmove(block, block + have - rest, rest);
        have = rest;
    }
    if (file) fclose(file);
    return found;
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name), wanted = strlen(suffix);
    return length > wanted && same(name + length - wanted, suffix);
}

bool has_wrong_data(const char *folder)
{
    DIR *directory = opendir(folder);
    struct text path = {0};
    bool found = false;
    for (struct dirent *entry; directory && !found && (entry = readdir(directory));) {
        if (!has_suffix(entry->d_name, ".jsonl")) continue;
        text_clear(&path);
        text_add(&path, "%s/%s", folder, entry->d_name);
        found = file_has(text_get(&path), "\"status\":\"wrong\"");
    }
    if (directory) closedir(directory);
    text_free(&path);
    return found;
}

static bool has_fingerprint(const char *path, const char *fingerprint)
{
    char line[128] = "";
    FILE *file = fopen(path, "re");
    if (file && !fgets(line, sizeof line, file)) *line = 0;
    if (file) fclose(file);
    line[strcspn(line, "\n")] = 0;
    return same(line, fingerprint);
}

const char *unfinished_run(const char *results, const char *fingerprint, struct arena *arena)
{
    DIR *directory = opendir(results);
    struct text path = {0};
    const char *newest = NULL;
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        text_clear(&path);
        text_add(&path, "%s/%s/.unfinished", results, entry->d_name);
        /* Without --run a run is named after its start time, so the last one by name is the newest. */
        if (is_plain_name(entry->d_name) && has_fingerprint(text_get(&path), fingerprint) &&
            (!newest || strcmp(entry->d_name, newest) > 0))
            newest = arena_string(arena, entry->d_name);
    }
    if (directory) closedir(directory);
    text_free(&path);
    return newest;
}
