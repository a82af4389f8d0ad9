/* Order statistics: medians, nearest-rank percentiles, distribution-free intervals. Nothing here allocates
   memory unless its comment says so. */
#ifndef BUSBAR_ORDER_H
#define BUSBAR_ORDER_H

#include <stdbool.h>
#include <stddef.h>

void sort_doubles(double *values, size_t n); /* ascending; NaN is not allowed */

/* These take values in ascending order; NAN if n is 0. */
double median_sorted(const double *values, size_t n); /* mean of the two middle ones for even n */
/* Nearest rank: the ceil(p n)-th value; 0 < p <= 1. */
double percentile_sorted(const double *values, size_t n, double p);

double median(const double *values, size_t n);          /* in any order: sorts a copy; NAN if n is 0 */
double arithmetic_mean(const double *values, size_t n); /* NAN if n is 0 */

/* The largest j >= 1 with P(Bin(n, 1/2) < j) <= alpha / 2, so that [x(j), x(n+1-j)] covers the median with
   probability at least 1 - alpha for independent samples (Le Boudec 2010, theorem 2.1). 0: no such interval
   (n < 6 at alpha 0.05). */
size_t median_interval_rank(size_t n, double alpha);

/* The interval itself. If there is none, returns false, with the minimum and maximum in lo and hi. n >= 1. */
bool median_interval_sorted(const double *values, size_t n, double alpha, double *lo, double *hi);

/* The ranks, from 1, of the order statistics between which the p-quantile lies with probability at least 1 -
   alpha, for independent samples: P(x(lo) <= q <= x(hi)) = P(lo <= Bin(n, p) < hi), with at most alpha / 2 on
   each side (David & Nagaraja, "Order Statistics", 2003, section 7.1). False: n is too small for such an
   interval (for p = 0.99 and alpha = 0.05 below 368, where 0.99^n > 0.025). 0 < p < 1. */
bool quantile_interval_ranks(size_t n, double p, double alpha, size_t *lo, size_t *hi);

/* The median absolute deviation from the median times 1.4826 (1 over the normal distribution's upper
   quartile): estimates the standard deviation of normal values and is hardly moved by outliers (Rousseeuw &
   Croux 1993, equation 1.3). 0 if more than half of the values are equal; NAN if n < 2. Values in
   any order: works on a copy. */
double robust_sigma(const double *values, size_t n);

#endif
