/* Shared by the device code: grid sizes that suit the device, and the pattern's units of 16 bytes. */
#ifndef BUSBAR_LAUNCH_CUH
#define BUSBAR_LAUNCH_CUH

#include "kernels/device.h"
#include "kernels/pattern.h"

/* The tests (tests/gpu/on_host.cc) run the kernels on the host. */
#ifndef LAUNCH
#define LAUNCH(KERNEL, BLOCKS, THREADS, STREAM, ...) KERNEL<<<BLOCKS, THREADS, 0, STREAM>>>(__VA_ARGS__)
#endif

/* Enough blocks for `units` of work, but at most `most` per multiprocessor, and no more than can be resident
   at the same time: each thread loops over the rest. */
static cudaError_t grid_for(const void *kernel, int threads, int most, uint64_t units, unsigned *blocks)
{
    int device, processors, resident;
    cudaError_t error = cudaGetDevice(&device);
    if (!error) error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    if (!error) error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, threads, 0);
    if (error) return error;
    if (resident > most) resident = most;
    uint64_t room = (uint64_t)processors * (uint64_t)(resident > 0 ? resident : 1);
    uint64_t wanted = (units + (uint64_t)threads - 1) / (uint64_t)threads;
    *blocks = (unsigned)(wanted < 1 ? 1 : wanted < room ? wanted : room);
    return cudaSuccess;
}

/* A buffer's elements before the first 16-byte boundary, the whole units after them, and where the tail
   begins. */
struct stretch {
    uint64_t head, units, tail_at;
};

static __device__ inline struct stretch stretch_of(const void *buffer, uint64_t count, int size)
{
    struct stretch s;
    uint64_t off = (uint64_t)(uintptr_t)buffer % PATTERN_UNIT, per_unit = PATTERN_UNIT / size;
    s.head = off ? (PATTERN_UNIT - off) / size : 0;
    if (s.head > count) s.head = count;
    s.units = (count - s.head) / per_unit;
    s.tail_at = s.head + s.units * per_unit;
    return s;
}

/* The step of each thread, in units: a multiple of the period. So a thread always needs the same unit, which
   it computes once and keeps in registers, and its loop has little more than loads or stores. threads: of the
   whole grid. */
static __device__ inline uint64_t step_of(uint64_t threads)
{
    uint64_t periods = threads / PATTERN_UNITS;
    return (periods ? periods : 1) * PATTERN_UNITS;
}

union unit {
    uint4 words;
    uint64_t halves[2];
};

/* The unit that begins at this element of `source`'s input (source < 0: of the reduction). The loops are not
   unrolled, because an element takes about a hundred instructions. */
static __device__ uint4 unit_at(const struct pattern *p, int source, uint64_t element)
{
    const int bits = 8 * pattern_size(p->dtype);
    uint64_t i = element % pattern_period(p->dtype); /* small, which makes the following divisions fast */
    union unit unit;
#pragma unroll 1
    for (int half = 0; half < 2; half++) {
        uint64_t word = 0;
#pragma unroll 1
        for (int at = 0; at < 64; at += bits) word |= pattern_expected(p, source, i++) << at;
        if (half)
            unit.halves[1] = word;
        else
            unit.halves[0] = word;
    }
    return unit.words;
}

#endif
