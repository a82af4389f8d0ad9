/* The names of alltoallv's imbalances: in --imbalance, in workloads, in records. */
#ifndef BUSBAR_IMBALANCE_H
#define BUSBAR_IMBALANCE_H

#include <stdbool.h>
#include <stdint.h>

enum { IMBALANCE_LABEL = 64 };
struct skew {
    double factor; /* what the busiest rank receives (with `send`: sends) over the mean, from 1 to 1e9 */
    int64_t seed;  /* chooses which ranks are busy, at least 0; 1 if none is named */
    bool send;     /* the busy ranks send much instead of receiving much */
};

/* Reads FACTOR[:SEED][:send], such as "1.5", "1.5:7", "1.5:send" or "1.5:7:send". Returns false if the text
   is something else. The label has one spelling for each skew: "1.50:1" is "1.5", and at the factor 1 all
   ranks are equal, whatever the seed and the direction. */
bool imbalance_parse(const char *text, struct skew *, char label[IMBALANCE_LABEL]);

#endif
