#include "record/gemm_type.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *alias;
} words[GEMM_TYPE_COUNT] = {
    [GEMM_DOUBLE] = {"double", "fp64"},     [GEMM_FLOAT] = {"float", "fp32"},
    [GEMM_TF32] = {"tf32", "tfloat32"},     [GEMM_BFLOAT16] = {"bfloat16", "bf16"},
    [GEMM_HALF] = {"half", "fp16"},         [GEMM_FP8_E4M3] = {"fp8_e4m3", "fp8"},
    [GEMM_MXFP8] = {"mxfp8", "mxfp8_e4m3"}, [GEMM_NVFP4] = {"nvfp4", "fp4"},
};

const char *gemm_type_name(enum gemm_type type)
{
    return words[type].name;
}

const char *gemm_type_word(size_t i)
{
    return i < GEMM_TYPE_COUNT ? words[i].name : NULL;
}

int gemm_type_find(const char *name)
{
    for (int type = 0; type < GEMM_TYPE_COUNT; type++)
        if (same(words[type].name, name) || same(words[type].alias, name)) return type;
    return -1;
}

static enum status unknown_type(const char *flag, const char *word)
{
    const char *names[GEMM_TYPE_COUNT + 1] = {NULL};
    for (size_t i = 0; i < GEMM_TYPE_COUNT; i++) names[i] = words[i].name;
    const char *near = nearest(word, names);
    return fail(STATUS_USAGE,
                "--%s: '%s' is not a type of matmul%s%s%s (double, float, tf32, bfloat16, half, fp8_e4m3, "
                "mxfp8, nvfp4)",
                flag, word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

enum status gemm_types_parse(const char *flag, const char *list, enum gemm_type types[GEMM_TYPE_COUNT],
                             size_t *count)
{
    enum status status = STATUS_OK;
    *count = 0;
    if (!list || same(list, "all")) return STATUS_OK;
    char *copy = duplicate(list), *rest = copy;
    for (char *word; !status && (word = strsep(&rest, ","));) {
        int type = gemm_type_find(word);
        bool is_known = false;
        for (size_t i = 0; i < *count; i++) is_known |= (int)types[i] == type;
        if (type < 0)
            status = unknown_type(flag, word);
        else if (!is_known)
            types[(*count)++] = (enum gemm_type)type;
    }
    free(copy);
    return status;
}
