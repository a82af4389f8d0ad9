#include "record/gemm_type.h"
#include "base/text.h"

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

const struct word_set gemm_type_words = {gemm_type_word, gemm_type_find};

enum status gemm_types_parse(const char *flag, const char *list, enum gemm_type types[GEMM_TYPE_COUNT],
                             size_t *count)
{
    int indices[GEMM_TYPE_COUNT], listed = 0;
    *count = 0;
    if (!list || same(list, "all")) return STATUS_OK;
    enum status status = word_list_read(flag, list, &gemm_type_words, indices, &listed);
    while (!status && *count < (size_t)listed) {
        types[*count] = (enum gemm_type)indices[*count];
        ++*count;
    }
    return status;
}
