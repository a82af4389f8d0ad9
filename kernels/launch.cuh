/* Shared by the device code: grids taken from the device, and one period of a pattern worked out by each block. */
#ifndef BUSBAR_LAUNCH_CUH
#define BUSBAR_LAUNCH_CUH

#include "kernels/device.h"
#include "kernels/pattern.h"

/* The tests (tests/gpu/on_host.h) run the kernels on the host's threads. */
#ifndef LAUNCH
#define LAUNCH(KERNEL, BLOCKS, THREADS, STREAM, ...) KERNEL<<<BLOCKS, THREADS, 0, STREAM>>>(__VA_ARGS__)
#endif

/* Enough blocks for `units` of work, but no more than the device holds at once: each thread then loops. */
static cudaError_t grid_for(const void *kernel, int threads, uint64_t units, unsigned *blocks)
{
    int device, processors, resident;
    cudaError_t error = cudaGetDevice(&device);
    if (!error) error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    if (!error) error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, threads, 0);
    if (error) return error;
    uint64_t most = (uint64_t)processors * (uint64_t)(resident > 0 ? resident : 1);
    uint64_t wanted = (units + (uint64_t)threads - 1) / (uint64_t)threads;
    *blocks = (unsigned)(wanted < 1 ? 1 : wanted < most ? wanted : most);
    return cudaSuccess;
}

/* Elements of `size` bytes before the first 16-byte boundary; whole units after them; the rest is the tail. */
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

union unit {
    uint4 words;
    uint64_t halves[2];
};

/* table[u] = unit u of what `source` sends (or of the reduction, source < 0) from `element` on; to the whole period at most. All
   threads of the block come here. One unit a thread: no array in registers is indexed at run time, and nothing need be unrolled. */
static __device__ void make_table(const struct pattern *p, int source, uint64_t element, uint64_t units, uint4 *table)
{
    const int size = pattern_size(p->dtype);
    const unsigned most = (unsigned)(units < PATTERN_UNITS ? units : (uint64_t)PATTERN_UNITS);
    for (unsigned u = threadIdx.x; u < most; u += blockDim.x) {
        uint64_t i = element + (uint64_t)u * (PATTERN_UNIT / size);
        union unit unit;
#pragma unroll 1
        for (int half = 0; half < 2; half++) {
            uint64_t word = 0;
#pragma unroll 1
            for (int at = 0; at < 64; at += 8 * size) word |= pattern_expected(p, source, i++) << at;
            if (half)
                unit.halves[1] = word;
            else
                unit.halves[0] = word;
        }
        table[u] = unit.words;
    }
    __syncthreads();
}

#endif
