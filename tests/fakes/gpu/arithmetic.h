/* NCCL's element types and operations, written independently of kernels/pattern.h so that each can reveal
 * errors of the other. */
#ifndef FAKE_ARITHMETIC_H
#define FAKE_ARITHMETIC_H

#include <nccl.h>
#include <stddef.h>

/* Numbers, since older headers lack these names or define them only for C++. */
enum { TYPE_BFLOAT16 = 9, TYPE_E4M3 = 10, TYPE_E5M2 = 11 };

size_t type_bytes(ncclDataType_t type); /* 0: no such type */

/* accumulator[i] = accumulator[i] op other[i], rounded to the type at every step. */
void combine(ncclDataType_t type, ncclRedOp_t op, void *accumulator, const void *other, size_t count);
/* values[i] *= *scalar (of the same type), rounded. */
void scale(ncclDataType_t type, void *values, const void *scalar, size_t count);
/* The steps of ncclAvg before the sum (multiplies floats by the rounded 1/ranks) and after it (divides
 * integers by ranks). */
void before_average(ncclDataType_t type, void *values, int ranks, size_t count);
void after_average(ncclDataType_t type, void *values, int ranks, size_t count);

double small_float_value(unsigned bits, int exponent_bits, int mantissa_bits);
unsigned small_float_round(double value, int exponent_bits, int mantissa_bits, unsigned largest);

#endif
