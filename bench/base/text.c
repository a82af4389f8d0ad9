#include "base/text.h"
#include "base/hash.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void text_reserve(struct text *text, size_t extra)
{
    size_t needed = text->length + extra + 1;
    if (needed <= text->capacity) return;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < needed) capacity *= 2;
    text->data = reallocate(text->data, capacity, 1);
    text->capacity = capacity;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    va_end(values);
    if (length > 0) {
        text_reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
    text_reserve(text, length);
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = 0;
}

void text_add_word(struct text *t, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
    if (t->length) text_add_bytes(t, " ", 1);
    if (*word && !word[strspn(word, plain)]) {
        text_add(t, "%s", word);
        return;
    }
    text_add(t, "'");
    for (const char *c = word; *c; c++) text_add(t, *c == '\'' ? "'\\''" : "%c", *c);
    text_add(t, "'");
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->data) text->data[0] = 0;
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

const char *text_get(const struct text *text)
{
    return text->data ? text->data : "";
}

enum status text_add_file(struct text *text, const char *path, size_t most)
{
    char block[65536];
    size_t length, before = text->length;
    FILE *file = fopen(path, "re");
    if (!file) return fail(STATUS_ENVIRONMENT, "cannot open %s: %s", path, strerror(errno));
    while ((length = fread(block, 1, sizeof block, file)) > 0 && text->length - before <= most)
        text_add_bytes(text, block, length);
    int error = ferror(file) ? errno : 0;
    fclose(file);
    if (error) return fail(STATUS_ENVIRONMENT, "cannot read %s: %s", path, strerror(error));
    if (text->length - before > most)
        return fail(STATUS_ENVIRONMENT, "%s: longer than the %zu bytes allowed here", path, most);
    return STATUS_OK;
}

enum { BLOCK_BYTES = 64 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

void *arena_memory(struct arena *arena, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    struct arena_block *block = arena->blocks;
    if (!block || block->size - block->used < bytes) {
        size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = allocate(1, sizeof *block + size);
        block->size = size;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = block->bytes + block->used;
    block->used += bytes;
    return memory;
}

static const char **arena_slot(const char **slots, size_t count, const char *text)
{
    size_t i = (size_t)hash_bytes(text, strlen(text)) & (count - 1);
    while (slots[i] && strcmp(slots[i], text) != 0) i = (i + 1) & (count - 1);
    return &slots[i];
}

static void arena_grow(struct arena *arena)
{
    size_t count = arena->slot_count ? arena->slot_count * 2 : 256;
    const char **slots = allocate(count, sizeof *slots);
    for (size_t i = 0; i < arena->slot_count; i++)
        if (arena->slots[i]) *arena_slot(slots, count, arena->slots[i]) = arena->slots[i];
    free(arena->slots);
    arena->slots = slots;
    arena->slot_count = count;
}

const char *arena_string(struct arena *arena, const char *text)
{
    if (!text) return NULL;
    if (2 * arena->used >= arena->slot_count) arena_grow(arena);
    const char **slot = arena_slot(arena->slots, arena->slot_count, text);
    if (!*slot) {
        char *copy = arena_memory(arena, strlen(text) + 1);
        *slot = strcpy(copy, text);
        arena->used++;
    }
    return *slot;
}

void arena_free(struct arena *arena)
{
    for (struct arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena->slots);
    *arena = (struct arena){0};
}

bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Levenshtein distance with a single row of the table; SIZE_MAX for words longer than the row. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t row[LONGEST + 1], n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST) return SIZE_MAX;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[m];
}

const char *nearest(const char *word, const char *const *words)
{
    const char *found = NULL;
    size_t best = strlen(word) / 3 + 2; /* beyond this distance it is another word, not a typing error */
    for (; *words; words++) {
        size_t d = distance(word, *words);
        if (d < best) best = d, found = *words;
    }
    return found;
}
