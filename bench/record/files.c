#include "record/files.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 64 }; /* levels of folders */

static void add_path(struct paths *paths, const char *path)
{
    paths->list = reallocate(paths->list, paths->count + 1, sizeof *paths->list);
    paths->list[paths->count++] = duplicate(path);
}

struct inode {
    dev_t device;
    ino_t number;
};

/* Is this the first visit to the file or folder? Remembers it. */
static bool first_time(struct paths *paths, const struct stat *facts)
{
    for (size_t i = 0; i < paths->seen_count; i++)
        if (paths->seen[i].device == facts->st_dev && paths->seen[i].number == facts->st_ino) return false;
    size_t n = paths->seen_count++;
    if ((n & (n - 1)) == 0) paths->seen = reallocate(paths->seen, n ? 2 * n : 1, sizeof *paths->seen);
    paths->seen[n] = (struct inode){facts->st_dev, facts->st_ino};
    return true;
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && strcmp(text + n - m, suffix) == 0;
}

static enum status walk(const char *folder, const char *suffix, int depth, struct paths *paths)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) return fail(STATUS_ENVIRONMENT, "cannot read the folder %s: %s", folder, strerror(errno));
    enum status status = STATUS_OK;
    for (int i = 0; i < count; i++) {
        struct text path = {0};
        struct stat facts;
        text_add(&path, "%s/%s", folder, entries[i]->d_name);
        if (!status && entries[i]->d_name[0] != '.' && stat(path.data, &facts) == 0) {
            if (S_ISDIR(facts.st_mode) && depth < DEEPEST && first_time(paths, &facts))
                status = walk(path.data, suffix, depth + 1, paths);
            else if (S_ISREG(facts.st_mode) && ends_with(path.data, suffix) && first_time(paths, &facts))
                add_path(paths, path.data);
        }
        text_free(&path);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum status find_files(const char *path, const char *suffix, struct paths *paths)
{
    struct stat facts;
    if (stat(path, &facts)) return fail(STATUS_ENVIRONMENT, "cannot read %s: %s", path, strerror(errno));
    if (!first_time(paths, &facts)) return STATUS_OK;
    if (!S_ISDIR(facts.st_mode)) {
        add_path(paths, path);
        return STATUS_OK;
    }
    size_t before = paths->count;
    enum status status = walk(path, suffix, 0, paths);
    if (!status && paths->count == before)
        status = fail(STATUS_ENVIRONMENT, "%s: no *%s file below it", path, suffix);
    return status;
}

void paths_free(struct paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) free(paths->list[i]);
    free(paths->list);
    free(paths->seen);
    *paths = (struct paths){0};
}

enum status line_reader_open(struct line_reader *reader, const char *path)
{
    *reader = (struct line_reader){.file = fopen(path, "re"), .path = path};
    if (!reader->file) return fail(STATUS_ENVIRONMENT, "cannot open %s: %s", path, strerror(errno));
    return STATUS_OK;
}

bool line_reader_next(struct line_reader *reader)
{
    ssize_t length = getline(&reader->line, &reader->capacity, reader->file);
    if (length < 0) {
        if (!feof(reader->file)) { /* not ferror(): it does not report lack of memory */
            reader->failed = true;
            (void)fail(STATUS_ENVIRONMENT, "%s: reading stopped after line %zu: %s", reader->path,
                       reader->number, strerror(errno));
        }
        return false;
    }
    while (length > 0 && (reader->line[length - 1] == '\n' || reader->line[length - 1] == '\r'))
        reader->line[--length] = 0;
    reader->length = (size_t)length;
    reader->number++;
    return true;
}

enum status line_reader_close(struct line_reader *reader)
{
    enum status status = reader->failed ? STATUS_ENVIRONMENT : STATUS_OK;
    fclose(reader->file);
    free(reader->line);
    *reader = (struct line_reader){0};
    return status;
}
