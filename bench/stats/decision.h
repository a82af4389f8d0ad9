/* The statistical rule of the gate: decides for every case of a comparison whether it is slower, faster, the
   same, or undecided. The caller (analysis/gate/verdict.c) chooses the values and words the answer.

   A case is slower if both of these p-values are below alpha; the larger one is printed:
   - the p of "not slower at all", adjusted over all cases (max-T, maxt.h). It guarantees, with
     probability 1 - alpha: no case that is not slower is called slower;
   - the p of "not slower by more than the tolerance", of this case alone (tolerance.h).
   Only the first p is adjusted for the number of cases. Adjusting the second one too would also protect cases
   that are slower by exactly the tolerance, at the price of finding little among many cases.

   A case is the same if "slower by the tolerance or more" and "faster by the tolerance or more" are both
   rejected at alpha. These two one-sided tests (Schuirmann 1987) are equivalent to: the interval lies within
   the tolerance.

   Each case has a second value per launch, its tail (95th percentile or mean), tested like the median and in
   the same max-T. A slower tail makes the case slower. A tail that only seems slower (by more than the
   tolerance, p of this case alone below alpha) makes it undecided instead of the same. If the scatter of the
   sides differs, or a side has too few launches to tell, the p of scatter.h replaces those above.

   Where the units are allocations, and relabelling cannot reach alpha (3 + 1 have four relabellings) or a
   side has one or two, both p are those of Student's t with pooled variance (pooled_of() in scatter.h);
   "not slower at all" is adjusted over all cases by Holm. It needs two degrees of freedom: 3 + 1 or 2 + 2
   allocations. If other groups are decided by max-T, each kind of test gets half of alpha. */
#ifndef BUSBAR_DECISION_H
#define BUSBAR_DECISION_H

#include "stats/maxt.h"

enum outcome { OUTCOME_SAME, OUTCOME_FASTER, OUTCOME_SLOWER, OUTCOME_UNDECIDED };

/* The result for the medians or for the tails of a case. Shifts are logarithms of the ratio new / base. */
struct shift_test {
    double estimate; /* Hodges-Lehmann; by_student: difference of the means; NAN: a side has no values */
    double lo, hi;   /* each bound at 1 - alpha */
    bool has_interval;
    double alone;          /* p of "not slower by more than the tolerance" */
    double slower, faster; /* the p-values that decide */
    double at_all;         /* p of "not slower at all", of the case alone */
    bool within;           /* the interval lies within the tolerance */
    double scatter;        /* ratio new / base of the scatters, if they differ significantly; else NAN */
    bool by_welch;         /* these p are Welch's: the scatters differ, or a side is too small to tell */
    bool by_student;       /* these p are Student's: the units are allocations, and a side has few */
};

struct decided_case {
    size_t group;
    const double *base, *fresh;           /* ln of the median, per launch of the group; NAN: none */
    const double *base_tail, *fresh_tail; /* ln of the tail; NULL: none */
    double delta;                         /* the tolerance as a share */
    /* out */
    struct shift_test median, tail;
    bool tail_suspect;
    double sigma; /* robust standard deviation of a launch (paired: of a difference); NAN: unknown */
    /* The shift that this comparison would call slower with probability 0.8; INFINITY: none. */
    double detectable;
    /* Launches per side (or pairs) needed to call, with probability 0.9, an unchanged case the same and a
       case slower by twice the tolerance slower; NAN: unknown. */
    double needed;
    enum outcome outcome;
};

void decide(struct relabelled_group *groups, size_t group_count, struct decided_case *cases,
            size_t case_count, const struct decision_rules *);

#endif
