#include "kernels/pattern.h"

void pattern_fill(const struct pattern *p, int rank, uint64_t from, uint64_t count, void *buffer)
{
    int size = pattern_size(p->dtype);
    for (uint64_t i = 0; i < count; i++) pattern_store(buffer, i, size, pattern_element(p, rank, from + i));
}

void pattern_poison(void *buffer, uint64_t bytes)
{
    memset(buffer, PATTERN_POISON, bytes);
}
