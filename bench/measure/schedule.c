#include "measure/schedule.h"

#include <math.h>

static bool differ_in_size_only(const struct measured *a, const struct measured *b)
{
    return a->split == b->split && a->call.collective == b->call.collective &&
           a->call.dtype == b->call.dtype && a->call.op == b->call.op &&
           a->call.in_place == b->call.in_place && a->call.mode == b->call.mode &&
           a->imbalance == b->imbalance && a->loaded == b->loaded;
}

/* The least time that a visit can take, s: overhead and one sample as in the case's last visit, else as in
   that of the next smaller size, scaled by the bytes; 0: neither was visited yet. */
static double least_cost(const struct cases *cases, size_t at)
{
    const struct measured *m = &cases->list[at], *nearest = NULL;
    if (m->visits) return m->overhead_s + m->sample_s;
    for (size_t i = 0; i < cases->count; i++) {
        const struct measured *other = &cases->list[i];
        if (other->visits && differ_in_size_only(m, other) && other->requested_bytes <= m->requested_bytes &&
            (!nearest || other->requested_bytes > nearest->requested_bytes))
            nearest = other;
    }
    if (!nearest) return 0;
    return (nearest->overhead_s + nearest->sample_s) * (double)m->requested_bytes /
           (double)nearest->requested_bytes;
}

size_t samples_of(const struct measured *m, size_t operations)
{
    size_t batch = m->batch > 0 ? (size_t)m->batch : 1;
    return operations / batch + (operations % batch != 0);
}

int batch_of(double operation_s, size_t operations)
{
    enum { BATCH = 20, BATCH_SLOW = 4, BATCH_VERY_SLOW = 1, BATCH_MOST = 1000 };
    size_t wanted = operation_s < 5e-3 ? BATCH : operation_s < 50e-3 ? BATCH_SLOW : BATCH_VERY_SLOW;
    if (!operations) return (int)wanted;
    if (operations <= wanted) return (int)operations;
    for (size_t batch = wanted; batch <= BATCH_MOST; batch++)
        if (operations % batch == 0) return (int)batch;
    return (int)wanted;
}

int loop_of(size_t operations)
{
    enum { LOOP = 20, LOOP_MOST = 1000 };
    if (!operations) return LOOP;
    size_t loops = operations / LOOP_MOST + (operations % LOOP_MOST != 0);
    return (int)(operations / loops + (operations % loops != 0));
}

bool is_precise(const struct measured *m, double precision)
{
    double lo, hi;
    return relative_error(m->us, m->count, &lo, &hi) <= precision;
}

enum visit_choice schedule_visit(const struct schedule *s, const struct cases *cases, size_t at, size_t pass,
                                 size_t left, double elapsed_s, double *share_s)
{
    const struct measured *m = &cases->list[at];
    struct stopping stopping = {.fixed = samples_of(m, s->operations), .passes = s->passes};
    if (s->operations && stopping_fixed(&stopping, pass) == 0)
        return PASS_OVER; /* fewer samples than passes */
    *share_s = s->operations ? INFINITY : s->max_seconds / (double)s->passes;
    if (s->budget_s > 0) {
        double remaining = s->budget_s - elapsed_s, cost = least_cost(cases, at);
        if (remaining <= 0 || cost > remaining) return pass == 0 ? GIVE_UP : PASS_OVER;
        /* The share must also cover the visit's overhead: filling, warming up, verifying. */
        double share = remaining / (double)left - m->overhead_s;
        if (pass > 0 && share < m->sample_s) return PASS_OVER;
        *share_s = share < *share_s || pass >= s->passes ? share : *share_s;
        if (*share_s < 0) *share_s = 0;
    }
    /* If one operation takes longer than a pass's share, the first passes may have used up --max-seconds. */
    if (pass > 0 && !s->operations && pass < s->passes && m->spent_s + m->sample_s > s->max_seconds)
        return PASS_OVER;
    if (pass >= s->passes && (m->count == 0 || is_precise(m, s->precision))) return PASS_OVER;
    return VISIT;
}

bool schedule_another(const struct schedule *s, const struct cases *cases, double elapsed_s)
{
    if (s->budget_s <= 0 || s->operations) return false;
    for (size_t i = 0; i < cases->count; i++) {
        const struct measured *m = &cases->list[i];
        if (m->count && elapsed_s + 2 * (m->overhead_s + m->sample_s) < s->budget_s &&
            !is_precise(m, s->precision))
            return true;
    }
    return false;
}
