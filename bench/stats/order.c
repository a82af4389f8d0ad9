#include "stats/order.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void insertion_sort(double *values, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
}

static void sift_down(double *heap, size_t at, size_t n)
{
    double value = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && heap[child + 1] > heap[child]) child++;
        if (heap[child] <= value) break;
        heap[at] = heap[child];
    }
    heap[at] = value;
}

static void heap_sort(double *values, size_t n)
{
    for (size_t i = n / 2; i-- > 0;) sift_down(values, i, n);
    for (size_t end = n; end-- > 1;) {
        double largest = values[0];
        values[0] = values[end];
        values[end] = largest;
        sift_down(values, 0, end);
    }
}

static double middle_of_three(double a, double b, double c)
{
    double least = a < b ? a : b, most = a < b ? b : a;
    return c < least ? least : c > most ? most : c;
}

/* Introsort (Musser 1997): quicksort with inline comparisons, three times as fast as qsort(3); falls back to
   heapsort if the pivots are bad too often, so that no input takes quadratic time. */
static void introsort(double *values, size_t n, int depth)
{
    while (n > 24) {
        if (depth-- == 0) {
            heap_sort(values, n);
            return;
        }
        double pivot = middle_of_three(values[0], values[n / 2], values[n - 1]);
        size_t lo = 0, hi = n - 1;
        /* Hoare's partition: both scans stop at values equal to the pivot, which keeps the halves
           balanced. */
        for (;; lo++, hi--) {
            while (values[lo] < pivot) lo++;
            while (values[hi] > pivot) hi--;
            if (lo >= hi) break;
            double swapped = values[lo];
            values[lo] = values[hi];
            values[hi] = swapped;
        }
        size_t left = lo == hi ? lo + 1 : lo; /* values[…left) <= pivot <= values[left…] */
        introsort(values + left, n - left, depth);
        n = left;
    }
    insertion_sort(values, n);
}

void sort_doubles(double *values, size_t n)
{
    int depth = 2;
    for (size_t left = n; left > 1; left /= 2) depth += 2;
    introsort(values, n, depth);
}

double median_sorted(const double *values, size_t n)
{
    if (n == 0) return NAN;
    return n % 2 ? values[n / 2] : values[n / 2 - 1] / 2 + values[n / 2] / 2;
}

double percentile_sorted(const double *values, size_t n, double p)
{
    if (n == 0) return NAN;
    /* p n can be a rounding error above a whole number (0.07 * 100), which must not raise the rank. */
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

double arithmetic_mean(const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += values[i];
    return n ? sum / (double)n : NAN;
}

size_t median_interval_rank(size_t n, double alpha)
{
    /* Keeps binomial terms as logarithms, so that large n does not underflow; stops when the sum exceeds
       alpha / 2. */
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

bool quantile_interval_ranks(size_t n, double p, double alpha, size_t *lo, size_t *hi)
{
    /* Sums binomial terms from ten standard deviations below the mean on: what lies below is negligible. */
    double size = (double)n, first = floor(size * p - 10 * sqrt(size * p * (1 - p)) - 10);
    size_t j = first > 0 ? (size_t)first : 0;
    double log_term = lgamma(size + 1) - lgamma((double)j + 1) - lgamma(size - (double)j + 1) +
                      (double)j * log(p) + (size - (double)j) * log1p(-p);
    *lo = *hi = 0;
    for (double below = 0; j < n; j++) { /* below: P(Bin < j) */
        if (below <= alpha / 2) *lo = j;
        below += exp(log_term);
        if (below >= 1 - alpha / 2) {
            *hi = j + 1;
            break;
        }
        log_term += log(size - (double)j) - log((double)j + 1) + log(p) - log1p(-p);
    }
    return *lo > 0 && *hi > 0;
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
