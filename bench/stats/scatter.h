/* Launches that scatter more on one side than on the other, as on a machine with new neighbours.

   A permutation test takes the sides for exchangeable: equal in distribution, not just in the middle. Where the new side
   scatters five times as much, max-T at 6 + 6 or 12 + 6 launches called 44 to 87 % of comparisons of equal medians different
   (10 cases; tests/unit/test_gate_situations.c). Studentising restores the level in the limit of many launches (tolerance.h), but not over many cases at six
   launches: there it stays far above. So unequal scatter is looked for, and where it is found p is that of a test which
   does not rest on exchangeability: Welch's t with the degrees of freedom of the smaller side, which never rejects too often
   for normal values (Hsu 1938; Mickey & Brown 1966), adjusted by Holm over all cases. */
#ifndef BUSBAR_SCATTER_H
#define BUSBAR_SCATTER_H

#include "stats/maxt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Per case: ln(scatter of new / scatter of base) by mean absolute deviations, and whether the two differ by more than
   chance: by the case alone, adjusted over all cases, or in the mean of all cases of its group. Both are permutation tests
   of the deviations from each side's median, two-sided at `level`. Paired groups and cases with less than four launches a
   side have none. */
struct scatter {
    double ln_ratio; /* NAN: none */
    bool unequal;
};
void compare_scatter(const struct relabelled_group *groups, size_t group_count,
                     const struct relabelled_case *cases, size_t case_count, uint64_t seed, double level,
                     struct scatter *);

/* Welch's t of values without gaps, two or more a side. */
struct welch {
    double difference, error; /* of the means, new less base; its standard error */
    double freedom;           /* of the smaller side: a whole number */
};
struct welch welch_of(const double *base, size_t m, const double *fresh, size_t n);

#endif
