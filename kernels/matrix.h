/* Operands of matrix multiplications on GPUs, and Freivalds' check of the product: inline functions for both
   C11 and CUDA. A matrix is stored by columns of `inner` elements, without padding.

   Narrow types store round(x / scale) of Gaussian values x. There is one scale for the whole matrix (fp8
   e4m3), or one per block of 32 (mxfp8, a power of two) or 16 (nvfp4, in e4m3) elements of a column, chosen
   from the block's largest magnitude as a quantiser does. */
#ifndef BUSBAR_MATRIX_H
#define BUSBAR_MATRIX_H

#include "kernels/gaussian.h"
#include "kernels/pattern.h"

enum matrix_kind {
    MATRIX_DOUBLE,
    MATRIX_FLOAT,
    MATRIX_TF32, /* floats rounded to tf32: tensor cores ignore the lowest 13 bits */
    MATRIX_BFLOAT16,
    MATRIX_HALF,
    MATRIX_E4M3,
    MATRIX_MXFP8,
    MATRIX_NVFP4
};

/* One operand or product. */
struct matrix {
    enum matrix_kind kind;
    int turned;            /* op() transposes it */
    uint64_t inner, outer; /* as stored: elements of a column, columns */
    unsigned char *data;
    unsigned char *scales; /* of types with blocks, in cuBLASLt's order; else NULL */
};

#define MATRIX_E4M3_SCALE (1.0 / 64) /* 4.5 sigma times 64 is below 448, e4m3's largest */

PATTERN_INLINE int matrix_block(enum matrix_kind kind)
{
    return kind == MATRIX_MXFP8 ? 32 : kind == MATRIX_NVFP4 ? 16 : 1;
}

PATTERN_INLINE uint64_t matrix_data_bytes(enum matrix_kind kind, uint64_t elements)
{
    switch (kind) {
    case MATRIX_DOUBLE:
        return 8 * elements;
    case MATRIX_FLOAT:
    case MATRIX_TF32:
        return 4 * elements;
    case MATRIX_BFLOAT16:
    case MATRIX_HALF:
        return 2 * elements;
    case MATRIX_NVFP4:
        return elements / 2;
    default:
        return elements;
    }
}

/* The bytes of the scales, which are stored in tiles of 128 columns by 4 blocks, 512 bytes each (cuBLAS
   documentation, "1D Block Scaling Factors Layout"). */
PATTERN_INLINE uint64_t matrix_scale_bytes(enum matrix_kind kind, uint64_t inner, uint64_t outer)
{
    uint64_t block = (uint64_t)matrix_block(kind);
    if (block == 1) return 0;
    return (outer + 127) / 128 * 128 * ((inner / block + 3) / 4 * 4);
}

PATTERN_INLINE uint64_t matrix_scale_at(enum matrix_kind kind, uint64_t inner, uint64_t column,
                                        uint64_t in_column)
{
    uint64_t block = in_column / (uint64_t)matrix_block(kind),
             across = (inner / (uint64_t)matrix_block(kind) + 3) / 4;
    uint64_t tile = column / 128 * across + block / 4, outer = column % 128;
    return tile * 512 + outer % 32 * 16 + outer / 32 * 4 + block % 4;
}

/* Decodes e2m1: 0 0.5 1 1.5 2 3 4 6 and their negatives. */
PATTERN_INLINE double matrix_e2m1(unsigned bits)
{
    int exponent = (int)(bits >> 1 & 3), mantissa = (int)(bits & 1);
    double magnitude = exponent ? ldexp(1 + 0.5 * mantissa, exponent - 1) : 0.5 * mantissa;
    return bits & 8 ? -magnitude : magnitude;
}

PATTERN_INLINE unsigned matrix_to_e2m1(double value)
{
    unsigned nearest = 0;
    double magnitude = fabs(value), best = magnitude;
    for (unsigned bits = 1; bits < 8; bits++) {
        double off = fabs(matrix_e2m1(bits) - magnitude);
        if (off < best || (off == best && bits % 2 == 0)) best = off, nearest = bits; /* ties to even */
    }
    return nearest | (value < 0 ? 8u : 0u);
}

PATTERN_INLINE enum dtype matrix_dtype(enum matrix_kind kind)
{
    switch (kind) {
    case MATRIX_DOUBLE:
        return DTYPE_DOUBLE;
    case MATRIX_FLOAT:
    case MATRIX_TF32:
        return DTYPE_FLOAT;
    case MATRIX_BFLOAT16:
        return DTYPE_BFLOAT16;
    case MATRIX_HALF:
        return DTYPE_HALF;
    default:
        return DTYPE_FP8_E4M3;
    }
}

/* `value`, rounded to nearest even, as the bits of an element; not for nvfp4. */
PATTERN_INLINE uint64_t matrix_encode(enum matrix_kind kind, double value)
{
    uint64_t bits = pattern_encode(matrix_dtype(kind), value);
    return kind == MATRIX_TF32 ? (bits + 0xfff + (bits >> 13 & 1)) & ~(uint64_t)0x1fff : bits;
}

PATTERN_INLINE double matrix_scale(const struct matrix *m, uint64_t column, uint64_t in_column)
{
    if (m->kind == MATRIX_E4M3) return MATRIX_E4M3_SCALE;
    if (m->kind != MATRIX_MXFP8 && m->kind != MATRIX_NVFP4) return 1;
    unsigned char bits = m->scales[matrix_scale_at(m->kind, m->inner, column, in_column)];
    return m->kind == MATRIX_MXFP8 ? ldexp(1.0, (int)bits - 127) : pattern_decode(DTYPE_FP8_E4M3, bits);
}

/* Element (row, column) of op(matrix). */
PATTERN_INLINE double matrix_get(const struct matrix *m, uint64_t row, uint64_t column)
{
    uint64_t in_column = m->turned ? column : row, stored = m->turned ? row : column,
             i = stored * m->inner + in_column;
    if (m->kind == MATRIX_NVFP4)
        return matrix_e2m1(m->data[i / 2] >> (i % 2 * 4) & 15u) * matrix_scale(m, stored, in_column);
    enum dtype dtype = matrix_dtype(m->kind);
    return pattern_decode(dtype, pattern_load(m->data, i, pattern_size(dtype))) *
           matrix_scale(m, stored, in_column);
}

PATTERN_INLINE double matrix_gaussian(uint64_t seed, uint64_t i)
{
    double pair[2];
    gaussian_pair(seed, i / 2, &pair[0], &pair[1]);
    return pair[i % 2];
}

/* Chooses the scale of a block with this largest magnitude, such that the quotients fit into the type.
   Returns the scale; *bits: its encoding. */
PATTERN_INLINE double matrix_choose_scale(enum matrix_kind kind, double largest, unsigned char *bits)
{
    if (kind == MATRIX_MXFP8) {
        int exponent;
        double fraction =
            frexp(largest / 448, &exponent); /* in [0.5, 1) * 2^exponent: round up to a power of two */
        if (fraction == 0.5) exponent--;
        *bits = (unsigned char)(largest > 0 ? exponent + 127 : 127);
        return ldexp(1.0, (int)*bits - 127);
    }
    *bits = (unsigned char)pattern_encode(DTYPE_FP8_E4M3, largest / 6);
    if (pattern_decode(DTYPE_FP8_E4M3, *bits) * 6 < largest) ++*bits;
    if (*bits == 0) *bits = 1;
    return pattern_decode(DTYPE_FP8_E4M3, *bits);
}

/* Fills unit u: 32 elements of the matrix in stored order (all of one column for types with blocks). */
enum { MATRIX_UNIT = 32 };
PATTERN_INLINE void matrix_fill_unit(const struct matrix *m, uint64_t seed, uint64_t u)
{
    uint64_t first = u * MATRIX_UNIT, end = first + MATRIX_UNIT, all = m->inner * m->outer;
    if (end > all) end = all;
    int block = matrix_block(m->kind);
    enum dtype dtype = matrix_dtype(m->kind);
    for (uint64_t at = first; at < end; at += (uint64_t)(block > 1 ? block : MATRIX_UNIT)) {
        uint64_t stop = at + (uint64_t)(block > 1 ? block : MATRIX_UNIT);
        double scale = m->kind == MATRIX_E4M3 ? MATRIX_E4M3_SCALE : 1, largest = 0;
        if (stop > end) stop = end;
        if (block > 1) {
            for (uint64_t i = at; i < stop; i++) largest = fmax(largest, fabs(matrix_gaussian(seed, i)));
            scale = matrix_choose_scale(
                m->kind, largest,
                &m->scales[matrix_scale_at(m->kind, m->inner, at / m->inner, at % m->inner)]);
        }
        for (uint64_t i = at; i < stop; i++) {
            double x = matrix_gaussian(seed, i) / scale;
            if (m->kind != MATRIX_NVFP4) {
                pattern_store(m->data, i, pattern_size(dtype), matrix_encode(m->kind, x));
            } else if (i % 2 == 0) {
                double next = matrix_gaussian(seed, i + 1) / scale;
                m->data[i / 2] = (unsigned char)(matrix_to_e2m1(x) | matrix_to_e2m1(next) << 4);
            }
        }
    }
}

/* Freivalds' check (matmul/freivalds.h) of a group of column blocks of C. */
struct matrix_check {
    struct matrix a, b, c;
    uint64_t m, n, k, seed;
    uint64_t width, first; /* columns of a block; the first block of this group */
    int blocks;            /* of this group, at most MATRIX_GROUP */
    double tolerance;      /* 8 * gemm_tolerance(); times sqrt(columns) times the row's norm: the bound */
    double *v;             /* [k][MATRIX_GROUP]: of each block, the sum over its columns of op(B) sign */
};
enum { MATRIX_GROUP = 8 };

/* The result. worst: the bits of the largest |residual| / bound, a double; bits of positive doubles are
   ordered as the doubles are. */
struct matrix_verdict {
    unsigned long long wrong, worst;
};

PATTERN_INLINE double matrix_sign(uint64_t seed, uint64_t column)
{
    return gaussian_hash(seed, column) >> 63 ? -1 : 1;
}

PATTERN_INLINE uint64_t matrix_block_end(const struct matrix_check *check, int t)
{
    uint64_t end = (check->first + (uint64_t)t + 1) * check->width;
    return end < check->n ? end : check->n;
}

PATTERN_INLINE void matrix_check_v(const struct matrix_check *check, uint64_t p)
{
    for (int t = 0; t < MATRIX_GROUP; t++) {
        double sum = 0;
        if (t < check->blocks)
            for (uint64_t j = (check->first + (uint64_t)t) * check->width; j < matrix_block_end(check, t);
                 j++)
                sum += matrix_sign(check->seed, j) * matrix_get(&check->b, p, j);
        check->v[p * MATRIX_GROUP + (uint64_t)t] = sum;
    }
}

/* Checks row i. Returns the number of blocks whose residual exceeds the bound; *worst: the largest |residual|
   / bound over the blocks, HUGE_VAL for NaN. */
PATTERN_INLINE unsigned matrix_check_row(const struct matrix_check *check, uint64_t i, double *worst)
{
    double u[MATRIX_GROUP] = {0}, norm = 0;
    unsigned wrong = 0;
    for (uint64_t p = 0; p < check->k; p++) {
        double a = matrix_get(&check->a, i, p);
        norm += a * a;
        for (int t = 0; t < MATRIX_GROUP; t++) u[t] += a * check->v[p * MATRIX_GROUP + (uint64_t)t];
    }
    *worst = 0;
    for (int t = 0; t < check->blocks; t++) {
        uint64_t j = (check->first + (uint64_t)t) * check->width, end = matrix_block_end(check, t);
        double bound = check->tolerance * sqrt((double)(end - j)) * sqrt(norm);
        for (; j < end; j++) u[t] -= matrix_sign(check->seed, j) * matrix_get(&check->c, i, j);
        double off = fabs(u[t]), ratio = isnan(off)  ? HUGE_VAL
                                         : bound > 0 ? off / bound
                                         : off > 0   ? HUGE_VAL
                                                     : 0;
        wrong += !(off <= bound);
        if (ratio > *worst) *worst = ratio;
    }
    return wrong;
}

#endif
