#include "backend/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The number that a file holds (cgroup files), SIZE_MAX when there is none or it says "max". */
static size_t number_in(const char *path)
{
    unsigned long long value;
    FILE *file = fopen(path, "re");
    if (!file) return SIZE_MAX;
    int read = fscanf(file, "%llu", &value);
    fclose(file);
    return read == 1 ? (size_t)value : SIZE_MAX;
}

static size_t room(const char *limit_path, const char *used_path)
{
    size_t limit = number_in(limit_path), used = number_in(used_path);
    if (limit == SIZE_MAX || used == SIZE_MAX) return SIZE_MAX;
    return limit > used ? limit - used : 0;
}

size_t memory_available(void)
{
    size_t available = SIZE_MAX;
    char line[256];
    unsigned long long kib;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) available = (size_t)kib * 1024;
    if (file) fclose(file);
    if (available == SIZE_MAX) available = (size_t)sysconf(_SC_AVPHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    size_t v2 = room("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current");
    size_t v1 =
        room("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes");
    if (v2 < available) available = v2;
    return v1 < available ? v1 : available;
}

size_t memory_stride(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return bytes > SIZE_MAX - page ? SIZE_MAX : (bytes + page - 1) / page * page;
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
