/* Functions that the checks of an imported table share. */
#ifndef BUSBAR_SOURCE_CHECK_H
#define BUSBAR_SOURCE_CHECK_H

#include "analysis/import/source.h"

/* The interval in which a value must lie. */
struct interval {
    double lo, hi;
};

/* The values that round to the printed number. */
struct interval of_printed(struct printed);

/* The range of algbw by size and time, GB/s; 0 to INFINITY without a time. */
struct interval rate_from_time(const struct source_row *, const struct figures *);

/* Does a rank hold only its share of the collective's bytes on one side (all-gather, reduce-scatter, …)? */
bool is_scattered(const struct collective *);

/* The range of the factor busbw/algbw: the intersection of the ranges that the rows allow. lo > hi: rows
   contradict each other. lo 0, hi INFINITY: no row has both rates. */
struct interval factor_of(const struct source_table *);

/* The number of ranks by the device lines: the last rank named, plus 1. *complete: each rank has one line.
   ABSENT: no device lines. */
int64_t listed_ranks(const struct source_table *, bool *complete);

/* Does busbw/algbw allow this number of ranks? */
bool fits_ratio(const struct source_table *, int64_t ranks);

/* Each sets the table's members that its name mentions; exact_ranks() returns the value. */
void choose_collective(struct source *, struct source_table *, const struct source_given *);
void infer_ranks(struct source *, struct source_table *);
int64_t exact_ranks(const struct source_table *);
void choose_ranks(struct source *, struct source_table *, const struct source_given *);
void choose_nodes(struct source *, struct source_table *, const struct source_given *);

#endif
