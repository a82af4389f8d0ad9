/* Fills and checks buffers on the host. Host code (*.c) and device code (*.cu, declared in device.h) use the
   same inline functions (pattern.h), so that both give the same bits. */
#ifndef BUSBAR_KERNELS_H
#define BUSBAR_KERNELS_H

#include "collective/dtype.h"

#include <stdint.h>

/* The pattern repeats after PATTERN_UNITS units of PATTERN_UNIT bytes (pattern.h says why). */
enum { PATTERN_UNIT = 16, PATTERN_UNITS = 1021 };

/* Defines the inputs of all ranks. For a reduction, a hash of (seed, index) picks a few ranks whose elements
   are not neutral, such that every partial sum in any order is exactly representable. Without a reduction,
   the elements have arbitrary bits. */
struct pattern {
    uint64_t seed;
    int ranks;
    enum dtype dtype;
    enum op op;
    int reduces;
};

/* Writes elements from..from+count-1 of `rank`'s input to buffer[0..count-1]. */
void pattern_fill(const struct pattern *, int rank, uint64_t from, uint64_t count, void *buffer);

/* Compares received[0..count-1] with the input of `source` from element `from` on, or (source < 0) with the
   reduction of these elements over all ranks. Compares bits, except that avg of floats may differ by 2 ulp,
   and reductions of floats may give -0 for +0. Returns the number of wrong elements; *first: the index of the
   first one in `received`. */
uint64_t pattern_check(const struct pattern *, int source, uint64_t from, uint64_t count,
                       const void *received, uint64_t *first);

/* Sets every byte to PATTERN_POISON, which no correct result contains as a whole element. */
void pattern_poison(void *buffer, uint64_t bytes);

#endif
