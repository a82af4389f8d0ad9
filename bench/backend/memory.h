/* Host memory for buffers: one block, which the cases of a launch use one after the other. */
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

/* slots * bytes of page-aligned memory; NULL: not enough memory. Invalidates the result of any earlier
   call. */
void *memory_pool_take(struct memory_pool *, size_t slots, size_t bytes);
size_t memory_pool_held(const struct memory_pool *);
void memory_pool_free(struct memory_pool *);

#endif
