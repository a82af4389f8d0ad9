/* The model of evidence.h, fitted: which faults explain the times, and what is typical without them. */
#ifndef BUSBAR_SCAN_FIT_H
#define BUSBAR_SCAN_FIT_H

#include "analysis/scan/evidence.h"

struct fit {
    const struct scan_data *data;
    double least_delay; /* log form of the rule's threshold */
    bool kinds[2];      /* were pairs inside domains measured, and pairs between? */
    double *typical;    /* log time of launch l and kind k: [2 * l + k] */
    double scale[2];    /* of the noise, by kind */
    double *excess;     /* of each pair over what is typical */
    double *delay;      /* of each pair by the faults found; 0: none of them */
    struct fault *faults;
    size_t fault_count;
    size_t *pairs_of, *first_of;    /* numbers of each host's pairs */
    size_t *domain_size, domains;   /* hosts of each domain */
    size_t *link_order, link_count; /* pair numbers, ordered by link; the number of different links */
    double *room;                   /* as many as there are pairs */
};

void fit_open(struct fit *, const struct scan_data *, double threshold);
void fit_faults(struct fit *); /* the set of faults that explains the times best */
void fit_close(struct fit *);

/* How many faults of its kind there could be. */
double fault_rivals(const struct fit *, enum fault_kind);

/* Numbers of the pairs that are exposed to the fault, and to none of the others that were found; `list`
   has room for all pairs. */
size_t fault_pairs(const struct fit *, const struct fault *, size_t *list);

/* Sums the log likelihood ratio of `delay` against 0 over these pairs. */
double log_ratio(const struct fit *, const size_t *list, size_t n, double delay);

/* Fits the fault's delay to these pairs, and its evidence; false: it explains nothing. */
bool weigh_fault(struct fit *, struct fault *, const size_t *list, size_t n);

/* The link whose pairs begin at link_order[begin]; `list` gets those that no fault explains. Returns where
   the next link begins. */
size_t link_at(const struct fit *, size_t begin, struct fault *link, size_t *list, size_t *n);

/* Takes the fault out of fit->delay, so that its own evidence can be computed; put_back() undoes it. */
struct fault take_out(struct fit *, size_t which);
void put_back(struct fit *, const struct fault *);

int pair_kind(const struct scan_data *, const struct scan_pair *); /* 0: inside a domain; 1: between */

#endif
