/* A parallel loop, for filling and checking large matrices. Nothing timed uses it. */
#ifndef BUSBAR_PARALLEL_H
#define BUSBAR_PARALLEL_H

#include <stdint.h>

/* Calls body(context, from, to) for disjoint ranges that cover 0..count-1, on up to `threads` threads;
   returns when all are done. If a thread cannot be started, the calling thread does its range. */
void parallel_for(int threads, int64_t count, void (*body)(void *context, int64_t from, int64_t to),
                  void *context);

#endif
