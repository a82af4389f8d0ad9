#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *fuzz_file(int slot, const uint8_t *data, size_t size)
{
    static struct {
        int fd; /* 0: none yet */
        char path[64];
    } files[FUZZ_FILES];
    if (!files[slot].fd) files[slot].fd = memfd_create("input", MFD_CLOEXEC);
    int fd = files[slot].fd;
    if (fd <= 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size) abort();
    snprintf(files[slot].path, sizeof files[slot].path, "/proc/self/fd/%d", fd);
    return files[slot].path;
}

size_t fuzz_part(const uint8_t *data, size_t size, size_t *second)
{
    static const char line[] = "\n----\n";
    const uint8_t *part = size ? memmem(data, size, line, sizeof line - 1) : NULL;
    size_t first = part ? (size_t)(part - data) + 1 : size;
    *second = part ? first + sizeof line - 2 : size;
    return first;
}

/* Does what busbar import does with a file's tables, except writing. */
static void import_tables(struct source *source, const struct source_given *given)
{
    size_t kept = 0;
    bool wrong = false;
    for (size_t i = 0; i < source->table_count; i++) kept += source->tables[i].row_count > 0;
    if (kept < source->table_count || kept == 0) return;
    source_check(source, given);
    source_tell_apart(source, given);
    for (size_t i = 0; i < source->table_count; i++)
        if (source->tables[i].collective)
            source_record(source, i, given, NULL, NULL, "run", "launch", &wrong);
}

void fuzz_import(const struct source_reader *reader, const uint8_t *data, size_t size)
{
    struct source source;
    struct source_given given = {.ranks = size % 3 ? ABSENT : 16, .nodes = ABSENT, .domains = ABSENT};
    struct text text = {0}; /* the readers need a terminating 0 */
    silence(1);
    text_add_bytes(&text, (const char *)data, size);
    size_t found = reader ? source_read_as(&source, reader, "all_reduce.log", text_get(&text), text.length)
                          : source_read(&source, "all_reduce.log", text_get(&text), text.length);
    if (found) import_tables(&source, &given);
    source_looks_like(text_get(&text), text.length);
    source_free(&source);
    text_free(&text);
}
