/* The words of module collective as sets that flags take. gemm_type.h has that of matmul's types. */
#ifndef BUSBAR_WORD_SETS_H
#define BUSBAR_WORD_SETS_H

#include "base/word_list.h"

/* Indices: of collectives[]; enum dtype; enum op. */
extern const struct word_set collective_words, dtype_words, op_words;

#endif
