#include "measure/window.h"
#include "tests/random_normal.h"

#include <criterion/criterion.h>
#include <math.h>

/* A clock that runs 40 ppm fast and is 3 s behind, observed with 0.2 µs of noise over 10 s. */
Test(window, drift_is_learned_by_least_squares)
{
    struct clock_model m = {0};
    struct random_state random;
    random_seed(&random, 3);
    for (int i = 0; i < 40; i++) {
        double at = 1000 + 0.25 * i;
        clock_model_learn(&m, at, 3 - 40e-6 * (at - 1000) + 0.2e-6 * random_normal(&random));
    }
    cr_assert(fabs(m.drift + 40e-6) < 0.1e-6, "%g", m.drift);
    for (double at = 1000; at < 1011; at += 1)
        cr_assert(fabs(clock_model_global(&m, at) - (at + 3 - 40e-6 * (at - 1000))) < 0.5e-6);
}

Test(window, noise_is_not_taken_for_drift)
{
    int drifts = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct clock_model m = {0};
        struct random_state random;
        random_seed(&random, seed);
        for (int i = 0; i < 20; i++) clock_model_learn(&m, 5 + 0.01 * i, 1e-6 * random_normal(&random));
        drifts += m.drift != 0;
        if (m.drift == 0)
            cr_assert(fabs(clock_model_global(&m, 100) - 100) < 3e-6, "no noise is extrapolated");
    }
    cr_assert(drifts <= 3, "%d of 50", drifts);
}

Test(window, only_the_newest_lessons_are_kept)
{
    struct clock_model m = {0};
    for (int i = 0; i < 3 * LESSONS_MOST; i++) clock_model_learn(&m, i, i < 100 ? 7 : 2);
    cr_assert(fabs(clock_model_global(&m, 200) - 202) < 1e-9);
}
