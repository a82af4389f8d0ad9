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
    int driver,
        runtime;   /* CUDA versions, 1000 * major + 10 * minor; the driver's is the newest that it can run */
    bool emulated; /* the libraries are the emulation of the tests: nothing is a measurement */
};

/* Sets CUDA_MODULE_LOADING=EAGER where the user has not: a kernel loaded lazily would wait for the device
   that its own delay holds. Before the first call of CUDA, and only where there are delays: cuBLASLt's
   kernels alone would take hundreds of MB. */
void device_load_eagerly(void);

/* Takes device local_rank modulo the visible ones for the calling thread. One line on error. */
enum status device_open(int local_rank, struct device *);

/* A plug-in's `devices` (base/plugin.h): 0 without a driver or a device; prints nothing. */
int device_choose(int local_rank);

/* STATUS_OK for cudaSuccess; else one line that names the call, and STATUS_ENVIRONMENT. */
enum status cuda_status(cudaError_t, const char *call);

/* Bytes of device memory that may be taken, less head room for what libraries allocate behind our back. */
size_t device_free_bytes(const struct device *, int sharers);

/* What the emulation measured is "emulated" in place of "measured". */
void device_provenance(json_t *provenance);

/* {"model", "memory_bytes", "compute_capability", "multiprocessors", "uuid", "pci", "driver_cuda", "cuda"},
   and where the machine tells: "numa_node", "nics" (locality.h: RDMA devices, the nearest first) */
json_t *device_facts(const struct device *);

#endif
