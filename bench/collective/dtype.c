#include "collective/dtype.h"

#include <string.h>

const struct dtype_facts dtypes[DTYPE_COUNT] = {
    [DTYPE_INT8] = {"int8", 1},         [DTYPE_UINT8] = {"uint8", 1},       [DTYPE_INT16] = {"int16", 2},
    [DTYPE_UINT16] = {"uint16", 2},     [DTYPE_INT32] = {"int32", 4},       [DTYPE_UINT32] = {"uint32", 4},
    [DTYPE_INT64] = {"int64", 8},       [DTYPE_UINT64] = {"uint64", 8},     [DTYPE_HALF] = {"half", 2},
    [DTYPE_BFLOAT16] = {"bfloat16", 2}, [DTYPE_FLOAT] = {"float", 4},       [DTYPE_DOUBLE] = {"double", 8},
    [DTYPE_FP8_E4M3] = {"fp8_e4m3", 1}, [DTYPE_FP8_E5M2] = {"fp8_e5m2", 1},
};

const char *const op_names[OP_COUNT + 1] = {"sum", "prod", "max", "min", "avg", "premulsum", NULL};

static const struct {
    const char *alias;
    enum dtype dtype;
} aliases[] = {
    {"fp16", DTYPE_HALF},       {"float16", DTYPE_HALF},         {"bf16", DTYPE_BFLOAT16},
    {"fp32", DTYPE_FLOAT},      {"float32", DTYPE_FLOAT},        {"fp64", DTYPE_DOUBLE},
    {"float64", DTYPE_DOUBLE},  {"f8e4m3", DTYPE_FP8_E4M3},      {"float8_e4m3", DTYPE_FP8_E4M3},
    {"f8e5m2", DTYPE_FP8_E5M2}, {"float8_e5m2", DTYPE_FP8_E5M2},
};

const char *dtype_word(size_t i)
{
    return i < DTYPE_COUNT ? dtypes[i].name : NULL;
}

const char *op_word(size_t i)
{
    return i < OP_COUNT ? op_names[i] : NULL;
}

int dtype_find(const char *name)
{
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (strcmp(dtypes[i].name, name) == 0) return i;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].alias, name) == 0) return (int)aliases[i].dtype;
    return -1;
}

int op_find(const char *name)
{
    for (int i = 0; i < OP_COUNT; i++)
        if (strcmp(op_names[i], name) == 0) return i;
    return strcmp(name, "mulsum") ? -1 : OP_PREMULSUM; /* nccl-tests' name for it */
}

bool is_usual_op(const char *name)
{
    return !name || strcmp(name, op_names[OP_SUM]) == 0 || strcmp(name, "none") == 0;
}
