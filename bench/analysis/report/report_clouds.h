/* Sorts the clouds that measured one collective and extent into groups that may be ranked together. */
#ifndef BUSBAR_REPORT_CLOUDS_H
#define BUSBAR_REPORT_CLOUDS_H

#include "analysis/compare/ranking.h"
#include "analysis/report/report.h"

/* A run's row in the table of one collective and extent, in one world (number of GPUs, conditions, cache). */
struct cloud {
    const struct track *track, *latency; /* latency: NULL if it was not measured */
    const struct case_summary *best, *smallest;
    struct basis basis;
    bool impossible; /* above its physical bound: never ranked */
    bool alone;      /* no other cloud has an equal basis */
    /* the line that it is ranked by: the largest size that all clouds of its basis have; NULL: not ranked */
    const struct case_summary *compared;
    size_t place; /* by that line, from 1; 0: no interval, so no place */
};

/* The runs that measured a collective in an extent: first groups with an equal basis, the best of each group
   first; then those that are alone on their basis; then the impossible ones. The list points into the
   tracks. */
struct clouds {
    struct cloud *list;
    /* the first `ranked` are not alone; the first `possible` are not impossible */
    size_t count, possible, ranked;
    struct tracks bandwidth, latency;
};

struct clouds clouds_of(const struct report *, const char *collective, enum scope);
void clouds_free(struct clouds *);
/* How many clouds, from `first` on, have a basis equal to its; at least 1. */
size_t clouds_equal(const struct clouds *, size_t first);

/* Writes the answer in words: impossible figures, then each group with an equal basis, then those that are
   alone. */
void report_headline(struct page *, const struct report *);

#endif
