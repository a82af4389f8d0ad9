/* The kernels' own source (fill.cu, check.cu) run by threads of the host: blocks one after the other, the threads of a block together.
   With tests/gpu/kernels.c this walks the device code on a machine without a GPU: indices, tails, tables, barriers and atomics;
   not the compiler for the device, and no speed. The rest of the runtime is the emulated device's. */
#include <cuda_runtime_api.h>

#include <atomic>
#include <pthread.h>
#include <thread>
#include <vector>

#undef __shared__
#define __shared__ static /* blocks take turns */
#undef __launch_bounds__
#define __launch_bounds__(...)

namespace {
constexpr unsigned threads_per_block = 5, most_blocks = 3; /* kernels must be right for any grid */
struct three { unsigned x; };
thread_local three threadIdx, blockIdx;
three blockDim = {threads_per_block}, gridDim;
pthread_barrier_t barrier;

void __syncthreads() { pthread_barrier_wait(&barrier); }

void atomicAdd(unsigned long long *at, unsigned long long value) { __atomic_fetch_add(at, value, __ATOMIC_RELAXED); }

void atomicMin(unsigned long long *at, unsigned long long value)
{
    unsigned long long old = __atomic_load_n(at, __ATOMIC_RELAXED);
    while (value < old && !__atomic_compare_exchange_n(at, &old, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

template <typename Run> void launch(unsigned blocks, Run run)
{
    gridDim.x = blocks < most_blocks ? blocks : most_blocks;
    pthread_barrier_init(&barrier, nullptr, threads_per_block);
    for (unsigned block = 0; block < gridDim.x; block++) {
        std::vector<std::thread> threads;
        for (unsigned t = 0; t < threads_per_block; t++)
            threads.emplace_back([=] {
                threadIdx.x = t, blockIdx.x = block;
                run();
            });
        for (auto &thread : threads) thread.join();
    }
    pthread_barrier_destroy(&barrier);
}
}

#define LAUNCH(KERNEL, BLOCKS, THREADS, STREAM, ...) ((void)(STREAM), launch(BLOCKS, [=] { KERNEL(__VA_ARGS__); }))

#include "kernels/fill.cu"
#include "kernels/check.cu"
