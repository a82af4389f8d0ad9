/* The names of collectives, element types, reduction operations and transports as sets of words for flags.
   That of matmul's types is in gemm_type.h. */
#ifndef BUSBAR_WORD_SETS_H
#define BUSBAR_WORD_SETS_H

#include "base/word_list.h"

/* Their indices are those of collectives[], enum dtype and enum op; of transports, enum transport - 1. */
extern const struct word_set collective_words, dtype_words, op_words, transport_words;

const char *transport_word(size_t i); /* NULL after the last */

#endif
