#include "base/names.h"
#include "base/status.h"
#include "base/text.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Words that are in no table get the values from FIRST_OTHER on. */
enum { FIRST_OTHER = 1000 };

struct other {
    const char *word;
    int value;
};

static struct {
    struct arena arena;
    void *tree; /* of struct other, by word */
    const char **words;
    int count;
} others;

static int by_word(const void *a, const void *b)
{
    return strcmp(((const struct other *)a)->word, ((const struct other *)b)->word);
}

int value_named(const struct names *names, const char *name)
{
    for (size_t v = 1; name && v < names->count; v++)
        if (strcmp(names->list[v], name) == 0) return (int)v;
    return 0;
}

int value_of_word(const struct names *names, const char *word)
{
    int value = value_named(names, word);
    if (value || !word) return value;
    struct other key = {word, 0}, **found = tfind(&key, &others.tree, by_word);
    if (found) return (*found)->value;
    struct other *other = arena_memory(&others.arena, sizeof *other);
    *other = (struct other){arena_string(&others.arena, word), FIRST_OTHER + others.count};
    if (!tsearch(other, &others.tree, by_word)) exit((int)fail(STATUS_ENVIRONMENT, "out of memory"));
    others.words = reallocate(others.words, (size_t)others.count + 1, sizeof *others.words);
    others.words[others.count++] = other->word;
    return other->value;
}

const char *name_of(const struct names *names, int value)
{
    if (value >= FIRST_OTHER) return others.words[value - FIRST_OTHER];
    return names->list[value];
}
