/* Is one case slower by more than a tolerance? Permutation tests of "shift <= s" for any s, and the interval that
   belongs to them.

   "Slower by more than s" is tested directly: s is subtracted from all new values, and the statistic of the launches is
   ranked among those of their relabellings. The interval holds every shift that the two one-sided tests do not reject, so
   that test and interval never contradict each other (Lehmann & Romano 2005, section 5.4).

   Statistic: the difference of the sides' skipped means over its standard error from each side's own variance (Welch).
   - Skipped: values further from their side's median than four robust sigmas are left out, the larger of the sigma of both
     sides together and the side's own; at most one in ten of all launches, but one. (One a side would make six launches and
     six others, however far apart, look like each of the 36 relabellings that exchange one for one.) A trimmed mean of six
     launches loses a good launch for every outlier, and its power with it (to 45 to 75 % of the clean one, in simulation);
     this one keeps 95 %.
   - Studentised: where the labels do not matter at all the test is exact with any statistic. Where they change the scatter
     only, the level of this one is still right in the limit of many launches (Janssen 1997; Chung & Romano 2013,
     theorem 2.2). What remains at six launches is the business of scatter.h.

   Pairs: the statistic of maxt.h of the differences, whose signs are flipped. With seven pairs nothing may be left out: to
   flip the sign of one would make it the outlier that is left out. */
#ifndef BUSBAR_TOLERANCE_H
#define BUSBAR_TOLERANCE_H

#include "stats/relabel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The launches of one case, without gaps. Values are logarithms. Pairs: base is NULL, fresh are the differences. */
struct two_sides {
    const double *base, *fresh;
    size_t base_count, fresh_count;
};

struct tolerance_test {
    double slower, faster; /* p of "not slower by more than the tolerance", "not faster by more" */
    double not_slower,
        not_faster;    /* p of "slower by the tolerance or more", "faster by the tolerance or more" */
    double lo, hi;     /* the shift: each end at 1 - alpha, both together at 1 - 2 alpha */
    bool has_interval; /* false: so few launches that no shift could be rejected; lo, hi: the extremes */
};

/* Keeps the relabellings of the last shape: cases of one comparison mostly share it. Start with {.seed = …}. */
struct tolerance_tester {
    uint64_t seed;
    size_t most; /* as in struct decision_rules */
    size_t base_count, fresh_count;
    bool paired, ready;
    bool without_ends; /* the ends of the interval are not looked for: simulations need the tests alone */
    struct relabellings all, few; /* few: what the ends of the interval are searched with */
};

struct tolerance_test test_tolerance(struct tolerance_tester *, const struct two_sides *, double tolerance,
                                     double alpha);
void tolerance_tester_free(struct tolerance_tester *);

/* The statistic itself, for values in ascending order; 0 when a side has less than two. Room: 2 (m + n) values. */
double skipped_t(const double *base, size_t m, const double *fresh, size_t n, double *room);

#endif
