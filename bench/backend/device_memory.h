/* Device memory for a backend that has none of its own: the plug-in busbar_device (bench/gpu/device_memory.c). */
#ifndef BUSBAR_DEVICE_MEMORY_H
#define BUSBAR_DEVICE_MEMORY_H

#include "base/status.h"
#include "kernels/kernels.h"
#include "record/record.h"

struct device_state;

/* Exported as `busbar_device_memory`. Functions say what failed in one line; pointers are on the device. */
struct device_memory {
    enum status (*open)(int local_rank, int local_ranks, struct device_state **);
    void (*close)(struct device_state *);
    size_t (*free_bytes)(struct device_state *); /* with what `take` gave */
    void *(*take)(struct device_state *,
                  size_t bytes); /* one block for the cases in turns; NULL: there is not that much */
    enum status (*poison)(struct device_state *, void *buffer, size_t bytes);
    enum status (*fill)(struct device_state *, const struct pattern *, int rank, uint64_t count,
                        void *buffer);
    enum status (*check)(struct device_state *, const struct pattern *, int source, uint64_t from,
                         uint64_t count, const void *received, uint64_t *wrong, uint64_t *first);
    enum status (*flip)(struct device_state *, void *byte);
    void (*facts)(struct device_state *, struct launch_header *);
};

#endif
