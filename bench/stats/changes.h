/* Detects lasting changes in series of nights. Each series has one value per night (the logarithm of a time).
   The method is causal: a decision depends only on its own night and those before it.

   - Each value is compared with the mean of the series' earlier nights since its last change, in units of
     their own scatter: T = (x - mean) / (s sqrt(1 + 1/n)). For normal values T has Student's t distribution
     with as many degrees of freedom as s, and is independent of all earlier T: recursive residuals (Brown,
     Durbin & Evans 1975). Its normal score U (the standard normal value with the same p) needs no training
     data and exists from the third night on: self-starting CUSUM (Hawkins 1987; Hawkins & Olwell 1998,
     chapter 7).
   - Each series has two sums, of U - k and of -U - k, which never fall below 0 (Page 1954). A sum that
     reaches h signals a change. h follows from the permitted rate of false alarms, by Siegmund's
     approximation of the mean time between them (Siegmund 1985).
   - U is cut at k + h / 2.5, and so is the value that enters mean and scatter (winsorising; Hawkins 1993).
     Therefore one or two bad nights in a row are never a change, however bad: it takes three.
   - The first night of the change is where a split of the nights since the last change leaves the smallest
     sum of squares (Hinkley 1970). From there the series continues with a new mean; the scatter is pooled
     over all its stretches.
   - The common factor of a night is the median deviation of its cases. It is subtracted from all cases first,
     and is one more series. It exists on nights with figures for at least five cases.

   bench/analysis/history/README.md shows the error rates and the power. */
#ifndef BUSBAR_CHANGES_H
#define BUSBAR_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

enum { CASES_FOR_COMMON = 5, NIGHTS_FOR_CHANGE = 5 }; /* two nights to start, three to detect a change */

/* The threshold h of a one-sided CUSUM with the given rate of false alarms per night, 0 < rate < 0.1. */
double cusum_threshold(double rate);

struct change {
    /* the first night of the new level, and the night on which the change was detected */
    size_t first, found;
};

/* One series over `nights` nights. */
struct change_series {
    double *values;         /* ln(time); NAN: no figure. find_changes() fills in those of the common factor */
    double *scores;         /* U before it is cut; NAN: none */
    struct change *changes; /* in order of time */
    size_t change_count;
    double sigma; /* from night to night within the stretches, without the common factor; NAN: unknown */
};

/* Judges cases[0 … count-1] and the common factor, cases[count] (relative to the first night; NAN where there
   are too few cases). alpha: the chance of any false change, slower or faster, over all series in 30 nights.
   The caller provides values, scores and changes, each with room for `nights` elements. */
void find_changes(struct change_series *cases, size_t count, size_t nights, double alpha);

/* Is a night with this score an outlier? 1: slower, -1: faster, 0: no. alpha: the chance of any false one
   over all series in 30 nights. */
int stands_apart(double score, size_t series, double alpha);

#endif
