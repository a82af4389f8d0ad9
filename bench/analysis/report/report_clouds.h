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

/* The collectives that clouds are compared by. */
enum { REPORT_COLLECTIVES = 2 };
extern const char *const report_collectives[REPORT_COLLECTIVES];

struct clouds clouds_of(const struct report *, const char *collective, enum scope);
void clouds_free(struct clouds *);
/* How many clouds, from `first` on, have a basis equal to its; at least 1. */
size_t clouds_equal(const struct clouds *, size_t first);

/* Finds the group of comparable clouds that represents an extent: the one with the most clouds, then the one
   with the most GPUs. Returns its size and sets *first to its first cloud; 0: there is none. */
size_t report_main_set(const struct clouds *, size_t *first);

/* Writes the comparisons in words: each group of comparable clouds, then the clouds without an equal
   basis. */
void report_headline(struct page *, const struct report *);
/* Writes one item for each figure above its bound. */
void report_impossible(struct page *, const struct report *);
/* Adds the cloud's label, and what distinguishes the cloud from the others of `tracks`. */
void report_name_words(struct text *, const struct report *, const struct tracks *, const struct cloud *);
/* Adds which of n comparable clouds gives the most for its price, a sentence for each kind of price that two
   of them have. */
void report_money_words(struct text *, const struct report *, const struct tracks *, const struct cloud *list,
                        size_t n);

/* ---- published figures (report_published.c) ---- */
/* The extent of a reach; SCOPE_COUNT: clouds are not compared in it. */
enum scope report_scope_of(enum reach);
/* Writes one item for each published test above its bound: its collectives with figure and bound. */
void report_published_impossible(struct page *, const struct report *);
/* The largest set of published all-reduce figures of candidates that are alike in all but the instance, one
   for each; 0: there is none. */
enum { REPORT_EQUALS = 6 };
size_t report_published_equals(const struct report *, enum scope,
                               const struct published_figure *equals[REPORT_EQUALS]);
/* The other candidates with a published all-reduce figure of that extent: for each the figure that is nearest
   to the equals in GPUs and size, and of those the highest. Returns their number. */
enum { REPORT_APART = 12 };
size_t report_published_apart(const struct report *, enum scope, const struct published_figure *const *equals,
                              size_t n, const struct published_figure *apart[REPORT_APART]);
/* Adds "(16 GPUs, 16 GiB, in place, mean): gcp a4x-highgpu-4g 901.0 GB/s (51 % of its bound), …". */
void report_published_words(struct text *, const struct published_figure *const *equals, size_t n);
/* Adds "aws u-p6e-gb200x72 882.5 GB/s (16 GPUs, 16 GiB, placement not said, max over sizes)". */
void report_apart_words(struct text *, const struct published_figure *);
/* Writes one item for each extent with published figures: which are alike, and which are not. */
void report_published_items(struct page *, const struct report *);

#endif
