/* When did a series of nights change for good? One value a night and series (the logarithm of a time), looked
   at night after night: what is decided on a night rests on that night and those before it.

   - A night's value is compared with the mean of the series' earlier nights since its last change, in units
     of their own scatter: T = (x - mean) / (s sqrt(1 + 1/n)). For normal values T is Student's t with as many
     degrees of freedom as s has, and independent of all earlier T: recursive residuals (Brown, Durbin & Evans
     1975). Its normal score U (the standard normal value with the same p) starts by itself, with the third
     night: self-starting CUSUM (Hawkins 1987; Hawkins & Olwell 1998, chapter 7).
   - Two sums a series, of U - k and of -U - k, never below 0 (Page 1954). A sum that reaches h is a change. h
     follows from the number of false alarms that is allowed, by Siegmund's approximation of the mean time
     between them (Siegmund 1985).
   - U is cut at k + h / 2.5, and the value that enters mean and scatter with it (winsorising; Hawkins 1993).
     So one bad night, and two in a row, are no change, however bad: it takes three.
   - The first night of the change: the split of the nights since the last change that leaves the smallest sum
     of squares (Hinkley 1970). The series goes on from there with a new mean; the scatter is pooled over all
     its stretches.
   - What moves all cases of a night alike, the median of their deviations, is taken off first and is one more
     series. It is known where five cases or more have a figure.

   bench/analysis/history/README.md shows how often this errs, and what it finds. */
#ifndef BUSBAR_CHANGES_H
#define BUSBAR_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

enum { CASES_FOR_COMMON = 5, NIGHTS_FOR_CHANGE = 5 }; /* two nights to begin with, three to find a change */

/* h of a one-sided CUSUM that raises so many false alarms a night, 0 < rate < 0.1. */
double cusum_threshold(double rate);

struct change {
    size_t first, found; /* the first night of the new level, and the night on which the change was seen */
};

/* One series over `nights` nights. */
struct change_series {
    double *values; /* NAN: no figure. Cases: ln(time). The common factor: filled in by find_changes() */
    double *scores; /* U, not cut; NAN: none */
    struct change *changes; /* in their order */
    size_t change_count;
    double sigma; /* from night to night, within the stretches, without the common factor; NAN: not known */
};

/* Judges cases[0 … count-1] and, behind them, cases[count]: the common factor (without values where there are
   too few cases; relative to the first night). alpha: the chance of any false change, slower or faster, over
   all series in 30 nights. values, scores and changes are the caller's: room for `nights` each. */
void find_changes(struct change_series *cases, size_t count, size_t nights, double alpha);

/* Is a night far off on its own, up (+1) or down (-1)? alpha: the chance that any is by chance, over all
   series in 30 nights. */
int stands_apart(double score, size_t series, double alpha);

#endif
