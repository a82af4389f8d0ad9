/* Rank methods for two samples: distribution-free intervals, exact for small samples.

   Notation: x of size m is the base, y of size n the new sample; a positive shift means that y is larger.
   With logarithms of times a shift is the logarithm of a ratio. All functions copy what they sort. */
#ifndef BUSBAR_RANKS_H
#define BUSBAR_RANKS_H

#include <stdbool.h>
#include <stddef.h>

/* Up to this many values per side (or pairs) the exact distributions are used, above it the normal
   approximation. */
enum { EXACT_RANKS = 50 };

/* An estimate with its interval. */
struct shift {
    double estimate;
    double lo, hi; /* if has_interval is false: the extremes, without a confidence level */
    bool has_interval;
};

/* Hodges-Lehmann: the median of the m n differences y_j - x_i, and between its order statistics D(c) and
   D(mn+1-c) the interval that holds the shift with probability >= 1 - alpha; c is the largest number with P(U
   < c) <= alpha/2 under Mann and Whitney's null distribution (Hodges & Lehmann 1963; Hollander, Wolfe &
   Chicken 2014, section 4.3). The closed interval keeps its level where values tie (Noether 1967). No
   interval below 4 + 4 at alpha 0.05. m, n >= 1. */
struct shift hodges_lehmann(const double *x, size_t m, const double *y, size_t n, double alpha);

/* The same for pairs: the median of the n(n+1)/2 Walsh averages of the differences, interval from Wilcoxon's
   signed-rank distribution (ibid., section 3.3). No interval below 6 pairs at alpha 0.05. n >= 1. */
struct shift hodges_lehmann_paired(const double *differences, size_t n, double alpha);

/* Holm's step-down adjustment (Holm 1979), into `adjusted`; for reference beside max-T. */
void holm(const double *p, size_t n, double *adjusted);

double normal_quantile(double p); /* 0 < p < 1 */

/* Robust estimate of the standard deviation, from launch to launch, of the logarithm of a case's median,
   within two groups of launches: 1.4826 times the median of all N absolute residuals from the groups'
   medians, times N / (N - 2.4) for the medians fitted (fitted to simulated normal samples: unbiased within 4
   % from 3 + 3 values on). NAN if a group has fewer than two values. */
double launch_sigma(const double *x, size_t m, const double *y, size_t n);

#endif
