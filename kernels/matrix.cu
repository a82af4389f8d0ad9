#include "kernels/launch.cuh"
#include "kernels/matrix.h"

enum { BLOCK_THREADS = 256 };

extern "C" __global__ void __launch_bounds__(BLOCK_THREADS) busbar_matrix_fill(struct matrix m, uint64_t seed)
{
    const uint64_t step = (uint64_t)gridDim.x * blockDim.x,
                   units = (m.inner * m.outer + MATRIX_UNIT - 1) / MATRIX_UNIT;
    for (uint64_t u = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; u < units; u += step)
        matrix_fill_unit(&m, seed, u);
}

extern "C" __global__ void __launch_bounds__(BLOCK_THREADS) busbar_matrix_check_v(struct matrix_check check)
{
    const uint64_t step = (uint64_t)gridDim.x * blockDim.x;
    for (uint64_t p = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; p < check.k; p += step)
        matrix_check_v(&check, p);
}

extern "C" __global__ void __launch_bounds__(BLOCK_THREADS)
    busbar_matrix_check_rows(struct matrix_check check, struct matrix_verdict *verdict)
{
    const uint64_t step = (uint64_t)gridDim.x * blockDim.x;
    for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < check.m; i += step) {
        double worst;
        unsigned wrong = matrix_check_row(&check, i, &worst);
        if (wrong) atomicAdd(&verdict->wrong, (unsigned long long)wrong);
        atomicMax(&verdict->worst, (unsigned long long)__double_as_longlong(worst));
    }
}

cudaError_t device_matrix_fill(const struct matrix *m, uint64_t seed, cudaStream_t stream)
{
    unsigned blocks;
    cudaError_t error = grid_for((const void *)busbar_matrix_fill, BLOCK_THREADS, BLOCK_THREADS,
                                 (m->inner * m->outer + MATRIX_UNIT - 1) / MATRIX_UNIT, &blocks);
    if (error) return error;
    busbar_matrix_fill<<<blocks, BLOCK_THREADS, 0, stream>>>(*m, seed);
    return cudaGetLastError();
}

/* Few rows give few threads. Small blocks spread them over more multiprocessors. */
enum { ROW_THREADS = 32 };

cudaError_t device_matrix_check_group(const struct matrix_check *check, struct matrix_verdict *verdict,
                                      cudaStream_t stream)
{
    unsigned v_blocks = (unsigned)((check->k + ROW_THREADS - 1) / ROW_THREADS),
             row_blocks = (unsigned)((check->m + ROW_THREADS - 1) / ROW_THREADS);
    busbar_matrix_check_v<<<v_blocks, ROW_THREADS, 0, stream>>>(*check);
    cudaError_t error = cudaGetLastError();
    if (error) return error;
    busbar_matrix_check_rows<<<row_blocks, ROW_THREADS, 0, stream>>>(*check, verdict);
    return cudaGetLastError();
}
