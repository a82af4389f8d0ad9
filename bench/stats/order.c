#include "stats/order.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_doubles(double *values, size_t n)
{
    if (n > 1) qsort(values, n, sizeof *values, ascending);
}

double median_sorted(const double *values, size_t n)
{
    if (n == 0) return NAN;
    return n % 2 ? values[n / 2] : values[n / 2 - 1] / 2 + values[n / 2] / 2;
}

double percentile_sorted(const double *values, size_t n, double p)
{
    if (n == 0) return NAN;
    /* p n can fall a rounding error above a whole number (0.07 * 100): that is still the whole number's rank. */
    double rank = ceil(p * (double)n * (1 - 1e-12));
    size_t i = rank < 1 ? 1 : rank > (double)n ? n : (size_t)rank;
    return values[i - 1];
}

double median(const double *values, size_t n)
{
    double *copy = allocate(n, sizeof *copy);
    if (n) memcpy(copy, values, n * sizeof *copy);
    sort_doubles(copy, n);
    double middle = median_sorted(copy, n);
    free(copy);
    return middle;
}

size_t median_interval_rank(size_t n, double alpha)
{
    /* Sums binomial terms in logarithms, so that large n does not underflow; stops at the first j beyond alpha/2. */
    double log_term = (double)n * log(0.5), below = 0;
    for (size_t j = 0; j <= n / 2; j++) {
        below += exp(log_term); /* P(Bin < j + 1) */
        if (below > alpha / 2) return j;
        log_term += log((double)(n - j)) - log((double)(j + 1));
    }
    return n / 2;
}

bool median_interval_sorted(const double *values, size_t n, double alpha, double *lo, double *hi)
{
    size_t j = median_interval_rank(n, alpha);
    *lo = values[j ? j - 1 : 0];
    *hi = values[j ? n - j : n - 1];
    return j > 0;
}

double median_interval_coverage(size_t n, size_t j)
{
    if (j == 0 || n == 0) return 0;
    double log_term = (double)n * log(0.5), below = 0;
    for (size_t i = 0; i < j && i <= n; i++) {
        below += exp(log_term);
        log_term += log((double)(n - i)) - log((double)(i + 1));
    }
    return below < 0.5 ? 1 - 2 * below : 0;
}

double robust_sigma(const double *values, size_t n)
{
    if (n < 2) return NAN;
    double *distance = allocate(n, sizeof *distance), middle = median(values, n);
    for (size_t i = 0; i < n; i++) distance[i] = fabs(values[i] - middle);
    sort_doubles(distance, n);
    double sigma = 1.482602218505602 * median_sorted(distance, n);
    free(distance);
    return sigma;
}
