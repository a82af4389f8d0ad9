#include "kernels/pattern.h"

uint64_t pattern_check(const struct pattern *p, int source, uint64_t from, uint64_t count,
                       const void *received, uint64_t *first)
{
    const int size = pattern_size(p->dtype);
    const uint64_t period = pattern_period(p->dtype), worked_out = count < period ? count : period;
    _Alignas(PATTERN_UNIT) unsigned char expected[PATTERN_UNITS * PATTERN_UNIT];
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < worked_out; i++)
        pattern_store(expected, i, size, pattern_expected(p, source, from + i));
    for (uint64_t start = 0; start < count; start += period) {
        const unsigned char *part = (const unsigned char *)received + start * (uint64_t)size;
        uint64_t n = count - start < period ? count - start : period;
        if (memcmp(part, expected, n * (uint64_t)size) == 0) continue;
        for (uint64_t i = 0; i < n; i++)
            if (!pattern_accepts(p, pattern_load(expected, i, size), pattern_load(part, i, size)) &&
                wrong++ == 0)
                *first = start + i;
    }
    return wrong;
}
