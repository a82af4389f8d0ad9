/* check.c on the device: each thread computes one unit of 16 bytes and compares it with every place where it
   must be. Only if a unit differs are its elements compared one by one.

   A thread has AT_ONCE loads in flight: 512 threads with 16 loads of 16 bytes are 128 KiB per multiprocessor,
   more than twice what Little's law requires for 8 TB/s, 1 us and 148 multiprocessors (54 KB). More threads
   would have to compute more units. */
#include "kernels/launch.cuh"

enum { CHECK_THREADS = 512, CHECK_BLOCKS = 1, AT_ONCE = 16 };

#ifdef __CUDACC__
#define NOT_INLINED __noinline__
#else
#define NOT_INLINED
#endif

/* One thread's result. */
struct found {
    unsigned long long wrong, first;
};

static __device__ inline bool differ(uint4 a, uint4 b)
{
    return ((a.x ^ b.x) | (a.y ^ b.y) | (a.z ^ b.z) | (a.w ^ b.w)) != 0;
}

static __device__ inline void compare(const struct pattern *p, uint64_t i, uint64_t want, uint64_t got,
                                      struct found *found)
{
    if (pattern_accepts(p, want, got)) return;
    found->wrong++;
    if (i < found->first) found->first = i;
}

/* Compares the elements of a unit that differs; i: index of its first element. Not inlined, because it is
   rare and would take registers from the loop. */
static __device__ NOT_INLINED void look_closer(const struct pattern *p, uint64_t i, uint4 want, uint4 got,
                                               struct found *found)
{
    const int size = pattern_size(p->dtype);
    const uint64_t mask = ~(uint64_t)0 >> (64 - 8 * size);
    union unit wanted, given;
    wanted.words = want;
    given.words = got;
#pragma unroll 1
    for (int half = 0; half < 2; half++) {
        uint64_t w = half ? wanted.halves[1] : wanted.halves[0], g = half ? given.halves[1] : given.halves[0];
#pragma unroll 1
        for (int at = 0; at < 64; at += 8 * size, i++) compare(p, i, w >> at & mask, g >> at & mask, found);
    }
}

/* Compares `count` units, `step` apart, each of which must equal `want`. i: index of the first one's first
   element. */
static __device__ inline void compare_units(const struct pattern *p, const uint4 *units, uint64_t count,
                                            uint64_t step, uint4 want, uint64_t i, struct found *found)
{
    const uint64_t further = step * (PATTERN_UNIT / pattern_size(p->dtype));
    while (count > 0) {
        const int now = count < AT_ONCE ? (int)count : AT_ONCE;
        uint4 got[AT_ONCE];
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++) {
            got[k] = want;
            if (k < now) got[k] = *units;
            units += step;
        }
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
            if (differ(got[k], want)) look_closer(p, i + (uint64_t)k * further, want, got[k], found);
        i += AT_ONCE * further;
        count -= (uint64_t)now;
    }
}

extern "C" __global__ void __launch_bounds__(CHECK_THREADS)
    busbar_check(struct pattern p, int source, uint64_t from, uint64_t count, const unsigned char *received,
                 uint64_t position, struct device_verdict *verdict)
{
    const int size = pattern_size(p.dtype);
    const uint64_t threads = (uint64_t)gridDim.x * blockDim.x,
                   me = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    const uint64_t step = step_of(threads), per_unit = PATTERN_UNIT / size;
    const struct stretch s = stretch_of(received, count, size);
    const uint4 *units = (const uint4 *)(received + s.head * size);
    struct found found = {0, ~0ull};
    for (uint64_t first = me; first < step && first < s.units; first += threads) {
        const uint4 want = unit_at(&p, source, from + s.head + first * per_unit);
        compare_units(&p, units + first, (s.units - first + step - 1) / step, step, want,
                      s.head + first * per_unit, &found);
    }
    for (uint64_t edge = me; edge < s.head + (count - s.tail_at); edge += threads) {
        uint64_t i = edge < s.head ? edge : s.tail_at + (edge - s.head);
        compare(&p, i, pattern_expected(&p, source, from + i), pattern_load(received, i, size), &found);
    }
    if (found.wrong == 0) return; /* the usual case needs no atomics */
    atomicAdd(&verdict->wrong, found.wrong);
    atomicMin(&verdict->first, position + found.first);
}

cudaError_t device_check(const struct pattern *p, int source, uint64_t from, uint64_t count,
                         const void *received, uint64_t position, struct device_verdict *verdict,
                         cudaStream_t stream)
{
    unsigned blocks;
    if (count == 0) return cudaSuccess;
    cudaError_t error = grid_for((const void *)busbar_check, CHECK_THREADS, CHECK_BLOCKS,
                                 count * (uint64_t)pattern_size(p->dtype) / PATTERN_UNIT, &blocks);
    if (error) return error;
    LAUNCH(busbar_check, blocks, CHECK_THREADS, stream, *p, source, from, count,
           (const unsigned char *)received, position, verdict);
    return cudaGetLastError();
}
