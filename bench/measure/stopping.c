#include "measure/stopping.h"
#include "base/status.h"
#include "stats/effective.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>

/* The autocorrelation sum takes n times the lags: longer series are judged by the medians of this many
 * blocks. */
enum { BLOCKS_MOST = 2048 };

const char *stop_reason_name(enum stop_reason why)
{
    static const char *const names[] = {NULL, "precision", "samples", "time", "fixed"};
    return names[why];
}

double relative_error(const double *us, size_t count, double *lo, double *hi)
{
    *lo = *hi = NAN;
    if (count == 0) return INFINITY;
    bool known;
    double middle;
    if (count > 2 * BLOCKS_MOST) {
        size_t length = count / BLOCKS_MOST, blocks = count / length;
        double *medians = allocate(blocks, sizeof *medians);
        for (size_t i = 0; i < blocks; i++) medians[i] = median(us + i * length, length);
        known = median_interval_effective(medians, blocks, 0.05, lo, hi, NULL);
        middle = median(medians, blocks);
        free(medians);
    } else {
        known = median_interval_effective(us, count, 0.05, lo, hi, NULL);
        middle = median(us, count);
    }
    if (!known) *lo = *hi = NAN;
    return known && middle > 0 ? (*hi - *lo) / 2 / middle : INFINITY;
}

/* `total` spread over the passes: what should have been reached when pass `pass` ends. */
static size_t quota(size_t total, size_t pass, size_t passes)
{
    return (total * (pass + 1) + passes - 1) / passes;
}

size_t stopping_fixed(size_t total, size_t pass, size_t passes)
{
    return quota(total, pass, passes) - (pass ? quota(total, pass - 1, passes) : 0);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* `count`, or how many samples the time left takes when those are fewer; at least one. */
static size_t fit(const struct sampled *now, size_t count)
{
    if (!(now->sample_s > 0)) return least(count, isfinite(now->pass_share_s) ? 5 : count);
    double most = (now->pass_share_s - now->pass_s) / now->sample_s;
    return most >= (double)count ? count : most > 1 ? (size_t)most : 1;
}

size_t stopping_next(const struct stopping *s, const struct sampled *now, enum stop_reason *why)
{
    double lo, hi;
    size_t pass = least(now->pass, s->passes - 1);
    *why = STOP_NOT;
    if (s->fixed) {
        size_t wanted = stopping_fixed(s->fixed, pass, s->passes);
        /* Where nearly all are set aside, there is an end to it. */
        if (now->pass_kept >= wanted || now->pass_taken >= 10 * wanted + 100) *why = STOP_FIXED;
        if (!*why && now->pass_taken && now->pass_s + now->sample_s > now->pass_share_s) *why = STOP_TIME;
        return *why ? 0 : fit(now, least(wanted - now->pass_kept, BLOCK_MOST));
    }
    size_t enough = quota(SAMPLES_LEAST, pass, s->passes), most = quota(SAMPLES_MOST, pass, s->passes);
    if (now->count >= enough && now->pass_taken &&
        relative_error(now->us, now->count, &lo, &hi) <= s->precision)
        *why = STOP_PRECISION;
    else if (now->count >= most)
        *why = STOP_SAMPLES;
    else if (now->pass_taken && now->pass_s + now->sample_s > now->pass_share_s)
        *why = STOP_TIME;
    if (*why) return 0;
    /* Checkpoints grow geometrically, so that a decision is taken O(log n) times; none oversteps the time. */
    size_t next = now->pass_taken < 10 ? 5 : now->pass_taken / 2;
    next = fit(now, next);
    return least(least(next, most > now->count ? most - now->count : 1), BLOCK_MOST);
}
