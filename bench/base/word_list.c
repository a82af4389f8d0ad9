#include "base/word_list.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static enum status unknown(const char *flag, const char *word, const struct word_set *set)
{
    size_t count = 0;
    while (set->word(count)) count++;
    const char **words = allocate(count + 1, sizeof *words);
    struct text all = {0};
    for (size_t i = 0; i < count; i++) {
        words[i] = set->word(i);
        text_add(&all, "%s%s", i ? ", " : "", words[i]);
    }
    const char *near = nearest(word, words);
    if (near)
        fail(STATUS_USAGE, "--%s: unknown '%s'; did you mean '%s'?", flag, word, near);
    else
        fail(STATUS_USAGE, "--%s: unknown '%s'; expected %s", flag, word, text_get(&all));
    text_free(&all);
    free(words);
    return STATUS_USAGE;
}

enum status word_read(const char *flag, const char *word, const struct word_set *set, int *index)
{
    *index = set->find(word);
    return *index < 0 ? unknown(flag, word, set) : STATUS_OK;
}

enum status word_list_read(const char *flag, const char *list, const struct word_set *set, int *indices,
                           int *count)
{
    *count = 0;
    if (same(list, "all")) {
        for (; set->word((size_t)*count); ++*count) indices[*count] = *count;
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    char *copy = duplicate(list), *rest = copy, *word;
    while (!status && (word = strsep(&rest, ","))) {
        int index;
        bool is_listed = false;
        status = word_read(flag, word, set, &index);
        for (int i = 0; i < *count; i++) is_listed |= indices[i] == index;
        if (!status && !is_listed) indices[(*count)++] = index;
    }
    free(copy);
    return status;
}
