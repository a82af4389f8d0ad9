#include "analysis/history/acknowledged.h"
#include "record/files.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static const char *const BLANKS = " \t\r\n";

/* Returns the first word of *text, and moves *text behind it. */
static char *word_of(char **text)
{
    char *word = *text + strspn(*text, BLANKS), *end = word + strcspn(word, BLANKS);
    *text = *end ? end + 1 : end;
    *end = 0;
    return word;
}

static enum status read_line(struct acknowledgements *all, char *line, size_t number)
{
    char *rest = line;
    rest[strcspn(rest, "#")] = 0;
    char *pattern = word_of(&rest), *night = word_of(&rest);
    if (!*pattern) return STATUS_OK;
    rest += strspn(rest, BLANKS);
    for (size_t end = strlen(rest); end && strchr(BLANKS, rest[end - 1]); end--) rest[end - 1] = 0;
    if (!*night || !*rest)
        return fail(
            STATUS_USAGE,
            "%s:%zu: expected CASE NIGHT REASON: a case or pattern, the date or run of the change, and why "
            "it is accepted",
            all->path, number);
    all->list = reallocate(all->list, all->count + 1, sizeof *all->list);
    all->list[all->count++] = (struct acknowledgement){.pattern = arena_string(&all->arena, pattern),
                                                       .night = arena_string(&all->arena, night),
                                                       .reason = arena_string(&all->arena, rest),
                                                       .line = number};
    return STATUS_OK;
}

enum status acknowledgements_read(struct acknowledgements *all, const char *path)
{
    struct line_reader reader;
    *all = (struct acknowledgements){0};
    enum status status = line_reader_open(&reader, path);
    if (status) return status;
    all->path = arena_string(&all->arena, path);
    while (!status && line_reader_next(&reader)) {
        if (strlen(reader.line) != reader.length)
            status = fail(STATUS_USAGE, "%s:%zu: a zero byte: not a file of acknowledgements", path,
                          reader.number);
        else
            status = read_line(all, reader.line, reader.number);
    }
    enum status closed = line_reader_close(&reader);
    return status ? status : closed;
}

void acknowledgements_free(struct acknowledgements *all)
{
    free(all->list);
    arena_free(&all->arena);
    *all = (struct acknowledgements){0};
}

/* "2026-11-14" names every night that started on that day. */
static bool names_night(const char *name, const char *run, const char *started)
{
    enum { DATE = 10 };
    return same(name, run) || (strlen(name) == DATE && started && strncmp(name, started, DATE) == 0);
}

const struct acknowledgement *acknowledged(struct acknowledgements *all, const char *key, const char *run,
                                           const char *started)
{
    for (size_t i = 0; all && i < all->count; i++) {
        struct acknowledgement *one = &all->list[i];
        bool named = same(one->pattern, key) || fnmatch(one->pattern, key, 0) == 0;
        if (!named || !names_night(one->night, run, started)) continue;
        one->used = true;
        return one;
    }
    return NULL;
}
