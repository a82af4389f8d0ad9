/* A loop over threads, for filling and checking large matrices (not for anything that is timed). */
#ifndef BUSBAR_PARALLEL_H
#define BUSBAR_PARALLEL_H

#include <stdint.h>

/* Calls body(context, from, to) for disjoint stretches that cover 0..count-1, on up to `threads` threads;
   returns when all are done. Where a thread cannot be started its stretch is done by the caller. */
void parallel_for(int threads, int64_t count, void (*body)(void *context, int64_t from, int64_t to),
                  void *context);

#endif
