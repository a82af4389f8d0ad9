/* The kernels' own source (period.cu, fill.cu, check.cu) run on the host. With tests/gpu/kernels.c this walks the device code on a
   machine without a GPU: indices, tails, grids and atomics; not the compiler for the device, and no speed. The rest of the runtime is
   the emulated device's.

   Kernels must be right for any number of blocks: half of the launches have the grid that was asked for, its blocks one after the
   other; the others have three blocks at once. A block's threads run one after the other, so each runs twice: first all of them up
   to the barrier, then all of them to the end. What comes before the barrier must give the same when it is done again. */
#include <cuda_runtime_api.h>

#include <atomic>
#include <thread>
#include <vector>

#undef __launch_bounds__
#define __launch_bounds__(...)
#undef __shared__
#define __shared__ static thread_local
#define __syncthreads() \
    asm volatile("" ::: "memory"); \
    reached_barrier = true; \
    if (to_barrier) return

namespace {
struct three { unsigned x; };
thread_local three threadIdx, blockIdx;
thread_local bool to_barrier, reached_barrier;
three blockDim, gridDim;
std::atomic<unsigned> launches;

void atomicAdd(unsigned long long *at, unsigned long long value) { __atomic_fetch_add(at, value, __ATOMIC_RELAXED); }

void atomicMin(unsigned long long *at, unsigned long long value)
{
    unsigned long long old = __atomic_load_n(at, __ATOMIC_RELAXED);
    while (value < old && !__atomic_compare_exchange_n(at, &old, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

template <typename Run> void run_threads(Run run)
{
    for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) run();
}

template <typename Run> void run_block(unsigned block, Run run)
{
    blockIdx.x = block;
    reached_barrier = false;
    to_barrier = true;
    run_threads(run);
    to_barrier = false;
    if (reached_barrier) run_threads(run);
}

template <typename Run> void launch(unsigned blocks, unsigned threads, Run run)
{
    const bool as_asked = launches++ * 2654435761u >> 16 & 1; /* not in step with the order of the kernels */
    gridDim.x = as_asked ? blocks : 3;
    blockDim.x = threads;
    if (as_asked) {
        for (unsigned block = 0; block < gridDim.x; block++) run_block(block, run);
        return;
    }
    std::vector<std::thread> at_once;
    for (unsigned block = 0; block < gridDim.x; block++) at_once.emplace_back([=] { run_block(block, run); });
    for (auto &thread : at_once) thread.join();
}
}

#define LAUNCH(KERNEL, BLOCKS, THREADS, STREAM, ...) ((void)(STREAM), launch(BLOCKS, THREADS, [=] { KERNEL(__VA_ARGS__); }))

#include "kernels/period.cu"
#include "kernels/fill.cu"
#include "kernels/check.cu"
