/* Fits the model of evidence.h: which faults explain the times, and which time is typical without them. */
#ifndef BUSBAR_SCAN_FIT_H
#define BUSBAR_SCAN_FIT_H

#include "analysis/scan/evidence.h"

/* Up to this number of hosts, every pair is measured (the rounds suffice for that), and the fit also
   starts at every set of up to three slow hosts: among so few hosts, most pairs may be slow. */
enum { FEW_HOSTS = 10 };

struct fit {
    const struct scan_data *data;
    double least_delay; /* the rule's threshold as a delay in log time */
    bool kinds[2];      /* were pairs inside domains measured, and pairs between? */
    double *typical;    /* the typical log time of launch l and pair_kind() k: [2 * l + k]; NAN: unknown */
    double scale[2];    /* scale of the noise, by kind */
    double *excess;     /* each pair's log time minus the typical one; 0 if that is unknown */
    double *delay;      /* each pair's delay by the faults found; 0: exposed to none of them */
    struct fault *faults;
    size_t fault_count;
    size_t *pairs_of, *first_of;  /* pair numbers of host h: pairs_of[first_of[h]] to [first_of[h + 1] - 1] */
    size_t *domain_size, domains; /* hosts in each domain; the number of domains */
    size_t *link_order, link_count; /* pair numbers, ordered by link; the number of different links */
    double *room;                   /* scratch space for one value per pair */
};

void fit_open(struct fit *, const struct scan_data *, double threshold);
void fit_faults(struct fit *); /* the set of faults that explains the times best */
void fit_close(struct fit *);

/* The number of possible faults of this kind: what a search for the best one has to be corrected for. */
double fault_rivals(const struct fit *, enum fault_kind);

/* Lists the numbers of the pairs that are exposed to this fault and to no other that was found; returns how
   many. `list` has room for all pairs. */
size_t fault_pairs(const struct fit *, const struct fault *, size_t *list);

/* The log likelihood ratio of `delay` against 0, summed over these pairs. */
double log_ratio(const struct fit *, const size_t *list, size_t n, double delay);

/* Sets the fault's delay (fitted to these pairs) and its evidence. Returns whether the evidence is
   positive. */
bool weigh_fault(struct fit *, struct fault *, const size_t *list, size_t n);

/* Finds the link whose pairs begin at link_order[begin]; `list` gets its pairs that no fault explains.
   Returns where the next link begins. */
size_t link_at(const struct fit *, size_t begin, struct fault *link, size_t *list, size_t *n);

/* Removes a fault from fit->delay, so that its own evidence can be computed; put_back() undoes it. */
struct fault take_out(struct fit *, size_t which);
void put_back(struct fit *, const struct fault *);

int pair_kind(const struct scan_data *, const struct scan_pair *); /* 0: inside a domain; 1: between */

#endif
