/* Slower, faster, the same, or undecided: the rule of the gate over all cases of a comparison. Pure statistics: what the
   values are and how the answer is worded is the caller's (analysis/gate/verdict.c).

   A case is slower when both of these p are below alpha, and the larger one is what is printed:
   - of "not slower at all", adjusted over all cases (max-T, maxt.h): with probability 1 - alpha no case is called slower
     among those that are not;
   - of "not slower by more than the tolerance", of the case alone (tolerance.h).
   So the multiplicity is paid once, where it belongs: against no change at all. Adjusting the second p too would hold the
   level also for cases that are slower by just the tolerance, and find little among many cases.

   A case is the same when "slower by the tolerance or more" and "faster by the tolerance or more" are both rejected at
   alpha: two one-sided tests (Schuirmann 1987), which is the interval lying within the tolerance.

   Each case has a second value per launch, its tail, tested beside the median and in the same max-T: a slower tail makes
   the case slower; a tail that seems slower (by more than the tolerance, p of the case alone below alpha) keeps it from
   being the same. Where the scatter of the sides differs, scatter.h has the last word. */
#ifndef BUSBAR_DECISION_H
#define BUSBAR_DECISION_H

#include "stats/maxt.h"

enum outcome { OUTCOME_SAME, OUTCOME_FASTER, OUTCOME_SLOWER, OUTCOME_UNDECIDED };

/* What is known of one value per launch: of the median or of the tail. Shifts are logarithms of ratios new / base. */
struct shift_test {
    double estimate; /* Hodges-Lehmann; NAN: no value on some side */
    double lo, hi;   /* each end at 1 - alpha */
    bool has_interval;
    double alone;          /* p of "not slower by more than the tolerance" */
    double slower, faster; /* the p that decide */
    double at_all;         /* p of "not slower at all", of the case alone */
    bool within;           /* the interval lies within the tolerance */
    double scatter;        /* new over base, where the two differ by more than chance; else NAN */
};

struct decided_case {
    size_t group;
    const double *base, *fresh;           /* ln of the median, per launch of the group; NAN: none */
    const double *base_tail, *fresh_tail; /* ln of the tail; NULL: none */
    double delta;                         /* the tolerance as a share */
    /* out */
    struct shift_test median, tail;
    bool tail_suspect;
    double sigma; /* of a launch, robust; paired: of a difference; NAN: unknown */
    double
        detectable; /* the shift that these launches would call slower 8 times out of 10 among as many cases;
                          INFINITY: none */
    double
        needed; /* launches a side, or pairs, with which 9 times out of 10 an unchanged case is the same and one
                          slower by twice the tolerance is slower; NAN: unknown */
    enum outcome outcome;
};

void decide(struct relabelled_group *groups, size_t group_count, struct decided_case *cases,
            size_t case_count, const struct decision_rules *);

#endif
