#include "base/status.h"
#include "measure/schedule.h"
#include "measure/stopping.h"
#include "stats/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* Runs one case with given sample times through the rule, as the sampler does; returns the samples taken. */
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
            struct sampled now = {
                us, count, pass, taken, taken, (double)taken * sample_s, share_s, taken ? sample_s : 0};
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
    struct sampled now = {NULL, 0, 0, 0, 0, 5, 0.1, 0};
    cr_assert(stopping_next(&s, &now, &why) >= 1);
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
    return (struct cases){list, 2};
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
    /* The smaller size took 10 ms: 1024 times the bytes take 10 s by that. */
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
