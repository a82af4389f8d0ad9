#include "matmul/gemm.h"

#include <math.h>

/* Unit roundoffs: 2^-p for p significand bits. Tensor cores align the products of a step and the running sum
   to the largest of them, truncate the bits below, and add (M. Fasi, N. Higham, M. Mikaitis, S. Pranesh,
   "Numerical behavior of NVIDIA tensor cores", PeerJ CS 2021). So each addend of a step adds up to one
   truncation error: 2^-21 stands for 8 to 16 addends truncated at 2^-24. Hopper's fp8 keeps about 14 bits of
   the running sum (DeepSeek-V3 technical report, 3.3.2) with fast accumulation. Otherwise the sum is moved to
   float from time to time and the error is smaller, but the library does not document how often: the same
   unit serves for both. */
const struct gemm_type_facts gemm_types[GEMM_TYPE_COUNT] = {
    [GEMM_DOUBLE] = {"fp64", "double", ACCUMULATOR_DOUBLE, "none", 8, 0x1p-53, 0x1p-53, 1, false},
    [GEMM_FLOAT] = {NULL, "float", ACCUMULATOR_FLOAT, "none", 4, 0x1p-24, 0x1p-24, 1, false},
    [GEMM_TF32] = {"tf32", "float", ACCUMULATOR_FLOAT, "none", 4, 0x1p-24, 0x1p-21, 8, true},
    [GEMM_BFLOAT16] = {"bf16", "bfloat16", ACCUMULATOR_FLOAT, "none", 2, 0x1p-8, 0x1p-21, 8, true},
    [GEMM_HALF] = {"fp16", "half", ACCUMULATOR_FLOAT, "none", 2, 0x1p-11, 0x1p-21, 8, true},
    [GEMM_FP8_E4M3] = {"fp8", "bfloat16", ACCUMULATOR_FLOAT, "tensor", 2, 0x1p-8, 0x1p-13, 32, true},
    [GEMM_MXFP8] = {"fp8", "bfloat16", ACCUMULATOR_FLOAT, "block32_ue8m0", 2, 0x1p-8, 0x1p-21, 32, true},
    [GEMM_NVFP4] = {"nvfp4", "bfloat16", ACCUMULATOR_FLOAT, "block16_ue4m3", 2, 0x1p-8, 0x1p-21, 64, true},
};

enum accumulator gemm_accumulator(const struct gemm_problem *p)
{
    return p->fast ? ACCUMULATOR_FAST : gemm_types[p->type].accumulator;
}

double gemm_tolerance(enum gemm_type type, int64_t k)
{
    const struct gemm_type_facts *facts = &gemm_types[type];
    double roundings = (double)k / facts->accumulator_step;
    if (roundings < 1) roundings = 1;
    return facts->output_unit + facts->accumulator_unit * (facts->truncates ? roundings : sqrt(roundings));
}
