/* Filling and checking buffers, and holding a device back. Each has a host twin (*.c) and device code (*.cu)
   built from the same inline functions (pattern.h), so that both give the same bits. */
#ifndef BUSBAR_KERNELS_H
#define BUSBAR_KERNELS_H

#include "collective/dtype.h"

#include <stdint.h>

/* What the inputs are. For a reduction, a hash of (seed, index) picks few ranks whose contribution is not
   neutral, such that every partial sum is exactly representable whatever the order; without one, every
   element is any value of its type. */
struct pattern {
    uint64_t seed;
    int ranks;
    enum dtype dtype;
    enum op op;
    int reduces;
};

/* Elements from..from+count-1 of `rank`'s input into buffer[0..count-1]. */
void pattern_fill(const struct pattern *, int rank, uint64_t from, uint64_t count, void *buffer);

/* Compares received[0..count-1] with the input of `source` from element `from` on, or (source < 0) with the
   reduction over all ranks there. Bitwise, but for avg of floats (2 ulp) and -0 == +0. Returns the number of
   wrong elements; *first is the index of the first in `received`. */
uint64_t pattern_check(const struct pattern *, int source, uint64_t from, uint64_t count,
                       const void *received, uint64_t *first);

/* A value that no collective can produce by accident, in every byte. */
void pattern_poison(void *buffer, uint64_t bytes);

#endif
