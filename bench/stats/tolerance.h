/* Tests whether one case is slower by more than a tolerance: permutation tests of "shift <= s" for any s, and
   the matching interval.

   To test "slower by more than s", we subtract s from all new values and rank the statistic of the launches
   among those of all relabellings. The interval contains every shift that the two one-sided tests do not
   reject, so test and interval never contradict each other (Lehmann & Romano 2005, section 5.4).

   Statistic: the difference of the sides' skipped means over its standard error from each side's own variance
   (Welch).
   - Skipped: values more than four robust sigmas from their side's median are left out (the larger of the
     side's own sigma and that of both sides together). At most a tenth of all launches is left out, but
     always one may be. (Leaving out one on each side would make 6 + 6 launches, however far apart, look like
     the 36 relabellings that exchange one for one.) A trimmed mean of six launches loses a good launch for
     every outlier, and its power with it (to 45 to 75 % of the clean one, in simulation); this one keeps 95
     %.
   - Studentised: if the labels make no difference at all, the test is exact with any statistic. If they
     change only the scatter, the level of this statistic is still right for many launches (Janssen 1997;
     Chung & Romano 2013, theorem 2.2). scatter.h treats the case of few launches.

   Pairs: the statistic of maxt.h for the differences, whose signs are flipped. No difference is left out: a
   single flipped sign would turn its pair into the outlier that is left out. */
#ifndef BUSBAR_TOLERANCE_H
#define BUSBAR_TOLERANCE_H

#include "stats/relabel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The launches of one case, without gaps. Values are logarithms. Pairs: base is NULL, fresh are the
   differences. */
struct two_sides {
    const double *base, *fresh;
    size_t base_count, fresh_count;
};

/* Values are logarithms of times, so a difference up to 1e-12, a part in 1e12 of a time, is rounding:
   returns 0 for it, else the difference. (If two constant sides differ by exactly the tolerance, rounding
   alone would otherwise decide.) */
double without_rounding(double difference);

struct tolerance_test {
    double slower, faster;         /* p of "not slower (not faster) by more than the tolerance" */
    double not_slower, not_faster; /* p of "slower (faster) by the tolerance or more" */
    double lo, hi;                 /* of the shift: each bound at 1 - alpha, both together at 1 - 2 alpha */
    bool has_interval; /* false: too few launches to reject any shift; lo and hi are then the extremes */
};

/* Caches the relabellings for the last numbers of launches, since most cases of a comparison have the same
   ones. Initialise it with {.seed = …}. */
struct tolerance_tester {
    uint64_t seed;
    size_t most; /* as in struct decision_rules */
    size_t base_count, fresh_count;
    bool paired, ready;
    bool without_ends;            /* do not compute the interval: simulations need only the tests */
    struct relabellings all, few; /* few: a subset, for the search of the interval's ends */
};

struct tolerance_test test_tolerance(struct tolerance_tester *, const struct two_sides *, double tolerance,
                                     double alpha);
void tolerance_tester_free(struct tolerance_tester *);

#endif
