#include "stats/ranks.h"
#include "base/status.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double normal_quantile(double p)
{
    double lo = -40, hi = 40; /* bisection of Phi(z) = erfc(-z / sqrt 2) / 2, to the last bit */
    for (int i = 0; i < 200; i++) {
        double middle = (lo + hi) / 2;
        if (erfc(-middle / sqrt(2)) / 2 < p)
            lo = middle;
        else
            hi = middle;
    }
    return (lo + hi) / 2;
}

/* Writes P(U = u) for u = 0 … mn into `density`. The number of ways is the coefficient of q^u in the Gaussian
   binomial prod_{i=1..n} (1 - q^(m+i)) / (1 - q^i) (Mann & Whitney 1947); each step scales the sum to 1. */
static void mann_whitney_density(size_t m, size_t n, double *density)
{
    size_t top = m * n;
    memset(density, 0, (top + 1) * sizeof *density);
    density[0] = 1;
    for (size_t i = 1; i <= n; i++) {
        for (size_t u = top; u + 1 > m + i; u--) density[u] -= density[u - m - i];
        for (size_t u = i; u <= top; u++) density[u] += density[u - i];
        double scale = (double)i / (double)(m + i);
        for (size_t u = 0; u <= top; u++) density[u] *= scale;
    }
}

/* Writes P(W = w) of the signed-rank sum into `density`: the i-th rank counts with probability 1/2. */
static void signed_rank_density(size_t n, double *density)
{
    size_t top = n * (n + 1) / 2;
    memset(density, 0, (top + 1) * sizeof *density);
    density[0] = 1;
    for (size_t i = 1; i <= n; i++)
        for (size_t w = top + 1; w-- > 0;) density[w] = density[w] / 2 + (w >= i ? density[w - i] / 2 : 0);
}

/* The largest c with P(< c) <= tail. The slack covers rounding in the sum of the density. */
static size_t largest_rank(const double *density, size_t top, double tail)
{
    double below = 0;
    for (size_t c = 0; c <= top; c++) {
        below += density[c];
        if (below > tail * (1 + 1e-9)) return c;
    }
    return top;
}

static size_t normal_rank(double mean, double variance, double tail)
{
    double c = floor(mean + normal_quantile(tail) * sqrt(variance));
    return c > 0 ? (size_t)c : 0;
}

static struct shift from_sorted(const double *sorted, size_t count, size_t c)
{
    return (struct shift){
        .estimate = median_sorted(sorted, count),
        .lo = sorted[c ? c - 1 : 0],
        .hi = sorted[c ? count - c : count - 1],
        .has_interval = c > 0,
    };
}

struct shift hodges_lehmann(const double *x, size_t m, const double *y, size_t n, double alpha)
{
    size_t count = m * n, c;
    double *values = allocate(count + 1, sizeof *values);
    if (m <= EXACT_RANKS && n <= EXACT_RANKS) {
        mann_whitney_density(m, n, values);
        c = largest_rank(values, count, alpha / 2);
    } else {
        c = normal_rank((double)count / 2, (double)count * (double)(m + n + 1) / 12, alpha / 2);
    }
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) values[i * n + j] = y[j] - x[i];
    sort_doubles(values, count);
    struct shift shift = from_sorted(values, count, c);
    free(values);
    return shift;
}

struct shift hodges_lehmann_paired(const double *differences, size_t n, double alpha)
{
    size_t count = n * (n + 1) / 2, c, at = 0;
    double *values = allocate(count + 1, sizeof *values), d = (double)n;
    if (n <= EXACT_RANKS) {
        signed_rank_density(n, values);
        c = largest_rank(values, count, alpha / 2);
    } else {
        c = normal_rank(d * (d + 1) / 4, d * (d + 1) * (2 * d + 1) / 24, alpha / 2);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) values[at++] = differences[i] / 2 + differences[j] / 2;
    sort_doubles(values, count);
    struct shift shift = from_sorted(values, count, c);
    free(values);
    return shift;
}

struct valued {
    double value;
    size_t from;
};

static int by_value(const void *a, const void *b)
{
    double x = ((const struct valued *)a)->value, y = ((const struct valued *)b)->value;
    return (x > y) - (x < y);
}

void holm(const double *p, size_t n, double *adjusted)
{
    struct valued *sorted = allocate(n, sizeof *sorted);
    for (size_t i = 0; i < n; i++) sorted[i] = (struct valued){p[i], i};
    qsort(sorted, n, sizeof *sorted, by_value);
    double last = 0;
    for (size_t i = 0; i < n; i++) {
        double scaled = (double)(n - i) * sorted[i].value;
        last = scaled > last ? scaled : last;
        adjusted[sorted[i].from] = last < 1 ? last : 1;
    }
    free(sorted);
}

double launch_sigma(const double *x, size_t m, const double *y, size_t n)
{
    if (m < 2 || n < 2) return NAN;
    double *residuals = allocate(m + n, sizeof *residuals), x_middle = median(x, m), y_middle = median(y, n);
    for (size_t i = 0; i < m; i++) residuals[i] = fabs(x[i] - x_middle);
    for (size_t j = 0; j < n; j++) residuals[m + j] = fabs(y[j] - y_middle);
    double count = (double)(m + n),
           sigma = 1.482602218505602 * median(residuals, m + n) * count / (count - 2.4);
    free(residuals);
    return sigma;
}
