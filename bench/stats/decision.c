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

/* ---- the detectable slowdown, and the launches needed ----

   A test finds a shift if it exceeds what the test's own scatter estimate and critical value require. So the
   required shift varies from comparison to comparison: with the difference of the means, and with the scatter
   that the next comparison will see. And the promise is a multiple of the sigma that this comparison saw,
   which errs too. promise_of() allows for all three; with few launches each of them matters.
   tests/unit/test_gate_situations.c measures how often the promises come true. */

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

static double freedom_of(double n, bool paired)
{
    return floor(paired ? n - 1 : 2 * n - 2);
}

/* The relative standard errors of the standard deviation and of the mean absolute deviation (from E|z| =
   sqrt(2/pi)), for normal values. */
static double doubt_of_deviation(double freedom)
{
    return sqrt(0.5 / freedom);
}

static double doubt_of_mean(double freedom)
{
    return sqrt((M_PI / 2 - 1) / freedom);
}

/* The tests lose against the formulas below: p has steps, outliers are left out, the largest statistic of
   many cases includes the slow one's, and launches may have longer tails than normal ones. These factors are
   fitted to the simulations: for what would be seen, and for the launches with which a case would be the
   same. */
static const double FOR_SEEN = 1.15, FOR_SAME = 1.08;

/* The multiple k of an estimated sigma, whose relative standard error is `doubt`, that reaches a required
   shift with the given power. The required shift has this mean and standard deviation, in true sigmas. Solves
   k - mean = z sqrt(spread^2 + (k doubt)^2). INFINITY: sigma is too uncertain. */
static double promise_of(double mean, double spread, double doubt, double power)
{
    double z = normal_quantile(power), rest = 1 - z * z * doubt * doubt;
    if (!(rest > 0)) return INFINITY;
    return (mean + sqrt(mean * mean - rest * (mean * mean - z * z * spread * spread))) / rest;
}

static double both(double x, double y)
{
    return sqrt(x * x + y * y);
}

/* The shift that max-T over all cases finds with the given power, in estimated sigmas. `critical`: the value
   that its statistic must reach. The statistic's denominator is the mean absolute deviation (0.8 sigma
   sqrt(1 - 1/n) for normal values) plus a tenth of the robust sigma of all values. The latter grows with the
   shift: to 1.48 / 2 of it if the two sides are far apart, and to 1.48 of it for differences of pairs. */
static double seen_over_all_cases(double critical, double doubt, double n, bool paired, double power)
{
    double floor = (paired ? 0.148 : 0.074) * critical;
    if (!(floor < 1)) return INFINITY;
    double required = critical * (0.8 * sqrt(1 - 1 / n) + (paired ? 0 : 0.02)) / (1 - floor);
    return promise_of(required,
                      both(error_of_shift(n, paired), required * doubt_of_mean(freedom_of(n, paired))), doubt,
                      power);
}

/* Student's quantile. For many launches only the first term of Abramowitz & Stegun 26.7.5, which is precise
   enough for planning. */
static double t_quantile(double p, double freedom)
{
    if (freedom <= 60) return student_quantile(p, freedom);
    double z = normal_quantile(p);
    return z + (z * z * z + z) / (4 * freedom);
}

/* The shift that a test of one case at level alpha finds with the given power, in estimated sigmas; its
   critical value is about that of Student's t. */
static double seen_alone(double alpha, double doubt, double n, bool paired, double power)
{
    double freedom = freedom_of(n, paired), error = error_of_shift(n, paired),
           required = t_quantile(1 - alpha, freedom) * error;
    return promise_of(required, both(error, required * doubt_of_deviation(freedom)), doubt, power);
}

/* Estimates the critical value of max-T with n launches per side from that with `now` launches. Treats it as
   a quantile of Student's t, whose tails get shorter with n, times the standard error of the shift. */
static double critical_at(double n, double critical, double now, bool paired)
{
    double t = critical * 0.8 / error_of_shift(now, paired), p = student_upper(t, freedom_of(now, paired));
    return critical * t_quantile(1 - p, freedom_of(n, paired)) / t * error_of_shift(n, paired) /
           error_of_shift(now, paired);
}

/* An unchanged case is called the same with probability 0.9 if each of the two one-sided tests misses with
   0.05. But an error of sigma hits both tests alike, so this share of it counts: the ratio of the normal
   quantiles of 0.9 and 0.95. */
static const double SHARED_DOUBT = 0.779;

/* What a plan for more launches starts from. */
struct planned {
    double sigma, tolerance; /* sigma: of a launch, estimated from `now` launches a side */
    double critical, now;    /* the critical value of max-T with `now` launches */
    double alpha;
    bool paired;
};

static bool enough(double n, const struct planned *p)
{
    double doubt = doubt_of_deviation(freedom_of(p->now, p->paired)),
           critical = critical_at(n, p->critical, p->now, p->paired);
    if (FOR_SAME * p->sigma * seen_alone(p->alpha, SHARED_DOUBT * doubt, n, p->paired, 0.95) > p->tolerance)
        return false;
    return p->sigma * seen_over_all_cases(critical, doubt, n, p->paired, 0.9) <= 2 * p->tolerance;
}

static double launches_for(const struct planned *p)
{
    /* With fewer launches the steps of p are too coarse for the formulas. */
    double lo = (double)fewest_launches(p->paired, p->alpha / 10), hi = lo;
    while (!enough(hi, p))
        if ((hi *= 2) > 1e6) return NAN;
    while (hi - lo > 1) {
        double middle = floor((lo + hi) / 2);
        *(enough(middle, p) ? &hi : &lo) = middle;
    }
    return enough(lo, p) ? lo : hi;
}

/* The shift that Welch's t finds with the given power, in estimated standard errors. */
static double seen_by_welch(double alpha, double doubt, double freedom, double power)
{
    double required = t_quantile(1 - alpha, freedom);
    return promise_of(required, both(1, required * doubt_of_deviation(freedom)), doubt, power);
}

/* "Slower" needs two tests: slower at all, adjusted by Holm over all rows, and slower by more than the
   tolerance, for the row alone. */
static double slower_by_welch(double error, double doubt, double freedom, double tolerance, double alpha,
                              size_t rows, double power)
{
    return fmax(error * seen_by_welch(alpha / (double)rows, doubt, freedom, power),
                tolerance + error * seen_by_welch(alpha, doubt, freedom, power));
}

/* The same targets as enough(). variances: those of one launch of base and of new, added. */
static bool enough_for_welch(double n, double variances, double doubt, double tolerance, double alpha,
                             size_t rows)
{
    double error = sqrt(variances / n);
    if (FOR_SAME * error * seen_by_welch(alpha, SHARED_DOUBT * doubt, n - 1, 0.95) > tolerance) return false;
    return slower_by_welch(error, doubt, n - 1, tolerance, alpha, rows, 0.9) <= 2 * tolerance;
}

/* Sets the detectable shift and the needed launches where Welch's p decides (scatter.h). rows: the number
   of rows that Holm's adjustment counts. */
static void plan_by_welch(struct decided_case *row, const struct two_sides *sides, double alpha, size_t rows)
{
    struct welch welch = welch_of(sides->base, sides->base_count, sides->fresh, sides->fresh_count);
    double tolerance = log1p(row->delta), lo = 3, hi = 4, /* 4 + 4 launches are the fewest that decide */
        doubt = doubt_of_deviation(welch.freedom);
    row->detectable = fmax(row->detectable, slower_by_welch(FOR_SEEN * welch.error, doubt, welch.freedom,
                                                            tolerance, alpha, rows, 0.8));
    while (!enough_for_welch(hi, welch.variances, doubt, tolerance, alpha, rows) && hi < 1e6)
        lo = hi, hi *= 2;
    while (hi - lo > 1) {
        double middle = floor((lo + hi) / 2);
        *(enough_for_welch(middle, welch.variances, doubt, tolerance, alpha, rows) ? &hi : &lo) = middle;
    }
    row->needed = hi < 1e6 ? fmax(row->needed, hi) : NAN;
}

/* The standard deviation of a launch, for planning. More precise than the robust sigma, and it grows with the
   tails of the launches, as the tests' own scatter does. But an outlier that it does not leave out may at
   most double it. */
static double sigma_for_planning(const struct two_sides *sides, double robust)
{
    double fresh = deviation_of_side(sides->fresh, sides->fresh_count), sigma = fresh;
    if (sides->base) {
        double m = (double)sides->base_count - 1, n = (double)sides->fresh_count - 1,
               base = deviation_of_side(sides->base, sides->base_count);
        sigma = sqrt((m * base * base + n * fresh * fresh) / (m + n));
    }
    return fmin(sigma, 2 * robust);
}

static void plan(struct decided_case *row, const struct two_sides *sides, double critical, double alpha)
{
    bool paired = !sides->base;
    double n = effective_side(sides), doubt = doubt_of_deviation(freedom_of(n, paired));
    /* n / (n - 1.2) corrects for the fitted median, see launch_sigma(). */
    row->sigma = paired ? robust_sigma(sides->fresh, sides->fresh_count) * n / (n - 1.2)
                        : launch_sigma(sides->base, sides->base_count, sides->fresh, sides->fresh_count);
    row->detectable = INFINITY;
    row->needed = NAN;
    if (!isfinite(row->sigma) || sides->fresh_count < 2) return;
    struct planned planned = {.sigma = sigma_for_planning(sides, row->sigma),
                              .tolerance = log1p(row->delta),
                              .critical = critical,
                              .now = n,
                              .alpha = alpha,
                              .paired = paired};
    if (row->median.has_interval && isfinite(critical)) {
        double sigma = FOR_SEEN * planned.sigma;
        row->detectable = fmax(sigma * seen_over_all_cases(critical, doubt, n, paired, 0.8),
                               planned.tolerance + sigma * seen_alone(alpha, doubt, n, paired, 0.8));
    }
    /* With too few launches max-T has no critical value: use an estimate for this case alone. */
    if (!isfinite(critical)) planned.critical = 2.5 * error_of_shift(n, paired);
    row->needed = launches_for(&planned);
}

/* The same for few allocations. What is needed is four allocations a side or more, for relabelling. */
static void plan_by_student(struct decided_case *row, const struct two_sides *sides, double alpha,
                            size_t rows)
{
    double tolerance = log1p(row->delta);
    struct welch t = pooled_of(sides->base, sides->base_count, sides->fresh, sides->fresh_count, tolerance);
    double now = t.freedom / 2 + 1;
    struct planned planned = {.sigma = sqrt(t.variances / 2),
                              .tolerance = tolerance,
                              .critical = 2.5 * error_of_shift(now, false),
                              .now = now,
                              .alpha = alpha};
    row->sigma = planned.sigma;
    row->detectable = slower_by_welch(FOR_SEEN * t.error, doubt_of_deviation(t.freedom), t.freedom, tolerance,
                                      alpha, rows, 0.8);
    row->needed = launches_for(&planned);
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

/* Are the units allocations, too few for relabelling at this alpha, or one or two on a side, so that Welch's
   t has fewer than two degrees of freedom? */
static bool few_allocations(const struct relabelled_group *group, double alpha)
{
    size_t fewest = group->base < group->fresh ? group->base : group->fresh,
           most = group->base < group->fresh ? group->fresh : group->base;
    return group->allocations && !group->paired && (fewest < 3 || fewest < fewest_beside(most, alpha));
}

/* Chooses between Student's t and Welch's for one row. Returns false if its values allow neither. */
static bool t_test_of(const struct row *row, const struct relabelled_group *group,
                      const struct present *present, double alpha, struct welch *t)
{
    const struct two_sides *sides = &present->sides;
    bool few = few_allocations(group, alpha);
    if (!sides->base || !sides->base_count || !sides->fresh_count) return false;
    if (few ? sides->base_count + sides->fresh_count < 4 : sides->base_count < 2 || sides->fresh_count < 2)
        return false;
    *t = few ? pooled_of(present->base, sides->base_count, present->fresh, sides->fresh_count,
                         log1p(row->owner->delta))
             : welch_of(present->base, sides->base_count, present->fresh, sides->fresh_count);
    return true;
}

/* The p of these t tests in one direction (1: slower, -1: faster), with Holm's adjustment over all rows. A
   row without such a p has 1. The caller frees the list. */
static double *conservative_p(const struct row *rows, size_t count, const struct relabelled_group *groups,
                              int direction, double alpha)
{
    double *p = allocate(count + 1, sizeof *p), *adjusted = allocate(count + 1, sizeof *adjusted);
    for (size_t i = 0; i < count; i++) {
        struct present present = present_of(&rows[i], &groups[rows[i].owner->group]);
        struct welch t;
        p[i] = t_test_of(&rows[i], &groups[rows[i].owner->group], &present, alpha, &t)
                   ? welch_p(&t, 0, direction)
                   : 1;
        present_free(&present);
    }
    holm(p, count, adjusted);
    free(p);
    return adjusted;
}

/* Replaces all results of a row by those of Student's t. slower, faster: its p, adjusted over all rows. */
static void set_student(struct shift_test *test, const struct welch *t, double tolerance, double alpha,
                        double slower, double faster)
{
    double reach = student_quantile(1 - alpha, t->freedom) * t->error;
    *test = (struct shift_test){.estimate = t->difference,
                                .lo = t->difference - reach,
                                .hi = t->difference + reach,
                                .has_interval = true,
                                .alone = welch_p(t, tolerance, 1),
                                .at_all = welch_p(t, 0, 1),
                                .within = fabs(t->difference) + reach < tolerance,
                                .scatter = NAN,
                                .by_student = true};
    test->slower = fmax(slower, test->alone);
    test->faster = fmax(faster, welch_p(t, tolerance, -1));
}

/* Judges the rows that have too few allocations for relabelling. */
static void judge_few_allocations(const struct row *rows, size_t count, const struct relabelled_group *groups,
                                  double alpha)
{
    size_t few = 0;
    for (size_t i = 0; i < count; i++) few += few_allocations(&groups[rows[i].owner->group], alpha);
    if (!few) return;
    double *slower = conservative_p(rows, count, groups, 1, alpha),
           *faster = conservative_p(rows, count, groups, -1, alpha);
    for (size_t i = 0; i < count; i++) {
        const struct relabelled_group *group = &groups[rows[i].owner->group];
        struct shift_test *test = rows[i].test;
        struct present present = present_of(&rows[i], group);
        struct welch t;
        if (few_allocations(group, alpha)) {
            test->has_interval = test->within = false;
            if (t_test_of(&rows[i], group, &present, alpha, &t))
                set_student(test, &t, log1p(rows[i].owner->delta), alpha, slower[i], faster[i]);
        }
        if (few < count) { /* two kinds of tests: each gets half of alpha */
            test->slower = fmin(1, 2 * test->slower);
            test->faster = fmin(1, 2 * test->faster);
        }
        present_free(&present);
    }
    free(slower);
    free(faster);
}

static void heed_scatter(const struct row *rows, const struct relabelled_case *joint, size_t count,
                         const struct relabelled_group *groups, size_t group_count, double alpha,
                         uint64_t seed)
{
    enum { PER_CENT = 20 };
    struct scatter *scatters = allocate(count + 1, sizeof *scatters);
    compare_scatter(groups, group_count, joint, count, seed, PER_CENT / 100.0, scatters);
    double *slower = conservative_p(rows, count, groups, 1, alpha),
           *faster = conservative_p(rows, count, groups, -1, alpha);
    for (size_t i = 0; i < count; i++) {
        if (!scatters[i].unequal && !scatters[i].unknown) continue;
        if (few_allocations(&groups[rows[i].owner->group], alpha)) continue;
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
    judge_few_allocations(rows, count, groups, alpha);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].test != &rows[i].owner->median) continue;
        struct present present = present_of(&rows[i], &groups[rows[i].owner->group]);
        if (rows[i].test->by_student)
            plan_by_student(rows[i].owner, &present.sides, alpha, count);
        else
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
