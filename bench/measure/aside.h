/* Which samples of a case count.

   A sample is "disturbed" if a rank was scheduled away during it: then it measures the scheduler. One rule
   applies to a whole case: if it has an undisturbed sample, only the undisturbed ones count; if it has none,
   the disturbed ones count, and the record says so. An earlier rule decided per block of samples (keep all if
   more than half are disturbed). It made medians jump: with a busy core, about half of the operations of 1
   and 4 MiB are disturbed, and launches that kept them reported up to 300 times the median of the others.

   With a given number of samples (-n), exactly that many count: disturbed samples replace missing ones, and
   the record says so. */
#ifndef BUSBAR_ASIDE_H
#define BUSBAR_ASIDE_H

#include "measure/measured.h"

/* The disturbed samples of one visit, in measured order. */
struct disturbed {
    double *us, *global_us;
    size_t *before; /* how many undisturbed samples of the visit came before each */
    size_t count, capacity;
};

/* Appends a sample. expected: how many samples the case may get. global_us: NAN without a window. */
void keep_sample(struct measured *, size_t expected, double us, double global_us);

/* Removes `count` samples, beginning with the one of index `from`. */
void drop_samples(struct measured *, size_t from, size_t count);

/* Appends a disturbed sample; drops it if there are `most` already. before: undisturbed samples of the visit
   so far. */
void keep_disturbed(struct disturbed *, size_t most, double us, double global_us, size_t before);
void free_disturbed(struct disturbed *);

/* Ends a visit whose undisturbed samples are measured->us from visit->first on. Applies the rule to the case
   and to the visit; sets visit->us, global_us, count and rule. wanted: the number of samples that the visit
   must have (-n); 0: not given. */
void settle_visit(struct measured *, const struct disturbed *, bool sets_aside, size_t wanted,
                  struct visit *);

#endif
