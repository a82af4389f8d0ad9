#include "stats/effective.h"
#include "base/status.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The autocovariance at a lag. Divides by n, not n - lag: the biased estimate, which keeps the sequence of
   autocovariances positive definite. */
static double covariance(const double *centred, size_t n, size_t lag)
{
    double sum = 0;
    for (size_t i = 0; i + lag < n; i++) sum += centred[i] * centred[i + lag];
    return sum / (double)n;
}

/* tau = -1 + 2 (P_0 + P_1 + ...), P_k = rho_2k + rho_2k+1 and rho_0 = 1. */
static double correlation_time(const double *centred, size_t n)
{
    double variance = covariance(centred, n, 0), tau = -1, last = INFINITY;
    if (!(variance > 0)) return 1;
    for (size_t lag = 0; lag + 1 <= n / 2 || lag == 0; lag += 2) {
        double pair = (covariance(centred, n, lag) + covariance(centred, n, lag + 1)) / variance;
        if (!(pair > 0)) break;
        last = pair < last ? pair : last;
        tau += 2 * last;
    }
    return tau;
}

static double effective_about(const double *values, size_t n, double middle)
{
    if (n == 0) return 0;
    double *signs = allocate(n, sizeof *signs), mean = 0;
    for (size_t i = 0; i < n; i++) {
        signs[i] = (values[i] > middle) - (values[i] < middle);
        mean += signs[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        signs[i] -= mean; /* values equal to the median leave the signs unbalanced */
    double tau = correlation_time(signs, n);
    free(signs);
    if (!(tau > 1)) return (double)n;
    return tau < (double)n ? (double)n / tau : 1;
}

bool median_interval_effective(const double *values, size_t n, double alpha, double *lo, double *hi,
                               double *effective)
{
    double *sorted = allocate(n, sizeof *sorted);
    memcpy(sorted, values, n * sizeof *sorted);
    sort_doubles(sorted, n);
    double m = effective_about(values, n, median_sorted(sorted, n));
    if (effective) *effective = m;
    size_t whole = (size_t)m, rank = median_interval_rank(whole, alpha);
    size_t scaled =
        (size_t)((double)rank * ((double)n + 1) / ((double)whole + 1)); /* equals rank if whole == n */
    if (rank > 0 && scaled == 0) scaled = 1;
    *lo = sorted[rank ? scaled - 1 : 0];
    *hi = sorted[rank ? n - scaled : n - 1];
    free(sorted);
    return rank > 0;
}

struct ranked {
    double value;
    size_t at;
};

static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* Sets rank[i], minus the mean rank, of values[i]; equal values share the mean of their ranks. */
static void rank_centred(const double *values, size_t n, double *rank)
{
    struct ranked *sorted = allocate(n, sizeof *sorted);
    for (size_t i = 0; i < n; i++) sorted[i] = (struct ranked){values[i], i};
    qsort(sorted, n, sizeof *sorted, by_value);
    for (size_t first = 0, next; first < n; first = next) {
        for (next = first + 1; next < n && sorted[next].value == sorted[first].value;) next++;
        for (size_t i = first; i < next; i++) rank[sorted[i].at] = ((double)(first + next) - (double)n) / 2;
    }
    free(sorted);
}

double trend_score(const double *values, size_t n)
{
    if (n < 3) return 0;
    double *rest = allocate(n, sizeof *rest), middle = (double)(n - 1) / 2, xx = 0, xy = 0, square = 0;
    rank_centred(values, n, rest);
    for (size_t i = 0; i < n; i++) {
        double x = (double)i - middle;
        xx += x * x;
        xy += x * rest[i];
    }
    double slope = xy / xx;
    for (size_t i = 0; i < n; i++) {
        rest[i] -= slope * ((double)i - middle);
        square += rest[i] * rest[i];
    }
    double tau = fmax(1, correlation_time(rest, n)), error = sqrt(square / (double)(n - 2) / xx * tau);
    free(rest);
    return slope == 0 ? 0 : slope / error;
}
