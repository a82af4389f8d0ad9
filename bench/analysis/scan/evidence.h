/* The statistics of a scan: finds slow hosts, links and domains from the times of pairs of hosts. Pure.

   Model, in logarithms of time: the time of a pair is the typical one of its launch and kind (inside a
   domain, between domains), plus the largest delay of the faults that it is exposed to (a slow host, a slow
   link, a slow domain), plus noise with heavy tails (Student's t with 3 degrees of freedom, so that no single
   figure decides). The evidence for a fault is the logarithm of the likelihood ratio between "it exists, with
   its best-fitting delay" and "it does not exist". See README.md in this folder for the rule and its error
   rates. */
#ifndef BUSBAR_SCAN_EVIDENCE_H
#define BUSBAR_SCAN_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>

/* One pair of hosts in one round. */
struct scan_pair {
    size_t a, b, launch; /* launches count from 0 in the order in which they ran */
    double log_time;
};

/* What was measured on one rail. */
struct scan_data {
    size_t hosts, launches, count;
    const size_t *domain; /* the domain of each host; NULL: all in one */
    const struct scan_pair *pairs;
};

struct scan_rule {
    double threshold; /* the smallest slowdown to find: 0.05 is 5 % less bandwidth */
    double alpha;     /* chance that the scan names anything although nothing is slow */
    double miss;      /* chance that a host slower by the threshold is cleared */
};

enum fault_kind { FAULT_HOST, FAULT_LINK, FAULT_DOMAIN };
/* The kinds of pairs that a fault delays: inside a domain, between domains, both. */
enum fault_reach { REACH_WITHIN = 1, REACH_BETWEEN = 2, REACH_ALL = 3 };

struct fault {
    enum fault_kind kind;
    enum fault_reach reach;
    size_t a, b;     /* host a; the link from a to b; domain a */
    bool named;      /* false: a suspect, more likely slow than not, but not at the stated error rate */
    double delay;    /* in log time: exp(-delay) is the share of the typical bandwidth */
    double log_time; /* median of its pairs */
    double evidence;
    size_t pairs, launches; /* number of pairs exposed to it and to no other fault, and of their launches */
};

struct scan_link {
    size_t a, b;
};

struct scan_verdict {
    struct fault *list; /* named ones first, then the strongest evidence */
    size_t count;
    struct scan_link *again; /* links to measure again: they were slow, but perhaps only by chance */
    size_t again_count;
    double *host_evidence; /* for each host, that it is slower by the threshold; NAN: not measured */
    bool *cleared;         /* for each host: is it very unlikely to be slower by the threshold? */
    double noise;          /* scale of a pair's log time; NAN: nothing was measured */
    double log_time;       /* median over the pairs that no fault explains; NAN: nothing was measured */
    bool decided;          /* every host is named or cleared, and no suspect is left */
};

void scan_judge(const struct scan_data *, const struct scan_rule *, struct scan_verdict *);
void scan_verdict_free(struct scan_verdict *);

#endif
