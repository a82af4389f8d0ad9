/* The data that ranks send and the results that they must receive, element by element. Inline functions for
   both C11 and CUDA, so that host and device agree to the bit.

   Reductions. The ranks are divided into at most PATTERN_CONTRIBUTORS strata. In each, a hash of (seed,
   index) picks one rank, whose element is not neutral. So every rank contributes to some elements, ranks
   differ, and the expected result takes only a few hashes, whatever the number of ranks. Values are small
   integers (for products, small factors such as powers of two), so that every partial sum or product, in any
   order, is exactly representable: |sum| <= 2^p for a float with p significand bits. No reduction of them
   gives the poison. avg has two contributors of the same sign: 1/n and its products are rounded, which
   adds up to at most 2 ulp.

   Other collectives. An element can have any bits except the poison.

   Both patterns repeat after PATTERN_UNITS times 16 bytes, so that device and host compute one period and
   then run at the speed of memory, whatever the type. The number of units is a prime, so that displaced data
   is found if chunks are powers of two or fractions of them. The check misses data of one rank that is
   displaced by a multiple of 16,336 bytes, which needs a size whose parts are such multiples. */
#ifndef BUSBAR_PATTERN_H
#define BUSBAR_PATTERN_H

#include "kernels/kernels.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define PATTERN_INLINE static inline __host__ __device__
#else
#define PATTERN_INLINE static inline
#endif

enum { PATTERN_CONTRIBUTORS = 4, PATTERN_AVG_CONTRIBUTORS = 2, PATTERN_AVG_ULP = 2, PATTERN_POISON = 0x81 };

/* splitmix64's finaliser (Steele, Lea, Flood 2014). */
PATTERN_INLINE uint64_t pattern_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

PATTERN_INLINE int pattern_size(enum dtype dtype)
{
    switch (dtype) {
    case DTYPE_INT8:
    case DTYPE_UINT8:
    case DTYPE_FP8_E4M3:
    case DTYPE_FP8_E5M2:
        return 1;
    case DTYPE_HALF:
    case DTYPE_BFLOAT16:
    case DTYPE_INT16:
    case DTYPE_UINT16:
        return 2;
    case DTYPE_INT64:
    case DTYPE_UINT64:
    case DTYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

/* The exponent and stored mantissa bits of a float. Returns false for an integer type. */
PATTERN_INLINE bool pattern_float(enum dtype dtype, int *exponent_bits, int *mantissa_bits)
{
    switch (dtype) {
    case DTYPE_HALF:
        *exponent_bits = 5, *mantissa_bits = 10;
        return true;
    case DTYPE_BFLOAT16:
        *exponent_bits = 8, *mantissa_bits = 7;
        return true;
    case DTYPE_FLOAT:
        *exponent_bits = 8, *mantissa_bits = 23;
        return true;
    case DTYPE_DOUBLE:
        *exponent_bits = 11, *mantissa_bits = 52;
        return true;
    case DTYPE_FP8_E4M3:
        *exponent_bits = 4, *mantissa_bits = 3;
        return true;
    case DTYPE_FP8_E5M2:
        *exponent_bits = 5, *mantissa_bits = 2;
        return true;
    default:
        return false;
    }
}

PATTERN_INLINE bool pattern_is_signed(enum dtype dtype)
{
    return dtype != DTYPE_UINT8 && dtype != DTYPE_UINT16 && dtype != DTYPE_UINT32 && dtype != DTYPE_UINT64;
}

/* `value`, rounded to nearest even, as bits of the type. It must be within the type's finite range. */
PATTERN_INLINE uint64_t pattern_encode(enum dtype dtype, double value)
{
    int exponent_bits = 0, mantissa_bits = 0, exponent;
    if (dtype == DTYPE_DOUBLE) {
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        return bits;
    }
    if (dtype == DTYPE_FLOAT) {
        float single = (float)value;
        uint32_t bits;
        memcpy(&bits, &single, sizeof bits);
        return bits;
    }
    if (!pattern_float(dtype, &exponent_bits, &mantissa_bits))
        return (uint64_t)(int64_t)value & (~(uint64_t)0 >> (64 - 8 * pattern_size(dtype)));
    uint64_t sign = value < 0 ? (uint64_t)1 << (exponent_bits + mantissa_bits) : 0;
    double magnitude = fabs(value);
    if (magnitude == 0) return sign;
    int bias = (1 << (exponent_bits - 1)) - 1;
    frexp(magnitude, &exponent);
    exponent--;                                   /* magnitude = f 2^exponent, 1 <= f < 2 */
    if (exponent < 1 - bias) exponent = 1 - bias; /* subnormal */
    /* The significand includes the hidden bit. If rounding reaches the next power of two, the addition
       carries into the exponent, as it must. */
    uint64_t significand = (uint64_t)rint(ldexp(magnitude, mantissa_bits - exponent));
    return sign + ((uint64_t)(exponent + bias - 1) << mantissa_bits) + significand;
}

/* The value of an element's bits. Rounds 64-bit integers; does not recognise infinities and NaN, except in
   double. */
PATTERN_INLINE double pattern_decode(enum dtype dtype, uint64_t bits)
{
    int exponent_bits = 0, mantissa_bits = 0, size = 8 * pattern_size(dtype);
    if (!pattern_float(dtype, &exponent_bits, &mantissa_bits)) {
        if (!pattern_is_signed(dtype)) return (double)bits;
        return (double)((int64_t)(bits << (64 - size)) >> (64 - size));
    }
    if (dtype == DTYPE_DOUBLE) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    int bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (int)(bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
    uint64_t mantissa = bits & (((uint64_t)1 << mantissa_bits) - 1);
    if (exponent)
        mantissa |= (uint64_t)1 << mantissa_bits;
    else
        exponent = 1;
    double magnitude = ldexp((double)mantissa, exponent - bias - mantissa_bits);
    return bits >> (size - 1) & 1 ? -magnitude : magnitude;
}

/* The bits of the type's largest or lowest finite value. */
PATTERN_INLINE uint64_t pattern_extreme(enum dtype dtype, bool largest)
{
    int exponent_bits = 0, mantissa_bits = 0, size = 8 * pattern_size(dtype);
    uint64_t sign = (uint64_t)1 << (size - 1);
    if (pattern_float(dtype, &exponent_bits, &mantissa_bits)) {
        /* e4m3 has no infinity: only S.1111.111 is NaN. In other types the highest exponent is reserved. */
        uint64_t infinity = (((uint64_t)1 << exponent_bits) - 1) << mantissa_bits;
        uint64_t top = dtype == DTYPE_FP8_E4M3 ? 0x7e : infinity - 1;
        return largest ? top : sign | top;
    }
    if (pattern_is_signed(dtype)) return largest ? sign - 1 : sign;
    return largest ? sign | (sign - 1) : 0;
}

/* The largest magnitude that partial sums may reach. */
PATTERN_INLINE uint32_t pattern_range(enum dtype dtype)
{
    int exponent_bits = 0, mantissa_bits = 0;
    if (pattern_float(dtype, &exponent_bits, &mantissa_bits))
        return (uint32_t)1 << (mantissa_bits + 1 < 24 ? mantissa_bits + 1 : 24);
    int bits = 8 * pattern_size(dtype);
    /* At most half of the type's range, so that no result equals the poison. */
    return ((uint32_t)1 << (bits - 2 < 24 ? bits - 2 : 24)) - 1;
}

/* The period of the pattern, in elements. */
PATTERN_INLINE uint64_t pattern_period(enum dtype dtype)
{
    return (uint64_t)PATTERN_UNITS * PATTERN_UNIT / (uint64_t)pattern_size(dtype);
}

/* As pattern_encode(), for an integer that the type represents exactly (at most 2^(significand bits)). */
PATTERN_INLINE uint64_t pattern_encode_integer(enum dtype dtype, int64_t value)
{
    int exponent_bits = 0, mantissa_bits = 0, exponent;
    if (dtype == DTYPE_DOUBLE || dtype == DTYPE_FLOAT) return pattern_encode(dtype, (double)value);
    if (!pattern_float(dtype, &exponent_bits, &mantissa_bits))
        return (uint64_t)value & (~(uint64_t)0 >> (64 - 8 * pattern_size(dtype)));
    if (value == 0) return 0;
    uint64_t sign = value < 0 ? (uint64_t)1 << (exponent_bits + mantissa_bits) : 0,
             magnitude = (uint64_t)(value < 0 ? -value : value);
#ifdef __CUDA_ARCH__
    exponent = 63 - __clzll((long long)magnitude);
#else
    exponent = 63 - __builtin_clzll(magnitude);
#endif
    uint64_t significand = exponent > mantissa_bits ? magnitude >> (exponent - mantissa_bits)
                                                    : magnitude << (mantissa_bits - exponent);
    return sign + ((uint64_t)(exponent + (1 << (exponent_bits - 1)) - 2) << mantissa_bits) + significand;
}

PATTERN_INLINE int pattern_strata(const struct pattern *p)
{
    int most = p->op == OP_AVG ? PATTERN_AVG_CONTRIBUTORS : PATTERN_CONTRIBUTORS;
    return p->ranks < most ? p->ranks : most;
}

/* The factor of each rank's input for ncclRedOpCreatePreMulSum. */
PATTERN_INLINE double pattern_premul(int rank)
{
    return rank % 2 ? 2 : 1;
}

PATTERN_INLINE uint64_t pattern_stratum_hash(const struct pattern *p, uint64_t index, int stratum)
{
    return pattern_mix(p->seed +
                       0x9e3779b97f4a7c15u * (index * PATTERN_CONTRIBUTORS + (uint64_t)stratum + 1));
}

/* The rank that contributes for a stratum, one of the ranks [stratum * n / k, (stratum + 1) * n / k). */
PATTERN_INLINE int pattern_pick(const struct pattern *p, int strata, int stratum, uint64_t hash)
{
    uint64_t from = (uint64_t)stratum * (uint64_t)p->ranks / (uint64_t)strata;
    uint64_t to = (uint64_t)(stratum + 1) * (uint64_t)p->ranks / (uint64_t)strata;
    return (int)(from + ((hash >> 32) * (to - from) >> 32));
}

PATTERN_INLINE bool pattern_is_negative(const struct pattern *p, uint64_t hash)
{
    return hash & 1 && pattern_is_signed(p->dtype) && p->op != OP_AVG;
}

/* The value of a stratum's contributor, except for products. */
PATTERN_INLINE int64_t pattern_contribution(const struct pattern *p, int strata, uint64_t hash)
{
    uint32_t most = pattern_range(p->dtype);
    if (p->op != OP_MAX && p->op != OP_MIN) most /= (uint32_t)strata;
    if (p->op == OP_PREMULSUM) most = most > 1 ? most / 2 : 1;
    int64_t value = (int64_t)(1 + ((hash >> 1 & 0x7fffffff) * most >> 31));
    return pattern_is_negative(p, hash) ? -value : value;
}

/* The same for products: |product| <= 3^4 for integers, and 3 times a power of two for floats. */
PATTERN_INLINE double pattern_factor(const struct pattern *p, int stratum, uint64_t hash)
{
    int exponent_bits, mantissa_bits;
    double sign = pattern_is_negative(p, hash) ? -1 : 1;
    if (!pattern_float(p->dtype, &exponent_bits, &mantissa_bits)) return sign * (hash & 2 ? 3 : 2);
    if (stratum == 0) return sign * (hash & 2 ? 3 : 1.5);
    return sign * (hash & 2 ? 2 : 0.5);
}

PATTERN_INLINE uint64_t pattern_neutral(const struct pattern *p)
{
    if (p->op == OP_PROD) return pattern_encode(p->dtype, 1);
    if (p->op == OP_MAX) return pattern_extreme(p->dtype, false);
    if (p->op == OP_MIN) return pattern_extreme(p->dtype, true);
    return 0;
}

/* The bits of element `index` of `rank`'s input. */
PATTERN_INLINE uint64_t pattern_element(const struct pattern *p, int rank, uint64_t index)
{
    index %= pattern_period(p->dtype);
    if (p->reduces) {
        int strata = pattern_strata(p);
        int stratum = (int)((((uint64_t)rank + 1) * (uint64_t)strata - 1) / (uint64_t)p->ranks);
        uint64_t hash = pattern_stratum_hash(p, index, stratum);
        if (pattern_pick(p, strata, stratum, hash) != rank) return pattern_neutral(p);
        if (p->op == OP_PROD) return pattern_encode(p->dtype, pattern_factor(p, stratum, hash));
        return pattern_encode_integer(p->dtype, pattern_contribution(p, strata, hash));
    }
    uint64_t mask = ~(uint64_t)0 >> (64 - 8 * pattern_size(p->dtype));
    uint64_t poison = (uint64_t)PATTERN_POISON * 0x0101010101010101u & mask;
    uint64_t own = pattern_mix(p->seed + 0x9e3779b97f4a7c15u * ((uint64_t)rank + 1));
    uint64_t bits = pattern_mix(own + 0x9e3779b97f4a7c15u * (index + 1)) & mask;
    return bits == poison ? bits ^ 1 : bits;
}

PATTERN_INLINE uint64_t pattern_product(const struct pattern *p, int strata, uint64_t index)
{
    double result = 1;
    for (int stratum = 0; stratum < strata; stratum++)
        result *= pattern_factor(p, stratum, pattern_stratum_hash(p, index, stratum));
    return pattern_encode(p->dtype, result);
}

PATTERN_INLINE uint64_t pattern_average(enum dtype dtype, int64_t sum, int ranks)
{
    int exponent_bits, mantissa_bits;
    double mean = (double)sum / ranks;
    return pattern_encode(dtype, pattern_float(dtype, &exponent_bits, &mantissa_bits) ? mean : floor(mean));
}

/* The bits of the reduction of element `index` over all ranks. */
PATTERN_INLINE uint64_t pattern_reduced(const struct pattern *p, uint64_t index)
{
    const int strata = pattern_strata(p);
    int64_t result = 0;
    index %= pattern_period(p->dtype);
    if (p->op == OP_PROD) return pattern_product(p, strata, index);
    for (int stratum = 0; stratum < strata; stratum++) {
        uint64_t hash = pattern_stratum_hash(p, index, stratum);
        int64_t value = pattern_contribution(p, strata, hash);
        switch (p->op) {
        case OP_MAX:
            result = stratum == 0 || value > result ? value : result;
            break;
        case OP_MIN:
            result = stratum == 0 || value < result ? value : result;
            break;
        case OP_PREMULSUM:
            result += value * (int64_t)pattern_premul(pattern_pick(p, strata, stratum, hash));
            break;
        default:
            result += value;
        }
    }
    return p->op == OP_AVG ? pattern_average(p->dtype, result, p->ranks)
                           : pattern_encode_integer(p->dtype, result);
}

PATTERN_INLINE uint64_t pattern_expected(const struct pattern *p, int source, uint64_t index)
{
    return source < 0 ? pattern_reduced(p, index) : pattern_element(p, source, index);
}

/* Whether `got` is correct where `want` is expected. */
PATTERN_INLINE bool pattern_accepts(const struct pattern *p, uint64_t want, uint64_t got)
{
    int exponent_bits, mantissa_bits;
    if (got == want) return true;
    if (!p->reduces || !pattern_float(p->dtype, &exponent_bits, &mantissa_bits)) return false;
    uint64_t sign = (uint64_t)1 << (exponent_bits + mantissa_bits);
    if (((got | want) & ~sign) == 0) return true; /* -0 == +0 */
    if (p->op != OP_AVG || ((got ^ want) & sign)) return false;
    return (got > want ? got - want : want - got) <=
           PATTERN_AVG_ULP; /* floats of one sign are ordered as their bits are as integers */
}

PATTERN_INLINE uint64_t pattern_load(const void *buffer, uint64_t at, int size)
{
    switch (size) {
    case 1:
        return ((const uint8_t *)buffer)[at];
    case 2:
        return ((const uint16_t *)buffer)[at];
    case 4:
        return ((const uint32_t *)buffer)[at];
    default:
        return ((const uint64_t *)buffer)[at];
    }
}

PATTERN_INLINE void pattern_store(void *buffer, uint64_t at, int size, uint64_t bits)
{
    switch (size) {
    case 1:
        ((uint8_t *)buffer)[at] = (uint8_t)bits;
        break;
    case 2:
        ((uint16_t *)buffer)[at] = (uint16_t)bits;
        break;
    case 4:
        ((uint32_t *)buffer)[at] = (uint32_t)bits;
        break;
    default:
        ((uint64_t *)buffer)[at] = bits;
    }
}

#endif
