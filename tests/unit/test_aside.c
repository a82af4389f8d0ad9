#include "base/status.h"
#include "measure/sampler.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* One pass over a case: undisturbed samples are `us` long, disturbed ones `disturbed_us`. */
static struct visit pass_over(struct measured *m, size_t undisturbed, double us, size_t disturbed,
                              double disturbed_us, size_t most)
{
    static double memory[2][DISTURBED_MOST];
    struct disturbed d = {memory[0], memory[1], 0};
    struct visit visit = {.first = m->count};
    for (size_t i = 0; i < undisturbed; i++) keep_sample(m, most, us, NAN);
    for (size_t i = 0; i < disturbed; i++) keep_disturbed(&d, disturbed_us, NAN);
    settle_visit(m, &d, true, most, &visit);
    return visit;
}

/* The share of disturbed samples passes through a half: the median stays that of the undisturbed ones. */
Test(aside, the_rule_does_not_change_with_the_share)
{
    for (size_t disturbed = 0; disturbed < 100; disturbed++) {
        struct measured m = {0};
        struct visit visit = pass_over(&m, 100 - disturbed, 1000, disturbed, 20000, SAMPLES_MOST);
        cr_assert_eq(m.count, 100 - disturbed);
        for (size_t i = 0; i < m.count; i++) cr_assert_eq(m.us[i], 1000);
        cr_assert(m.rule == KEPT_UNDISTURBED && visit.rule == KEPT_UNDISTURBED && visit.us == m.us);
        free(m.us);
    }
}

/* Five passes, each with five samples (as of 4 MiB with a busy core): the first has disturbed ones only. */
Test(aside, disturbed_passes_give_way)
{
    struct measured m = {0};
    struct visit visit = pass_over(&m, 0, 0, 5, 20000, SAMPLES_MOST);
    cr_assert(m.rule == KEPT_DISTURBED && visit.rule == KEPT_DISTURBED);
    cr_assert(m.count == 5 && visit.count == 5 && m.us[4] == 20000 && visit.us[4] == 20000);
    visit = pass_over(&m, 0, 0, 2, 21000, SAMPLES_MOST);
    cr_assert(m.count == 7 && m.rule == KEPT_DISTURBED && visit.count == 2 && visit.us[0] == 21000);
    visit = pass_over(&m, 2, 1000, 3, 20000, SAMPLES_MOST);
    cr_assert(m.count == 2 && m.us[0] == 1000 && m.us[1] == 1000 && m.rule == KEPT_UNDISTURBED);
    cr_assert(visit.count == 2 && visit.us == m.us);
    visit = pass_over(&m, 0, 0, 5, 22000, SAMPLES_MOST);
    cr_assert(visit.rule == KEPT_DISTURBED && visit.count == 5 && visit.us[0] == 22000, "the row says it");
    cr_assert(m.count == 2 && m.rule == KEPT_UNDISTURBED, "the case keeps its own");
    visit = pass_over(&m, 3, 1100, 0, 0, SAMPLES_MOST);
    cr_assert(m.count == 5 && m.us[4] == 1100 && visit.count == 3 && visit.us == m.us + 2);
    free(m.us);
}

Test(aside, a_fixed_number_is_not_exceeded)
{
    struct measured m = {0};
    struct visit visit = pass_over(&m, 0, 0, 130, 20000, 3);
    cr_assert(visit.count == 3 && m.count == 3);
    free(m.us);
}

Test(aside, no_sample_no_figure)
{
    struct measured m = {0};
    struct visit visit = pass_over(&m, 0, 0, 0, 0, 10);
    cr_assert(visit.count == 0 && m.count == 0 && !visit.us);
}
