#include "stats/effective.h"
#include "stats/order.h"
#include "tests/random_normal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool near(double a, double b, double relative)
{
    return fabs(a - b) <= relative * fabs(b);
}

/* Expected ranks: Le Boudec 2010, table A.1, and binomial sums by hand. */
Test(order, median_interval_against_published_table)
{
    static const struct {
        size_t n, j;
    } rows[] = {{6, 1}, {7, 1}, {8, 1}, {9, 2}, {10, 2}, {12, 3}, {20, 6}, {30, 10}, {70, 27}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(median_interval_rank(rows[i].n, 0.05), rows[i].j, "n = %zu", rows[i].n);
    for (size_t n = 0; n < 6; n++) cr_expect_eq(median_interval_rank(n, 0.05), 0, "n = %zu", n);
}

/* Ranks found with SciPy 1.17 by trying every rank: the largest j with binom.cdf(j - 1, n, p) <= 0.025, the
   smallest k with binom.cdf(k - 1, n, p) >= 0.975. */
Test(order, quantile_intervals_are_those_of_scipy)
{
    static const struct {
        size_t n, lo, hi; /* hi 0: none */
        double p;
    } rows[] = {
        {10, 9, 0, 0.99},      {299, 292, 0, 0.99},   {367, 359, 0, 0.99},          {368, 360, 368, 0.99},
        {369, 361, 369, 0.99}, {400, 392, 400, 0.99}, {1000, 983, 997, 0.99},       {5000, 4936, 4964, 0.99},
        {35, 28, 0, 0.9},      {36, 29, 36, 0.9},     {100000, 98938, 99062, 0.99}, {1000, 469, 532, 0.5},
        {6, 1, 6, 0.5},        {5, 0, 0, 0.5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t lo, hi;
        bool has = quantile_interval_ranks(rows[i].n, rows[i].p, 0.05, &lo, &hi);
        cr_expect(lo == rows[i].lo && hi == rows[i].hi && has == (hi > 0), "n = %zu: %zu to %zu", rows[i].n,
                  lo, hi);
    }
}

Test(order, medians_and_percentiles)
{
    double v[] = {5, 1, 4, 2, 3, 6};
    cr_expect_eq(median(v, 6), 3.5);
    cr_expect_eq(median(v, 5), 3);
    cr_expect(isnan(median(v, 0)));
    sort_doubles(v, 6);
    cr_expect_eq(percentile_sorted(v, 6, 0.5), 3);
    cr_expect_eq(percentile_sorted(v, 6, 0.95), 6);
    double hundred[100];
    for (int i = 0; i < 100; i++) hundred[i] = i + 1;
    cr_expect_eq(percentile_sorted(hundred, 100, 0.07), 7);
    cr_expect_eq(percentile_sorted(hundred, 100, 0.99), 99);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Compares with the C library's qsort on inputs that are hard for quicksort: sorted, reversed, equal, few
   different values, organ pipes. */
Test(order, sorts)
{
    struct random_state random;
    random_seed(&random, 4);
    double values[1000], expected[1000];
    for (int shape = 0; shape < 7; shape++)
        for (size_t n = 0; n <= 1000; n = n < 70 ? n + 1 : n + 31) {
            for (size_t i = 0; i < n; i++) {
                double x = (double)i;
                double kinds[] = {random_normal(&random),
                                  x,
                                  -x,
                                  3,
                                  (double)random_below(&random, 3),
                                  i < n / 2 ? x : (double)n - x,
                                  i % 2 ? x : -x};
                values[i] = expected[i] = kinds[shape];
            }
            sort_doubles(values, n);
            qsort(expected, n, sizeof *expected, ascending);
            cr_assert_eq(memcmp(values, expected, n * sizeof *values), 0, "shape %d, n = %zu", shape, n);
        }
}

/* The worst-case sequence for median-of-three (McIlroy's adversary makes it on line) is still sorted in time
 * n log n. */
Test(order, sorts_in_time, .timeout = 10)
{
    size_t n = 1 << 20;
    double *values = malloc(n * sizeof *values);
    for (size_t i = 0; i < n; i++) values[i] = i % 2 ? (double)(i / 2) : (double)(n - i / 2);
    sort_doubles(values, n);
    for (size_t i = 1; i < n; i++) cr_assert(values[i - 1] <= values[i]);
    free(values);
}

Test(order, robust_sigma)
{
    double v[] = {1, 1, 2, 2, 4, 6, 900}; /* median 2, deviations 0 0 1 1 2 4 898: MAD 1 */
    cr_expect(near(robust_sigma(v, 7), 1.4826, 1e-5));
    cr_expect(isnan(robust_sigma(v, 1)));
    cr_expect_eq(robust_sigma((double[]){3, 3, 3, 9}, 4), 0);
}

/* Published outputs: splitmix64 from seed 1234567 (Rosetta Code, from the reference code); xoshiro256++ from
   the state 1, 2, 3, 4 (the test vector of the rand_xoshiro crate, made with the reference code). */
Test(random, published_vectors)
{
    uint64_t state = 1234567;
    cr_expect_eq(splitmix64(&state), 6457827717110365317u);
    cr_expect_eq(splitmix64(&state), 3203168211198807973u);
    struct random_state random = {{1, 2, 3, 4}};
    static const uint64_t expected[] = {41943041u,
                                        58720359u,
                                        3588806011781223u,
                                        3591011842654386u,
                                        9228616714210784205u,
                                        9973669472204895162u,
                                        14011001112246962877u,
                                        12406186145184390807u};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        cr_expect_eq(random_next(&random), expected[i]);
}

Test(random, moments)
{
    struct random_state random;
    random_seed(&random, 1);
    double mean = 0, square = 0;
    enum { N = 100000 };
    size_t counts[6] = {0};
    for (int i = 0; i < N; i++) {
        double x = random_normal(&random);
        mean += x / N;
        square += x * x / N;
        counts[random_below(&random, 6)]++;
    }
    cr_expect(fabs(mean) < 4 / sqrt(N));
    cr_expect(fabs(square - 1) < 4 * sqrt(2.0 / N));
    for (int i = 0; i < 6; i++) cr_expect(fabs((double)counts[i] - N / 6.0) < 4 * sqrt(N * 5 / 36.0));
}

static void autoregressive(struct random_state *random, double phi, double *x, size_t n)
{
    double last = random_normal(random);
    for (size_t i = 0; i < n; i++) x[i] = last = phi * last + sqrt(1 - phi * phi) * random_normal(random);
}

static double effective_sample_size(const double *values, size_t n)
{
    double lo, hi, effective;
    median_interval_effective(values, n, 0.05, &lo, &hi, &effective);
    return effective;
}

/* The signs of a Gaussian series with autocorrelation r are correlated by 2/pi asin r (Sheppard 1899): for an
   AR(1) of 0.6 tau = 1 + 2 sum 2/pi asin(0.6^k) = 3.04. */
Test(effective, autoregressive_closed_form)
{
    double tau = 1;
    for (int k = 1; k < 200; k++) tau += 4 / M_PI * asin(pow(0.6, k));
    enum { N = 20000 };
    static double x[N];
    struct random_state random;
    random_seed(&random, 7);
    autoregressive(&random, 0.6, x, N);
    cr_expect(near(effective_sample_size(x, N), N / tau, 0.1), "%f %f", effective_sample_size(x, N), N / tau);
    autoregressive(&random, 0, x, N);
    cr_expect(near(effective_sample_size(x, N), N, 0.05));
    x[77] = 1e30; /* an outlier is one value */
    cr_expect(near(effective_sample_size(x, N), N, 0.05));
}

Test(effective, edges)
{
    double same_values[40], trend[40];
    for (int i = 0; i < 40; i++) same_values[i] = 3, trend[i] = i;
    double lo, hi, m;
    cr_expect_eq(effective_sample_size(same_values, 40), 40);
    cr_expect_eq(effective_sample_size(trend, 1), 1);
    cr_expect_lt(effective_sample_size(trend, 40), 6); /* a drifting series tells little about the median */
    cr_expect_not(median_interval_effective(trend, 40, 0.05, &lo, &hi, &m));
    cr_expect(lo == 0 && hi == 39);
    double shuffled[] = {3, 8, 1, 9, 2, 10, 4, 7, 5, 6}; /* anticorrelated: the plain ranks 2 and 9 */
    cr_expect(median_interval_effective(shuffled, 10, 0.05, &lo, &hi, &m));
    cr_expect(m == 10 && lo == 2 && hi == 9);
}

/* 2000 series of 200 values from an AR(1) of 0.6: the plain interval covers about 72 %, the effective one
   nominally 95 %. Since tau is estimated, the test accepts less: 93 % minus three standard errors. */
Test(effective, coverage)
{
    enum { TRIALS = 2000, N = 200 };
    struct random_state random;
    random_seed(&random, 11);
    double x[N], sorted[N], lo, hi;
    int plain = 0, effective = 0;
    for (int t = 0; t < TRIALS; t++) {
        autoregressive(&random, 0.6, x, N);
        if (median_interval_effective(x, N, 0.05, &lo, &hi, NULL))
            effective += lo <= 0 && 0 <= hi;
        else
            effective++; /* no interval: counts as covering */
        for (int i = 0; i < N; i++) sorted[i] = x[i];
        sort_doubles(sorted, N);
        median_interval_sorted(sorted, N, 0.05, &lo, &hi);
        plain += lo <= 0 && 0 <= hi;
    }
    cr_expect(plain < 0.80 * TRIALS, "%d", plain);
    cr_expect(effective > (0.93 - 3 * sqrt(0.93 * 0.07 / TRIALS)) * TRIALS, "%d", effective);
}
