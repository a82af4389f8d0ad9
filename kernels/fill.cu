/* fill.c on the device: copies the period. Bytes before and after the whole units are stored one by one. */
#include "kernels/launch.cuh"

enum { FILL_THREADS = 512, FILL_BLOCKS = 2, FILL_EACH = 4 };

extern "C" __global__ void __launch_bounds__(FILL_THREADS, FILL_BLOCKS)
    busbar_fill(const struct device_period *period, unsigned char *buffer, uint64_t bytes)
{
    __shared__ uint4 table[2 * PATTERN_UNITS];
    const struct span s = span_of(buffer, bytes);
    uint4 *units = (uint4 *)(buffer - s.first);
    load_table(table, period, units_of(&s));
    __syncthreads();
    for (struct walk w = walk_of(FILL_THREADS, FILL_EACH); w.unit < s.to; walk_on(&w)) {
        if (w.unit >= s.from && w.unit + (FILL_EACH - 1) * FILL_THREADS < s.to) {
#pragma unroll
            for (uint32_t k = 0; k < FILL_EACH; k++)
                units[w.unit + k * FILL_THREADS] = table[w.at + k * FILL_THREADS % PATTERN_UNITS];
            continue;
        }
#pragma unroll 1
        for (uint32_t k = 0; k < FILL_EACH; k++) {
            const uint64_t unit = w.unit + k * FILL_THREADS;
            if (unit >= s.from && unit < s.to) units[unit] = table[w.at + k * FILL_THREADS % PATTERN_UNITS];
        }
    }
    if (blockIdx.x > 0) return;
    for (uint32_t n = threadIdx.x; n < s.head + s.tail; n += blockDim.x) {
        const uint64_t at = edge_at(&s, n);
        buffer[at] = ((const unsigned char *)table)[in_period(&s, at)];
    }
}

cudaError_t device_fill(const struct pattern *p, int rank, uint64_t from, uint64_t count, void *buffer,
                        struct device_period *period, cudaStream_t stream)
{
    const uint64_t bytes = count * (uint64_t)pattern_size(p->dtype);
    const struct span s = span_of(buffer, bytes);
    unsigned blocks;
    if (count == 0) return cudaSuccess;
    cudaError_t error = device_period(p, rank, from, &s, period, stream);
    if (!error)
        error = grid_for((const void *)busbar_fill, FILL_THREADS, FILL_BLOCKS,
                         (s.to + FILL_EACH - 1) / FILL_EACH, &blocks);
    if (error) return error;
    LAUNCH(busbar_fill, blocks, FILL_THREADS, stream, period, (unsigned char *)buffer, bytes);
    return cudaGetLastError();
}
