/* Device twin of check.c: each block works out one period, and compares 16 bytes at a time; elements are
   looked at one by one only where 16 bytes differ. */
#include "kernels/launch.cuh"

enum { CHECK_THREADS = 512, AT_ONCE = 4 };

/* What one thread has found. */
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

/* The elements of a unit that differs; the first of them is element i. */
static __device__ void look_closer(const struct pattern *p, uint64_t i, uint4 want, uint4 got,
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

/* Several loads are under way at once. */
static __device__ void compare_units(const struct pattern *p, const struct stretch *s, const uint4 *units,
                                     const uint4 *table, struct found *found)
{
    const uint64_t step = (uint64_t)gridDim.x * blockDim.x, per_unit = PATTERN_UNIT / pattern_size(p->dtype);
    uint64_t u = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    unsigned at = (unsigned)(u % PATTERN_UNITS), further = (unsigned)(step % PATTERN_UNITS);
    while (u < s->units) {
        uint4 got[AT_ONCE];
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
            if (u + k * step < s->units) got[k] = units[u + k * step];
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++) {
            if (u + k * step < s->units && differ(got[k], table[at]))
                look_closer(p, s->head + (u + k * step) * per_unit, table[at], got[k], found);
            at += further;
            if (at >= PATTERN_UNITS) at -= PATTERN_UNITS;
        }
        u += AT_ONCE * step;
    }
}

extern "C" __global__ void __launch_bounds__(CHECK_THREADS)
    busbar_check(struct pattern p, int source, uint64_t from, uint64_t count, const unsigned char *received,
                 uint64_t position, struct device_verdict *verdict)
{
    __shared__ uint4 table[PATTERN_UNITS];
    const int size = pattern_size(p.dtype);
    const uint64_t step = (uint64_t)gridDim.x * blockDim.x,
                   me = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    const struct stretch s = stretch_of(received, count, size);
    struct found found = {0, ~0ull};
    make_table(&p, source, from + s.head, s.units, table);
    compare_units(&p, &s, (const uint4 *)(received + s.head * size), table, &found);
    for (uint64_t edge = me; edge < s.head + (count - s.tail_at); edge += step) {
        uint64_t i = edge < s.head ? edge : s.tail_at + (edge - s.head);
        compare(&p, i, pattern_expected(&p, source, from + i), pattern_load(received, i, size), &found);
    }
    if (found.wrong == 0) return; /* the usual case: no traffic */
    atomicAdd(&verdict->wrong, found.wrong);
    atomicMin(&verdict->first, position + found.first);
}

cudaError_t device_check(const struct pattern *p, int source, uint64_t from, uint64_t count,
                         const void *received, uint64_t position, struct device_verdict *verdict,
                         cudaStream_t stream)
{
    unsigned blocks;
    if (count == 0) return cudaSuccess;
    cudaError_t error = grid_for((const void *)busbar_check, CHECK_THREADS,
                                 count * (uint64_t)pattern_size(p->dtype) / PATTERN_UNIT, &blocks);
    if (error) return error;
    LAUNCH(busbar_check, blocks, CHECK_THREADS, stream, *p, source, from, count,
           (const unsigned char *)received, position, verdict);
    return cudaGetLastError();
}
