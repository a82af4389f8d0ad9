/* Device twin of fill.c: each block works out one period, then copies it out. */
#include "kernels/launch.cuh"

enum { FILL_THREADS = 1024 };

extern "C" __global__ void __launch_bounds__(FILL_THREADS)
    busbar_fill(struct pattern p, int rank, uint64_t from, uint64_t count, unsigned char *buffer)
{
    __shared__ uint4 table[PATTERN_UNITS];
    const int size = pattern_size(p.dtype);
    const uint64_t step = (uint64_t)gridDim.x * blockDim.x,
                   me = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    const struct stretch s = stretch_of(buffer, count, size);
    uint4 *units = (uint4 *)(buffer + s.head * size);
    make_table(&p, rank, from + s.head, s.units, table);
    unsigned at = (unsigned)(me % PATTERN_UNITS), further = (unsigned)(step % PATTERN_UNITS);
    for (uint64_t u = me; u < s.units; u += step) {
        units[u] = table[at];
        at += further;
        if (at >= PATTERN_UNITS) at -= PATTERN_UNITS;
    }
    for (uint64_t edge = me; edge < s.head + (count - s.tail_at); edge += step) {
        uint64_t i = edge < s.head ? edge : s.tail_at + (edge - s.head);
        pattern_store(buffer, i, size, pattern_element(&p, rank, from + i));
    }
}

cudaError_t device_fill(const struct pattern *p, int rank, uint64_t from, uint64_t count, void *buffer,
                        cudaStream_t stream)
{
    unsigned blocks;
    if (count == 0) return cudaSuccess;
    cudaError_t error = grid_for((const void *)busbar_fill, FILL_THREADS,
                                 count * (uint64_t)pattern_size(p->dtype) / PATTERN_UNIT, &blocks);
    if (error) return error;
    LAUNCH(busbar_fill, blocks, FILL_THREADS, stream, *p, rank, from, count, (unsigned char *)buffer);
    return cudaGetLastError();
}
