/* Chooses which hosts to pair in the next rounds. Pure: the same input gives the same pairs. */
#ifndef BUSBAR_SCAN_ROUNDS_H
#define BUSBAR_SCAN_ROUNDS_H

#include "analysis/scan/evidence.h"

#include <stddef.h>
#include <stdint.h>

#define SITS_OUT SIZE_MAX

/* The budget of a scan: 13 rounds in four launches. */
enum { SCAN_LAUNCHES = 4, SCAN_FIRST_ROUNDS = 4, SCAN_MORE_ROUNDS = 3 };

struct scan_known {
    size_t hosts;
    const size_t *domain;     /* the domain of each host; NULL: all in one */
    const double *evidence;   /* for each host, that it is slow (NAN: unknown); NULL: nothing was measured */
    const unsigned char *met; /* met[a * hosts + b]: how often a and b were a pair; NULL: never */
    const struct scan_link *again; /* links to measure again */
    size_t again_count;
};

/* Chooses pairs for `rounds` rounds of one launch: partner[round * hosts + host], SITS_OUT for one left over.
   - Each link of `again` is measured in one of the rounds.
   - A host that is a suspect (evidence > 0) meets hosts with the least evidence, a different one each round.
   - All others are paired at random, preferably with hosts that they have not met.
   - Pairs cross domains, and each domain meets as many others as possible. If there are three rounds or more,
     pairs of the last round stay inside their domains, where these have several hosts. */
void scan_next_rounds(const struct scan_known *, size_t rounds, uint64_t seed, size_t *partner);

#endif
