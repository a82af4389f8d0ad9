/* A thin baseline keeps the figures that a comparison reads. */
#include "analysis/gate/thin.h"
#include "stats/order.h"
#include "stats/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* The 95th percentile by nearest rank: the ceil(0.95 n)-th, in whole numbers. */
static double p95_of(const double *sorted, size_t n)
{
    return sorted[(95 * n + 99) / 100 - 1];
}

Test(thin, a_mean_keeps_all_samples)
{
    static double us[100];
    struct arena arena = {0};
    struct case_row row = case_row_absent();
    struct launch launch = {.header = launch_header_absent(), .cases = &row, .case_count = 1};
    for (size_t i = 0; i < 100; i++) us[i] = (double)(i * i);
    row.mode = MODE_NCCL_TESTS, row.samples_us = (struct samples){us, 100};
    thin_launch(&launch, &arena);
    cr_expect_eq(row.samples_us.count, 100);
    json_decref(launch.header.source);
    arena_free(&arena);
}

Test(thin, median_and_95th_percentile_stay)
{
    enum { MOST = 2000 };
    static double all[MOST], sorted[MOST];
    struct random_state random;
    random_seed(&random, 3);
    for (size_t n = 1; n <= MOST; n += n < 200 ? 1 : 173) {
        struct arena arena = {0};
        struct case_row row = case_row_absent();
        struct launch launch = {.header = launch_header_absent(), .cases = &row, .case_count = 1};
        for (size_t i = 0; i < n; i++) sorted[i] = all[i] = 100 + random_unit(&random);
        memcpy(sorted, all, n * sizeof *all);
        sort_doubles(sorted, n);
        row.samples_us = (struct samples){all, n};
        thin_launch(&launch, &arena);
        size_t kept = row.samples_us.count, at = 0;
        cr_assert_eq(kept, n <= 20 + n % 2 ? n : 20 + n % 2, "%zu samples: %zu", n, kept);
        for (size_t i = 0; i < n && at < kept; i++) at += row.samples_us.us[at] == all[i];
        cr_expect_eq(at, kept, "%zu samples: not a part of them in their order", n);
        double few[21];
        memcpy(few, row.samples_us.us, kept * sizeof *few);
        sort_doubles(few, kept);
        double middle = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
        cr_expect_eq((few[(kept - 1) / 2] + few[kept / 2]) / 2, middle, "%zu samples: the median", n);
        if (n >= 20)
            cr_expect_eq(p95_of(few, kept), p95_of(sorted, n), "%zu samples: the 95th percentile", n);
        json_decref(launch.header.source);
        arena_free(&arena);
    }
}
