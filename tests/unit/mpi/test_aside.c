#include "base/status.h"
#include "measure/sampler.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* Adds a pass over a case: undisturbed samples take `us`, disturbed ones `disturbed_us`. */
static struct visit pass_over(struct measured *m, size_t undisturbed, double us, size_t disturbed,
                              double disturbed_us, size_t wanted)
{
    static struct disturbed d; /* static, since the returned visit may point into it */
    struct visit visit = {.first = m->count};
    d.count = 0;
    for (size_t i = 0; i < undisturbed; i++) keep_sample(m, SAMPLES_MOST, us, NAN);
    for (size_t i = 0; i < disturbed; i++) keep_disturbed(&d, SAMPLES_MOST, disturbed_us, NAN, undisturbed);
    settle_visit(m, &d, true, wanted, &visit);
    return visit;
}

/* Whatever the share of disturbed samples, also above one half, only the undisturbed ones count. */
Test(aside, the_rule_does_not_change_with_the_share)
{
    for (size_t disturbed = 0; disturbed < 100; disturbed++) {
        struct measured m = {0};
        struct visit visit = pass_over(&m, 100 - disturbed, 1000, disturbed, 20000, 0);
        cr_assert_eq(m.count, 100 - disturbed);
        for (size_t i = 0; i < m.count; i++) cr_assert_eq(m.us[i], 1000);
        cr_assert(m.rule == KEPT_UNDISTURBED && visit.rule == KEPT_UNDISTURBED && visit.us == m.us);
        free(m.us);
    }
}

/* Five passes of five samples each (as for 4 MiB with a busy core): the first has only disturbed ones. */
Test(aside, disturbed_passes_give_way)
{
    struct measured m = {0};
    struct visit visit = pass_over(&m, 0, 0, 5, 20000, 0);
    cr_assert(m.rule == KEPT_DISTURBED && visit.rule == KEPT_DISTURBED);
    cr_assert(m.count == 5 && visit.count == 5 && m.us[4] == 20000 && visit.us[4] == 20000);
    visit = pass_over(&m, 0, 0, 2, 21000, 0);
    cr_assert(m.count == 7 && m.rule == KEPT_DISTURBED && visit.count == 2 && visit.us[0] == 21000);
    visit = pass_over(&m, 2, 1000, 3, 20000, 0);
    cr_assert(m.count == 2 && m.us[0] == 1000 && m.us[1] == 1000 && m.rule == KEPT_UNDISTURBED);
    cr_assert(visit.count == 2 && visit.us == m.us);
    visit = pass_over(&m, 0, 0, 5, 22000, 0);
    cr_assert(visit.rule == KEPT_DISTURBED && visit.count == 5 && visit.us[0] == 22000, "the row says it");
    cr_assert(m.count == 2 && m.rule == KEPT_UNDISTURBED, "the case keeps its own");
    visit = pass_over(&m, 3, 1100, 0, 0, 0);
    cr_assert(m.count == 5 && m.us[4] == 1100 && visit.count == 3 && visit.us == m.us + 2);
    free(m.us);
}

/* -n N gives exactly N samples, in measured order, and the record says which rule chose them. */
Test(aside, a_fixed_number_is_exact)
{
    struct measured m = {0};
    struct visit visit = pass_over(&m, 0, 0, 130, 20000, 3);
    cr_assert(visit.count == 3 && m.count == 3 && visit.rule == KEPT_FILLED && m.rule == KEPT_FILLED);
    visit = pass_over(&m, 2, 1000, 130, 21000, 5);
    cr_assert(visit.count == 5 && m.count == 8 && visit.rule == KEPT_FILLED && visit.us == m.us + 3);
    visit = pass_over(&m, 4, 1000, 9, 21000, 4);
    cr_assert(visit.count == 4 && m.count == 12 && visit.rule == KEPT_UNDISTURBED);
    cr_assert(m.rule == KEPT_FILLED, "one pass was filled up");
    free(m.us);
}

Test(aside, filled_up_in_measured_order)
{
    static const double undisturbed[] = {10, 11, 12, 13}, disturbed[] = {90, 91, 92, 93};
    static const size_t before[] = {0, 2, 2, 4};
    static const double expected[] = {90, 10, 11, 91, 92, 12, 13};
    struct measured m = {0};
    struct disturbed d = {0};
    struct visit visit = {.first = 1};
    keep_sample(&m, 10, 5, 105);
    for (size_t i = 0; i < 4; i++) keep_sample(&m, 10, undisturbed[i], undisturbed[i] + 100);
    for (size_t i = 0; i < 4; i++) keep_disturbed(&d, 10, disturbed[i], disturbed[i] + 100, before[i]);
    settle_visit(&m, &d, true, 7, &visit);
    cr_assert(m.count == 8 && visit.count == 7 && m.us[0] == 5 && m.global_us[0] == 105);
    for (size_t i = 0; i < 7; i++) {
        cr_expect_eq(visit.us[i], expected[i]);
        cr_expect_eq(visit.global_us[i], expected[i] + 100);
    }
    free_disturbed(&d);
    free(m.us);
    free(m.global_us);
}

/* At most SAMPLES_MOST disturbed samples are kept. */
Test(aside, disturbed_samples_have_a_limit)
{
    struct disturbed d = {0};
    for (size_t i = 0; i < 3 * (size_t)SAMPLES_MOST; i++) keep_disturbed(&d, SAMPLES_MOST, 1, NAN, 0);
    cr_assert_eq(d.count, SAMPLES_MOST);
    free_disturbed(&d);
}

Test(aside, no_sample_no_figure)
{
    struct measured m = {0};
    struct visit visit = pass_over(&m, 0, 0, 0, 0, 10);
    cr_assert(visit.count == 0 && m.count == 0 && !visit.us);
}
