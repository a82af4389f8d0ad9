/* Permutation tests of many cases at once: the step-down max-T of Westfall and Young (1993, algorithm 4.1;
   Ge, Dudoit & Speed 2003, box 3).

   The unit is a launch, or what the caller counts as one (an allocation of several launches). Null
   hypothesis: the labels "base" and "new" make no difference, so every assignment of the labels to the
   launches is equally likely. All cases of a group are relabelled together, which keeps their dependence (a
   slow launch is slow in all cases). The adjusted p of a case is the share of relabellings in which the
   largest statistic among it and all less striking cases reaches its own. The probability of any false alarm
   among all cases then stays below alpha for any dependence between the cases, and the smallest possible p
   does not depend on the number of cases.

   Both directions are tested one-sidedly, each at its own level: "new is slower" over all cases, and "new is
   faster" over all cases.

   Launches that measure different cases (another driver, another number of nodes) form separate groups, which
   are relabelled independently: the probability that no group's maximum reaches t is the product over the
   groups.

   Statistic per case: difference of the 20 % trimmed means / (mean absolute deviation from the groups'
   medians + a tenth of the robust sigma of all values, labels ignored). In simulation (5+5 and 6+6, 10 to 100
   cases) it loses little power against Student's t for normal values and has more where launches have
   outliers; Yuen's t, and every other statistic that is studentised per side, has half the power at 5+5.
   Paired: the same statistic of the differences, whose signs are flipped. The test is exact with any
   statistic if the labels make no difference at all; if they change the scatter, see scatter.h.

   Ties are exact: relabellings that put the same values on each side have bit-identical statistics, and the
   mean of n equal values is exactly that value. */
#ifndef BUSBAR_MAXT_H
#define BUSBAR_MAXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Up to this many relabellings, all are visited: 8 + 8 launches have 12870, 14 pairs 16384. */
    EXACT_RELABELLINGS = 20000,
    /* Beyond that, this many are drawn at random; p = (reached + 1) / (drawn + 1) (Phipson & Smyth 2010). */
    SAMPLED_RELABELLINGS = 4999,
};

/* Launches that measured the same cases. Paired: base equals fresh, and the i-th launches of both sides are a
   pair. */
struct relabelled_group {
    size_t base, fresh;       /* launches on each side */
    bool paired, allocations; /* allocations: the units are allocations, see decision.h */
    size_t relabellings;      /* out: how many were visited; exact: these were all */
    bool exact;
};

/* A case. Values are logarithms of its time in each launch; NAN where the launch lacks it. */
struct relabelled_case {
    size_t group;               /* index into the groups */
    const double *base, *fresh; /* as many as the group's launches */
    /* out */
    double statistic;      /* as described above; > 0: new is slower; 0 if a side has fewer than two values */
    double slower, faster; /* one-sided p of the case alone */
    double adjusted_slower, adjusted_faster; /* over all cases */
};

struct decision_rules {
    double alpha;
    uint64_t seed; /* for the random relabellings: the same input and seed give the same answer */
    /* Visits all relabellings if there are no more than this; else draws most - 1. 0: EXACT_RELABELLINGS and
       SAMPLED_RELABELLINGS. Simulations use fewer. */
    size_t most;
    bool without_ends; /* do not compute the ends of intervals: simulations need only the tests */
};

/* Fills in the outputs of the groups and cases. If `critical` is not NULL, it gets one value per group: the
   value that the largest statistic of all cases (direction "slower") reaches in a share `alpha` of the
   relabellings; a case must exceed it to be significant. INFINITY: no outcome is that rare. The same input
   and seed give the same output. Time: relabellings x launches x cases. */
void max_t(struct relabelled_group *groups, size_t group_count, struct relabelled_case *cases,
           size_t case_count, const struct decision_rules *, double *critical);

/* The statistic of pairs, for n >= 1 differences in ascending order. scale: a tenth of their robust sigma
   about 0, which does not change when signs are flipped. */
double paired_t(const double *ascending, size_t n, double scale);

#endif
