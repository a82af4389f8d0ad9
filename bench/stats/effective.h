/* The effective sample size of correlated samples. Consecutive samples of a launch are correlated; an
   interval that assumes independence is too narrow. (With a lag-1 correlation of 0.6, a nominal 95 % interval
   of the median covers the true median in 72 % of cases.) */
#ifndef BUSBAR_EFFECTIVE_H
#define BUSBAR_EFFECTIVE_H

#include <stdbool.h>
#include <stddef.h>

/* The distribution-free interval of the median with the effective sample size m in place of n: the ranks of
   median_interval_rank(m) out of m, scaled to n and rounded outwards. Values in measured order. m is stored
   in `effective` unless that is NULL. False, and the minimum and maximum, when m is too small for such an
   interval (m < 6 at alpha 0.05). n >= 1. Allocates and frees a sorted copy.

   m is the number of independent samples whose median would be as certain as that of these n. The variance of
   a sample median is tau / (4 n f(m)^2), where tau = 1 + 2 (rho_1 + rho_2 + ...) and rho_k is the
   autocorrelation at lag k not of the values but of their signs about the median (Sen 1968, "Asymptotic
   normality of sample quantiles for m-dependent processes"): outliers count no more than any other value. The
   sum is cut by Geyer's initial monotone positive sequence (Geyer 1992, "Practical Markov chain Monte Carlo",
   section 3.3): pairs rho_2k + rho_2k+1 are added as long as they are positive, none larger than the one
   before.

   1 <= m <= n, even if the samples are anticorrelated; m = n if all values are equal. Time: n times the
   number of lags, which is small unless the series drifts, and at most n / 2. */
bool median_interval_effective(const double *values, size_t n, double alpha, double *lo, double *hi,
                               double *effective);

/* Whether values in measured order rise or fall: the slope of a straight line through their ranks, in
   standard errors; about normal if there is no trend. Outliers count no more than any other value (Spearman
   1904), and the standard error has the correlation time of the residuals, as above, since correlated values
   wander. 0 for n < 3, or if all values are equal; INFINITY with a sign if the ranks lie on the line. */
double trend_score(const double *values, size_t n);

#endif
