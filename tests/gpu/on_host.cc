/* The kernels' own source (fill.cu, check.cu) run on the host. With tests/gpu/kernels.c this walks the device code on a machine
   without a GPU: indices, tails, grids and atomics; not the compiler for the device, and no speed. The rest of the runtime is the
   emulated device's.

   Kernels must be right for any grid: every second launch has the grid that was asked for, its threads one after the other; the
   others a few threads at once, fewer than the pattern has units. */
#include <cuda_runtime_api.h>

#include <atomic>
#include <thread>
#include <vector>

#undef __launch_bounds__
#define __launch_bounds__(...)

namespace {
struct three { unsigned x; };
thread_local three threadIdx, blockIdx;
three blockDim, gridDim;
std::atomic<unsigned> launches;

void atomicAdd(unsigned long long *at, unsigned long long value) { __atomic_fetch_add(at, value, __ATOMIC_RELAXED); }

void atomicMin(unsigned long long *at, unsigned long long value)
{
    unsigned long long old = __atomic_load_n(at, __ATOMIC_RELAXED);
    while (value < old && !__atomic_compare_exchange_n(at, &old, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

template <typename Run> void run_block(unsigned block, Run run)
{
    blockIdx.x = block;
    for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) run();
}

template <typename Run> void launch(unsigned blocks, unsigned threads, Run run)
{
    const bool as_asked = launches++ % 2;
    gridDim.x = as_asked || blocks < 3 ? blocks : 3;
    blockDim.x = as_asked ? threads : 5;
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

#include "kernels/fill.cu"
#include "kernels/check.cu"
