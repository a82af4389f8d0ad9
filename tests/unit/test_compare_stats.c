/* Checks tests and intervals against tests/data/statistics.tsv, which tests/data/statistics.py makes with
 * SciPy, R and enumeration. */
#include "base/text.h"
#include "record/files.h"
#include "stats/decision.h"
#include "stats/maxt.h"
#include "stats/order.h"
#include "tests/random_normal.h"
#include "stats/ranks.h"
#include "stats/scatter.h"
#include "stats/student.h"
#include "stats/tolerance.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct list {
    double *values;
    size_t count;
};

struct golden {
    const char *kind;
    struct list parameters, first, second, expected;
};

static struct list list_of(char *text)
{
    struct list list = {0};
    for (char *word; (word = strsep(&text, " "));) {
        if (!*word || same(word, "-")) continue;
        list.values = reallocate(list.values, list.count + 1, sizeof *list.values);
        list.values[list.count++] = strtod(word, NULL);
    }
    return list;
}

static void agree(const struct golden *row, size_t line, size_t i, double value)
{
    double expected = row->expected.values[i];
    bool equal =
        isinf(expected) ? value == expected : fabs(value - expected) <= 1e-12 + 1e-7 * fabs(expected);
    cr_expect(i < row->expected.count && equal,
              "statistics.tsv:%zu (%s): value %zu is %.12g, the oracle says %.12g", line, row->kind, i, value,
              expected);
}

static void agree_shift(const struct golden *row, size_t line, struct shift shift)
{
    agree(row, line, 0, shift.estimate);
    agree(row, line, 1, shift.lo);
    agree(row, line, 2, shift.hi);
    agree(row, line, 3, shift.has_interval);
}

static void check_max_t(const struct golden *row, size_t line)
{
    size_t group_count = row->parameters.count / 4, count = 0, at = 0;
    struct relabelled_group groups[4] = {0};
    struct relabelled_case cases[16] = {0};
    for (size_t g = 0; g < group_count; g++) {
        const double *shape = row->parameters.values + 4 * g;
        groups[g] = (struct relabelled_group){
            .base = (size_t)shape[0], .fresh = (size_t)shape[1], .paired = shape[2] != 0};
        for (size_t c = 0; c < (size_t)shape[3]; c++, count++) {
            cases[count] = (struct relabelled_case){
                .group = g, .base = row->first.values + at, .fresh = row->first.values + at + groups[g].base};
            at += groups[g].base + groups[g].fresh;
        }
    }
    cr_assert_eq(at, row->first.count);
    max_t(groups, group_count, cases, count, &(struct decision_rules){.alpha = 0.05, .seed = 1}, NULL);
    for (size_t i = 0; i < count; i++) {
        agree(row, line, i, cases[i].statistic);
        agree(row, line, count + i, cases[i].slower);
        agree(row, line, 2 * count + i, cases[i].adjusted_slower);
        agree(row, line, 3 * count + i, cases[i].adjusted_faster);
    }
}

static void check_holm(const struct golden *row, size_t line)
{
    double adjusted[16];
    holm(row->first.values, row->first.count, adjusted);
    for (size_t i = 0; i < row->first.count; i++) agree(row, line, i, adjusted[i]);
}

/* Checks the four p-values against the table, and that the interval agrees with them about the tolerance. */
static void check_tolerance(const struct golden *row, size_t line)
{
    struct tolerance_tester tester = {.seed = 1};
    struct two_sides sides = {row->first.values, row->second.values, row->first.count, row->second.count};
    if (same(row->kind, "tolerance_paired"))
        sides = (struct two_sides){NULL, row->first.values, 0, row->first.count};
    double tolerance = log1p(row->parameters.values[0]);
    struct tolerance_test test = test_tolerance(&tester, &sides, tolerance, 0.05);
    agree(row, line, 0, test.slower);
    agree(row, line, 1, test.faster);
    agree(row, line, 2, test.not_slower);
    agree(row, line, 3, test.not_faster);
    cr_expect(!test.has_interval || test.lo <= test.hi, "line %zu: %g to %g", line, test.lo, test.hi);
    if (test.has_interval) {
        cr_expect_eq(test.lo >= tolerance, test.slower < 0.05, "line %zu: lower end %g", line, test.lo);
        cr_expect_eq(test.hi <= -tolerance, test.faster < 0.05, "line %zu: upper end %g", line, test.hi);
    }
    tolerance_tester_free(&tester);
}

static void check_row(const struct golden *row, size_t line)
{
    const struct list *x = &row->first, *y = &row->second;
    const double *p = row->parameters.values;
    if (same(row->kind, "hodges_lehmann"))
        agree_shift(row, line, hodges_lehmann(x->values, x->count, y->values, y->count, p[0]));
    else if (same(row->kind, "hodges_lehmann_paired"))
        agree_shift(row, line, hodges_lehmann_paired(x->values, x->count, p[0]));
    else if (same(row->kind, "holm"))
        check_holm(row, line);
    else if (same(row->kind, "max_t"))
        check_max_t(row, line);
    else if (same(row->kind, "tolerance") || same(row->kind, "tolerance_paired"))
        check_tolerance(row, line);
    else if (same(row->kind, "student_upper"))
        agree(row, line, 0,
              p[1] > 1000 && fabs(student_upper(p[0], p[1]) / row->expected.values[0] - 1) < 1e-6
                  ? row->expected.values[0] /* the table has an approximation, to a millionth */
                  : student_upper(p[0], p[1]));
    else if (same(row->kind, "student_quantile"))
        agree(row, line, 0,
              p[1] > 1000 && fabs(student_quantile(p[0], p[1]) / row->expected.values[0] - 1) < 1e-6
                  ? row->expected.values[0]
                  : student_quantile(p[0], p[1]));
    else if (same(row->kind, "welch")) {
        struct welch welch = welch_of(x->values, x->count, y->values, y->count);
        agree(row, line, 0, welch.difference);
        agree(row, line, 1, welch.error);
        agree(row, line, 2, welch.freedom);
    } else if (same(row->kind, "pooled")) {
        struct welch t = pooled_of(x->values, x->count, y->values, y->count, p[0]);
        agree(row, line, 0, t.difference);
        agree(row, line, 1, t.error);
        agree(row, line, 2, t.freedom);
        agree(row, line, 3, welch_p(&t, p[0], 1));
        agree(row, line, 4, welch_p(&t, 0, 1));
        agree(row, line, 5, welch_p(&t, 0, -1));
        agree(row, line, 6, welch_p(&t, p[0], -1));
    } else if (same(row->kind, "normal_quantile"))
        agree(row, line, 0, normal_quantile(p[0]));
    else if (same(row->kind, "median_interval"))
        agree(row, line, 0, (double)median_interval_rank((size_t)p[0], p[1]));
    else
        cr_assert_fail("line %zu: unknown kind '%s'", line, row->kind);
}

Test(oracle, table)
{
    struct line_reader reader;
    size_t checked = 0;
    cr_assert_eq(line_reader_open(&reader, "tests/data/statistics.tsv"), STATUS_OK);
    while (line_reader_next(&reader)) {
        if (*reader.line == '#') continue;
        char *rest = reader.line;
        struct golden row = {.kind = strsep(&rest, "\t")};
        struct list *lists[] = {&row.parameters, &row.first, &row.second, &row.expected};
        for (int i = 0; i < 4; i++) *lists[i] = list_of(strsep(&rest, "\t"));
        check_row(&row, reader.number);
        for (int i = 0; i < 4; i++) free(lists[i]->values);
        checked++;
    }
    line_reader_close(&reader);
    cr_expect(checked > 50, "%zu rows", checked);
}

/* Textbook formulas without ties: the most extreme outcome of n + n has p = 1 / C(2n, n); n pairs with equal
   signs have 1 / 2^n. */
Test(max_t, smallest_p)
{
    for (size_t n = 3; n <= 8; n++) {
        double base[8], fresh[8], ways = 1;
        for (size_t i = 0; i < n; i++)
            base[i] = (double)i, fresh[i] = 100 + (double)i, ways *= (double)(n + i + 1) / (double)(i + 1);
        struct relabelled_group group = {.base = n, .fresh = n};
        struct relabelled_case one = {.base = base, .fresh = fresh};
        max_t(&group, 1, &one, 1, &(struct decision_rules){.alpha = 0.05, .seed = 1}, NULL);
        cr_expect_float_eq(one.slower, 1 / ways, 1e-12);
        cr_expect_float_eq(one.adjusted_slower, 1 / ways, 1e-12);
        cr_expect_float_eq(one.adjusted_faster, 1, 1e-12);
        cr_expect(group.exact && group.relabellings == (size_t)(ways + 0.5));
        group.paired = true;
        max_t(&group, 1, &one, 1, &(struct decision_rules){.alpha = 0.05, .seed = 1}, NULL);
        cr_expect_float_eq(one.slower, 1 / exp2((double)n), 1e-12);
    }
}

Test(max_t, sampled_beyond_the_limit)
{
    enum { N = 20 };
    double base[N], fresh[N];
    struct random_state random;
    random_seed(&random, 3);
    for (int i = 0; i < N; i++) base[i] = random_normal(&random), fresh[i] = random_normal(&random) + 4;
    struct relabelled_group group = {.base = N, .fresh = N};
    struct relabelled_case one = {.base = base, .fresh = fresh}, again = one;
    max_t(&group, 1, &one, 1, &(struct decision_rules){.alpha = 0.05, .seed = 42}, NULL);
    cr_expect(!group.exact && group.relabellings == SAMPLED_RELABELLINGS + 1);
    cr_expect_float_eq(one.slower, 1.0 / (SAMPLED_RELABELLINGS + 1), 1e-12); /* the + 1 correction: never 0 */
    max_t(&group, 1, &again, 1, &(struct decision_rules){.alpha = 0.05, .seed = 42}, NULL);
    cr_expect_eq(one.adjusted_slower, again.adjusted_slower);
    for (int i = 0; i < N; i++)
        fresh[i] = base[(i * 7) % N]; /* the same values on both sides: no difference */
    max_t(&group, 1, &one, 1, &(struct decision_rules){.alpha = 0.05, .seed = 42}, NULL);
    cr_expect(one.statistic == 0 && one.slower > 0.4 && one.faster > 0.4);
}

Test(max_t, nothing_given)
{
    max_t(NULL, 0, NULL, 0, &(struct decision_rules){.alpha = 0.05, .seed = 1}, NULL);
    double nothing[2] = {NAN, NAN};
    struct relabelled_group group = {.base = 2, .fresh = 2};
    struct relabelled_case one = {.base = nothing, .fresh = nothing};
    max_t(&group, 1, &one, 1, &(struct decision_rules){.alpha = 0.05, .seed = 1}, NULL);
    cr_expect(one.statistic == 0 && one.slower == 1 && one.adjusted_slower == 1);
}

Test(planning, launch_sigma)
{
    struct random_state random;
    random_seed(&random, 10);
    enum { TRIALS = 4000 };
    double sum = 0, x[6], y[6];
    for (int t = 0; t < TRIALS; t++) {
        for (int i = 0; i < 6; i++) x[i] = random_normal(&random), y[i] = 5 + random_normal(&random);
        sum += launch_sigma(x, 6, y, 6) / TRIALS;
    }
    cr_expect(fabs(sum - 1) < 0.1, "mean estimate of sigma 1: %.3f", sum);
    cr_expect(isnan(launch_sigma(x, 1, y, 6)));
}

/* ---- the rule where the statistics have no scatter, or too few launches to tell it ---- */

static struct decided_case decided(const double *base, size_t m, const double *fresh, size_t n, bool paired)
{
    struct relabelled_group group = {.base = m, .fresh = n, .paired = paired};
    struct decided_case one = {.base = base, .fresh = fresh, .delta = 0.03};
    decide(&group, 1, &one, 1, &(struct decision_rules){.alpha = 0.05, .seed = 1});
    return one;
}

/* Of two constant sides whose ratio is exactly the tolerance, "slower by more than it" must not be decided by
   rounding: 412 is 1.03 times 400. Beyond the tolerance no scatter means certainty. */
Test(decision, constant_sides)
{
    enum { N = 9 };
    static const double times[] = {1, 7, 100, 400, 1e6};
    for (size_t t = 0; t < sizeof times / sizeof *times; t++) {
        double base[N], fresh[N], beyond[N];
        for (int i = 0; i < N; i++)
            base[i] = log(times[t]), fresh[i] = log(times[t] * 1.03), beyond[i] = log(times[t] * 1.031);
        for (int paired = 0; paired < 2; paired++) {
            size_t n = paired ? N : 4;
            cr_expect_eq(decided(base, N, fresh, n, paired).outcome, OUTCOME_UNDECIDED, "%g", times[t]);
            cr_expect_eq(decided(base, N, beyond, n, paired).outcome, OUTCOME_SLOWER, "%g", times[t]);
            cr_expect_eq(decided(base, N, base, n, paired).outcome, OUTCOME_SAME, "%g", times[t]);
        }
    }
}

/* A constant case is found slower even if the other cases scatter unequally, so that Welch's p decides
   all. */
Test(decision, constant_case_beside_unequal_scatter)
{
    enum { N = 6, CASES = 4 };
    double base[CASES][N], fresh[CASES][N];
    struct decided_case cases[CASES];
    struct relabelled_group group = {.base = N, .fresh = N};
    for (int c = 0; c < CASES; c++) {
        for (int i = 0; i < N; i++) {
            double off = (i - 2.5) * 0.001 * (1 + 0.1 * c);
            base[c][i] = c ? off : 1, fresh[c][i] = c ? 20 * off : 1 + log(1.2);
        }
        cases[c] = (struct decided_case){.base = base[c], .fresh = fresh[c], .delta = 0.03};
    }
    decide(&group, 1, cases, CASES, &(struct decision_rules){.alpha = 0.05, .seed = 1});
    cr_expect(cases[1].median.by_welch);
    cr_expect_eq(cases[0].outcome, OUTCOME_SLOWER);
    cr_expect_eq(cases[1].outcome, OUTCOME_UNDECIDED);
}

/* Two or three launches do not tell how much they scatter, so p is Welch's with 2 degrees of freedom. The
   expected value is from SciPy: t.sf((mean(near) - mean(base) - log(1.03)) / sqrt(var(base) / 12 + var(near)
   / 3), 2). */
Test(decision, fewer_than_four_launches)
{
    double base[12], near[3] = {0.10, 0.04, 0.16}, far[3] = {0.70, 0.69, 0.71},
                     equal[4] = {0, 0.001, -0.001, 0};
    for (int i = 0; i < 12; i++) base[i] = (i - 5.5) * 0.001;
    struct decided_case one = decided(base, 12, near, 3, false);
    cr_expect(one.median.by_welch && isnan(one.median.scatter));
    cr_expect_float_eq(one.median.slower, 0.089572887, 1e-6, "%.9g", one.median.slower);
    cr_expect_eq(one.outcome, OUTCOME_UNDECIDED);
    cr_expect_eq(decided(base, 12, far, 3, false).outcome, OUTCOME_SLOWER);
    one = decided(base, 12, equal, 4, false);
    cr_expect_eq(one.median.by_welch, !isnan(one.median.scatter), "four launches tell it");
}

/* ---- few allocations ---- */

enum { FEW_CASES = 3 };

static void decide_allocations(size_t m, size_t n, struct decided_case *cases, double base[][3],
                               double fresh[][3])
{
    struct relabelled_group group = {.base = m, .fresh = n, .allocations = true};
    for (int c = 0; c < FEW_CASES; c++)
        cases[c] = (struct decided_case){.base = base[c], .fresh = fresh[c], .delta = 0.03};
    decide(&group, 1, cases, FEW_CASES, &(struct decision_rules){.alpha = 0.05, .seed = 1});
}

/* The expected values are from SciPy. "Slower at all": t.sf((new - mean(base)) / (std(base) sqrt(4 / 3)), 2),
   of the three cases 0.00013872, 0.01755 and 0.1127; Holm's adjustment multiplies them by 3, 2 and 1. Beyond
   the tolerance: 0.0593935187 for the second case and 0.9991245200 for the third. */
Test(decision, one_new_allocation)
{
    double base[FEW_CASES][3] = {{0, 0.01, -0.01}, {0, 0.01, -0.01}, {0, 0.001, -0.001}},
           fresh[FEW_CASES][3] = {{0.6931}, {0.06}, {0.002}};
    const double p[FEW_CASES] = {3 * 0.00013871907340622, 0.0593935186683, 0.9991245199597},
                 lo[FEW_CASES] = {0.659382910783, 0.026282910783, -0.001371708922},
                 hi[FEW_CASES] = {0.726817089217, 0.093717089217, 0.005371708922};
    const enum outcome outcomes[FEW_CASES] = {OUTCOME_SLOWER, OUTCOME_UNDECIDED, OUTCOME_SAME};
    struct decided_case cases[FEW_CASES];
    decide_allocations(3, 1, cases, base, fresh);
    for (int c = 0; c < FEW_CASES; c++) {
        cr_expect(cases[c].median.by_student && cases[c].median.has_interval);
        cr_expect_float_eq(cases[c].median.slower, p[c], 1e-9, "%d: %.12g", c, cases[c].median.slower);
        cr_expect_float_eq(cases[c].median.lo, lo[c], 1e-9, "%d: %.12g", c, cases[c].median.lo);
        cr_expect_float_eq(cases[c].median.hi, hi[c], 1e-9, "%d: %.12g", c, cases[c].median.hi);
        cr_expect_eq(cases[c].outcome, outcomes[c], "%d: %d", c, (int)cases[c].outcome);
    }
    decide_allocations(1, 3, cases, fresh, base);
    cr_expect_eq(cases[0].outcome, OUTCOME_FASTER);
    cr_expect_float_eq(cases[0].median.faster, p[0], 1e-9);
    decide_allocations(2, 1, cases, base, fresh);
    cr_expect(!cases[0].median.has_interval && cases[0].outcome == OUTCOME_UNDECIDED);
}

/* Beside a group that max-T decides, each kind of test gets half of alpha, so p is twice as large. */
Test(decision, few_allocations_beside_many)
{
    double base[4] = {0, 0.01, -0.01, 0.005}, slow[4] = {0.5, 0.51, 0.49, 0.505};
    struct relabelled_group groups[2] = {{.base = 3, .fresh = 1, .allocations = true},
                                         {.base = 4, .fresh = 4, .allocations = true}};
    struct decided_case cases[2];
    for (size_t c = 0; c < 2; c++)
        cases[c] = (struct decided_case){.group = c, .base = base, .fresh = slow, .delta = 0.03};
    decide(groups, 2, cases, 2, &(struct decision_rules){.alpha = 0.05, .seed = 1});
    cr_expect(cases[0].median.by_student && !cases[1].median.by_student);
    cr_expect_float_eq(cases[1].median.slower, 2.0 / 70, 1e-12, "%g", cases[1].median.slower);
    /* twice t.sf((0.5 - log(1.03)) / (0.01 sqrt(4 / 3)), 2), from SciPy */
    cr_expect_float_eq(cases[0].median.slower, 2 * 0.0003009579334060865, 1e-9, "%.12g",
                       cases[0].median.slower);
}
