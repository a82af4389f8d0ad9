#include "kernels/delay.h"

#include <sched.h>
#include <time.h>

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool delay_until(const volatile uint32_t *opened, uint32_t ticket, uint64_t bound_ns)
{
    const uint64_t start = now_ns();
    while (*opened != ticket) {
        if (now_ns() - start > bound_ns) return false;
        sched_yield();
    }
    return true;
}
