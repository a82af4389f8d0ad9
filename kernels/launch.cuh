/* Shared by the device code: grid sizes that suit the device, and how fill and check cut a buffer.

   The pattern repeats after PATTERN_UNITS units of 16 bytes. One small kernel computes that period, each
   element by its own thread; fill copies it, check compares with it. Both hold it in shared memory, twice in
   a row: so every place of a thread's tile lies at a constant distance from the first one, and a unit takes a
   load from shared memory, an access to the buffer and, in check, four comparisons. */
#ifndef BUSBAR_LAUNCH_CUH
#define BUSBAR_LAUNCH_CUH

#include "kernels/device.h"
#include "kernels/pattern.h"

/* The tests (tests/gpu/on_host.cc) run the kernels on the host. */
#ifndef LAUNCH
#define LAUNCH(KERNEL, BLOCKS, THREADS, STREAM, ...) KERNEL<<<BLOCKS, THREADS, 0, STREAM>>>(__VA_ARGS__)
#endif

/* Enough blocks for `units` of work, but at most `most` per multiprocessor, and no more than can be resident
   at the same time: each thread loops over the rest. */
static cudaError_t grid_for(const void *kernel, int threads, int most, uint64_t units, unsigned *blocks)
{
    int device, processors, resident;
    cudaError_t error = cudaGetDevice(&device);
    if (!error) error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    if (!error) error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, threads, 0);
    if (error) return error;
    if (resident > most) resident = most;
    uint64_t room = (uint64_t)processors * (uint64_t)(resident > 0 ? resident : 1);
    uint64_t wanted = (units + (uint64_t)threads - 1) / (uint64_t)threads;
    *blocks = (unsigned)(wanted < 1 ? 1 : wanted < room ? wanted : room);
    return cudaSuccess;
}

/* A buffer in units of 16 bytes, counted from the last multiple of 128 bytes before it: so that a warp's
   512 bytes are four whole cache lines, wherever the buffer begins. */
struct span {
    uint32_t first;           /* where the buffer begins, in bytes from that multiple: 0..127 */
    uint32_t head, tail;      /* bytes before the first and after the last unit that is whole: 0..15 */
    uint64_t from, to, bytes; /* the whole units are from..to-1; bytes: of the buffer */
};

static __host__ __device__ inline struct span span_of(const void *buffer, uint64_t bytes)
{
    enum { LINE = 128 };
    struct span s;
    s.first = (uint32_t)((uintptr_t)buffer % LINE);
    s.bytes = bytes;
    s.from = (s.first + PATTERN_UNIT - 1) / PATTERN_UNIT;
    s.to = (s.first + bytes) / PATTERN_UNIT;
    if (s.to < s.from) s.to = s.from;
    s.head = (uint32_t)(s.from * PATTERN_UNIT - s.first);
    if (s.head > bytes) s.head = (uint32_t)bytes;
    s.tail = (uint32_t)(bytes - s.head - (s.to - s.from) * PATTERN_UNIT);
    return s;
}

/* How many units of the period the buffer needs. */
static __host__ __device__ inline uint32_t units_of(const struct span *s)
{
    uint64_t all = (s->first + s->bytes + PATTERN_UNIT - 1) / PATTERN_UNIT;
    return all < PATTERN_UNITS ? (uint32_t)all : (uint32_t)PATTERN_UNITS;
}

/* The place in the buffer of byte n of head and tail together, and the same in the period. */
static __device__ inline uint64_t edge_at(const struct span *s, uint32_t n)
{
    return n < s->head ? n : s->bytes - s->tail + (n - s->head);
}

static __device__ inline uint32_t in_period(const struct span *s, uint64_t byte)
{
    return (uint32_t)((s->first + byte) % (PATTERN_UNITS * PATTERN_UNIT));
}

/* Copies the period to the block's table, twice. Follow it with __syncthreads(). */
static __device__ inline void load_table(uint4 *table, const struct device_period *period, uint32_t units)
{
    const uint4 *from = (const uint4 *)period->bytes;
    for (uint32_t i = threadIdx.x; i < units; i += blockDim.x) table[i] = table[i + PATTERN_UNITS] = from[i];
}

/* A block's tiles of threads times EACH units are `step` units apart, a thread's units within one `threads`.
   `at`: the place of the thread's first unit in the table. */
struct walk {
    uint64_t unit, step;
    uint32_t at, advance;
};

static __device__ inline struct walk walk_of(uint32_t threads, uint32_t each)
{
    struct walk w;
    w.unit = (uint64_t)blockIdx.x * threads * each + threadIdx.x;
    w.step = (uint64_t)gridDim.x * threads * each;
    w.at = (uint32_t)(w.unit % PATTERN_UNITS);
    w.advance = (uint32_t)(w.step % PATTERN_UNITS);
    return w;
}

static __device__ inline void walk_on(struct walk *w)
{
    w->unit += w->step;
    w->at += w->advance;
    if (w->at >= PATTERN_UNITS) w->at -= PATTERN_UNITS;
}

/* Computes what a buffer that begins with element `from` of `source`'s input (source < 0: of the reduction)
   needs of the period. */
cudaError_t device_period(const struct pattern *p, int source, uint64_t from, const struct span *,
                          struct device_period *, cudaStream_t);

#endif
