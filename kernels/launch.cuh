/* Shared by the device code: grids taken from the device, and loops over 16-byte units. */
#ifndef BUSBAR_LAUNCH_CUH
#define BUSBAR_LAUNCH_CUH

#include "kernels/device.h"

enum { UNIT_BYTES = 16, BLOCK_THREADS = 256 };

/* Enough blocks for `units` of work, but no more than the device holds at once: each thread then loops. */
static cudaError_t grid_for(const void *kernel, uint64_t units, unsigned *blocks)
{
    int device, processors, resident;
    cudaError_t error = cudaGetDevice(&device);
    if (!error) error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    if (!error) error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, BLOCK_THREADS, 0);
    if (error) return error;
    uint64_t most = (uint64_t)processors * (uint64_t)(resident > 0 ? resident : 1);
    uint64_t wanted = (units + BLOCK_THREADS - 1) / BLOCK_THREADS;
    *blocks = (unsigned)(wanted < 1 ? 1 : wanted < most ? wanted : most);
    return cudaSuccess;
}

/* Elements of `size` bytes before the first 16-byte boundary; whole units after them; the rest is the tail. */
struct stretch {
    uint64_t head, units, tail_at;
};

static __device__ inline struct stretch stretch_of(const void *buffer, uint64_t count, int size)
{
    struct stretch s;
    uint64_t off = (uint64_t)(uintptr_t)buffer % UNIT_BYTES, per_unit = UNIT_BYTES / size;
    s.head = off ? (UNIT_BYTES - off) / size : 0;
    if (s.head > count) s.head = count;
    s.units = (count - s.head) / per_unit;
    s.tail_at = s.head + s.units * per_unit;
    return s;
}

/* A unit as two words; elements are shifted in and out, so that no array in registers is indexed at run time and the loops
   need not be unrolled (unrolled sixteenfold, they took minutes to compile). */
union unit {
    uint4 words;
    uint64_t halves[2];
};

/* Calls F<TYPE, SIZE>(…) for the type at run time: the type is a constant inside, so that its switches vanish. */
#define FOR_TYPE(DTYPE, F, ...)                                                                                        \
    switch (DTYPE) {                                                                                                   \
    case DTYPE_INT8: F<DTYPE_INT8, 1>(__VA_ARGS__); break;                                                             \
    case DTYPE_UINT8: F<DTYPE_UINT8, 1>(__VA_ARGS__); break;                                                           \
    case DTYPE_INT32: F<DTYPE_INT32, 4>(__VA_ARGS__); break;                                                           \
    case DTYPE_UINT32: F<DTYPE_UINT32, 4>(__VA_ARGS__); break;                                                         \
    case DTYPE_INT64: F<DTYPE_INT64, 8>(__VA_ARGS__); break;                                                           \
    case DTYPE_UINT64: F<DTYPE_UINT64, 8>(__VA_ARGS__); break;                                                         \
    case DTYPE_HALF: F<DTYPE_HALF, 2>(__VA_ARGS__); break;                                                             \
    case DTYPE_BFLOAT16: F<DTYPE_BFLOAT16, 2>(__VA_ARGS__); break;                                                     \
    case DTYPE_FLOAT: F<DTYPE_FLOAT, 4>(__VA_ARGS__); break;                                                           \
    case DTYPE_DOUBLE: F<DTYPE_DOUBLE, 8>(__VA_ARGS__); break;                                                         \
    case DTYPE_FP8_E4M3: F<DTYPE_FP8_E4M3, 1>(__VA_ARGS__); break;                                                     \
    case DTYPE_FP8_E5M2: F<DTYPE_FP8_E5M2, 1>(__VA_ARGS__); break;                                                     \
    case DTYPE_INT16: F<DTYPE_INT16, 2>(__VA_ARGS__); break;                                                           \
    case DTYPE_UINT16: F<DTYPE_UINT16, 2>(__VA_ARGS__); break;                                                         \
    default: break;                                                                                                    \
    }

#endif
