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
