/* Which samples of a case count.

   A sample during which a rank was scheduled away ("disturbed") tells of the scheduler. One rule holds for a
   whole case: its undisturbed samples count as soon as there is one; only where there is none, the disturbed
   ones do, and the record says so. A rule for each block of samples (keep all where more than half are
   disturbed) made medians jump: with a busy core, operations of 1 and 4 MiB are disturbed about as often as
   not, and launches that kept their disturbed samples reported up to 300 times the others' median.

   Where the number of samples is given (-n), exactly so many count: disturbed samples take the place of
   those that are missing, and the record says so. */
#ifndef BUSBAR_ASIDE_H
#define BUSBAR_ASIDE_H

#include "measure/measured.h"

/* The disturbed samples of one visit, in measured order. */
struct disturbed {
    double *us, *global_us;
    size_t *before; /* how many undisturbed samples of the visit came before each */
    size_t count, capacity;
};

/* Appends a sample; `expected`: how many the case may get. global_us: NAN without a window. */
void keep_sample(struct measured *, size_t expected, double us, double global_us);

/* Drops the sample when `most` are there. */
void keep_disturbed(struct disturbed *, size_t most, double us, double global_us, size_t before);
void free_disturbed(struct disturbed *);

/* Ends a visit: measured->us from visit->first on are its undisturbed samples. Applies the rule to the case
   and to the visit, and sets visit->us, global_us, count and rule. wanted: the number of samples that the
   visit must have; 0: not given. */
void settle_visit(struct measured *, const struct disturbed *, bool sets_aside, size_t wanted,
                  struct visit *);

#endif
