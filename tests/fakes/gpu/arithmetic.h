/* NCCL's element types and operations, written apart from kernels/pattern.h so that the one can find the
 * other's errors. */
#ifndef FAKE_ARITHMETIC_H
#define FAKE_ARITHMETIC_H

#include <nccl.h>
#include <stddef.h>

/* By number: older headers lack them, or name them for C++ only. */
enum { TYPE_BFLOAT16 = 9, TYPE_E4M3 = 10, TYPE_E5M2 = 11 };

size_t type_bytes(ncclDataType_t type); /* 0: no such type */

/* accumulator[i] = accumulator[i] op other[i], rounded to the type at every step. */
void combine(ncclDataType_t type, ncclRedOp_t op, void *accumulator, const void *other, size_t count);
/* values[i] *= *scalar (of the same type), rounded. */
void scale(ncclDataType_t type, void *values, const void *scalar, size_t count);
/* What ncclAvg does before the sum (floats: times the rounded 1/ranks) and after it (integers: divided by
 * ranks). */
void before_average(ncclDataType_t type, void *values, int ranks, size_t count);
void after_average(ncclDataType_t type, void *values, int ranks, size_t count);

double small_float_value(unsigned bits, int exponent_bits, int mantissa_bits);
unsigned small_float_round(double value, int exponent_bits, int mantissa_bits, unsigned largest);

#endif
