#include "record/word_sets.h"
#include "collective/collective.h"
#include "collective/dtype.h"
#include "record/words.h"

static int collective_index(const char *name)
{
    const struct collective *found = collective_find(name);
    return found ? (int)found->id : -1;
}

const char *transport_word(size_t i)
{
    return i + 1 < transport_names.count ? name_of(&transport_names, (int)i + 1) : NULL;
}

static int transport_index(const char *name)
{
    return value_named(&transport_names, name) - 1;
}

const struct word_set collective_words = {collective_word, collective_index};
const struct word_set dtype_words = {dtype_word, dtype_find};
const struct word_set op_words = {op_word, op_find};
const struct word_set transport_words = {transport_word, transport_index};
