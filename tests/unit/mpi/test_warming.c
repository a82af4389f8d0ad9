/* Tests of the warm-up, and of passes whose first samples are slow although the warm-up has ended. */
#include "stats/order.h"
#include "stats/stopping.h"
#include "tests/random_normal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* Warms up a series whose n-th sample takes value(n) times 100 us; returns the number of samples. */
static size_t warm_up(double (*value)(size_t n), double fits)
{
    static double us[BLOCK_MOST];
    struct warming w = {0};
    size_t taken = 0;
    for (size_t count = 1; count; count = warming_next(&w, count, us, count, fits - (double)taken)) {
        for (size_t i = 0; i < count; i++) us[i] = 100 * value(taken + i);
        taken += count;
        cr_assert(taken < 1e6);
    }
    return taken;
}

static double flat(size_t n)
{
    (void)n;
    return 1;
}

static double slow_decay(size_t n)
{
    return n < 100 ? 1.3 - 0.003 * (double)n : 1; /* 30 % over 100 calls */
}

static double endless_decay(size_t n)
{
    return 1 + 100 / (double)(n + 1);
}

Test(warming, ends_when_the_series_is_steady_and_not_before)
{
    /* The stages end after 1, 5, 10, 20 and 40 calls in all. The last two, of 10 and 20 calls, are the first
       that are long enough to compare, and they agree. 40 calls are a tenth of a visit of 400. In a longer
       visit, the warm-up goes on to 160 calls, but takes no more than a tenth. */
    cr_assert_eq(warm_up(flat, 400), 40);
    cr_assert_eq(warm_up(flat, 401), 80);
    cr_assert_eq(warm_up(flat, INFINITY), 160);
    /* Medians of the stages: 1.256, 1.21, 1.12 (40 to 80), 1 (80 to 160: 60 of 80 are flat), 1. */
    cr_assert_eq(warm_up(slow_decay, INFINITY), 320);
    size_t most = warm_up(endless_decay, INFINITY);
    cr_assert(most >= 2560 && most <= 2560 + BLOCK_MOST, "%zu", most);
}

Test(warming, keeps_to_its_time)
{
    cr_assert_eq(warm_up(flat, 0), 1, "the first call shows how long a call takes");
    cr_assert_eq(warm_up(flat, 3), 3);
    cr_assert_eq(warm_up(endless_decay, 100), 100);
}

/* Series of calls whose time scatters by 1 %; WIDE: by 5 %. */
enum series { WHITE, WIDE, HEAVY_TAIL, CORRELATED, LINEAR, EXPONENTIAL };

struct source {
    enum series kind;
    double length; /* LINEAR: calls until the 30 % are gone; EXPONENTIAL: until they are 30 %/e */
    struct random_state random;
    double last;
};

/* By how much the n-th call takes longer than a warm one. */
static double excess(const struct source *s, size_t n)
{
    if (s->kind == LINEAR) return 0.3 * fmax(0, 1 - (double)n / s->length);
    return s->kind == EXPONENTIAL ? 0.3 * exp(-(double)n / s->length) : 0;
}

static double call_us(struct source *s, size_t n)
{
    double e = random_normal(&s->random);
    if (s->kind == CORRELATED) e = s->last = 0.9 * s->last + sqrt(1 - 0.81) * e;
    if (s->kind == HEAVY_TAIL && random_unit(&s->random) < 0.05) e += 50;
    return 100 * (1 + excess(s, n)) * (1 + (s->kind == WIDE ? 0.05 : 0.01) * e);
}

static size_t warm_up_source(struct source *s, double fits, bool *steady)
{
    static double us[BLOCK_MOST];
    struct warming w = {0};
    size_t taken = 0;
    for (size_t count = 1; count; count = warming_next(&w, count, us, count, fits - (double)taken)) {
        for (size_t i = 0; i < count; i++) us[i] = call_us(s, taken + i);
        taken += count;
    }
    *steady = w.steady;
    return taken;
}

enum { SERIES = 400 };

/* The mean number of calls of the warm-up; sets the share that took more than `least`. */
static double mean_warm_up(enum series kind, double fits, size_t least, double *longer)
{
    double mean = 0;
    bool steady;
    *longer = 0;
    for (size_t i = 0; i < SERIES; i++) {
        struct source s = {.kind = kind};
        random_seed(&s.random, i + 1);
        size_t calls = warm_up_source(&s, fits, &steady);
        mean += (double)calls / SERIES;
        *longer += (calls > least) / (double)SERIES;
    }
    return mean;
}

/* 10000 calls fit into the time for the warm-up: calls of 2 us. The slowest decay, 30 % over 1000 calls,
   makes the stage from 80 to 160 faster by 1.9 %, against a standard error of the slope of 1 % x sqrt(12 /
   80) = 0.39 %: 4.9 standard errors. The residuals' correlation time, estimated from 80 samples, is 1 to 3
   where it is 1, so a score below 2 remains possible; 1 % and three standard errors of it are allowed. */
Test(warming, slow_decays_are_noticed_under_scatter)
{
    static const struct source sources[] = {{.kind = LINEAR, .length = 100},
                                            {.kind = LINEAR, .length = 200},
                                            {.kind = LINEAR, .length = 300},
                                            {.kind = LINEAR, .length = 1000},
                                            {.kind = EXPONENTIAL, .length = 200}};
    for (size_t k = 0; k < sizeof sources / sizeof *sources; k++) {
        size_t missed = 0;
        for (size_t i = 0; i < SERIES; i++) {
            struct source s = sources[k];
            bool steady;
            random_seed(&s.random, i + 1);
            missed += excess(&s, warm_up_source(&s, 10000, &steady)) > 0.005;
        }
        cr_expect(missed <= SERIES / 40, "series %zu: %zu of %d", k, missed, SERIES);
    }
}

/* The time ends after 90 calls, the decay after 100. From 40 to 80 a call gets faster by 12 %; the last 10
   are no whole stage. */
Test(warming, tells_that_it_ended_too_early)
{
    for (size_t i = 0; i < SERIES; i++) {
        struct source s = {.kind = LINEAR, .length = 100};
        bool steady;
        random_seed(&s.random, i + 1);
        cr_assert_eq(warm_up_source(&s, 90, &steady), 90);
        cr_assert_not(steady);
    }
}

/* A normal trend score exceeds 2 in 4.6 % of series without a trend, Student's t with 18 degrees of freedom
   (20 samples) in 6.1 %. Medians of 10 and 20 samples that scatter by 5 % differ by about
   1.2 x 5 % x sqrt(1/10 + 1/20) = 2.3 % (standard error), so 39 % differ by more than 2 %; with the trend
   score 42 % go on. The bounds are three standard errors of a share among 400 series above these. */
Test(warming, a_steady_series_is_not_kept_warming)
{
    double longer, mean = mean_warm_up(WHITE, 200, 40, &longer);
    cr_expect(longer < 0.097 && mean < 1.1 * 40, "%g %g", longer, mean);
    mean = mean_warm_up(HEAVY_TAIL, 200, 40, &longer);
    cr_expect(longer < 0.097 && mean < 1.1 * 40, "%g %g", longer, mean);
    mean = mean_warm_up(WIDE, 200, 40, &longer);
    cr_expect(longer < 0.494 && mean < 2 * 40, "%g %g", longer, mean);
    mean = mean_warm_up(CORRELATED, 200, 40, &longer);
    cr_expect(mean < 2 * 40, "%g %g", longer, mean);
    mean = mean_warm_up(WHITE, 10000, 160, &longer);
    cr_expect(longer < 0.077 && mean < 1.1 * 160, "%g %g", longer, mean);
}

/* Runs a pass of calls of `call_s` seconds within share_s, of which a fifth is for the warm-up. Returns the
   median in calls of 100 us; sets the number of calls, and how many samples were dropped. */
static double run_pass(struct source *s, double call_s, double share_s, size_t *calls, size_t *dropped)
{
    static double us[SAMPLES_MOST];
    const struct stopping rule = {0.01, 0, 5};
    enum stop_reason why;
    bool steady;
    size_t warm_up = warm_up_source(s, share_s / 5 / call_s, &steady), first = 0, count = 0;
    for (size_t next = 1, stale; next;) {
        struct sampled now = {.us = us + first,
                              .count = count - first,
                              .taken = count,
                              .unsettled = steady ? 0 : warm_up,
                              .spent_s = (double)(warm_up + count) * call_s,
                              .most_s = share_s,
                              .sample_s = call_s};
        for (;; first += stale) {
            now.us = us + first;
            now.count = count - first;
            next = stopping_next(&rule, &now, &why);
            if (!(stale = stopping_stale(&now, next == 0))) break;
        }
        for (size_t i = 0; i < next; i++, count++) us[count] = call_us(s, warm_up + count);
    }
    *calls = warm_up + count;
    *dropped = first;
    return median(us + first, count - first);
}

/* The decay outlasts the warm-up, but not the pass: 20 of 100 calls are for the warm-up, and 30 % are gone
   after 50. Of the samples that were taken, those from 20 to 50 lie above the truth, by 9 % on average. */
Test(stopping, a_pass_drops_samples_that_still_decline)
{
    double error = 0, lost = 0, more = 0;
    for (size_t i = 0; i < SERIES; i++) {
        struct source decay = {.kind = LINEAR, .length = 50}, white = {.kind = WHITE};
        size_t calls, dropped;
        random_seed(&decay.random, i + 1);
        random_seed(&white.random, i + 1);
        error += fabs(run_pass(&decay, 1e-3, 0.1, &calls, &dropped) / 100 - 1) / SERIES;
        cr_expect(calls <= 100, "%zu", calls);
        run_pass(&white, 1e-3, 0.1, &calls, &dropped);
        lost += (dropped > 0) / (double)SERIES;
        more += (double)calls / SERIES;
    }
    cr_expect(error < 0.01, "%g", error);
    cr_expect(lost < 0.03 && more < 50, "%g %g", lost, more);
}

Test(drift, is_told_from_scatter)
{
    struct random_state random;
    static double us[400];
    int found = 0;
    random_seed(&random, 3);
    for (int series = 0; series < 200; series++) {
        for (int i = 0; i < 400; i++) us[i] = 100 + random_normal(&random);
        found += !isnan(drift_within(us, 400));
    }
    /* A score beyond 2.8 standard errors: p = 0.005, 1 in 200. */
    cr_assert(found <= 5, "%d", found);
    for (int i = 0; i < 400; i++) us[i] = (i < 200 ? 100 : 110) + random_normal(&random);
    cr_assert_float_eq(drift_within(us, 400), 1.1, 0.005);
    cr_assert(isnan(drift_within(us, 8)), "eight samples are too few");
    cr_assert(isnan(drift_within(us, 0)));
}

/* Disturbed samples do not use the time of the case, but they do use wall-clock time. */
