/* Growing strings, and arenas of strings that are freed together. */
#ifndef BUSBAR_TEXT_H
#define BUSBAR_TEXT_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* A growing string, always 0-terminated. {0} is an empty one. */
struct text {
    char *data;
    size_t length, capacity;
};

void text_add(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *, const char *bytes, size_t length);
/* Adds one word of a command line, quoted for a POSIX shell if necessary. A space precedes it unless the text
   is empty. */
void text_add_word(struct text *, const char *word);
void text_clear(struct text *); /* empty, keeps its memory */
void text_free(struct text *);
const char *text_get(const struct text *); /* "" when nothing was added */
/* Adds a whole file. Returns STATUS_ENVIRONMENT after printing one line if it cannot be read or has more than
   `most` bytes. */
enum status text_add_file(struct text *, const char *path, size_t most);

/* Strings and blocks of memory that are freed together. {0} is an empty arena. Strings are interned: equal
   strings have equal pointers. */
struct arena {
    struct arena_block *blocks;
    const char **slots;
    size_t slot_count, used;
};

const char *arena_string(struct arena *, const char *text); /* NULL stays NULL */
void *arena_memory(struct arena *, size_t bytes);           /* zeroed, aligned for any type */
void arena_free(struct arena *);

bool same(const char *a, const char *b); /* equal strings; NULL equals only NULL */

/* The entry of `words` (NULL-terminated) that `word` is probably a misspelling of; NULL: none is near
   enough. */
const char *nearest(const char *word, const char *const *words);

#endif
