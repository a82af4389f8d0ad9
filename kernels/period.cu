/* One period of the pattern: a thread for each element, since an element takes hundreds of instructions. */
#include "kernels/launch.cuh"

enum { PERIOD_THREADS = 128, PERIOD_BLOCKS = 16 };

extern "C" __global__ void __launch_bounds__(PERIOD_THREADS)
    busbar_period(struct pattern p, int source, uint64_t from, uint32_t elements,
                  struct device_period *period)
{
    const int size = pattern_size(p.dtype);
    for (uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < elements; i += gridDim.x * blockDim.x)
        pattern_store(period->bytes, i, size, pattern_expected(&p, source, from + i));
}

cudaError_t device_period(const struct pattern *p, int source, uint64_t from, const struct span *s,
                          struct device_period *period, cudaStream_t stream)
{
    const uint64_t size = (uint64_t)pattern_size(p->dtype), all = pattern_period(p->dtype);
    const uint32_t elements = (uint32_t)(units_of(s) * PATTERN_UNIT / size);
    unsigned blocks;
    cudaError_t error =
        grid_for((const void *)busbar_period, PERIOD_THREADS, PERIOD_BLOCKS, elements, &blocks);
    if (error) return error;
    /* The period begins where the units are counted from: before the buffer. */
    LAUNCH(busbar_period, blocks, PERIOD_THREADS, stream, *p, source, from % all + all - s->first / size,
           elements, period);
    return cudaGetLastError();
}
