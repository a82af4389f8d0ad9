/* The CUDA device of this rank. Only the GPU plug-ins link this. */
#ifndef BUSBAR_CUDA_DEVICE_H
#define BUSBAR_CUDA_DEVICE_H

#include "base/status.h"

#include <cuda_runtime_api.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct device {
    int index, visible; /* among those that this process sees; how many it sees */
    char name[256];
    char uuid[48], pci[32]; /* "GPU-0a1b…", "0000:1b:00.0" */
    int major, minor, processors;
    size_t memory_bytes, l2_bytes;
    /* CUDA versions, 1000 * major + 10 * minor: the newest one that the driver supports; the runtime's. */
    int driver, runtime;
    bool emulated; /* the CUDA libraries are the tests' emulation: no figure is a measurement */
};

/* Sets CUDA_MODULE_LOADING=EAGER unless the user has set it. A kernel that is loaded lazily, behind a delay
   on the device, would wait for that delay: a deadlock. Call it before the first CUDA call, and only for
   programs with such delays, because loading all kernels of cuBLASLt takes hundreds of MB. */
void device_load_eagerly(void);

/* Selects device (local_rank modulo the number of visible devices) for the calling thread. One line on
   error. */
enum status device_open(int local_rank, struct device *);

/* A plug-in's `devices` (base/plugin.h): the number of devices; 0 without a driver. Prints nothing. */
int device_choose(int local_rank);

/* Returns STATUS_OK for cudaSuccess; else STATUS_ENVIRONMENT after printing one line that names the call. */
enum status cuda_status(cudaError_t, const char *call);

/* Device memory that may be allocated, in bytes, minus a reserve for what libraries allocate themselves.
   `sharers`: the number of ranks that share the device. */
size_t device_free_bytes(const struct device *, int sharers);

/* Replaces "measured" by "emulated" in a provenance list. */
void device_provenance(json_t *provenance);

/* {"model", "memory_bytes", "compute_capability", "multiprocessors", "uuid", "pci", "driver_cuda", "cuda"},
   and if known: "numa_node", "nics" (RDMA devices, the nearest first; see locality.h) */
json_t *device_facts(const struct device *);

#endif
