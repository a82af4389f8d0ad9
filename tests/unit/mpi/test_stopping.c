#include "base/status.h"
#include "measure/schedule.h"
#include "stats/order.h"
#include "tests/random_normal.h"
#include "stats/stopping.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* Runs a case with simulated samples through the rule, as the sampler does; returns the number of samples. */
static size_t run_case(const struct stopping *s, double sample_s, double share_s,
                       double (*next)(struct random_state *), enum stop_reason *why)
{
    struct random_state random;
    double *us = allocate(200000, sizeof *us);
    size_t count = 0;
    random_seed(&random, 5);
    for (size_t pass = 0; pass < s->passes; pass++) {
        size_t taken = 0;
        for (;;) {
            struct sampled now = {.us = us + count - taken,
                                  .count = taken,
                                  .pass = pass,
                                  .taken = taken,
                                  .spent_s = (double)taken * sample_s,
                                  .most_s = share_s,
                                  .sample_s = taken ? sample_s : 0};
            size_t block = stopping_next(s, &now, why);
            if (block == 0) break;
            cr_assert(block <= BLOCK_MOST);
            for (size_t i = 0; i < block; i++) us[count++] = next(&random);
            taken += block;
        }
    }
    free(us);
    return count;
}

static double steady(struct random_state *random)
{
    return 100 + random_normal(random) * 0.5;
}

static double noisy(struct random_state *random)
{
    return 100 + random_normal(random) * 40;
}

/* Of every 25 samples, this many are undisturbed or late, the rest are disturbed; late ones never count.
   Returns how many samples could count. */
static size_t fixed_pass(size_t wanted, size_t undisturbed_of_25, size_t late_of_25, enum stop_reason *why)
{
    const struct stopping s = {0.01, wanted, 1};
    static const double us[4096] = {0};
    struct sampled now = {.us = us, .most_s = INFINITY};
    for (size_t block; (block = stopping_next(&s, &now, why));)
        for (size_t i = 0; i < block; i++, now.taken++) {
            size_t kind = now.taken % 25;
            if (kind < undisturbed_of_25)
                now.count++;
            else if (kind < 25 - late_of_25)
                now.disturbed++;
        }
    return now.count >= wanted ? now.count : now.count + now.disturbed;
}

/* Disturbed samples may complete a pass, late ones never do; even then the pass ends. */
Test(stopping, a_fixed_number_is_reached_on_a_busy_machine)
{
    enum stop_reason why;
    for (size_t wanted = 1; wanted < 4000; wanted += 17) {
        cr_assert(fixed_pass(wanted, 25, 0, &why) == wanted && why == STOP_FIXED);
        cr_assert(fixed_pass(wanted, 1, 0, &why) >= wanted && why == STOP_FIXED);
        cr_assert(fixed_pass(wanted, 0, 10, &why) >= wanted && why == STOP_FIXED, "wanted %zu", wanted);
        cr_assert(fixed_pass(wanted, 0, 25, &why) == 0 && why == STOP_SAMPLES);
    }
}

Test(stopping, a_fixed_number_is_taken_exactly)
{
    enum stop_reason why;
    for (size_t passes = 1; passes <= 7; passes++) {
        const struct stopping s = {0.01, 1001, passes};
        cr_assert(run_case(&s, 1e-3, INFINITY, noisy, &why) == 1001 && why == STOP_FIXED);
    }
    const struct stopping few = {0.01, 3, 5};
    cr_assert(run_case(&few, 1e-3, INFINITY, noisy, &why) == 3);
}

Test(stopping, steady_cases_stop_early_and_not_before_the_minimum)
{
    enum stop_reason why;
    const struct stopping s = {0.01, 0, 5};
    size_t count = run_case(&s, 1e-6, 1, steady, &why);
    cr_assert(why == STOP_PRECISION && count >= SAMPLES_LEAST && count < 100, "%zu", count);
}

Test(stopping, noisy_cases_end_by_time_within_it)
{
    enum stop_reason why;
    const struct stopping s = {0.0001, 0, 5};
    size_t count = run_case(&s, 1e-3, 0.1, noisy, &why);
    cr_assert(why == STOP_TIME && count >= 480 && count <= 500, "%zu", count);
}

Test(stopping, samples_are_capped)
{
    enum stop_reason why;
    const struct stopping s = {0.0001, 0, 5};
    size_t count = run_case(&s, 1e-9, 100, noisy, &why);
    cr_assert(why == STOP_SAMPLES && count == SAMPLES_MOST, "%zu", count);
}

Test(stopping, one_sample_is_taken_however_long_it_lasts)
{
    enum stop_reason why;
    const struct stopping s = {0.01, 0, 1};
    struct sampled now = {.spent_s = 5, .most_s = 0.1};
    cr_assert(stopping_next(&s, &now, &why) >= 1);
}

/* Simulates a launch of five passes. Each pass has a different level (sigma 2 %), as if the machine's state
   changed between passes; samples scatter by 5 % around it. Returns |median - 1|; the true median is 1. */
static double launch_error(struct random_state *random, bool pooled, size_t *taken)
{
    enum { PASSES = 5 };
    const struct stopping s = {0.01, 0, PASSES};
    double *us = allocate(SAMPLES_MOST + BLOCK_MOST, sizeof *us), lo, hi;
    size_t count = 0;
    for (size_t pass = 0; pass < PASSES; pass++) {
        double level = exp(0.02 * random_normal(random));
        enum stop_reason why;
        for (size_t first = count, next;; count += next) {
            struct sampled now = {.us = us + first,
                                  .count = count - first,
                                  .pass = pass,
                                  .taken = count - first,
                                  .most_s = INFINITY,
                                  .sample_s = 1e-6};
            next = stopping_next(&s, &now, &why);
            /* The previous rule: all samples of the case together, at least five in each pass. */
            if (pooled) {
                bool precise = count >= 30 && relative_error(us, count, &lo, &hi) <= 0.01;
                next = precise && count > first ? 0 : count - first < 10 ? 5 : (count - first) / 2;
            }
            if (next == 0) break;
            for (size_t i = 0; i < next; i++) us[count + i] = level * exp(0.05 * random_normal(random));
        }
    }
    *taken += count;
    double error = fabs(median(us, count) - 1);
    free(us);
    return error;
}

/* With equal shares the levels of the passes average out: sigma of the launch median is 0.02 / sqrt(5) =
   0.9 %, and its mean absolute error is 0.8 times that, 0.71 %. If the first pass has nearly all samples, the
   error is close to that of one pass, 1.6 %. */
Test(stopping, passes_share_the_precision)
{
    enum { LAUNCHES = 300 };
    struct random_state random;
    double pooled = 0, shared = 0;
    size_t pooled_taken = 0, shared_taken = 0;
    random_seed(&random, 11);
    for (int i = 0; i < LAUNCHES; i++) pooled += launch_error(&random, true, &pooled_taken) / LAUNCHES;
    for (int i = 0; i < LAUNCHES; i++) shared += launch_error(&random, false, &shared_taken) / LAUNCHES;
    cr_assert(shared < 0.0085 && shared < 0.75 * pooled, "%g %g", shared, pooled);
    cr_assert(shared_taken <= pooled_taken, "%zu %zu", shared_taken, pooled_taken);
}

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
    /* After 1, 5, 10 (a stage of 5 is too short to compare), 20, 40: the stages of 10 and of 20 agree. That
       is a tenth of the time of 400 calls; where there is time, 160 are taken. */
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
Test(stopping, the_clock_ends_a_disturbed_pass)
{
    enum stop_reason why;
    const struct stopping s = {0.01, 0, 1};
    struct sampled now = {
        .taken = 5, .spent_s = 0.01, .most_s = 0.1, .wall_s = 0.29, .wall_most_s = 0.3, .sample_s = 0.001};
    cr_assert(stopping_next(&s, &now, &why) == 5 && why == STOP_NOT);
    now.wall_s = 0.31;
    cr_assert(stopping_next(&s, &now, &why) == 0 && why == STOP_TIME);
}

/* The error of a correlated series is larger than that of independent samples of the same spread. */
Test(stopping, correlation_widens_the_interval)
{
    struct random_state random;
    static double independent[2000], correlated[2000];
    double lo, hi, x = 0;
    random_seed(&random, 1);
    for (int i = 0; i < 2000; i++) {
        double e = random_normal(&random);
        x = 0.9 * x + sqrt(1 - 0.81) * e; /* variance 1 */
        independent[i] = 100 + e;
        correlated[i] = 100 + x;
    }
    cr_assert(relative_error(correlated, 2000, &lo, &hi) > 2 * relative_error(independent, 2000, &lo, &hi));
    cr_assert(isinf(relative_error(independent, 3, &lo, &hi)) && isnan(lo));
}

static struct cases two_sizes(struct measured list[2])
{
    for (int i = 0; i < 2; i++) {
        list[i] = (struct measured){.requested_bytes = i ? 1 << 20 : 1 << 10};
        list[i].call.collective = &collectives[ALL_REDUCE];
    }
    return (struct cases){.list = list, .count = 2};
}

/* -n N is exactly N operations, in equal batches of twenty and more. */
Test(schedule, operations_make_whole_batches)
{
    static const struct {
        size_t operations, samples;
        int batch;
    } known[] = {{20, 1, 20}, {5, 1, 5},     {23, 1, 23},    {100, 5, 20},
                 {50, 2, 25}, {101, 1, 101}, {1000, 50, 20}, {1009, 51, 20}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct measured m = {.batch = batch_of(1e-6, known[i].operations)};
        cr_expect(m.batch == known[i].batch && samples_of(&m, known[i].operations) == known[i].samples,
                  "%zu: %d", known[i].operations, m.batch);
    }
    cr_expect(batch_of(1e-6, 0) == 20 && batch_of(0.1, 20) == 1 && batch_of(0.01, 20) == 4 &&
              batch_of(0.01, 6) == 6 && batch_of(0.01, 23) == 23 && batch_of(0.01, 25) == 5);
    cr_expect(samples_of(&(struct measured){0}, 7) == 7, "no batch is chosen before the first pass");
}

/* Mode nccl-tests: one loop over all operations, or equal ones of at most 1000. */
Test(schedule, operations_make_loops)
{
    static const struct {
        size_t operations, samples;
        int loop;
    } known[] = {{1, 1, 1}, {20, 1, 20}, {1000, 1, 1000}, {1001, 2, 501}, {5000, 5, 1000}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct measured m = {.batch = loop_of(known[i].operations)};
        cr_expect(m.batch == known[i].loop && samples_of(&m, known[i].operations) == known[i].samples,
                  "%zu: %d", known[i].operations, m.batch);
    }
    cr_expect_eq(loop_of(0), 20, "nccl-tests' default");
}

/* If long samples are all disturbed, the rule tries twice as many as wanted, not twenty more. */
Test(stopping, long_samples_are_not_tried_again_and_again)
{
    enum stop_reason why;
    const struct stopping s = {.fixed = 1, .passes = 1};
    struct sampled now = {.taken = 2, .disturbed = 2, .wall_s = 2, .sample_s = 1, .most_s = INFINITY};
    cr_expect(stopping_next(&s, &now, &why) == 0 && why == STOP_FIXED);
    now.wall_s = 0.01;
    cr_expect(stopping_next(&s, &now, &why) == 1, "short ones are");
}

Test(schedule, a_budget_is_shared_and_ends)
{
    struct measured list[2];
    struct cases cases = two_sizes(list);
    const struct schedule s = {0.5, 10, 0.01, 5, 0};
    double share;
    cr_assert(schedule_visit(&s, &cases, 0, 0, 10, 0, &share) == VISIT && share == 0.1);
    cr_assert(schedule_visit(&s, &cases, 0, 0, 10, 9.9, &share) == VISIT && fabs(share - 0.01) < 1e-9);
    cr_assert(schedule_visit(&s, &cases, 0, 0, 10, 10.1, &share) == GIVE_UP);
    cr_assert(schedule_visit(&s, &cases, 0, 1, 10, 10.1, &share) == PASS_OVER);
    /* The smaller size took 10 ms, so 1024 times as many bytes are expected to take 10 s. */
    list[0].visits = 1, list[0].overhead_s = 0.009, list[0].sample_s = 0.001;
    cr_assert(schedule_visit(&s, &cases, 1, 0, 10, 1, &share) == GIVE_UP);
}

Test(schedule, without_a_budget_every_case_is_visited)
{
    struct measured list[2];
    struct cases cases = two_sizes(list);
    const struct schedule s = {0.5, 0, 0.01, 5, 0}, fixed = {0.5, 0, 0.01, 5, 100},
                          few = {0.5, 0, 0.01, 5, 2};
    double share;
    list[1].visits = 1, list[1].spent_s = 3, list[1].sample_s = 3;
    cr_assert(schedule_visit(&s, &cases, 0, 0, 10, 1e6, &share) == VISIT && share == 0.1);
    cr_assert(schedule_visit(&s, &cases, 1, 1, 10, 1e6, &share) == PASS_OVER, "its time is used up");
    cr_assert(schedule_visit(&fixed, &cases, 1, 1, 10, 1e6, &share) == VISIT && isinf(share));
    int visits = 0;
    for (size_t pass = 0; pass < 5; pass++)
        visits += schedule_visit(&few, &cases, 0, pass, 10, 0, &share) == VISIT;
    cr_assert(schedule_visit(&few, &cases, 0, 0, 10, 0, &share) == VISIT && visits == 2,
              "two samples, two passes");
}
