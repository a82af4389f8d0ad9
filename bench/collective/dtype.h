/* Element types and reduction operations, by NCCL's names. */
#ifndef BUSBAR_DTYPE_H
#define BUSBAR_DTYPE_H

#include <stdbool.h>
#include <stddef.h>

/* nccl-tests' names. The order is fixed: kernels and plug-ins index by it. */
enum dtype {
    DTYPE_INT8,
    DTYPE_UINT8,
    DTYPE_INT32,
    DTYPE_UINT32,
    DTYPE_INT64,
    DTYPE_UINT64,
    DTYPE_HALF,
    DTYPE_BFLOAT16,
    DTYPE_FLOAT,
    DTYPE_DOUBLE,
    DTYPE_FP8_E4M3,
    DTYPE_FP8_E5M2,
    DTYPE_INT16,
    DTYPE_UINT16, /* MPI only */
    DTYPE_COUNT
};

enum op { OP_SUM, OP_PROD, OP_MAX, OP_MIN, OP_AVG, OP_PREMULSUM, OP_COUNT };

struct dtype_facts {
    const char *name; /* "float" */
    size_t size;      /* bytes */
};

extern const struct dtype_facts dtypes[DTYPE_COUNT];
extern const char *const op_names[OP_COUNT + 1]; /* NULL-terminated */

const char *dtype_word(size_t i); /* the names in order; NULL after the last */
const char *op_word(size_t i);
int dtype_find(const char *name); /* also nccl-tests' aliases ("fp16", "bf16", "float8_e4m3"); -1: none */
int op_find(const char *name);    /* also nccl-tests' "mulsum"; -1: none */

/* Whether tables and titles can omit the operation: "sum", or none (NULL, "none"). */
bool is_usual_op(const char *name);

#endif
