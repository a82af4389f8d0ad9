#include "kernels/gaussian.h"
#include "matmul/freivalds.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The matrices of a problem; multiply() computes C with the textbook's three loops, in the order with the
   most roundings. */
struct matrices {
    struct gemm_problem problem;
    void *a, *b, *c;
};

static double get(const struct matrices *x, const void *matrix, int64_t index)
{
    return x->problem.type == GEMM_DOUBLE ? ((const double *)matrix)[index]
                                          : (double)((const float *)matrix)[index];
}

static void set(const struct matrices *x, void *matrix, int64_t index, double value)
{
    if (x->problem.type == GEMM_DOUBLE)
        ((double *)matrix)[index] = value;
    else
        ((float *)matrix)[index] = (float)value;
}

static int64_t at(char turned, int64_t row, int64_t column, int64_t rows, int64_t columns)
{
    return turned == 'T' ? row * columns + column : column * rows + row;
}

static struct matrices multiply(enum gemm_type type, int64_t m, int64_t n, int64_t k, const char *layout,
                                uint64_t seed)
{
    struct matrices x = {.problem = {.type = type, .m = m, .n = n, .k = k, .seed = seed}};
    memcpy(x.problem.layout, layout, 3);
    x.a = calloc((size_t)(m * k + 1), 8), x.b = calloc((size_t)(k * n + 1), 8),
    x.c = calloc((size_t)(m * n), 8);
    double first, second;
    for (int64_t i = 0; i < m * k; i += 2)
        gaussian_pair(seed, (uint64_t)i / 2, &first, &second), set(&x, x.a, i, first),
            set(&x, x.a, i + 1, second);
    for (int64_t i = 0; i < k * n; i += 2)
        gaussian_pair(~seed, (uint64_t)i / 2, &first, &second), set(&x, x.b, i, first),
            set(&x, x.b, i + 1, second);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float sum = 0;
            double wide = 0;
            for (int64_t p = 0; p < k; p++) {
                double product =
                    get(&x, x.a, at(layout[0], i, p, m, k)) * get(&x, x.b, at(layout[1], p, j, k, n));
                sum += (float)product;
                wide += product;
            }
            set(&x, x.c, j * m + i, type == GEMM_FLOAT ? (double)sum : wide);
        }
    return x;
}

static struct gemm_verdict check(const struct matrices *x, uint64_t seed)
{
    struct gemm_verdict verdict = {7, 7};
    freivalds_check(&x->problem, 2, x->a, x->b, x->c, seed, &verdict);
    return verdict;
}

static void release(struct matrices *x)
{
    free(x->a);
    free(x->b);
    free(x->c);
}

static const enum gemm_type both[] = {GEMM_FLOAT, GEMM_DOUBLE};

/* One element, anywhere and in any layout, is off by a tenth of its usual size: exactly one row of one block
 * is wrong. */
Test(freivalds, a_single_wrong_element_is_caught)
{
    const char *const layouts[] = {"NN", "TN", "NT", "TT"};
    for (int t = 0; t < 2; t++)
        for (int l = 0; l < 4; l++) {
            struct matrices x = multiply(both[t], 37, 150, 61, layouts[l], 5);
            cr_expect_eq(check(&x, 1).wrong, 0, "%s %s", gemm_type_name(both[t]), layouts[l]);
            for (int64_t element = 0; element < 37 * 150; element += 89) {
                double right = get(&x, x.c, element);
                set(&x, x.c, element, right + 0.1 * sqrt(61));
                struct gemm_verdict verdict = check(&x, (uint64_t)element);
                cr_expect(verdict.wrong == 1 && verdict.worst > 1, "element %lld", (long long)element);
                set(&x, x.c, element, right);
            }
            release(&x);
        }
}

/* An error of twice the bound of a block of 64 columns must be found: 16 times the bound of one element. */
Test(freivalds, small_errors_are_caught)
{
    for (int t = 0; t < 2; t++) {
        struct matrices x = multiply(both[t], 20, 64, 100, "NN", 9);
        double norm = 0;
        for (int64_t p = 0; p < 100; p++) norm += pow(get(&x, x.a, p * 20 + 3), 2);
        set(&x, x.c, 7 * 20 + 3,
            get(&x, x.c, 7 * 20 + 3) + 2 * freivalds_bound(both[t], 100, 64, sqrt(norm)));
        cr_expect_eq(check(&x, 2).wrong, 1);
        release(&x);
    }
}

Test(freivalds, nan_infinity_and_swapped_elements_are_caught)
{
    struct matrices x = multiply(GEMM_FLOAT, 16, 16, 16, "NN", 3);
    double right = get(&x, x.c, 5);
    set(&x, x.c, 5, NAN);
    cr_expect_eq(check(&x, 1).wrong, 1);
    cr_expect_eq(check(&x, 1).worst, INFINITY);
    set(&x, x.c, 5, INFINITY);
    cr_expect_eq(check(&x, 1).wrong, 1);
    set(&x, x.c, 5, get(&x, x.c, 6));
    set(&x, x.c, 6, right);
    cr_expect_eq(check(&x, 1).wrong, 2);
    memset(x.c, 0, 16 * 16 * 4);
    cr_expect_eq(check(&x, 1).wrong, 16);
    release(&x);
}

/* Correct results never count as wrong: a thousand seeds of data and signs, shapes down to 1, the worst order
 * of summation. */
Test(freivalds, no_false_alarm)
{
    double worst = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        int64_t m = 1 + (int64_t)(gaussian_hash(seed, 1) % 40),
                n = 1 + (int64_t)(gaussian_hash(seed, 2) % 90);
        int64_t k = 1 + (int64_t)(gaussian_hash(seed, 3) % 300);
        struct matrices x = multiply(both[seed % 2], m, n, k, seed % 3 ? "NN" : "TT", seed);
        struct gemm_verdict verdict = check(&x, ~seed);
        cr_expect_eq(verdict.wrong, 0, "seed %llu: %g", (unsigned long long)seed, verdict.worst);
        if (verdict.worst > worst) worst = verdict.worst;
        release(&x);
    }
    cr_expect(worst > 1e-3, "the tolerance is beyond all reason: worst residual %g of it", worst);
}

/* For 10^6 values, mean 0, variance 1 and the share beyond 1.96 (0.05) hold within 5 standard errors. */
Test(gaussian, moments)
{
    double sum = 0, squares = 0, beyond = 0, first, second;
    for (uint64_t pair = 0; pair < 500000; pair++) {
        gaussian_pair(42, pair, &first, &second);
        sum += first + second, squares += first * first + second * second;
        beyond += (fabs(first) > 1.959964) + (fabs(second) > 1.959964);
    }
    cr_expect(fabs(sum / 1e6) < 5e-3);
    cr_expect(fabs(squares / 1e6 - 1) < 5 * sqrt(2.0) / 1e3);
    cr_expect(fabs(beyond / 1e6 - 0.05) < 5 * sqrt(0.05 * 0.95) / 1e3);
}

Test(gemm, names)
{
    cr_expect_eq(gemm_type_find("fp64"), GEMM_DOUBLE);
    cr_expect_eq(gemm_type_find("float"), GEMM_FLOAT);
    cr_expect_eq(gemm_type_find("bf16"), GEMM_BFLOAT16);
    cr_expect_eq(gemm_type_find("int8"), -1);
    for (int type = 0; type < GEMM_TYPE_COUNT; type++)
        cr_expect_eq(gemm_type_find(gemm_type_name((enum gemm_type)type)), type);
}
