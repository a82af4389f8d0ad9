/* check.c on the device: compares with the period, whole units first. Only if a unit differs are its elements
   compared one by one.

   Each thread has CHECK_EACH loads in flight: 1,024 threads with 8 loads of 16 bytes are 128 KiB per
   multiprocessor, more than twice what Little's law requires for 8 TB/s, 1 us and 148 multiprocessors (54
   KB). */
#include "kernels/launch.cuh"

enum { CHECK_THREADS = 512, CHECK_BLOCKS = 2, CHECK_EACH = 8 };

#ifdef __CUDACC__
#define NOT_INLINED __noinline__
#else
#define NOT_INLINED
#endif

/* One thread's result. */
struct found {
    unsigned long long wrong, first;
};

static __device__ inline uint32_t difference(uint4 a, uint4 b)
{
    return (a.x ^ b.x) | (a.y ^ b.y) | (a.z ^ b.z) | (a.w ^ b.w);
}

static __device__ inline void compare(const struct pattern *p, uint64_t i, uint64_t want, uint64_t got,
                                      struct found *found)
{
    if (pattern_accepts(p, want, got)) return;
    found->wrong++;
    if (i < found->first) found->first = i;
}

/* Compares the elements of a thread's units in this tile. Not inlined, because it is rare and would take
   registers from the loop. */
static __device__ NOT_INLINED void look_closer(const struct pattern *p, const struct span *s,
                                               const struct walk *w, const uint4 *units, const uint4 *table,
                                               struct found *found)
{
    const int size = pattern_size(p->dtype), per_unit = PATTERN_UNIT / size;
#pragma unroll 1
    for (uint32_t k = 0; k < CHECK_EACH; k++) {
        const uint64_t unit = w->unit + k * CHECK_THREADS;
        const uint4 *want = table + w->at + k * CHECK_THREADS % PATTERN_UNITS;
        if (unit < s->from || unit >= s->to || !difference(units[unit], *want)) continue;
        const uint64_t i = (unit * PATTERN_UNIT - s->first) / (uint64_t)size;
#pragma unroll 1
        for (int e = 0; e < per_unit; e++)
            compare(p, i + (uint64_t)e, pattern_load(want, (uint64_t)e, size),
                    pattern_load(units + unit, (uint64_t)e, size), found);
    }
}

extern "C" __global__ void __launch_bounds__(CHECK_THREADS, CHECK_BLOCKS)
    busbar_check(struct pattern p, const struct device_period *period, const unsigned char *received,
                 uint64_t bytes, uint64_t position, struct device_verdict *verdict)
{
    __shared__ uint4 table[2 * PATTERN_UNITS];
    const int size = pattern_size(p.dtype);
    const struct span s = span_of(received, bytes);
    const uint4 *units = (const uint4 *)(received - s.first);
    struct found found = {0, ~0ull};
    load_table(table, period, units_of(&s));
    __syncthreads();
    for (struct walk w = walk_of(CHECK_THREADS, CHECK_EACH); w.unit < s.to; walk_on(&w)) {
        const bool whole = w.unit >= s.from && w.unit + (CHECK_EACH - 1) * CHECK_THREADS < s.to;
        uint32_t bits = 0;
        if (whole) {
            uint4 got[CHECK_EACH];
#pragma unroll
            for (uint32_t k = 0; k < CHECK_EACH; k++) got[k] = units[w.unit + k * CHECK_THREADS];
#pragma unroll
            for (uint32_t k = 0; k < CHECK_EACH; k++)
                bits |= difference(got[k], table[w.at + k * CHECK_THREADS % PATTERN_UNITS]);
        }
        if (!whole || bits) look_closer(&p, &s, &w, units, table, &found);
    }
    for (uint32_t n = threadIdx.x; blockIdx.x == 0 && n * size < s.head + s.tail; n += blockDim.x) {
        const uint64_t i = edge_at(&s, n * size) / size, at = in_period(&s, i * size) / size;
        compare(&p, i, pattern_load(table, at, size), pattern_load(received, i, size), &found);
    }
    if (found.wrong == 0) return; /* the usual case needs no atomics */
    atomicAdd(&verdict->wrong, found.wrong);
    atomicMin(&verdict->first, position + found.first);
}

cudaError_t device_check(const struct pattern *p, int source, uint64_t from, uint64_t count,
                         const void *received, uint64_t position, struct device_period *period,
                         struct device_verdict *verdict, cudaStream_t stream)
{
    const uint64_t bytes = count * (uint64_t)pattern_size(p->dtype);
    const struct span s = span_of(received, bytes);
    unsigned blocks;
    if (count == 0) return cudaSuccess;
    cudaError_t error = device_period(p, source, from, &s, period, stream);
    if (!error)
        error = grid_for((const void *)busbar_check, CHECK_THREADS, CHECK_BLOCKS,
                         (s.to + CHECK_EACH - 1) / CHECK_EACH, &blocks);
    if (error) return error;
    LAUNCH(busbar_check, blocks, CHECK_THREADS, stream, *p, (const struct device_period *)period,
           (const unsigned char *)received, bytes, position, verdict);
    return cudaGetLastError();
}
