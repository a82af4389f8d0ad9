/* Device twin of check.c. */
#include "kernels/launch.cuh"
#include "kernels/pattern.h"

/* What one thread has found. */
struct found {
    unsigned long long wrong, first;
};

static __device__ inline void compare(const struct pattern *p, int source, uint64_t from, uint64_t i, uint64_t got,
                                      struct found *found)
{
    if (pattern_accepts(p, pattern_expected(p, source, from + i), got)) return;
    found->wrong++;
    if (i < found->first) found->first = i;
}

template <int TYPE, int SIZE>
static __device__ void check(struct pattern p, int source, uint64_t from, uint64_t count, const unsigned char *received,
                             struct found *found)
{
    p.dtype = (enum dtype)TYPE;
    const uint64_t step = (uint64_t)gridDim.x * blockDim.x, me = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    const struct stretch s = stretch_of(received, count, SIZE);
    const uint4 *units = (const uint4 *)(received + s.head * SIZE);
    for (uint64_t u = me; u < s.units; u += step) {
        uint64_t i = s.head + u * (UNIT_BYTES / SIZE);
        union unit unit;
        unit.words = units[u];
#pragma unroll 1
        for (int half = 0; half < 2; half++) {
            uint64_t word = half ? unit.halves[1] : unit.halves[0];
#pragma unroll 1
            for (int at = 0; at < 64; at += 8 * SIZE, i++)
                compare(&p, source, from, i, word >> at & (~(uint64_t)0 >> (64 - 8 * SIZE)), found);
        }
    }
    for (uint64_t edge = me; edge < s.head + (count - s.tail_at); edge += step) {
        uint64_t i = edge < s.head ? edge : s.tail_at + (edge - s.head);
        compare(&p, source, from, i, pattern_load(received, i, SIZE), found);
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK_THREADS)
    busbar_check(struct pattern p, int source, uint64_t from, uint64_t count, const unsigned char *received,
                 uint64_t position, struct device_verdict *verdict)
{
    struct found found = {0, ~0ull};
    FOR_TYPE(p.dtype, check, p, source, from, count, received, &found)
    if (found.wrong == 0) return; /* the usual case: no traffic */
    atomicAdd(&verdict->wrong, found.wrong);
    atomicMin(&verdict->first, position + found.first);
}

cudaError_t device_check(const struct pattern *p, int source, uint64_t from, uint64_t count, const void *received,
                         uint64_t position, struct device_verdict *verdict, cudaStream_t stream)
{
    unsigned blocks;
    if (count == 0) return cudaSuccess;
    cudaError_t error = grid_for((const void *)busbar_check, count * (uint64_t)pattern_size(p->dtype) / UNIT_BYTES, &blocks);
    if (error) return error;
    busbar_check<<<blocks, BLOCK_THREADS, 0, stream>>>(*p, source, from, count, (const unsigned char *)received, position,
                                                       verdict);
    return cudaGetLastError();
}
