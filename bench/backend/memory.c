#include "backend/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t memory_stride(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return bytes > SIZE_MAX - page ? SIZE_MAX : (bytes + page - 1) / page * page;
}

size_t memory_cold_slots(bool on_device, size_t last_level_bytes, int local_ranks, size_t bytes)
{
    enum { MOST_SLOTS = 4096, DEVICE_FOOTPRINT = 256 << 20 };
    size_t footprint = on_device ? (size_t)DEVICE_FOOTPRINT : 2 * last_level_bytes / (size_t)local_ranks;
    size_t slots = footprint / (bytes ? bytes : 1) + 1;
    return slots > MOST_SLOTS ? MOST_SLOTS : slots;
}

void *memory_pool_take(struct memory_pool *pool, size_t slots, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(slots, bytes, &total)) return NULL;
    if (total < 1) total = 1;
    if (pool->bytes >= total) return pool->block;
    memory_pool_free(pool);
    void *block = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return NULL;
    *pool = (struct memory_pool){block, total};
    return block;
}

size_t memory_pool_held(const struct memory_pool *pool)
{
    return pool->bytes;
}

void memory_pool_free(struct memory_pool *pool)
{
    if (pool->block) munmap(pool->block, pool->bytes);
    *pool = (struct memory_pool){0};
}
