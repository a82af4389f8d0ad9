#include "kernels/pattern.h"

void pattern_fill(const struct pattern *p, int rank, uint64_t from, uint64_t count, void *buffer)
{
    const int size = pattern_size(p->dtype);
    const uint64_t period = pattern_period(p->dtype), first = count < period ? count : period;
    for (uint64_t i = 0; i < first; i++) pattern_store(buffer, i, size, pattern_element(p, rank, from + i));
    for (uint64_t i = first; i < count; i += period) {
        uint64_t more = count - i < period ? count - i : period;
        memcpy((char *)buffer + i * (uint64_t)size, buffer, more * (uint64_t)size);
    }
}

void pattern_poison(void *buffer, uint64_t bytes)
{
    memset(buffer, PATTERN_POISON, bytes);
}
