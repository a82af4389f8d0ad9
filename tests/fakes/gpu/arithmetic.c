#include "arithmetic.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

size_t type_bytes(ncclDataType_t type)
{
    switch ((int)type) {
    case ncclInt8:
    case ncclUint8:
    case TYPE_E4M3:
    case TYPE_E5M2:
        return 1;
    case ncclFloat16:
    case TYPE_BFLOAT16:
        return 2;
    case ncclInt32:
    case ncclUint32:
    case ncclFloat32:
        return 4;
    case ncclInt64:
    case ncclUint64:
    case ncclFloat64:
        return 8;
    default:
        return 0;
    }
}

double small_float_value(unsigned bits, int exponent_bits, int mantissa_bits)
{
    int bias = (1 << (exponent_bits - 1)) - 1;
    unsigned mantissa = bits & ((1u << mantissa_bits) - 1),
             exponent = bits >> mantissa_bits & ((1u << exponent_bits) - 1);
    double fraction = (double)mantissa / (double)(1u << mantissa_bits);
    double magnitude = exponent ? scalbn(1 + fraction, (int)exponent - bias) : scalbn(fraction, 1 - bias);
    return bits >> (exponent_bits + mantissa_bits) & 1 ? -magnitude : magnitude;
}

/* Rounds to nearest, ties to even, by bisection over the ordered bit patterns; returns the largest finite
 * value for larger ones. */
unsigned small_float_round(double value, int exponent_bits, int mantissa_bits, unsigned largest)
{
    unsigned sign = signbit(value) ? 1u << (exponent_bits + mantissa_bits) : 0, low = 0, high = largest;
    double magnitude = fabs(value);
    if (magnitude >= small_float_value(largest, exponent_bits, mantissa_bits)) return sign | largest;
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        if (small_float_value(middle, exponent_bits, mantissa_bits) <= magnitude)
            low = middle;
        else
            high = middle;
    }
    double below = magnitude - small_float_value(low, exponent_bits, mantissa_bits);
    double above = small_float_value(high, exponent_bits, mantissa_bits) - magnitude;
    unsigned nearest = below < above ? low : above < below ? high : low & 1 ? high : low;
    return sign | nearest;
}

static const struct small {
    int exponent_bits, mantissa_bits;
    unsigned largest;
} half = {5, 10, 0x7bff}, bfloat16 = {8, 7, 0x7f7f}, e4m3 = {4, 3, 0x7e}, e5m2 = {5, 2, 0x7b};

static const struct small *small_of(ncclDataType_t type)
{
    const int number = (int)type;
    return number == ncclFloat16     ? &half
           : number == TYPE_BFLOAT16 ? &bfloat16
           : number == TYPE_E4M3     ? &e4m3
           : number == TYPE_E5M2     ? &e5m2
                                     : NULL;
}

static int is_float(ncclDataType_t type)
{
    return small_of(type) || type == ncclFloat32 || type == ncclFloat64;
}

static double get(ncclDataType_t type, const void *values, size_t i)
{
    const struct small *s = small_of(type);
    if (type == ncclFloat64) return ((const double *)values)[i];
    if (type == ncclFloat32) return ((const float *)values)[i];
    unsigned bits = type_bytes(type) == 1 ? ((const uint8_t *)values)[i] : ((const uint16_t *)values)[i];
    return small_float_value(bits, s->exponent_bits, s->mantissa_bits);
}

static void put(ncclDataType_t type, void *values, size_t i, double value)
{
    const struct small *s = small_of(type);
    if (type == ncclFloat64)
        ((double *)values)[i] = value;
    else if (type == ncclFloat32)
        ((float *)values)[i] = (float)value;
    else if (type_bytes(type) == 1)
        ((uint8_t *)values)[i] =
            (uint8_t)small_float_round(value, s->exponent_bits, s->mantissa_bits, s->largest);
    else
        ((uint16_t *)values)[i] =
            (uint16_t)small_float_round(value, s->exponent_bits, s->mantissa_bits, s->largest);
}

static double float_step(ncclRedOp_t op, double a, double b)
{
    return op == ncclProd ? a * b : op == ncclMax ? fmax(a, b) : op == ncclMin ? fmin(a, b) : a + b;
}

/* Integers wrap around, so the arithmetic is unsigned. */
#define INTEGER_STEPS(NAME, TYPE, UNSIGNED)                                                                  \
    static void NAME(ncclRedOp_t op, TYPE *a, const TYPE *b, size_t n)                                       \
    {                                                                                                        \
        for (size_t i = 0; i < n; i++) {                                                                     \
            if (op == ncclProd)                                                                              \
                a[i] = (TYPE)((UNSIGNED)a[i] * (UNSIGNED)b[i]);                                              \
            else if (op == ncclMax)                                                                          \
                a[i] = a[i] > b[i] ? a[i] : b[i];                                                            \
            else if (op == ncclMin)                                                                          \
                a[i] = a[i] < b[i] ? a[i] : b[i];                                                            \
            else                                                                                             \
                a[i] = (TYPE)((UNSIGNED)a[i] + (UNSIGNED)b[i]);                                              \
        }                                                                                                    \
    }
INTEGER_STEPS(steps_i8, int8_t, unsigned)
INTEGER_STEPS(steps_u8, uint8_t, unsigned)
INTEGER_STEPS(steps_i32, int32_t, uint32_t)
INTEGER_STEPS(steps_u32, uint32_t, uint32_t)
INTEGER_STEPS(steps_i64, int64_t, uint64_t)
INTEGER_STEPS(steps_u64, uint64_t, uint64_t)

void combine(ncclDataType_t type, ncclRedOp_t op, void *a, const void *b, size_t n)
{
    switch (type) {
    case ncclInt8:
        steps_i8(op, a, b, n);
        return;
    case ncclUint8:
        steps_u8(op, a, b, n);
        return;
    case ncclInt32:
        steps_i32(op, a, b, n);
        return;
    case ncclUint32:
        steps_u32(op, a, b, n);
        return;
    case ncclInt64:
        steps_i64(op, a, b, n);
        return;
    case ncclUint64:
        steps_u64(op, a, b, n);
        return;
    default:
        for (size_t i = 0; i < n; i++) put(type, a, i, float_step(op, get(type, a, i), get(type, b, i)));
    }
}

static int64_t get_integer(ncclDataType_t type, const void *values, size_t i)
{
    switch (type) {
    case ncclInt8:
        return ((const int8_t *)values)[i];
    case ncclUint8:
        return ((const uint8_t *)values)[i];
    case ncclInt32:
        return ((const int32_t *)values)[i];
    case ncclUint32:
        return ((const uint32_t *)values)[i];
    default:
        return ((const int64_t *)values)[i];
    }
}

static void put_integer(ncclDataType_t type, void *values, size_t i, int64_t value)
{
    switch (type_bytes(type)) {
    case 1:
        ((uint8_t *)values)[i] = (uint8_t)value;
        return;
    case 4:
        ((uint32_t *)values)[i] = (uint32_t)value;
        return;
    default:
        ((uint64_t *)values)[i] = (uint64_t)value;
    }
}

void scale(ncclDataType_t type, void *values, const void *scalar, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_float(type))
            put(type, values, i, get(type, values, i) * get(type, scalar, 0));
        else
            put_integer(
                type, values, i,
                (int64_t)((uint64_t)get_integer(type, values, i) * (uint64_t)get_integer(type, scalar, 0)));
}

void before_average(ncclDataType_t type, void *values, int ranks, size_t n)
{
    char share[8];
    if (!is_float(type)) return;
    put(type, share, 0, 1.0 / ranks);
    scale(type, values, share, n);
}

void after_average(ncclDataType_t type, void *values, int ranks, size_t n)
{
    if (is_float(type)) return;
    for (size_t i = 0; i < n; i++)
        if (type == ncclUint64)
            ((uint64_t *)values)[i] /= (uint64_t)ranks;
        else
            put_integer(type, values, i, get_integer(type, values, i) / ranks);
}
