#include "kernels/device.h"

static __device__ inline uint64_t now_ns(void)
{
    uint64_t ns;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
    return ns;
}

extern "C" __global__ void busbar_delay(struct device_gate *gate, uint32_t ticket, uint64_t bound_ns)
{
    const volatile uint32_t *opened = &gate->opened;
    const uint64_t start = now_ns();
    while (*opened != ticket) {
        if (now_ns() - start <= bound_ns) continue;
        *(volatile uint32_t *)&gate->expired = ticket;
        __threadfence_system();
        return;
    }
}

cudaError_t device_delay(struct device_gate *gate, uint32_t ticket, uint64_t bound_ns, cudaStream_t stream)
{
    busbar_delay<<<1, 1, 0, stream>>>(gate, ticket, bound_ns);
    return cudaGetLastError();
}
