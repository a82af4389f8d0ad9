/* The clouds of one collective and extent, sorted into those that may be ranked together. */
#ifndef BUSBAR_REPORT_CLOUDS_H
#define BUSBAR_REPORT_CLOUDS_H

#include "analysis/compare/ranking.h"
#include "analysis/report/report.h"

/* A run's part in the table of one collective and extent, in one world (a number of GPUs, conditions,
   cache). */
struct cloud {
    const struct track *track, *latency; /* latency: NULL where there is none */
    const struct case_summary *best, *smallest;
    struct basis basis;
    bool impossible; /* above its bound: never ranked */
    bool alone;      /* no other cloud stands on its basis */
    const struct case_summary
        *compared; /* at the largest size that all of its basis have; NULL: not ranked */
    size_t place;  /* by that line; 0: it has no interval */
};

/* The runs that measured a collective in an extent: those on an equal basis together, the best first; then
   those that are alone on theirs; then what is impossible. They point into the tracks. */
struct clouds {
    struct cloud *list;
    size_t count, possible, ranked; /* the first `ranked` have company, the first `possible` may be true */
    struct tracks bandwidth, latency;
};

struct clouds clouds_of(const struct report *, const char *collective, enum scope);
void clouds_free(struct clouds *);
/* How many clouds from `first` on stand on an equal basis; at least 1. */
size_t clouds_equal(const struct clouds *, size_t first);

/* The parts of the first screen in words: what is impossible, then each set of equals, then what stands
   alone. */
void report_headline(struct page *, const struct report *);

#endif
