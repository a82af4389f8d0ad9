/* Who is slow? The statistics of a scan: from the times of pairs of hosts to named hosts, links and
   domains. Pure.

   Model, in logarithms of time: a pair takes what is typical of its launch and kind (inside a domain,
   between domains), plus the largest delay of a fault that it is exposed to (a slow host, a slow link, a
   slow domain), plus noise with heavy tails (Student's t with 3 degrees of freedom, so no single figure
   decides). Evidence for a fault is the logarithm of the likelihood ratio between "there, with its
   best-fitting delay" and "not there". README.md of this folder has the rule and how often it errs. */
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
    const size_t *domain; /* of each host; NULL: all in one */
    const struct scan_pair *pairs;
};

struct scan_rule {
    double threshold; /* the smallest slowdown to find: 0.05 is 5 % less bandwidth */
    double alpha;     /* chance that anything is named although nothing is slow */
    double miss;      /* chance that a host slower by the threshold is cleared */
};

enum fault_kind { FAULT_HOST, FAULT_LINK, FAULT_DOMAIN };
enum fault_reach { REACH_WITHIN = 1, REACH_BETWEEN = 2, REACH_ALL = 3 }; /* the kinds of pairs that show it */

struct fault {
    enum fault_kind kind;
    enum fault_reach reach;
    size_t a, b;     /* host a; the link from a to b; domain a */
    bool named;      /* else it is a suspect: more likely slow than not, but not at the stated error rate */
    double delay;    /* in log time: exp(-delay) is the share of the typical bandwidth */
    double log_time; /* median of its pairs */
    double evidence;
    size_t pairs, launches; /* that were exposed to it and to no other fault */
};

struct scan_link {
    size_t a, b;
};

struct scan_verdict {
    struct fault *list; /* named ones first, then the strongest evidence */
    size_t count;
    struct scan_link *again; /* links that were slow and may be so by chance: to be measured again */
    size_t again_count;
    double *host_evidence; /* of each host, for a slowdown by the threshold; NAN: not measured */
    bool *cleared;         /* of each host */
    double noise;          /* scale of a pair's log time; NAN: nothing was measured */
    double log_time;       /* the typical pair */
    bool decided;          /* every host is named or cleared, and no suspect is left */
};

void scan_judge(const struct scan_data *, const struct scan_rule *, struct scan_verdict *);
void scan_verdict_free(struct scan_verdict *);

#endif
