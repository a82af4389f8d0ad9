#include "analysis/compare/ranking.h"
#include "stats/student.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* scipy.stats.t.ppf((1 + share) / 2, degrees), SciPy 1.17 */
Test(student, quantiles_as_scipy_has_them)
{
    static const struct {
        double share;
        size_t degrees;
        double t;
    } known[] = {{0.94999999999999996, 1, 12.7062047361747},
                 {0.94999999999999996, 2, 4.30265272974946},
                 {0.94999999999999996, 5, 2.57058183563631},
                 {0.99583333333333335, 5, 4.98252836214069},
                 {0.98999999999999999, 6, 3.70742802132481},
                 {0.999, 7, 5.40788252086183},
                 {0.94999999999999996, 30, 2.04227245630124},
                 {0.99924242424242427, 11, 4.60591657967428},
                 {0.5, 100, 0.676951043011472}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double t = student_quantile((1 + known[i].share) / 2, (double)known[i].degrees);
        cr_expect(fabs(t / known[i].t - 1) < 1e-9, "%zu degrees: %.12g, expected %.12g", known[i].degrees, t,
                  known[i].t);
        cr_expect(fabs(1 - 2 * student_upper(t, (double)known[i].degrees) - known[i].share) < 1e-12);
    }
}

static struct figure between(double lo, double hi)
{
    return (struct figure){(lo + hi) / 2, lo, hi, INTERVAL_EXACT};
}

Test(ranking, a_place_counts_those_that_are_surely_better)
{
    /* a chain of overlapping neighbours: the third overlaps the second, not the first */
    struct figure chain[] = {between(1, 2), between(1.9, 3), between(2.1, 4), between(5, 6)};
    size_t place[4];
    places(chain, 4, true, place);
    cr_expect(place[0] == 1 && place[1] == 1 && place[2] == 2 && place[3] == 4);
    places(chain, 4, false, place);
    cr_expect(place[0] == 3 && place[1] == 2 && place[2] == 2 && place[3] == 1);
}

Test(ranking, without_an_interval_there_is_no_place)
{
    struct figure mixed[] = {
        between(5, 6), {1, 1, 1, INTERVAL_NONE}, {2, 1, 3, INTERVAL_RANGE}, between(7, 8)};
    size_t place[4];
    places(mixed, 4, true, place);
    cr_expect(place[0] == 1 && place[1] == 0 && place[2] == 0 && place[3] == 2);
    places(mixed, 3, true, place); /* a single interval gives no ranking */
    cr_expect(place[0] == 0 && place[1] == 0 && place[2] == 0);
}

static struct case_summary line_of(struct launch_point *points, const double *times, size_t n)
{
    double copy[32];
    for (size_t i = 0; i < n; i++) points[i].time_us = copy[i] = times[i];
    return (struct case_summary){.points = points,
                                 .launches = n,
                                 .time_us = figure_of_launches(copy, n),
                                 .bound_percent = figure_absent()};
}

Test(ranking, intervals_widen_with_the_number_of_rivals)
{
    const double times[] = {98, 100, 101, 102, 104, 110};
    struct launch_point points[6];
    struct case_summary line = line_of(points, times, 6);
    struct figure one = simultaneous_time(&line, 1), twelve = simultaneous_time(&line, 12);
    cr_expect(one.lo == 98 && one.hi == 110); /* exact at 96.9 %: the extremes */
    /* scipy: exp(mean(ln x) -+ t.ppf(1 - 0.05/24, 5) * std(ln x, ddof=1) / sqrt(6)) */
    cr_expect(fabs(twelve.lo / 94.39670781142 - 1) < 1e-9, "%.12g", twelve.lo);
    cr_expect(fabs(twelve.hi / 111.1478416915 - 1) < 1e-9, "%.12g", twelve.hi);
    cr_expect(twelve.point == 101.5);
    struct case_summary few = line_of(points, times, 5);
    cr_expect_eq(simultaneous_time(&few, 2).kind, INTERVAL_RANGE);
}

Test(ranking, twenty_launches_stay_exact)
{
    double times[20];
    struct launch_point points[20];
    for (int i = 0; i < 20; i++) times[i] = 100 + i;
    struct case_summary line = line_of(points, times, 20);
    /* 1 - 0.05/5 = 99 %: P(Bin(20, 1/2) <= 3) = 0.0013, <= 4: 0.0059 > 0.005: the 4th and the 17th */
    struct figure five = simultaneous_time(&line, 5);
    cr_expect(five.lo == 103 && five.hi == 116, "%g to %g", five.lo, five.hi);
}

Test(ranking, impossible_is_above_the_bound_with_the_whole_interval)
{
    struct case_summary line = {.launches = 6};
    line.bound_percent = (struct figure){101, 99, 103, INTERVAL_EXACT};
    cr_expect_not(is_impossible(&line));
    line.bound_percent = (struct figure){101, 100.1, 103, INTERVAL_EXACT};
    cr_expect(is_impossible(&line));
    line.bound_percent =
        (struct figure){100.3, 100.3, 100.3, INTERVAL_NONE}; /* rounding of a printed table */
    cr_expect_not(is_impossible(&line));
    line.bound_percent = (struct figure){239, 239, 239, INTERVAL_NONE};
    cr_expect(is_impossible(&line));
    line.launches = 0;
    cr_expect_not(is_impossible(&line));
}

/* Tables of nccl-tests state neither mode nor cache, but nccl-tests always times in the same way: both are
   known. */
Test(ranking, mode_nccl_tests_ranks_with_tables_of_nccl_tests)
{
    struct case_row measured = case_row_absent(), table = case_row_absent();
    struct launch launch = {.header = launch_header_absent()};
    measured.ranks = table.ranks = 8, measured.memory = table.memory = MEMORY_DEVICE;
    measured.dtype = table.dtype = "float", measured.op = table.op = "sum";
    measured.mode = MODE_NCCL_TESTS, measured.sync = SYNC_BARRIER, measured.cache = CACHE_WARM;
    table.statistic = STATISTIC_MEAN, table.rank_reduction = "mean", table.includes_launch = 1;
    struct case_summary ours = {.row = &measured,
                                .launch = &launch,
                                .statistic = STATISTIC_MEAN,
                                .rank_reduction = "mean"},
                        theirs = ours;
    theirs.row = &table;
    struct basis a = basis_of(SCOPE_HOST, &ours), b = basis_of(SCOPE_HOST, &theirs);
    cr_expect_eq(basis_order(&a, &b), 0);
    measured.cache = CACHE_COLD;
    a = basis_of(SCOPE_HOST, &ours);
    cr_expect_neq(basis_order(&a, &b), 0, "rotating buffers");
    measured.cache = CACHE_WARM, measured.mode = MODE_PIPELINED;
    a = basis_of(SCOPE_HOST, &ours);
    cr_expect_neq(basis_order(&a, &b), 0, "the device's clock");
    measured.mode = MODE_NCCL_TESTS, table.includes_launch = ABSENT;
    a = basis_of(SCOPE_HOST, &ours), b = basis_of(SCOPE_HOST, &theirs);
    cr_expect_neq(basis_order(&a, &b), 0, "a mean of another tool");
    table.includes_launch = 1, table.rank_reduction = "max";
    b = basis_of(SCOPE_HOST, &theirs);
    cr_expect_neq(basis_order(&a, &b), 0, "nccl-tests with -a 3");
}

Test(ranking, a_basis_names_what_must_be_equal)
{
    struct case_row row = case_row_absent();
    row.ranks = 72, row.mode = MODE_PIPELINED, row.cache = CACHE_WARM, row.memory = MEMORY_DEVICE;
    struct launch launch = {.header = launch_header_absent()};
    row.dtype = "float", row.op = "sum";
    struct case_summary line = {
        .row = &row, .launch = &launch, .statistic = STATISTIC_MEDIAN, .rank_reduction = "max"};
    struct basis a = basis_of(SCOPE_DOMAIN, &line), b = a;
    cr_expect_eq(basis_order(&a, &b), 0);
    b.cache = CACHE_COLD;
    cr_expect_neq(basis_order(&a, &b), 0);
    b = a, b.scope = SCOPE_DOMAINS;
    cr_expect_neq(basis_order(&a, &b), 0);
    b = a, b.statistic = STATISTIC_MEAN;
    cr_expect_lt(basis_order(&a, &b), 0); /* medians first */
    b = a, b.mode = MODE_ABSENT;
    cr_expect_neq(basis_order(&a, &b), 0); /* a mode that is not known equals no other */
    b = a, b.dtype = "bfloat16";
    cr_expect_neq(basis_order(&a, &b), 0);
    b = a, b.artificial = "emulated";
    cr_expect_neq(basis_order(&a, &b), 0);
    b = a, b.imbalance = "1.5";
    cr_expect_neq(basis_order(&a, &b), 0);
    row.aggregate = 1;
    b = basis_of(SCOPE_DOMAIN, &line);
    cr_expect_eq(basis_order(&a, &b), 0); /* one operation at a time, whether said or not */
    row.aggregate = 4;
    b = basis_of(SCOPE_DOMAIN, &line);
    cr_expect_neq(basis_order(&a, &b), 0);
    struct text words = {0};
    basis_words(&a, &words);
    cr_expect_str_eq(text_get(&words), "72 GPUs, pipelined, warm cache, median");
    text_clear(&words);
    row.imbalance = "1.5";
    b = basis_of(SCOPE_DOMAIN, &line);
    basis_words(&b, &words);
    cr_expect_str_eq(text_get(&words),
                     "72 GPUs, imbalance 1.5, groups of 4 operations, pipelined, warm cache, median");
    text_free(&words);
}
