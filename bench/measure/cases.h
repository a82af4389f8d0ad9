/* The cases that a launch measures, from its settings, in the order of the printed table. */
#ifndef BUSBAR_CASES_H
#define BUSBAR_CASES_H

#include "measure/measured.h"
#include "measure/settings.h"
#include "record/timing_cost.h"

struct cases {
    struct measured *list;
    size_t count;
    struct traffic *traffics; /* of each split and imbalance */
    size_t traffic_count;
    bool paired; /* --beside: every second case is the one before it, loaded */
    struct timing_cost timing_cost;
};

void cases_make(const struct settings *, const struct splits *, struct cases *);
void cases_free(struct cases *);

/* The operations of a sample: a batch of calls, each of which may be a group. */
int64_t cases_operations(const struct measured *);

/* The figure of samples of a call: their median, in mode nccl-tests their mean. */
double cases_figure_us(const struct call *, const double *us, size_t count);

/* The bytes of the buffers that rank `rank` needs for one slot. */
void cases_buffer_bytes(const struct call *, int ranks, int rank, size_t *send, size_t *recv);

/* Sets the order of the visits of a pass; `order` has room for all cases. Random, but seeded; cases of one
   split, type and operation stay together, and a loaded case follows the same idle. With cheap_first: by size
   instead. */
void cases_order(const struct cases *, uint64_t seed, size_t pass, bool cheap_first, size_t *order);

/* A row with the independent variables of the case and its status, without a key. Its strings are static or
   belong to the case. */
struct case_row cases_row(const struct measured *, const struct settings *, unsigned capabilities);

#endif
