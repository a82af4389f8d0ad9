/* The relabellings of launches for permutation tests: all ways to call some launches "base" and the others
   "new". Under the null hypothesis all are equally likely. */
#ifndef BUSBAR_RELABEL_H
#define BUSBAR_RELABEL_H

#include "stats/random.h"

#include <stdbool.h>
#include <stddef.h>

/* One row of `width` bytes per relabelling; the observed labels are the first row. Two samples: one byte per
   launch, base launches first; 1 means new. Pairs: one byte per pair; 1 means that the labels of the pair are
   exchanged. */
struct relabellings {
    unsigned char *bytes;
    size_t count, width;
    bool exact; /* these are all; false: the observed one and a random sample of the others */
};

/* All relabellings if there are at most `most`; else the observed one and `drawn` random ones (counting the
   observed one keeps the test valid: Phipson & Smyth 2010). Pairs: base == fresh. The caller calls
   relabellings_free(). */
struct relabellings relabellings_of(size_t base, size_t fresh, bool paired, size_t most, size_t drawn,
                                    struct random_state *);
void relabellings_free(struct relabellings *);

/* The fewest launches per side (or pairs) with which the clearest possible outcome has a one-sided p below
   alpha: at 0.05 4 per side, or 5 pairs. */
size_t fewest_launches(bool paired, double alpha);
/* The fewest launches, at least two, of which that is true on one side while the other has `other`, which is
   at least two. */
size_t fewest_beside(size_t other, double alpha);

/* The threshold at which a statistic counts as "at least as large as `observed`": 1e-9 (relative) below it,
   to allow for rounding. */
double reach_of(double observed);

#endif
