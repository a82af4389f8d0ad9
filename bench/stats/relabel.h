/* The relabellings of two groups of launches: which launches could have been called "base" and which "new" if the
   difference between the two did not matter. Under that hypothesis all are equally likely. */
#ifndef BUSBAR_RELABEL_H
#define BUSBAR_RELABEL_H

#include "stats/random.h"

#include <stdbool.h>
#include <stddef.h>

/* One row of `width` bytes per relabelling, the observed one first. Two samples: a byte per launch, base launches
   first; 1: labelled new. Pairs: a byte per pair; 1: the labels of the pair are exchanged. */
struct relabellings {
    unsigned char *bytes;
    size_t count, width;
    bool exact; /* these are all; false: the observed one and a random sample of the others */
};

/* All relabellings when they are at most `most`, else the observed one and `drawn` random ones (Phipson & Smyth 2010:
   counting the observed one keeps the test valid). Pairs: base == fresh. Free with relabellings_free(). */
struct relabellings relabellings_of(size_t base, size_t fresh, bool paired, size_t most, size_t drawn,
                                    struct random_state *);
void relabellings_free(struct relabellings *);

/* The number of all relabellings: (base + fresh) over fresh, or 2^base for pairs. As a double: it overflows integers. */
double relabellings_possible(size_t base, size_t fresh, bool paired);

/* The fewest launches a side, or pairs, of which the clearest outcome has a one-sided p below alpha: 4 or 5 at 0.05. */
size_t fewest_launches(bool paired, double alpha);

/* What a statistic must reach to count as at least as large as `observed`: a relative slack of 1e-9 absorbs rounding. */
double reach_of(double observed);

#endif
