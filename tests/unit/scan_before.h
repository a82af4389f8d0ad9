/* The previous rule of scans: every pair once, a fixed threshold, five robust sigma. Kept for the simulation,
   which shows the gain of the present rule. */
#ifndef TESTS_SCAN_BEFORE_H
#define TESTS_SCAN_BEFORE_H

#include <stddef.h>

struct before_suspect {
    size_t a, b; /* a link between two hosts; a == b: a host */
    double value, typical;
};

struct before {
    struct before_suspect *list;
    size_t count;
    double typical;
};

/* value[a * hosts + b]: bandwidth of the pair, symmetric; NAN if not measured. The caller frees the list. */
void scan_before(const double *value, size_t hosts, double threshold, struct before *);

#endif
