/* What a launch measures: the cases of its settings, in the order of the table that is printed. */
#ifndef BUSBAR_CASES_H
#define BUSBAR_CASES_H

#include "measure/measured.h"
#include "measure/settings.h"

struct cases {
    struct measured *list;
    size_t count;
};

void cases_make(const struct settings *, const struct splits *, struct cases *);
void cases_free(struct cases *);

/* The figure of samples of a call: their median, in mode nccl-tests their mean. */
double cases_figure_us(const struct call *, const double *us, size_t count);

/* Bytes of the buffers that this rank needs for one slot. */
void cases_buffer_bytes(const struct call *, int ranks, int rank, size_t *send, size_t *recv);

/* The order of visits of a pass: by type and operation, sizes within them seeded; the first pass of a launch
   with a time budget goes from cheap to dear. `order` has room for all. */
void cases_order(const struct cases *, uint64_t seed, size_t pass, bool cheap_first, size_t *order);

/* A row with the independent variables of the case and its status; strings are static or the case's own; no
 * key yet. */
struct case_row cases_row(const struct measured *, const struct settings *, unsigned capabilities);

#endif
