/* Host memory for buffers: one block, which the cases of a launch use one after the other. */
#ifndef BUSBAR_MEMORY_H
#define BUSBAR_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* `bytes` rounded up to whole pages; 0 for 0. */
size_t memory_stride(size_t bytes);

/* --cache cold: how many slots of `bytes` successive calls must use so that none finds its data in a cache.
   In host memory the buffers of all ranks of a host together take twice the last-level caches; on a device
   they take 256 MiB per rank. */
size_t memory_cold_slots(bool on_device, size_t last_level_bytes, int local_ranks, size_t bytes);

/* {0} is an empty pool. */
struct memory_pool {
    void *block;
    size_t bytes;
};

/* slots * bytes of page-aligned memory; NULL: not enough memory. Invalidates the result of any earlier
   call. */
void *memory_pool_take(struct memory_pool *, size_t slots, size_t bytes);
size_t memory_pool_held(const struct memory_pool *);
void memory_pool_free(struct memory_pool *);

#endif
