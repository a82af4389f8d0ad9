/* Host memory for buffers: one block that the cases of a launch take in turns. */
#ifndef BUSBAR_MEMORY_H
#define BUSBAR_MEMORY_H

#include <stddef.h>

/* `bytes` rounded up to whole pages; 0 for 0. */
size_t memory_stride(size_t bytes);

/* {0} is an empty pool. */
struct memory_pool {
    void *block;
    size_t bytes;
};

/* slots * bytes of memory, page-aligned; what an earlier call returned is no longer valid. NULL: there is not
 * that much. */
void *memory_pool_take(struct memory_pool *, size_t slots, size_t bytes);
size_t memory_pool_held(const struct memory_pool *);
void memory_pool_free(struct memory_pool *);

#endif
