/* Device memory for CUDA-aware MPI: --backend mpi --memory device. */
#include "backend/device_memory.h"
#include "base/text.h"
#include "base/version.h"
#include "gpu/device.h"
#include "kernels/device.h"
#include "kernels/pattern.h"

#include <stdlib.h>

struct device_state {
    struct device device;
    int sharers;
    char *block;
    size_t bytes;
    struct device_verdict *verdict; /* on the device */
    struct device_period *period;   /* on the device */
};

static void close_state(struct device_state *s)
{
    cudaFree(s->block);
    cudaFree(s->period);
    cudaFree(s->verdict);
    free(s);
}

static enum status open_state(int local_rank, int local_ranks, struct device_state **state)
{
    struct device_state *s = allocate(1, sizeof *s);
    enum status status = device_open(local_rank, &s->device);
    if (!status) status = cuda_status(cudaMalloc((void **)&s->verdict, sizeof *s->verdict), "cudaMalloc");
    if (!status) status = cuda_status(cudaMalloc((void **)&s->period, sizeof *s->period), "cudaMalloc");
    if (status) {
        close_state(s);
        return status;
    }
    /* A rank that sees one device probably does not share it (srun --gpus-per-task); if it does, an
       allocation fails. */
    s->sharers = s->device.visible > 1 ? (local_ranks + s->device.visible - 1) / s->device.visible : 1;
    *state = s;
    return STATUS_OK;
}

static size_t free_bytes(struct device_state *s)
{
    return device_free_bytes(&s->device, s->sharers) + s->bytes;
}

static void *take(struct device_state *s, size_t bytes)
{
    if (bytes <= s->bytes) return s->block;
    cudaFree(s->block);
    s->block = NULL;
    s->bytes = 0;
    if (cudaMalloc((void **)&s->block, bytes)) {
        cudaGetLastError();
        return NULL;
    }
    s->bytes = bytes;
    return s->block;
}

static enum status poison(struct device_state *s, void *buffer, size_t bytes)
{
    (void)s;
    return bytes ? cuda_status(cudaMemset(buffer, PATTERN_POISON, bytes), "cudaMemset") : STATUS_OK;
}

static enum status fill(struct device_state *s, const struct pattern *p, int rank, uint64_t count,
                        void *buffer)
{
    enum status status =
        cuda_status(device_fill(p, rank, 0, count, buffer, s->period, NULL), "the fill kernel");
    return status ? status : cuda_status(cudaStreamSynchronize(NULL), "the fill kernel");
}

static enum status check(struct device_state *s, const struct pattern *p, int source, uint64_t from,
                         uint64_t count, const void *received, uint64_t *wrong, uint64_t *first)
{
    struct device_verdict found = {0, UINT64_MAX};
    enum status status =
        cuda_status(cudaMemcpy(s->verdict, &found, sizeof found, cudaMemcpyHostToDevice), "cudaMemcpy");
    if (!status)
        status = cuda_status(device_check(p, source, from, count, received, 0, s->period, s->verdict, NULL),
                             "the check kernel");
    if (!status)
        status =
            cuda_status(cudaMemcpy(&found, s->verdict, sizeof found, cudaMemcpyDeviceToHost), "cudaMemcpy");
    *wrong = found.wrong;
    *first = found.first;
    return status;
}

static enum status flip(struct device_state *s, void *byte)
{
    unsigned char value = 0;
    (void)s;
    enum status status = cuda_status(cudaMemcpy(&value, byte, 1, cudaMemcpyDeviceToHost), "cudaMemcpy");
    value ^= 0x10;
    return status ? status : cuda_status(cudaMemcpy(byte, &value, 1, cudaMemcpyHostToDevice), "cudaMemcpy");
}

static void facts(struct device_state *s, struct launch_header *header)
{
    json_object_set_new(header->facts, "gpu", device_facts(&s->device));
    if (s->device.emulated) device_provenance(header->provenance);
}

static const struct device_memory device_memory = {
    .open = open_state,
    .close = close_state,
    .free_bytes = free_bytes,
    .take = take,
    .poison = poison,
    .fill = fill,
    .check = check,
    .flip = flip,
    .facts = facts,
};

extern const struct plugin busbar_plugin;
const struct plugin busbar_plugin = {PLUGIN_ABI, &device_memory_plugin, build_name, &device_memory,
                                     device_choose};
