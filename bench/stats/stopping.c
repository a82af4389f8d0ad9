#include "stats/stopping.h"
#include "base/status.h"
#include "stats/effective.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>

/* The autocorrelation sum takes a time of n times the number of lags, so longer series are reduced to the
   medians of about this many blocks. */
enum { BLOCKS_MOST = 2048 };

const char *stop_reason_name(enum stop_reason why)
{
    static const char *const names[] = {NULL, "precision", "samples", "time", "fixed"};
    return names[why];
}

/* Reduces a long series to the medians of blocks. Returns the series or, in *medians, a shorter one, which
   the caller frees; sets *count. */
static const double *in_blocks(const double *us, size_t *count, double **medians)
{
    *medians = NULL;
    if (*count <= 2 * BLOCKS_MOST) return us;
    size_t length = *count / BLOCKS_MOST, blocks = *count / length;
    *medians = allocate(blocks, sizeof **medians);
    for (size_t i = 0; i < blocks; i++) (*medians)[i] = median(us + i * length, length);
    *count = blocks;
    return *medians;
}

double relative_error(const double *us, size_t count, double *lo, double *hi)
{
    *lo = *hi = NAN;
    if (count == 0) return INFINITY;
    double *medians;
    const double *series = in_blocks(us, &count, &medians);
    bool known = median_interval_effective(series, count, 0.05, lo, hi, NULL);
    double middle = median(series, count);
    free(medians);
    if (!known) *lo = *hi = NAN;
    return known && middle > 0 ? (*hi - *lo) / 2 / middle : INFINITY;
}

/* The drift of a series whose trend exceeds `certain` standard errors; NAN: there is none. */
static double drift_beyond(const double *us, size_t count, double certain)
{
    enum { SAMPLES_TOLD = 10 }; /* fewer are too few to tell a trend from scatter */
    size_t half = count / 2, length = count;
    double *medians;
    if (count < SAMPLES_TOLD) return NAN;
    const double *series = in_blocks(us, &length, &medians);
    bool drifts = fabs(trend_score(series, length)) > certain;
    free(medians);
    return drifts ? median(us + count - half, half) / median(us, half) : NAN;
}

/* Of series without a trend, 1 in 200 exceeds CERTAIN and 1 in 20 LIKELY. */
static const double CERTAIN = 2.8, LIKELY = 2;

double drift_within(const double *us, size_t count)
{
    return drift_beyond(us, count, CERTAIN);
}

/* Whether a series has not settled yet: it drifts by 0.5 %; if short, by as much in 160 samples. */
static bool is_moving(const double *us, size_t count, double certain)
{
    static const double MATTERS = 0.005, WITHIN = 160;
    return fabs(drift_beyond(us, count, certain) - 1) >
           MATTERS * fmin(1, (double)count / WITHIN); /* not NAN */
}

size_t warming_next(struct warming *w, size_t taken, const double *us, size_t count, double fits)
{
    enum { COMPARED_LEAST = 10, LONG_ENOUGH = 160, WARM_UP_MOST = 2560 };
    static const double ALIKE = 0.02, CHEAP = 0.1;
    double before = w->median;
    w->samples += taken;
    w->median = count >= COMPARED_LEAST ? median(us, count) : 0;
    bool whole = 2 * taken >= w->samples; /* time did not cut the stage short */
    w->steady = whole && before > 0 && w->median > 0 && fabs(w->median - before) <= ALIKE * before &&
                (double)w->samples >= fmin(LONG_ENOUGH, CHEAP * ((double)w->samples + fits)) &&
                !is_moving(us, count, LIKELY);
    if (w->steady || w->samples >= WARM_UP_MOST || !(fits >= 1)) return 0;
    size_t next = w->samples < 5 ? 5 - w->samples : w->samples;
    if ((double)next > fits) next = (size_t)fits;
    return next < BLOCK_MOST ? next : BLOCK_MOST;
}

size_t stopping_stale(const struct sampled *now, bool ends)
{
    bool judged = ends || (now->unsettled && now->count >= now->unsettled);
    return judged && is_moving(now->us, now->count, CERTAIN) ? now->count / 2 : 0;
}

/* Divides `total` over the passes: how many samples there must be at the end of pass `pass`. */
static size_t quota(size_t total, size_t pass, size_t passes)
{
    return (total * (pass + 1) + passes - 1) / passes;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t stopping_fixed(const struct stopping *s, size_t pass)
{
    pass = least(pass, s->passes - 1);
    return quota(s->fixed, pass, s->passes) - (pass ? quota(s->fixed, pass - 1, s->passes) : 0);
}

/* Are there enough undisturbed samples or, after enough attempts, enough together with disturbed ones? If
   samples take long, a rank is preempted in nearly every one; then twice the wanted number of attempts is
   enough. */
static bool has_fixed(const struct sampled *now, size_t wanted)
{
    static const double LONG_S = 0.1;
    size_t tries = now->wall_s > LONG_S ? 2 * wanted : 3 * wanted + 20;
    return now->count >= wanted || (now->count + now->disturbed >= wanted && now->taken >= tries);
}

/* Limits `count` to the number of samples that fit into the remaining time; at least one. */
static size_t fit(const struct sampled *now, size_t count)
{
    if (!(now->sample_s > 0)) return least(count, isfinite(now->most_s) ? 5 : count);
    double most = (now->most_s - now->spent_s) / now->sample_s;
    return most >= (double)count ? count : most > 1 ? (size_t)most : 1;
}

/* Whether to give up on a fixed number of samples: if most of many attempts began late (a rank missed the
   common start time; late samples never count), or if there were ten times as many attempts as wanted
   samples. */
static bool mostly_late(const struct sampled *now, size_t wanted)
{
    size_t late = now->taken - now->count - now->disturbed;
    return now->taken >= 3 * wanted + 20 && (2 * late > now->taken || now->taken >= 10 * wanted + 100);
}

size_t stopping_next(const struct stopping *s, const struct sampled *now, enum stop_reason *why)
{
    double lo, hi;
    bool time_is_up = now->taken && (now->spent_s + now->sample_s > now->most_s ||
                                     (now->wall_most_s > 0 && now->wall_s > now->wall_most_s));
    *why = STOP_NOT;
    if (s->fixed) {
        size_t wanted = stopping_fixed(s, now->pass);
        if (has_fixed(now, wanted))
            *why = STOP_FIXED;
        else if (mostly_late(now, wanted))
            *why = STOP_SAMPLES;
        else if (time_is_up)
            *why = STOP_TIME;
        return *why ? 0 : fit(now, least(wanted - now->count, BLOCK_MOST));
    }
    size_t enough = (SAMPLES_LEAST + s->passes - 1) / s->passes,
           most = (SAMPLES_MOST + s->passes - 1) / s->passes;
    if (now->unsettled > enough) enough = least(now->unsettled, most);
    if (now->taken && now->count >= enough &&
        relative_error(now->us, now->count, &lo, &hi) <= s->precision * sqrt((double)s->passes))
        *why = STOP_PRECISION;
    else if (now->count >= most)
        *why = STOP_SAMPLES;
    else if (time_is_up)
        *why = STOP_TIME;
    if (*why) return 0;
    /* The blocks between two decisions grow geometrically, so that O(log n) decisions suffice, but never
       beyond the time limit. */
    size_t next = fit(now, now->taken < 10 ? 5 : now->taken / 2);
    return least(least(next, most - now->count), BLOCK_MOST);
}
