/* Simulated launches for the gate, and two rules that judge them: the gate's and the previous one. */
#ifndef TESTS_UNIT_SITUATION_H
#define TESTS_UNIT_SITUATION_H

#include "stats/decision.h"
#include "tests/random_normal.h"

enum { MOST_CASES = 100, MOST_UNITS = 64 };

/* A simulated situation, in logarithms of times. */
struct situation {
    int base, fresh, cases; /* base, fresh: launches of each side */
    double sigma, shared;   /* sigma between launches: of each case, and of the shift that all cases share */
    double wider;           /* factor on sigma of the new side; 0: 1 */
    double effect;          /* relative slowdown of case 0 on the new side; < 0: of all cases */
    double delta;           /* tolerance; 0: 3 % */
    double alpha;           /* 0: 5 % */
    bool heavy;             /* launches scatter as sigma times Student's t with 3 degrees of freedom */
    int outliers[2];        /* launches per side that take 1.3 to 2 times as long in all cases */
    double one_in;          /* probability that any launch is such an outlier */
    double between;         /* sigma between allocations, per case */
    int allocations[2];     /* number per side; 0: not distinguished */
    bool as_launches;       /* use the launch as the unit in spite of allocations */
    double step;            /* times are multiples of this, so that there are ties; 0: continuous */
    int constant;           /* this many cases, the last ones, have the same value in all launches */
    enum { NO_DRIFT, AFTER, BASE_FIRST, AT_RANDOM } turns;
    double drift; /* per launch */
    bool paired;
    double tail_share, tail_factor; /* of new: share of slow operations, and their slowdown; 0: no tails */
};

struct data {
    double base[2][MOST_CASES][MOST_UNITS], fresh[2][MOST_CASES][MOST_UNITS]; /* [0]: medians, [1]: tails */
    int units[2];
};

struct answer {
    bool p_below, slower; /* any case has p < alpha; any case (with an effect: case 0) is called slower */
    bool same;            /* case 0 is called the same */
};

/* Makes the launches of both sides; those of one allocation become one unit. */
void situation_measure(const struct situation *situation, struct data *data, struct random_state *random);

/* The previous rule: two-sided max-T, and the whole Hodges-Lehmann interval beyond the tolerance. */
struct answer situation_old_rule(const struct situation *situation, const struct data *data);
/* The rule of stats/decision.h. *cases: what it decides of each case. */
struct answer situation_new_rule(const struct situation *situation, const struct data *data,
                                 struct decided_case *cases);

/* What the previous rule promised: the shift that it sees with probability 0.8, and the launches a side that
   decide on the tolerance with probability 0.9. Both are for one case, by normal approximation. */
struct promise {
    double detectable, needed;
};
struct promise situation_old_promise(const struct situation *situation, const struct data *data);

/* BUSBAR_SITUATION: a part of a row's name; only such rows run. */
bool situation_asked_for(const char *what);

#endif
