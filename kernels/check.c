#include "kernels/pattern.h"

uint64_t pattern_check(const struct pattern *p, int source, uint64_t from, uint64_t count, const void *received, uint64_t *first)
{
    int size = pattern_size(p->dtype);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (pattern_accepts(p, pattern_expected(p, source, from + i), pattern_load(received, i, size))) continue;
        if (wrong++ == 0) *first = i;
    }
    return wrong;
}
