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

/* P(U = u), u = 0 … mn, into `density`. The number of ways is the coefficient of q^u in the Gaussian binomial
   prod_{i=1..n} (1 - q^(m+i)) / (1 - q^i) (Mann & Whitney 1947); every step is scaled to a sum of 1. */
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

/* P(W = w) of the signed-rank sum: n fair coins, the i-th worth i. */
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
    size_t from; /* 1: of the second sample, or a positive difference */
};

static int by_value(const void *a, const void *b)
{
    double x = ((const struct valued *)a)->value, y = ((const struct valued *)b)->value;
    return (x > y) - (x < y);
}

/* Twice the mid-ranks (whole numbers) of the sorted values; returns the sum of t^3 - t over the groups of t
 * tied values. */
static double doubled_midranks(const struct valued *sorted, size_t count, size_t *doubled)
{
    double ties = 0;
    for (size_t i = 0, j; i < count; i = j) {
        for (j = i + 1; j < count && sorted[j].value == sorted[i].value;) j++;
        for (size_t k = i; k < j; k++) doubled[k] = i + 1 + j;
        double t = (double)(j - i);
        ties += t * t * t - t;
    }
    return ties;
}

/* The share of the density at least as far from `centre` as `observed`; both are doubled once more to stay
 * whole. */
static double two_sided(const double *density, size_t top, size_t observed, size_t twice_centre)
{
    double p = 0;
    size_t far = 2 * observed > twice_centre ? 2 * observed - twice_centre : twice_centre - 2 * observed;
    for (size_t s = 0; s <= top; s++) {
        size_t distance = 2 * s > twice_centre ? 2 * s - twice_centre : twice_centre - 2 * s;
        if (distance >= far) p += density[s];
    }
    return p < 1 ? p : 1;
}

static double normal_two_sided(double distance, double variance, double correction)
{
    if (!(variance > 0)) return 1;
    double z = (fabs(distance) - correction) / sqrt(variance);
    return z > 0 ? erfc(z / sqrt(2)) : 1;
}

/* Distribution of the sum of n of the doubled mid-ranks drawn without replacement: ways[k][s] by adding one
   value at a time, as probabilities: with v values seen, the next is taken with weight so that each subset
   stays equally likely. */
static double rank_sum_p(const size_t *doubled, size_t count, size_t n, size_t observed)
{
    size_t top = count * (count + 1); /* all doubled ranks together */
    double *ways = allocate((n + 1) * (top + 1), sizeof *ways), total = 0;
    ways[0] = 1;
    for (size_t v = 0; v < count; v++)
        for (size_t k = v + 1 < n ? v + 1 : n; k >= 1; k--) {
            double *into = ways + k * (top + 1), *from = into - (top + 1);
            for (size_t s = top + 1; s-- > doubled[v];) into[s] += from[s - doubled[v]];
        }
    double *density = ways + n * (top + 1);
    for (size_t s = 0; s <= top; s++) total += density[s];
    for (size_t s = 0; s <= top; s++) density[s] /= total;
    double p = two_sided(density, top, observed, 2 * n * (count + 1));
    free(ways);
    return p;
}

double mann_whitney_p(const double *x, size_t m, const double *y, size_t n)
{
    size_t count = m + n, observed = 0;
    struct valued *all = allocate(count, sizeof *all);
    size_t *doubled = allocate(count, sizeof *doubled);
    for (size_t i = 0; i < count; i++) all[i] = (struct valued){i < m ? x[i] : y[i - m], i >= m};
    qsort(all, count, sizeof *all, by_value);
    double ties = doubled_midranks(all, count, doubled), p;
    for (size_t i = 0; i < count; i++) observed += all[i].from ? doubled[i] : 0;
    if (m <= EXACT_RANKS && n <= EXACT_RANKS) {
        p = rank_sum_p(doubled, count, n, observed);
    } else {
        double a = (double)m, b = (double)n, all_ranks = a + b;
        double variance = a * b / 12 * (all_ranks + 1 - ties / (all_ranks * (all_ranks - 1)));
        p = normal_two_sided((double)observed / 2 - b * (all_ranks + 1) / 2, variance, 0.5);
    }
    free(all);
    free(doubled);
    return p;
}

double signed_rank_p(const double *differences, size_t n)
{
    struct valued *all = allocate(n, sizeof *all);
    size_t *doubled = allocate(n, sizeof *doubled), count = 0, observed = 0, top = 0;
    for (size_t i = 0; i < n; i++)
        if (differences[i] != 0) all[count++] = (struct valued){fabs(differences[i]), differences[i] > 0};
    qsort(all, count, sizeof *all, by_value);
    double ties = doubled_midranks(all, count, doubled), p = 1, c = (double)count;
    for (size_t i = 0; i < count; i++) observed += all[i].from ? doubled[i] : 0, top += doubled[i];
    if (count && count <= EXACT_RANKS) {
        double *density = allocate(top + 1, sizeof *density);
        density[0] = 1;
        for (size_t i = 0; i < count; i++)
            for (size_t s = top + 1; s-- > 0;)
                density[s] = density[s] / 2 + (s >= doubled[i] ? density[s - doubled[i]] / 2 : 0);
        p = two_sided(density, top, observed, top);
        free(density);
    } else if (count) {
        p = normal_two_sided((double)observed / 2 - c * (c + 1) / 4,
                             c * (c + 1) * (2 * c + 1) / 24 - ties / 48, 0.5);
    }
    free(all);
    free(doubled);
    return p;
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

static size_t least_launches(bool paired, double alpha)
{
    for (size_t n = 2; n < 64; n++) {
        double outcomes = 1;
        for (size_t i = 1; i <= n; i++) outcomes *= paired ? 2 : (double)(n + i) / (double)i;
        if (2 / outcomes <= alpha) return n;
    }
    return 64;
}

double detectable_shift(double sigma, size_t m, size_t n, bool paired, double alpha, double power)
{
    double z = normal_quantile(1 - alpha / 2);
    double launches = paired ? (double)n : 2 / (1 / (double)m + 1 / (double)n);
    if (launches < (double)least_launches(paired, alpha)) return INFINITY;
    return sigma * (z + normal_quantile(power)) * sqrt((paired ? 1 : 2) * M_PI / 3 / (launches - z * z / 4));
}

double launches_needed(double sigma, double shift, bool paired, double alpha, double power)
{
    double z = normal_quantile(1 - alpha / 2), both = (z + normal_quantile(power)) * sigma / shift;
    double launches = ceil((paired ? 1 : 2) * M_PI / 3 * both * both + z * z / 4 - 1e-9);
    double least = (double)least_launches(paired, alpha);
    return launches > least ? launches : least;
}
