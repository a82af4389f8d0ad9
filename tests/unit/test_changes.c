/* Checks change points against calculations by hand and SciPy. */
#include "stats/changes.h"
#include "tests/random_normal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { MOST_CASES = 20, MOST_NIGHTS = 40 };

static struct change_series series[MOST_CASES + 1];
static double values[MOST_CASES + 1][MOST_NIGHTS], scores[MOST_CASES + 1][MOST_NIGHTS];
static struct change changes[MOST_CASES + 1][MOST_NIGHTS];

static void find(size_t count, size_t nights)
{
    for (size_t c = 0; c <= count; c++)
        series[c] = (struct change_series){.values = values[c], .scores = scores[c], .changes = changes[c]};
    find_changes(series, count, nights, 0.05);
}

/* Siegmund's mean time between alarms, (exp(2 k b) - 2 k b - 1) / (2 k^2) with b = h + 1.166 and k = 0.85;
   scipy.optimize.brentq solved it for h at the rates 0.05/30/42 and 0.01. */
Test(changes, threshold)
{
    cr_expect_float_eq(cusum_threshold(0.05 / 30 / 42), 5.012249671, 1e-6);
    cr_expect_float_eq(cusum_threshold(0.01), 1.783444987, 1e-6);
}

/* Values 1, 2, 4 and then 3: T of the third is (4 - 1.5) / (sqrt(0.5) sqrt(1 + 1/2)) = 2.88675 with 1 degree
   of freedom; its score is scipy.stats.norm.isf(scipy.stats.t.sf(2.88675, 1)). For the fourth the mean is 7/3
   and s^2 = 7/3, with 2 degrees. */
Test(changes, scores_start_by_themselves)
{
    const double given[] = {1, 2, 4, 3};
    for (size_t t = 0; t < 4; t++) values[0][t] = given[t];
    find(1, 4);
    cr_expect(isnan(scores[0][0]) && isnan(scores[0][1]));
    cr_expect_float_eq(scores[0][2], 1.247277908, 1e-6);
    cr_expect_float_eq(scores[0][3], 0.329469147, 1e-6);
    cr_expect_float_eq(series[0].sigma, 1.290994449, 1e-9); /* statistics.stdev(given) */
    cr_expect(isnan(values[1][0]), "one case has nothing in common with others");
}

/* Nights are alternately 1 % up and 1 % down. */
static double wave(size_t night)
{
    return night % 2 ? 0.01 : -0.01;
}

Test(changes, a_step_is_found_where_it_is)
{
    for (size_t t = 0; t < 40; t++) values[0][t] = wave(t) + (t >= 20 ? log(1.1) : 0);
    find(1, 40);
    cr_assert_eq(series[0].change_count, 1);
    cr_expect_eq(changes[0][0].first, 20);
    cr_expect_leq(changes[0][0].found, 22);
    cr_expect_geq(changes[0][0].found, 22, "three nights are the fewest");
}

/* Decisions of a night are final: later nights do not change them. */
Test(changes, later_nights_do_not_change_what_was_found)
{
    for (size_t t = 0; t < 40; t++) values[0][t] = wave(t) + (t >= 20 ? log(1.1) : 0);
    find(1, 23);
    cr_assert_eq(series[0].change_count, 1);
    struct change early = changes[0][0];
    for (size_t t = 23; t < 40; t++) values[0][t] = t % 3;
    find(1, 40);
    cr_expect_eq(changes[0][0].first, early.first);
    cr_expect_eq(changes[0][0].found, early.found);
}

Test(changes, two_bad_nights_are_no_change)
{
    for (size_t t = 0; t < 40; t++) values[0][t] = wave(t) + (t == 20 || t == 21 ? log(1.5) : 0);
    find(1, 40);
    cr_expect_eq(series[0].change_count, 0);
    cr_expect_eq(stands_apart(scores[0][20], 1, 0.05), 1);
    cr_expect_eq(stands_apart(scores[0][19], 1, 0.05), 0);
    for (size_t t = 0; t < 40; t++) values[0][t] = -values[0][t];
    find(1, 40);
    cr_expect_eq(stands_apart(scores[0][20], 1, 0.05), -1);
}

Test(changes, gaps_are_left_out)
{
    size_t taken = 0;
    for (size_t t = 0; t < 40; t++)
        values[0][t] = t % 4 == 1 ? NAN : wave(taken++) + (t >= 20 ? log(1.1) : 0);
    find(1, 40);
    cr_assert_eq(series[0].change_count, 1);
    cr_expect_eq(changes[0][0].first, 20);
    cr_expect(isnan(scores[0][21]));
}

/* Equal values have no scatter: a step of 2 % is a change; a hundredth of that comes from the clock's
   resolution. */
Test(changes, constant_series)
{
    for (size_t t = 0; t < 40; t++) values[0][t] = t >= 20 ? log(1.02) : 0;
    find(1, 40);
    cr_assert_eq(series[0].change_count, 1);
    cr_expect_eq(changes[0][0].first, 20);
    for (size_t t = 0; t < 40; t++) values[0][t] = t >= 20 ? log(1.0002) : 0;
    find(1, 40);
    cr_expect_eq(series[0].change_count, 0);
}

/* Nights differ by 10 % in all cases together, and by 1 % in each case. First, case 3 is 5 % slower from
   night 20; then all cases are 8 % slower from night 30. */
Test(changes, what_all_cases_share_is_taken_off)
{
    enum { SIX = 6 };
    struct random_state random;
    double common[40];
    random_seed(&random, 5);
    for (size_t t = 0; t < 40; t++) {
        common[t] = 0.1 * random_normal(&random);
        for (size_t c = 0; c < SIX; c++)
            values[c][t] =
                (double)c + common[t] + 0.01 * random_normal(&random) + (c == 3 && t >= 20 ? log(1.05) : 0);
    }
    find(SIX, 40);
    for (size_t c = 0; c <= SIX; c++) cr_expect_eq(series[c].change_count, c == 3, "series %zu", c);
    cr_expect_eq(changes[3][0].first, 20);
    for (size_t t = 1; t < 40; t++) /* the first night is the reference */
        cr_expect_float_eq(values[SIX][t], common[t] - common[0], 0.03);
    for (size_t t = 0; t < 40; t++) {
        double all = 0.01 * random_normal(&random) + (t >= 30 ? log(1.08) : 0);
        for (size_t c = 0; c < SIX; c++) values[c][t] = (double)c + all + 0.01 * random_normal(&random);
    }
    find(SIX, 40);
    for (size_t c = 0; c < SIX; c++) cr_expect_eq(series[c].change_count, 0, "series %zu", c);
    cr_assert_eq(series[SIX].change_count, 1);
    cr_expect_eq(changes[SIX][0].first, 30);
}

Test(changes, slow_drift)
{
    for (size_t t = 0; t < 30; t++) values[0][t] = wave(t) + log(1.2) / 30 * (double)t;
    find(1, 30);
    cr_expect_geq(series[0].change_count, 1);
}

Test(changes, no_nights)
{
    find(0, 0);
    find(1, 0);
    cr_expect_eq(series[0].change_count, 0);
}
