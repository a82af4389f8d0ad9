#include "stats/decision.h"
#include "base/status.h"
#include "stats/order.h"
#include "stats/ranks.h"
#include "stats/relabel.h"
#include "stats/scatter.h"
#include "stats/student.h"
#include "stats/tolerance.h"

#include <math.h>
#include <stdlib.h>

/* One row of the joint test: the median or the tail of a case. */
struct row {
    struct decided_case *owner;
    struct shift_test *test;
    const double *base, *fresh;
};

/* The launches of one row that have a value. */
struct present {
    double *base, *fresh; /* pairs: base unused, fresh the differences */
    struct two_sides sides;
};

static struct present present_of(const struct row *row, const struct relabelled_group *group)
{
    struct present present = {.base = allocate(group->base + 1, sizeof(double)),
                              .fresh = allocate(group->fresh + 1, sizeof(double))};
    size_t m = 0, n = 0;
    for (size_t i = 0; !group->paired && i < group->base; i++)
        if (!isnan(row->base[i])) present.base[m++] = row->base[i];
    for (size_t i = 0; i < group->fresh; i++) {
        double value = group->paired ? row->fresh[i] - row->base[i] : row->fresh[i];
        if (!isnan(value)) present.fresh[n++] = value;
    }
    present.sides = (struct two_sides){group->paired ? NULL : present.base, present.fresh, m, n};
    return present;
}

static void present_free(struct present *present)
{
    free(present->base);
    free(present->fresh);
}

/* ---- the detectable slowdown, and the launches needed ---- */

/* The equal number of launches per side that is equivalent to m and n launches: their harmonic mean. */
static double effective_side(const struct two_sides *sides)
{
    double n = (double)sides->fresh_count;
    return sides->base ? 2 / (1 / (double)sides->base_count + 1 / n) : n;
}

/* The standard error of the shift, in standard deviations of a launch. */
static double error_of_shift(double n, bool paired)
{
    return sqrt((paired ? 1 : 2) / n);
}

/* The shift that max-T over all cases finds with the given power. `critical`: the value that its statistic
   must reach. The statistic's denominator is the mean absolute deviation (0.8 sigma sqrt(1 - 1/n) for normal
   values) plus a tenth of the robust sigma of all values. The latter grows with the shift: to 1.48 / 2 of it
   if the two sides are far apart, and to 1.48 of it for differences of pairs. */
static double seen_over_all_cases(double critical, double sigma, double n, bool paired, double power)
{
    double floor = (paired ? 0.148 : 0.074) * critical;
    if (!(floor < 1)) return INFINITY;
    double scatter = 0.8 * sqrt(1 - 1 / n) + (paired ? 0 : 0.02);
    return sigma * (critical * scatter / (1 - floor) + normal_quantile(power) * error_of_shift(n, paired));
}

static double freedom_of(double n, bool paired)
{
    return floor(paired ? n - 1 : 2 * n - 2);
}

/* Student's quantile. For many launches only the first term of Abramowitz & Stegun 26.7.5, which is precise
   enough for planning. */
static double t_quantile(double p, double freedom)
{
    if (freedom <= 60) return student_quantile(p, freedom);
    double z = normal_quantile(p);
    return z + (z * z * z + z) / (4 * freedom);
}

/* Compared with Student's t, permutation, omitted outliers and an unknown sigma cost power. These factors are
   fitted to simulations (tests/unit/test_gate_situations.c, promises). */
static const double FOR_SAME = 1.08, FOR_SEEN = 1.14;

/* The shift at which a test at level alpha has the given power, in standard deviations of a launch. */
static double both_errors(double n, bool paired, double alpha, double power)
{
    double freedom = freedom_of(n, paired);
    return (t_quantile(1 - alpha, freedom) + t_quantile(power, freedom)) * error_of_shift(n, paired);
}

/* Estimates the critical value of max-T with n launches per side from that with `now` launches. Treats it as
   a quantile of Student's t, whose tails get shorter with n, times the standard error of the shift. */
static double critical_at(double n, double critical, double now, bool paired)
{
    double t = critical * 0.8 / error_of_shift(now, paired), p = student_upper(t, freedom_of(now, paired));
    return critical * t_quantile(1 - p, freedom_of(n, paired)) / t * error_of_shift(n, paired) /
           error_of_shift(now, paired);
}

static bool enough(double n, double critical, double now, const struct decided_case *row, bool paired,
                   double alpha)
{
    double tolerance = log1p(row->delta);
    /* An unchanged case must be called the same with probability 0.9: each one-sided test misses with
       0.05. */
    if (FOR_SAME * row->sigma * both_errors(n, paired, alpha, 0.95) > tolerance) return false;
    return seen_over_all_cases(critical_at(n, critical, now, paired), row->sigma, n, paired, 0.9) <=
           2 * tolerance;
}

static double launches_for(double critical, double now, const struct decided_case *row, bool paired,
                           double alpha)
{
    /* With fewer launches the steps of p are too coarse for the formulas. */
    double lo = (double)fewest_launches(paired, alpha / 10), hi = lo;
    while (!enough(hi, critical, now, row, paired, alpha))
        if ((hi *= 2) > 1e6) return NAN;
    while (hi - lo > 1) {
        double middle = floor((lo + hi) / 2);
        *(enough(middle, critical, now, row, paired, alpha) ? &hi : &lo) = middle;
    }
    return enough(lo, critical, now, row, paired, alpha) ? lo : hi;
}

/* The shift that Welch's t finds with the given power. "Slower" needs two tests: slower at all, adjusted
   by Holm over all rows, and slower by more than the tolerance, for the row alone. */
static double seen_by_welch(double error, double freedom, double tolerance, double alpha, size_t rows,
                            double power)
{
    double joint = t_quantile(1 - alpha / (double)rows, freedom) * error,
           alone = tolerance + t_quantile(1 - alpha, freedom) * error;
    return fmax(joint, alone) + t_quantile(power, freedom) * error;
}

/* The same targets as enough(). variances: those of one launch of base and of new, added. */
static bool enough_for_welch(double n, double variances, double tolerance, double alpha, size_t rows)
{
    double error = sqrt(variances / n);
    if ((t_quantile(1 - alpha, n - 1) + t_quantile(0.95, n - 1)) * error > tolerance) return false;
    return seen_by_welch(error, n - 1, tolerance, alpha, rows, 0.9) <= 2 * tolerance;
}

/* Sets the detectable shift and the needed launches where Welch's p decides (scatter.h). rows: the number
   of rows that Holm's adjustment counts. */
static void plan_by_welch(struct decided_case *row, const struct two_sides *sides, double alpha, size_t rows)
{
    struct welch welch = welch_of(sides->base, sides->base_count, sides->fresh, sides->fresh_count);
    double tolerance = log1p(row->delta), lo = 3, hi = 4; /* 4 + 4 launches are the fewest that decide */
    row->detectable =
        fmax(row->detectable, seen_by_welch(welch.error, welch.freedom, tolerance, alpha, rows, 0.8));
    while (!enough_for_welch(hi, welch.variances, tolerance, alpha, rows) && hi < 1e6) lo = hi, hi *= 2;
    while (hi - lo > 1) {
        double middle = floor((lo + hi) / 2);
        *(enough_for_welch(middle, welch.variances, tolerance, alpha, rows) ? &hi : &lo) = middle;
    }
    row->needed = hi < 1e6 ? fmax(row->needed, hi) : NAN;
}

static void plan(struct decided_case *row, const struct two_sides *sides, double critical, double alpha)
{
    bool paired = !sides->base;
    double n = effective_side(sides);
    /* n / (n - 1.2) corrects for the fitted median, see launch_sigma(). */
    row->sigma = paired ? robust_sigma(sides->fresh, sides->fresh_count) * n / (n - 1.2)
                        : launch_sigma(sides->base, sides->base_count, sides->fresh, sides->fresh_count);
    row->detectable = INFINITY;
    row->needed = NAN;
    if (!isfinite(row->sigma)) return;
    if (row->median.has_interval && isfinite(critical))
        row->detectable =
            fmax(seen_over_all_cases(critical, row->sigma, n, paired, 0.8),
                 log1p(row->delta) + FOR_SEEN * row->sigma * both_errors(n, paired, alpha, 0.8));
    /* With too few launches max-T has no critical value: use an estimate for this case alone. */
    double known = isfinite(critical) ? critical : 2.5 * error_of_shift(n, paired);
    row->needed = launches_for(known, n, row, paired, alpha);
}

/* ---- the tests ---- */

/* For unequal scatter: makes p at least as large, and the interval at least as wide, as those of Welch's
   t. */
static void widen(struct shift_test *test, const struct present *present, double tolerance, double alpha)
{
    struct welch welch =
        welch_of(present->base, present->sides.base_count, present->fresh, present->sides.fresh_count);
    double reach = student_quantile(1 - alpha, welch.freedom) * welch.error;
    test->lo = fmin(test->lo, welch.difference - reach);
    test->hi = fmax(test->hi, welch.difference + reach);
    test->alone = fmax(test->alone, welch_p(&welch, tolerance, 1));
    test->slower = fmax(test->slower, test->alone);
    test->faster = fmax(test->faster, welch_p(&welch, tolerance, -1));
    test->within &= fabs(welch.difference) + reach < tolerance;
}

static void test_row(const struct row *row, const struct relabelled_group *group,
                     const struct relabelled_case *joint, double alpha, struct tolerance_tester *tester)
{
    struct shift_test *test = row->test;
    struct present present = present_of(row, group);
    const struct two_sides *sides = &present.sides;
    double tolerance = log1p(row->owner->delta);
    struct tolerance_test alone = test_tolerance(tester, sides, tolerance, alpha);
    test->estimate = NAN;
    if (sides->fresh_count && sides->base && sides->base_count)
        test->estimate =
            hodges_lehmann(sides->base, sides->base_count, sides->fresh, sides->fresh_count, alpha).estimate;
    else if (sides->fresh_count && !sides->base)
        test->estimate = hodges_lehmann_paired(sides->fresh, sides->fresh_count, alpha).estimate;
    test->has_interval = alone.has_interval;
    test->lo = fmin(alone.lo, test->estimate);
    test->hi = fmax(alone.hi, test->estimate);
    test->alone = alone.slower;
    test->slower = fmax(joint->adjusted_slower, alone.slower);
    test->faster = fmax(joint->adjusted_faster, alone.faster);
    test->at_all = joint->slower;
    test->within = alone.has_interval && alone.not_slower < alpha && alone.not_faster < alpha;
    test->scatter = NAN;
    test->by_welch = false;
    present_free(&present);
}

/* Welch's p in one direction (1: slower, -1: faster), with Holm's adjustment over all rows. A row without
   such a p has 1. The caller frees the list. */
static double *conservative_p(const struct row *rows, size_t count, const struct relabelled_group *groups,
                              int direction)
{
    double *p = allocate(count + 1, sizeof *p), *adjusted = allocate(count + 1, sizeof *adjusted);
    for (size_t i = 0; i < count; i++) {
        struct present present = present_of(&rows[i], &groups[rows[i].owner->group]);
        p[i] = 1;
        if (present.sides.base && present.sides.base_count > 1 && present.sides.fresh_count > 1) {
            struct welch welch =
                welch_of(present.base, present.sides.base_count, present.fresh, present.sides.fresh_count);
            p[i] = welch_p(&welch, 0, direction);
        }
        present_free(&present);
    }
    holm(p, count, adjusted);
    free(p);
    return adjusted;
}

static void heed_scatter(const struct row *rows, const struct relabelled_case *joint, size_t count,
                         const struct relabelled_group *groups, size_t group_count, double alpha,
                         uint64_t seed)
{
    enum { PER_CENT = 20 };
    struct scatter *scatters = allocate(count + 1, sizeof *scatters);
    compare_scatter(groups, group_count, joint, count, seed, PER_CENT / 100.0, scatters);
    double *slower = conservative_p(rows, count, groups, 1),
           *faster = conservative_p(rows, count, groups, -1);
    for (size_t i = 0; i < count; i++) {
        if (!scatters[i].unequal && !scatters[i].unknown) continue;
        struct shift_test *test = rows[i].test;
        struct present present = present_of(&rows[i], &groups[rows[i].owner->group]);
        widen(test, &present, log1p(rows[i].owner->delta), alpha);
        test->slower = fmax(test->slower, slower[i]);
        test->faster = fmax(test->faster, faster[i]);
        test->by_welch = true;
        if (scatters[i].unequal) test->scatter = exp(scatters[i].ln_ratio);
        present_free(&present);
    }
    free(scatters);
    free(slower);
    free(faster);
}

static void conclude(struct decided_case *row, double alpha)
{
    double tolerance = log1p(row->delta);
    bool slow_tail = row->base_tail && row->tail.slower < alpha;
    row->tail_suspect = row->base_tail && row->tail.estimate > tolerance && row->tail.at_all < alpha;
    if (row->median.slower < alpha || slow_tail)
        row->outcome = OUTCOME_SLOWER;
    else if (row->median.faster < alpha)
        row->outcome = OUTCOME_FASTER;
    else if (row->median.within && !row->tail_suspect)
        row->outcome = OUTCOME_SAME;
    else
        row->outcome = OUTCOME_UNDECIDED;
}

void decide(struct relabelled_group *groups, size_t group_count, struct decided_case *cases,
            size_t case_count, const struct decision_rules *rules)
{
    double alpha = rules->alpha;
    uint64_t seed = rules->seed;
    struct row *rows = allocate(2 * case_count + 1, sizeof *rows);
    struct relabelled_case *joint = allocate(2 * case_count + 1, sizeof *joint);
    double *critical = allocate(group_count + 1, sizeof *critical);
    struct tolerance_tester tester = {.seed = seed, .most = rules->most, .without_ends = rules->without_ends};
    size_t count = 0;
    /* Medians and tails alternate, so that the rows of a group stay together. */
    for (size_t i = 0; i < case_count; i++)
        for (int tail = 0; tail < 2; tail++) {
            const double *base = tail ? cases[i].base_tail : cases[i].base,
                         *fresh = tail ? cases[i].fresh_tail : cases[i].fresh;
            if (!base) continue;
            rows[count] = (struct row){&cases[i], tail ? &cases[i].tail : &cases[i].median, base, fresh};
            joint[count++] = (struct relabelled_case){.group = cases[i].group, .base = base, .fresh = fresh};
        }
    max_t(groups, group_count, joint, count, rules, critical);
    for (size_t i = 0; i < count; i++)
        test_row(&rows[i], &groups[rows[i].owner->group], &joint[i], alpha, &tester);
    heed_scatter(rows, joint, count, groups, group_count, alpha, seed);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].test != &rows[i].owner->median) continue;
        struct present present = present_of(&rows[i], &groups[rows[i].owner->group]);
        plan(rows[i].owner, &present.sides, critical[rows[i].owner->group], alpha);
        if (rows[i].test->by_welch) plan_by_welch(rows[i].owner, &present.sides, alpha, count);
        present_free(&present);
        conclude(rows[i].owner, alpha);
    }
    tolerance_tester_free(&tester);
    free(rows);
    free(joint);
    free(critical);
}
