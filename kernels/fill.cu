/* fill.c on the device: each thread computes one unit of 16 bytes and stores it at every place where it
   belongs. Elements before and after the aligned units are stored one by one. */
#include "kernels/launch.cuh"

enum { FILL_THREADS = 256, FILL_BLOCKS = 1 };

extern "C" __global__ void __launch_bounds__(FILL_THREADS)
    busbar_fill(struct pattern p, int rank, uint64_t from, uint64_t count, unsigned char *buffer)
{
    const int size = pattern_size(p.dtype);
    const uint64_t threads = (uint64_t)gridDim.x * blockDim.x,
                   me = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    const uint64_t step = step_of(threads), per_unit = PATTERN_UNIT / size;
    const struct stretch s = stretch_of(buffer, count, size);
    uint4 *units = (uint4 *)(buffer + s.head * size);
    for (uint64_t first = me; first < step && first < s.units; first += threads) {
        const uint4 unit = unit_at(&p, rank, from + s.head + first * per_unit);
#pragma unroll 4
        for (uint64_t u = first; u < s.units; u += step) units[u] = unit;
    }
    for (uint64_t edge = me; edge < s.head + (count - s.tail_at); edge += threads) {
        uint64_t i = edge < s.head ? edge : s.tail_at + (edge - s.head);
        pattern_store(buffer, i, size, pattern_element(&p, rank, from + i));
    }
}

cudaError_t device_fill(const struct pattern *p, int rank, uint64_t from, uint64_t count, void *buffer,
                        cudaStream_t stream)
{
    unsigned blocks;
    if (count == 0) return cudaSuccess;
    cudaError_t error = grid_for((const void *)busbar_fill, FILL_THREADS, FILL_BLOCKS,
                                 count * (uint64_t)pattern_size(p->dtype) / PATTERN_UNIT, &blocks);
    if (error) return error;
    LAUNCH(busbar_fill, blocks, FILL_THREADS, stream, *p, rank, from, count, (unsigned char *)buffer);
    return cudaGetLastError();
}
