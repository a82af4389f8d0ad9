/* Sums up a run in one sentence. */
#ifndef BUSBAR_SENTENCE_H
#define BUSBAR_SENTENCE_H

#include "analysis/compare/aggregate.h"

/* Adds "all_reduce reaches 469.7 GB/s of bus bandwidth (98 % of the bound) at 16 GiB on 16 ranks; no wrong
   data in 96 cases.": the best figures of collectives, of matmul and of both at once, leaving out figures
   above their bound; then wrong or unchecked data, and launches that died or are missing. */
void run_sentence(const struct run_summary *, struct text *out);

#endif
