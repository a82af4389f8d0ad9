/* Device twin of fill.c. */
#include "kernels/launch.cuh"
#include "kernels/pattern.h"

template <int TYPE, int SIZE>
static __device__ void fill(struct pattern p, int rank, uint64_t from, uint64_t count, unsigned char *buffer)
{
    p.dtype = (enum dtype)TYPE;
    const uint64_t step = (uint64_t)gridDim.x * blockDim.x, me = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    const struct stretch s = stretch_of(buffer, count, SIZE);
    uint4 *units = (uint4 *)(buffer + s.head * SIZE);
    for (uint64_t u = me; u < s.units; u += step) {
        uint64_t element = from + s.head + u * (UNIT_BYTES / SIZE);
        union unit unit;
#pragma unroll 1
        for (int half = 0; half < 2; half++) {
            uint64_t word = 0;
#pragma unroll 1
            for (int at = 0; at < 64; at += 8 * SIZE) word |= pattern_element(&p, rank, element++) << at;
            if (half)
                unit.halves[1] = word;
            else
                unit.halves[0] = word;
        }
        units[u] = unit.words;
    }
    for (uint64_t edge = me; edge < s.head + (count - s.tail_at); edge += step) {
        uint64_t i = edge < s.head ? edge : s.tail_at + (edge - s.head);
        pattern_store(buffer, i, SIZE, pattern_element(&p, rank, from + i));
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK_THREADS)
    busbar_fill(struct pattern p, int rank, uint64_t from, uint64_t count, unsigned char *buffer)
{
    FOR_TYPE(p.dtype, fill, p, rank, from, count, buffer)
}

cudaError_t device_fill(const struct pattern *p, int rank, uint64_t from, uint64_t count, void *buffer, cudaStream_t stream)
{
    unsigned blocks;
    if (count == 0) return cudaSuccess;
    cudaError_t error = grid_for((const void *)busbar_fill, count * (uint64_t)pattern_size(p->dtype) / UNIT_BYTES, &blocks);
    if (error) return error;
    busbar_fill<<<blocks, BLOCK_THREADS, 0, stream>>>(*p, rank, from, count, (unsigned char *)buffer);
    return cudaGetLastError();
}
