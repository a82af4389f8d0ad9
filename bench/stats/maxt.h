/* Many cases compared at once: Westfall and Young's step-down max-T (1993, algorithm 4.1; Ge, Dudoit & Speed
   2003, box 3).

   The unit is the launch. Under the null hypothesis that a group of launches does not care for the labels
   "base" and "new", every assignment of the labels to its launches is equally likely; all cases of a group
   are relabelled together, so that what the cases share (a slow launch is slow in all of them) is kept. The
   adjusted p of a case is the share of relabellings in which the largest statistic among it and all less
   striking cases reaches its own: this keeps the probability of any false alarm among all cases below alpha,
   whatever their dependence, and its smallest value does not grow with the number of cases.

   Launches that measure different cases (another driver, another number of nodes) form groups of their own,
   relabelled independently: then P(max over groups < t) is the product of the groups' own probabilities, so
   nothing need be sampled.

   Statistic per case: |difference of the 20 % trimmed means| / (mean absolute deviation from the groups'
   medians + a tenth of the robust sigma of all values, labels ignored). In simulation (5+5 and 6+6, 10 to 100
   cases) it loses little power against Student's t for normal values and has more where launches have
   outliers; Yuen's t has half of it at 5+5. Paired: the same of the differences, whose signs are flipped. The
   test is valid with any statistic: its choice moves only the power.

   Ties are exact: relabellings with the same values in each group have the same statistic to the last bit,
   and a relative slack of 1e-9 counts equal ones as reached. */
#ifndef BUSBAR_MAXT_H
#define BUSBAR_MAXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EXACT_RELABELLINGS =
        20000, /* up to this many all are visited: 8 + 8 launches (12870), 14 pairs (16384) */
    SAMPLED_RELABELLINGS = 4999, /* beyond: as many drawn from the seed, p = (reached + 1) / (drawn + 1)
                                    (Phipson & Smyth 2010) */
};

/* Launches that measured the same cases. Paired: base and fresh are equal, the i-th launches belong together.
 */
struct relabelled_group {
    size_t base, fresh; /* launches a side */
    bool paired;
    /* out: how many relabellings were visited, and whether these were all */
    size_t relabellings;
    bool exact;
};

/* A case. Values are logarithms of its median in each launch; NAN where the launch lacks it. */
struct relabelled_case {
    size_t group;               /* index into the groups */
    const double *base, *fresh; /* as many as the group's launches */
    /* out */
    double statistic;     /* as described above; 0 where a side has less than two values (pairs: less than two
                             pairs) */
    double p, adjusted_p; /* of the case alone; over all cases */
};

/* Fills in the outputs. The same input and seed give the same output. Time: relabellings x launches x cases.
 */
void max_t(struct relabelled_group *groups, size_t group_count, struct relabelled_case *cases,
           size_t case_count, uint64_t seed);

#endif
