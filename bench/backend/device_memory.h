/* Device memory for the MPI backend: the interface of the plug-in busbar_device
   (bench/gpu/device_memory.c). */
#ifndef BUSBAR_DEVICE_MEMORY_H
#define BUSBAR_DEVICE_MEMORY_H

#include "base/plugin.h"
#include "kernels/kernels.h"
#include "record/record.h"

struct device_state;

/* Functions print one line on failure. Pointers to buffers are device addresses. */
struct device_memory {
    enum status (*open)(int local_rank, int local_ranks, struct device_state **);
    void (*close)(struct device_state *);
    size_t (*free_bytes)(struct device_state *); /* free memory plus the block that take() returned */
    /* One block, which all cases share in turn: a later call may move it. NULL: not enough memory. */
    void *(*take)(struct device_state *, size_t bytes);
    enum status (*poison)(struct device_state *, void *buffer, size_t bytes);
    enum status (*fill)(struct device_state *, const struct pattern *, int rank, uint64_t count,
                        void *buffer);
    enum status (*check)(struct device_state *, const struct pattern *, int source, uint64_t from,
                         uint64_t count, const void *received, uint64_t *wrong, uint64_t *first);
    enum status (*flip)(struct device_state *, void *byte);
    void (*facts)(struct device_state *, struct launch_header *);
};

static const struct plugin_kind device_memory_plugin = {
    .name = "device memory",
    .sizes = (const struct plugin_size[]){PLUGIN_SIZE(struct device_memory),
                                          PLUGIN_SIZE(struct pattern),
                                          PLUGIN_SIZE(struct launch_header),
                                          {"enum dtype", DTYPE_COUNT},
                                          {"enum op", OP_COUNT},
                                          {NULL, 0}},
    .members = (const struct plugin_member[]){PLUGIN_MEMBER(struct device_memory, open),
                                              PLUGIN_MEMBER(struct device_memory, close),
                                              PLUGIN_MEMBER(struct device_memory, free_bytes),
                                              PLUGIN_MEMBER(struct device_memory, take),
                                              PLUGIN_MEMBER(struct device_memory, poison),
                                              PLUGIN_MEMBER(struct device_memory, fill),
                                              PLUGIN_MEMBER(struct device_memory, check),
                                              PLUGIN_MEMBER(struct device_memory, flip),
                                              PLUGIN_MEMBER(struct device_memory, facts),
                                              {NULL, 0}}};

#endif
