/* Comparisons in which the launches of one side scatter more than those of the other (noisy neighbours,
   for instance).

   A permutation test assumes that both sides have the same distribution, not only the same median. If the
   new side scatters five times as much, max-T with 6 + 6 or 12 + 6 launches called 44 to 87 % of
   comparisons of equal medians different (10 cases; tests/unit/test_gate_situations.c). Studentising
   (tolerance.h) helps with many launches, but not for many cases of six launches. So we test for unequal
   scatter, and where we find it we use another p: that of Welch's t with the degrees of freedom of the
   smaller side, which never rejects too often for normal values (Hsu 1938; Mickey & Brown 1966), with
   Holm's adjustment over all cases.

   Two or three launches are too few for that test, so they always get Welch's p. (With max-T, 21 % of
   comparisons of 12 + 3 launches of equal medians whose new side scattered five times as much were called
   a regression; 10 cases, tolerance 3 %.) */
#ifndef BUSBAR_SCATTER_H
#define BUSBAR_SCATTER_H

#include "stats/maxt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Per case: the logarithm of the ratio new / base of the mean absolute deviations, and whether the scatter
   differs significantly: in this case (adjusted over all cases of its group), or in the mean over these
   cases. The level holds for each group; it need not hold over all groups, since this test only chooses
   between two valid p. Both are two-sided permutation tests, at `level`, of the deviations from each side's
   median. Not for paired groups, nor for cases with fewer than four launches per side. */
struct scatter {
    double ln_ratio; /* NAN: none */
    bool unequal;
    bool unknown; /* a side has two or three launches, too few to show whether the scatter differs */
};
void compare_scatter(const struct relabelled_group *groups, size_t group_count,
                     const struct relabelled_case *cases, size_t case_count, uint64_t seed, double level,
                     struct scatter *);

/* The standard deviation of at least two values, without NAN. Of six values or more, one that is far from all
   others is left out. */
double deviation_of_side(const double *values, size_t count);

/* Welch's t. At least two values per side, none of them NAN. Of six values or more, one that is far from all
   others of its side is left out. Otherwise one outlier would inflate the standard error and hide a slowdown
   wherever the test for unequal scatter rejects by chance. */
struct welch {
    double difference, error; /* mean of new minus mean of base; its standard error */
    double variances;         /* the variance of a launch of base plus that of a launch of new */
    double freedom;           /* of the smaller side: a whole number */
};
struct welch welch_of(const double *base, size_t m, const double *fresh, size_t n);

/* The p of "new is slower (direction 1) or faster (-1) than base by more than the tolerance", which is >=
   0. If neither side scatters, p is 0 or 1. */
double welch_p(const struct welch *, double tolerance, int direction);

/* Student's t with pooled variance, for few allocations a side. It assumes that allocations scatter alike on
   both sides, so a side of one value adds nothing to the variance: its test is that of one observation
   against a sample (Crawford & Howell 1998). freedom: the values of both sides less two; below 2 the test is
   of no use. Leaves out outliers as welch_of() does. If no side scatters at all, the standard deviation is
   `resolution` / sqrt(12), as of times rounded to that step. */
struct welch pooled_of(const double *base, size_t m, const double *fresh, size_t n, double resolution);

#endif
