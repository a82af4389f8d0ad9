/* Flags that take a word of a fixed set, or a comma-separated list of such words. */
#ifndef BUSBAR_WORD_LIST_H
#define BUSBAR_WORD_LIST_H

#include "base/status.h"

/* A set of words: word(i) is the i-th, NULL after the last; find() returns the index of a word or of an
   alias, -1 for any other string. */
struct word_set {
    const char *(*word)(size_t i);
    int (*find)(const char *);
};

/* Sets *index to the index of `word`. `flag` is for the message. Returns STATUS_USAGE after printing one
   line that names a similar word or, if there is none, all words. */
enum status word_read(const char *flag, const char *word, const struct word_set *, int *index);

/* Reads a list into the indices of its words, in the list's order; "all" means every word. A word that is
   listed twice counts once. `indices` needs room for all words of the set. Fails as word_read(). */
enum status word_list_read(const char *flag, const char *list, const struct word_set *, int *indices,
                           int *count);

#endif
