/* Functions that the checks of an imported table share. */
#ifndef BUSBAR_SOURCE_CHECK_H
#define BUSBAR_SOURCE_CHECK_H

#include "analysis/import/source.h"

/* The interval that a value can lie in. */
struct interval {
    double lo, hi;
};

struct interval of_printed(struct printed);

/* algbw from size and time. */
struct interval rate_from_time(const struct source_row *, const struct figures *);

/* Whether a rank holds only its share of the collective's bytes. */
bool is_scattered(const struct collective *);

/* The factor busbw/algbw over all rows that tell it: each row's interval holds, so the common one does.
   lo > hi: rows contradict each other. lo 0, hi INFINITY: no row tells. */
struct interval factor_of(const struct source_table *);

/* What the device lines say: one per rank when complete; of a cut list, the last rank named. ABSENT: none. */
int64_t listed_ranks(const struct source_table *, bool *complete);

/* Whether busbw/algbw allows so many ranks. */
bool fits_ratio(const struct source_table *, int64_t ranks);

/* Each fills the members of its name. */
void choose_collective(struct source *, struct source_table *, const struct source_given *);
void infer_ranks(struct source *, struct source_table *);
int64_t exact_ranks(const struct source_table *);
void choose_ranks(struct source *, struct source_table *, const struct source_given *);
void choose_nodes(struct source *, struct source_table *, const struct source_given *);

#endif
