#include "gpu/device.h"
#include "base/text.h"
#include "gpu/locality.h"
#include "record/words.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status cuda_status(cudaError_t error, const char *call)
{
    if (error == cudaSuccess) return STATUS_OK;
    cudaGetLastError(); /* clears the error, so that the next call does not report it */
    return fail(STATUS_ENVIRONMENT, "%s: %s (%s)", call, cudaGetErrorString(error), cudaGetErrorName(error));
}

void device_load_eagerly(void)
{
    setenv("CUDA_MODULE_LOADING", "EAGER", 0);
}

int device_choose(int local_rank)
{
    int count = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (!error && count > 0 && local_rank >= 0) error = cudaSetDevice(local_rank % count);
    if (error) cudaGetLastError(); /* device_open() reports it */
    return error ? 0 : count;
}

static void write_uuid(const cudaUUID_t *uuid, char text[48])
{
    const unsigned char *b = (const unsigned char *)uuid->bytes;
    snprintf(text, 48, "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static enum status read_properties(struct device *d)
{
    struct cudaDeviceProp *p = allocate(1, sizeof *p); /* several KB */
    enum status status = cuda_status(cudaGetDeviceProperties(p, d->index), "cudaGetDeviceProperties");
    if (!status) {
        snprintf(d->name, sizeof d->name, "%s", p->name);
        write_uuid(&p->uuid, d->uuid);
        d->major = p->major, d->minor = p->minor;
        d->processors = p->multiProcessorCount;
        d->memory_bytes = p->totalGlobalMem;
        d->l2_bytes = (size_t)p->l2CacheSize;
    }
    free(p);
    if (!status)
        status = cuda_status(cudaDeviceGetPCIBusId(d->pci, sizeof d->pci, d->index), "cudaDeviceGetPCIBusId");
    return status;
}

enum status device_open(int local_rank, struct device *device)
{
    struct device d = {.emulated = dlsym(RTLD_DEFAULT, "busbar_emulated_device") != NULL};
    cudaError_t error = cudaGetDeviceCount(&d.visible);
    if (error || d.visible < 1) {
        cudaGetLastError();
        return fail(STATUS_ENVIRONMENT, "no CUDA device can be used: %s",
                    error ? cudaGetErrorString(error) : "none is visible (CUDA_VISIBLE_DEVICES?)");
    }
    d.index = local_rank % d.visible;
    enum status status = cuda_status(cudaSetDevice(d.index), "cudaSetDevice");
    if (!status) status = cuda_status(cudaDriverGetVersion(&d.driver), "cudaDriverGetVersion");
    if (!status) status = cuda_status(cudaRuntimeGetVersion(&d.runtime), "cudaRuntimeGetVersion");
    if (!status) status = read_properties(&d);
    if (!status) *device = d;
    return status;
}

size_t device_free_bytes(const struct device *device, int sharers)
{
    enum { LEAST = 256 << 20 };
    const size_t most = (size_t)4 << 30;
    size_t free_bytes = 0, total = 0, room = device->memory_bytes / 16;
    if (cudaMemGetInfo(&free_bytes, &total)) {
        cudaGetLastError();
        return 0;
    }
    room = room < LEAST ? LEAST : room > most ? most : room;
    return free_bytes > room ? (free_bytes - room) / (size_t)(sharers > 1 ? sharers : 1) : 0;
}

static json_t *version(int code)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d", code / 1000, code % 1000 / 10);
    return json_string(text);
}

json_t *device_facts(const struct device *d)
{
    char capability[32];
    snprintf(capability, sizeof capability, "%d.%d", d->major, d->minor);
    json_t *facts = json_object();
    json_object_set_new(facts, "model", json_string(d->name));
    json_object_set_new(facts, "memory_bytes", json_integer((json_int_t)d->memory_bytes));
    json_object_set_new(facts, "compute_capability", json_string(capability));
    json_object_set_new(facts, "multiprocessors", json_integer(d->processors));
    json_object_set_new(facts, "uuid", json_string(d->uuid));
    json_object_set_new(facts, "pci", json_string(d->pci));
    struct locality locality;
    locality_read(d->pci, &locality);
    if (locality.numa_node >= 0) json_object_set_new(facts, "numa_node", json_integer(locality.numa_node));
    if (json_array_size(locality.nics)) json_object_set(facts, "nics", locality.nics);
    json_decref(locality.nics);
    json_object_set_new(facts, "cuda", version(d->runtime));
    json_object_set_new(facts, "driver_cuda", version(d->driver));
    return facts;
}

void device_provenance(json_t *provenance)
{
    for (size_t i = json_array_size(provenance); i-- > 0;) {
        const char *word = json_string_value(json_array_get(provenance, i));
        if (same(word, provenance_name(PROVENANCE_MEASURED)) ||
            same(word, provenance_name(PROVENANCE_EMULATED))) /* another plug-in's: a driver may use two */
            json_array_remove(provenance, i);
    }
    json_array_append_new(provenance, json_string(provenance_name(PROVENANCE_EMULATED)));
}
