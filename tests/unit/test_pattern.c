/* The data patterns: results are exactly representable in any order of reduction, every rank contributes, and
   every difference is detected. Expected values are computed independently: types are decoded from their
   definitions, and reductions are done rank after rank. */
#include "kernels/kernels.h"
#include "kernels/pattern.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENTS = 300, RANKS_MOST = 64 };

/* Returns the value of a small float's bits by definition: (-1)^s 2^(e-bias) (1 + m/2^k), or 2^(1-bias) m/2^k
 * if e is 0. */
static double small_float(unsigned bits, int exponent_bits, int mantissa_bits)
{
    int bias = (1 << (exponent_bits - 1)) - 1;
    int e = (int)(bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
    double m = (double)(bits & ((1u << mantissa_bits) - 1)) / (double)(1u << mantissa_bits);
    double value = e ? ldexp(1 + m, e - bias) : ldexp(m, 1 - bias);
    return bits >> (exponent_bits + mantissa_bits) & 1 ? -value : value;
}

static double value_of(enum dtype dtype, const void *at)
{
    uint16_t half = 0;
    uint8_t byte;
    memcpy(&byte, at, 1);
    if (dtypes[dtype].size >= 2) memcpy(&half, at, 2);
    switch (dtype) {
    case DTYPE_INT8:
        return *(const int8_t *)at;
    case DTYPE_UINT8:
        return *(const uint8_t *)at;
    case DTYPE_INT16:
        return *(const int16_t *)at;
    case DTYPE_UINT16:
        return *(const uint16_t *)at;
    case DTYPE_INT32:
        return *(const int32_t *)at;
    case DTYPE_UINT32:
        return *(const uint32_t *)at;
    case DTYPE_INT64:
        return (double)*(const int64_t *)at;
    case DTYPE_UINT64:
        return (double)*(const uint64_t *)at;
    case DTYPE_FLOAT:
        return *(const float *)at;
    case DTYPE_DOUBLE:
        return *(const double *)at;
    case DTYPE_HALF:
        return small_float(half, 5, 10);
    case DTYPE_BFLOAT16:
        return small_float(half, 8, 7);
    case DTYPE_FP8_E4M3:
        return small_float(byte, 4, 3);
    default:
        return small_float(byte, 5, 2);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Returns whether `value` is among the values of a type of one or two bytes; ignores NaN. */
static bool stands_in_small_type(enum dtype dtype, double value)
{
    static double values[DTYPE_COUNT][1 << 16];
    static size_t counts[DTYPE_COUNT];
    size_t size = dtypes[dtype].size, *count = &counts[dtype];
    if (*count == 0) {
        for (unsigned bits = 0; bits < 1u << (8 * size); bits++) {
            uint16_t wide = (uint16_t)bits;
            uint8_t narrow = (uint8_t)bits;
            double one = value_of(dtype, size == 1 ? (void *)&narrow : (void *)&wide);
            if (!isnan(one)) values[dtype][(*count)++] = one;
        }
        qsort(values[dtype], *count, sizeof(double), ascending);
    }
    return bsearch(&value, values[dtype], *count, sizeof(double), ascending);
}

static bool is_float(enum dtype dtype)
{
    return !strstr(dtypes[dtype].name, "int");
}

static bool is_signed(enum dtype dtype)
{
    return strncmp(dtypes[dtype].name, "uint", 4) != 0;
}

/* Returns whether the type represents the value exactly: it is among all values of a small type, or a
 * conversion does not change it. */
static bool is_representable(enum dtype dtype, double value)
{
    size_t size = dtypes[dtype].size;
    if (dtype == DTYPE_DOUBLE) return true;
    if (dtype == DTYPE_FLOAT) return (double)(float)value == value;
    if (size > 2) return value == floor(value) && fabs(value) < 0x1p31 && (is_signed(dtype) || value >= 0);
    if (!is_float(dtype))
        return value == floor(value) && fabs(value) < ldexp(1, (int)(8 * size) - is_signed(dtype)) &&
               (is_signed(dtype) || value >= 0);
    return stands_in_small_type(dtype, value);
}

static double combine(enum op op, double a, double b)
{
    switch (op) {
    case OP_PROD:
        return a * b;
    case OP_MAX:
        return a > b ? a : b;
    case OP_MIN:
        return a < b ? a : b;
    default:
        return a + b;
    }
}

static void store(enum dtype dtype, double value, void *at)
{
    uint64_t bits = pattern_encode(dtype, value);
    memcpy(at, &bits, dtypes[dtype].size); /* little-endian hosts only; busbar supports no others */
}

static size_t stretch(enum dtype dtype)
{
    return dtypes[dtype].size * ELEMENTS;
}

/* Reduces rank after rank, forwards or backwards; checks that each partial result is representable. */
static void reduce_in_order(const struct pattern *p, bool backwards, double *result)
{
    unsigned char *input = malloc(stretch(p->dtype));
    for (int i = 0; i < p->ranks; i++) {
        int rank = backwards ? p->ranks - 1 - i : i;
        pattern_fill(p, rank, 1000, ELEMENTS, input);
        for (size_t e = 0; e < ELEMENTS; e++) {
            double value = value_of(p->dtype, input + e * dtypes[p->dtype].size);
            if (p->op == OP_PREMULSUM) value *= pattern_premul(rank);
            result[e] = i ? combine(p->op, result[e], value) : value;
            if ((i + 1) % 7 == 0 || i == p->ranks - 1)
                cr_assert(p->op == OP_AVG || p->op == OP_MAX || p->op == OP_MIN ||
                              is_representable(p->dtype, result[e]),
                          "%s %s: %g", dtypes[p->dtype].name, op_names[p->op], result[e]);
        }
    }
    free(input);
}

static void expect_reduction(enum dtype dtype, enum op op, int ranks)
{
    const struct pattern p = {42, ranks, dtype, op, 1};
    double result[ELEMENTS], reversed[ELEMENTS];
    uint64_t first = 0;
    unsigned char *received = malloc(stretch(dtype));
    reduce_in_order(&p, false, result);
    reduce_in_order(&p, true, reversed);
    for (size_t e = 0; e < ELEMENTS; e++) {
        cr_assert(result[e] == reversed[e]);
        double value = op == OP_AVG ? result[e] / ranks : result[e];
        if (op == OP_AVG && !is_float(dtype)) value = floor(value);
        store(dtype, value, received + e * dtypes[dtype].size);
    }
    cr_assert(pattern_check(&p, -1, 1000, ELEMENTS, received, &first) == 0, "%s %s over %d: element %llu",
              dtypes[dtype].name, op_names[op], ranks, (unsigned long long)first);
    received[dtypes[dtype].size * 17] ^= 0x10;
    cr_assert(pattern_check(&p, -1, 1000, ELEMENTS, received, &first) == 1 && first == 17);
    free(received);
}

Test(pattern, reductions_are_exact_in_any_order, .timeout = 120)
{
    const int ranks[] = {1, 2, 3, 5, 8, RANKS_MOST};
    for (int d = 0; d < DTYPE_COUNT; d++)
        for (int o = 0; o < OP_COUNT; o++)
            for (size_t r = 0; r < sizeof ranks / sizeof *ranks; r++)
                expect_reduction((enum dtype)d, (enum op)o, ranks[r]);
}

Test(pattern, every_rank_is_covered_with_different_values)
{
    for (int d = 0; d < DTYPE_COUNT; d++) {
        const struct pattern p = {7, RANKS_MOST, (enum dtype)d, OP_SUM, 1};
        unsigned char input[ELEMENTS * 8];
        for (int rank = 0; rank < RANKS_MOST; rank++) {
            int nonzero = 0, kinds = 0;
            double seen = 0;
            pattern_fill(&p, rank, 0, ELEMENTS, input);
            for (size_t e = 0; e < ELEMENTS; e++) {
                double value = value_of(p.dtype, input + e * dtypes[d].size);
                nonzero += value != 0;
                if (value != 0 && value != seen) kinds++, seen = value;
            }
            cr_assert(nonzero >= 3 && kinds >= 2, "%s rank %d", dtypes[d].name, rank);
        }
    }
}

Test(pattern, few_contributors_whatever_the_ranks)
{
    const struct pattern p = {7, 5000, DTYPE_FP8_E5M2, OP_SUM, 1};
    for (uint64_t e = 0; e < 20; e++) {
        int contributors = 0;
        for (int rank = 0; rank < p.ranks; rank++) {
            uint8_t value;
            pattern_fill(&p, rank, e, 1, &value);
            contributors += value != 0;
        }
        cr_assert(contributors == 4, "%d", contributors);
    }
}

Test(pattern, a_swapped_or_missing_rank_is_seen)
{
    const struct pattern p = {3, 8, DTYPE_FLOAT, OP_SUM, 1};
    float sum[ELEMENTS] = {0}, input[ELEMENTS];
    uint64_t first;
    for (int rank = 0; rank < 8; rank++) {
        pattern_fill(&p, rank == 5 ? 4 : rank, 0, ELEMENTS, input); /* rank 4 twice, rank 5 never */
        for (size_t e = 0; e < ELEMENTS; e++) sum[e] += input[e];
    }
    cr_assert(pattern_check(&p, -1, 0, ELEMENTS, sum, &first) > ELEMENTS / 2);
}

Test(pattern, movement_is_bitwise_and_differs_by_rank_and_index)
{
    for (int d = 0; d < DTYPE_COUNT; d++) {
        const struct pattern p = {9, 4, (enum dtype)d, OP_SUM, 0};
        unsigned char a[ELEMENTS * 8], poison[ELEMENTS * 8];
        uint64_t first = 0;
        pattern_fill(&p, 2, 10, ELEMENTS, a);
        cr_assert(pattern_check(&p, 2, 10, ELEMENTS, a, &first) == 0);
        cr_assert(pattern_check(&p, 1, 10, ELEMENTS, a, &first) > ELEMENTS * 9 / 10);
        cr_assert(pattern_check(&p, 2, 11, ELEMENTS, a, &first) > ELEMENTS * 9 / 10);
        pattern_poison(poison, sizeof poison);
        cr_assert(pattern_check(&p, 2, 10, ELEMENTS, poison, &first) == ELEMENTS, "poison stands nowhere");
    }
}

Test(pattern, no_reduction_gives_the_poison)
{
    unsigned char poison[ELEMENTS * 8];
    uint64_t first;
    pattern_poison(poison, sizeof poison);
    for (int d = 0; d < DTYPE_COUNT; d++)
        for (int o = 0; o < OP_COUNT; o++) {
            const struct pattern p = {11, 8, (enum dtype)d, (enum op)o, 1};
            cr_expect(pattern_check(&p, -1, 0, ELEMENTS, poison, &first) == ELEMENTS, "%s %s", dtypes[d].name,
                      op_names[o]);
        }
}

Test(pattern, average_allows_two_units_in_the_last_place)
{
    const struct pattern p = {5, 3, DTYPE_FLOAT, OP_AVG, 1};
    uint64_t first;
    for (uint64_t e = 0; e < 50; e++) {
        uint32_t bits = (uint32_t)pattern_expected(&p, -1, e), off;
        off = bits + 2;
        cr_assert(pattern_check(&p, -1, e, 1, &off, &first) == 0);
        off = bits + 3;
        cr_assert(pattern_check(&p, -1, e, 1, &off, &first) == 1);
    }
    const struct pattern sum = {5, 3, DTYPE_FLOAT, OP_SUM, 1};
    uint32_t next = (uint32_t)pattern_expected(&sum, -1, 0) + 1;
    cr_assert(pattern_check(&sum, -1, 0, 1, &next, &first) == 1, "sums are exact");
    float minus_zero = -0.0f;
    for (uint64_t e = 0; e < 200; e++)
        if (pattern_expected(&sum, -1, e) == 0)
            cr_assert(pattern_check(&sum, -1, e, 1, &minus_zero, &first) == 0);
}

/* Values from the formats' definitions: IEEE 754 half, bfloat16, and OCP OFP8 (2023). */
Test(pattern, encodings)
{
    cr_assert(pattern_encode(DTYPE_HALF, 1) == 0x3c00 && pattern_encode(DTYPE_HALF, -2) == 0xc000);
    cr_assert(pattern_encode(DTYPE_HALF, 65504) == 0x7bff && pattern_encode(DTYPE_HALF, 0x1p-24) == 0x0001);
    cr_assert(pattern_encode(DTYPE_HALF, 0x1p-14) == 0x0400 && pattern_encode(DTYPE_HALF, 1.0 / 3) == 0x3555);
    cr_assert(pattern_encode(DTYPE_BFLOAT16, 1) == 0x3f80 &&
              pattern_encode(DTYPE_BFLOAT16, 3.140625) == 0x4049);
    cr_assert(pattern_encode(DTYPE_FP8_E4M3, 448) == 0x7e && pattern_encode(DTYPE_FP8_E4M3, 0x1p-9) == 0x01);
    cr_assert(pattern_encode(DTYPE_FP8_E5M2, 57344) == 0x7b &&
              pattern_encode(DTYPE_FP8_E5M2, 0x1p-16) == 0x01);
    cr_assert(pattern_encode(DTYPE_HALF, 2049) == 0x6800 && pattern_encode(DTYPE_HALF, 2051) == 0x6802,
              "ties to even");
    for (int d = 0; d < DTYPE_COUNT; d++)
        for (unsigned bits = 0; dtypes[d].size == 1 && bits < 256; bits++) {
            uint8_t byte = (uint8_t)bits;
            double value = value_of((enum dtype)d, &byte);
            cr_assert(pattern_decode((enum dtype)d, bits) == value);
            if (value != 0)
                cr_assert(pattern_encode((enum dtype)d, value) == bits, "%s %x", dtypes[d].name, bits);
        }
}

/* The pattern repeats after one period; data from any other offset that a library's chunks could confuse with
 * the right one is detected. */
Test(pattern, repeats_after_a_period_and_not_before)
{
    enum { BYTES = PATTERN_UNITS * PATTERN_UNIT };
    for (int d = 0; d < DTYPE_COUNT; d++)
        for (int reduces = 0; reduces < 2; reduces++) {
            const struct pattern p = {3, 6, (enum dtype)d, OP_SUM, reduces};
            const size_t size = dtypes[d].size, period = BYTES / size, count = 5 * period + 3;
            unsigned char *buffer = malloc(count * size), *element = malloc(size);
            uint64_t first = 0;
            pattern_fill(&p, 2, 77, count, buffer);
            for (size_t i = 0; i < count; i += 501) {
                pattern_fill(&p, 2, 77 + i, 1, element);
                cr_assert(memcmp(buffer + i * size, element, size) == 0, "%s: element %zu", dtypes[d].name,
                          i);
            }
            cr_assert_eq(pattern_check(&p, 2, 77, count, buffer, &first), 0);
            cr_assert_eq(pattern_check(&p, 2, 77 + period, count, buffer, &first), 0);
            for (size_t shift = 16; shift <= 1 << 20; shift *= 2) /* bytes */
                cr_assert_gt(pattern_check(&p, 2, 77 + shift / size, count, buffer, &first), count / 50,
                             "%s: shifted by %zu bytes", dtypes[d].name, shift);
            buffer[(4 * period + 1) * size] ^= 0x10;
            cr_assert(pattern_check(&p, 2, 77, count, buffer, &first) == 1 && first == 4 * period + 1);
            free(element);
            free(buffer);
        }
}
