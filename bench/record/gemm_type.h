/* The types of matmul's operands: their names in --datatype and in records. */
#ifndef BUSBAR_GEMM_TYPE_H
#define BUSBAR_GEMM_TYPE_H

#include "base/word_list.h"

#include <stddef.h>

/* The order is fixed: plug-ins index by it. */
enum gemm_type {
    GEMM_DOUBLE,
    GEMM_FLOAT,
    GEMM_TF32,
    GEMM_BFLOAT16,
    GEMM_HALF,
    GEMM_FP8_E4M3,
    GEMM_MXFP8,
    GEMM_NVFP4,
    GEMM_TYPE_COUNT
};

const char *gemm_type_name(enum gemm_type); /* "double": as in collective/dtype.h, if that has the type */
const char *gemm_type_word(size_t i);       /* the names in order; NULL after the last */
int gemm_type_find(const char *name);       /* name or alias ("fp64"); -1: none */

extern const struct word_set gemm_type_words; /* indices: enum gemm_type */

/* Reads a list such as "bfloat16,fp8"; a type that is listed twice counts once. "all", or NULL: no types,
   which means those that the engine has. flag: for the message. Returns STATUS_USAGE after printing one line
   that names the word. */
enum status gemm_types_parse(const char *flag, const char *list, enum gemm_type types[GEMM_TYPE_COUNT],
                             size_t *count);

#endif
