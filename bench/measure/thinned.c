#include "measure/thinned.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void thinned_start(struct thinned *t)
{
    t->count = t->seen = 0;
    t->stride = 1;
}

void thinned_add(struct thinned *t, double us)
{
    if (t->seen++ % t->stride) return;
    if (t->count == THINNED_MOST) {
        for (size_t i = 0; i < THINNED_MOST / 2; i++) t->us[i] = t->us[2 * i];
        t->count = THINNED_MOST / 2;
        t->stride *= 2;
        if ((t->seen - 1) % t->stride) return;
    }
    t->us[t->count++] = us;
}

void thinned_drop(struct thinned *t, size_t from, size_t end)
{
    size_t first = least((from + t->stride - 1) / t->stride, t->count),
           next = least((end + t->stride - 1) / t->stride, t->count);
    memmove(t->us + first, t->us + next, (t->count - next) * sizeof *t->us);
    t->count -= next - first;
    t->seen -= end - from;
}
