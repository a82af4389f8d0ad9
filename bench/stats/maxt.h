/* Many cases tested at once: Westfall and Young's step-down max-T (1993, algorithm 4.1; Ge, Dudoit & Speed 2003, box 3).

   The unit is the launch, or whatever the caller counts as one (an allocation of several launches). Under the null
   hypothesis that a group of launches does not care for the labels "base" and "new", every assignment of the labels is
   equally likely. All cases of a group are relabelled together, so that what the cases share (a slow launch is slow in
   all of them) is kept. The adjusted p of a case is the share of relabellings in which the largest statistic among it
   and all less striking cases reaches its own. The probability of any false alarm among all cases then stays below
   alpha, whatever their dependence, and the smallest p does not grow with the number of cases.

   Both directions are tested one-sidedly, each with a level of its own: "new is slower" over all cases, and "new is
   faster" over all cases.

   Launches that measure different cases (another driver, another number of nodes) form groups of their own, relabelled
   independently: P(no group's maximum reaches t) is the product over the groups, so nothing need be sampled.

   Statistic per case: difference of the 20 % trimmed means / (mean absolute deviation from the groups' medians + a tenth
   of the robust sigma of all values, labels ignored). In simulation (5+5 and 6+6, 10 to 100 cases) it loses little power
   against Student's t for normal values and has more where launches have outliers; Yuen's t, and every other statistic
   that is studentised per side, has half of it at 5+5. Paired: the same of the differences, whose signs are flipped. The
   test is exact with any statistic where the labels do not matter at all; where they change the scatter, see scatter.h.

   Ties are exact: relabellings with the same values in each group have the same statistic to the last bit, and values
   that are all equal have the mean that they have, whatever their number. */
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
    size_t relabellings; /* out: how many were visited, and whether these were all */
    bool exact;
};

/* A case. Values are logarithms of its time in each launch; NAN where the launch lacks it. */
struct relabelled_case {
    size_t group;               /* index into the groups */
    const double *base, *fresh; /* as many as the group's launches */
    /* out */
    double
        statistic; /* as described above, above 0: new is slower; 0 where a side has less than two values */
    double slower, faster;                   /* one-sided p of the case alone */
    double adjusted_slower, adjusted_faster; /* over all cases */
};

struct decision_rules {
    double alpha;
    uint64_t seed; /* of relabellings that are drawn: the same input gives the same answer */
    size_t
        most; /* relabellings that are all visited, beyond it one less are drawn; 0: EXACT_RELABELLINGS, and
                          SAMPLED_RELABELLINGS are drawn. Simulations need fewer */
    bool without_ends; /* no ends of intervals are looked for: simulations need none */
};

/* What the largest statistic of all cases in the direction "slower" reaches in the share `alpha` of the relabellings of
   the group: a case needs more. INFINITY where no outcome is that rare. Fills in the outputs of groups and cases and, when
   `critical` is not NULL, one figure per group. The same input and seed give the same output. Time: relabellings x launches
   x cases. */
void max_t(struct relabelled_group *groups, size_t group_count, struct relabelled_case *cases,
           size_t case_count, const struct decision_rules *, double *critical);

/* The statistic of pairs, for n >= 1 differences in ascending order; scale: a tenth of their robust sigma about 0, which no
   change of sign moves. */
double paired_t(const double *ascending, size_t n, double scale);

#endif
