#include "measure/aside.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Allocates room for all expected samples at once: pages that are never written take no memory, and growing
   would hold two copies for a while. */
void keep_sample(struct measured *m, size_t expected, double us, double global_us)
{
    if (m->count == m->capacity) {
        enum { RESERVED_MOST = 1 << 20 };
        size_t first = expected < RESERVED_MOST ? expected : RESERVED_MOST;
        m->capacity = m->capacity ? m->capacity + m->capacity / 2 + 1 : first + 1;
        m->us = reallocate(m->us, m->capacity, sizeof *m->us);
        if (!isnan(global_us)) m->global_us = reallocate(m->global_us, m->capacity, sizeof *m->global_us);
    }
    if (m->global_us) m->global_us[m->count] = global_us;
    m->us[m->count++] = us;
}

void keep_disturbed(struct disturbed *d, size_t most, double us, double global_us, size_t before)
{
    if (d->count >= most) return;
    if (d->count == d->capacity) {
        d->capacity += d->capacity / 2 + 64;
        d->us = reallocate(d->us, d->capacity, sizeof *d->us);
        d->global_us = reallocate(d->global_us, d->capacity, sizeof *d->global_us);
        d->before = reallocate(d->before, d->capacity, sizeof *d->before);
    }
    d->us[d->count] = us;
    d->global_us[d->count] = global_us;
    d->before[d->count++] = before;
}

void free_disturbed(struct disturbed *d)
{
    free(d->us);
    free(d->global_us);
    free(d->before);
}

void drop_samples(struct measured *m, size_t from, size_t count)
{
    size_t rest = m->count - from - count;
    m->count -= count;
    memmove(m->us + from, m->us + from + count, rest * sizeof *m->us);
    if (m->global_us) memmove(m->global_us + from, m->global_us + from + count, rest * sizeof *m->global_us);
}

/* Merges the first `n` disturbed samples into the visit's undisturbed ones, in measured order. */
static void fill_up(struct measured *m, const struct disturbed *d, size_t n, const struct visit *visit)
{
    size_t from = m->count - visit->first;
    for (size_t i = 0; i < n; i++) keep_sample(m, n, 0, d->global_us[i]);
    double *us = m->us + visit->first, *global_us = m->global_us ? m->global_us + visit->first : NULL;
    for (size_t to = from + n, i = n; i-- > 0;) {
        while (from > d->before[i]) {
            us[--to] = us[--from];
            if (global_us) global_us[to] = global_us[from];
        }
        us[--to] = d->us[i];
        if (global_us) global_us[to] = d->global_us[i];
    }
}

void settle_visit(struct measured *m, const struct disturbed *d, bool sets_aside, size_t wanted,
                  struct visit *visit)
{
    visit->count = m->count - visit->first;
    if (visit->count < wanted && d->count) {
        size_t missing = wanted - visit->count;
        fill_up(m, d, missing < d->count ? missing : d->count, visit);
        visit->count = m->count - visit->first;
        visit->rule = m->rule = KEPT_FILLED;
        visit->us = m->us + visit->first;
        visit->global_us = m->global_us ? m->global_us + visit->first : NULL;
        return;
    }
    if (visit->count == 0 && d->count) {
        visit->rule = KEPT_DISTURBED;
        visit->count = d->count;
        visit->us = d->us;
        visit->global_us = isnan(d->global_us[0]) ? NULL : d->global_us;
        if (m->count && m->rule != KEPT_DISTURBED) return;
        m->rule = KEPT_DISTURBED;
        for (size_t i = 0; i < visit->count; i++) keep_sample(m, d->count, d->us[i], d->global_us[i]);
        return;
    }
    visit->rule = sets_aside ? KEPT_UNDISTURBED : KEPT_ALL;
    if (visit->count) {
        if (m->rule == KEPT_DISTURBED) {
            drop_samples(m, 0, visit->first);
            visit->first = 0;
        }
        if (m->rule != KEPT_FILLED) m->rule = visit->rule;
        visit->us = m->us + visit->first;
        visit->global_us = m->global_us ? m->global_us + visit->first : NULL;
    }
}
