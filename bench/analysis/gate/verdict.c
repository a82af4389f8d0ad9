/* The statistics of a comparison and what follows from them. */
#include "analysis/gate/comparison.h"
#include "stats/order.h"
#include "stats/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Relabellings beyond the exact ones are drawn from this seed: the same input gives the same verdict. */
enum { SEED = 20240501 };

double sample_drift(const struct samples *samples, double delta)
{
    size_t third = samples->count / 3;
    if (third < 10) return 1;
    const double *first = samples->us, *last = samples->us + samples->count - third;
    double ratio = median(last, third) / median(first, third);
    if (!(fabs(log(ratio)) > log1p(delta))) return 1;
    /* Mann-Whitney's U by counting, with its normal limit: third^2 / 4 comparisons at most of a hundred
     * samples are few. */
    size_t step = third > 200 ? third / 200 : 1, n = 0, above = 0, ties = 0;
    for (size_t i = 0; i < third; i += step, n++)
        for (size_t j = 0; j < third; j += step) above += last[j] > first[i], ties += last[j] == first[i];
    double count = (double)n, u = (double)above + (double)ties / 2;
    double z = (u - count * count / 2) / sqrt(count * count * (2 * count + 1) / 12);
    return fabs(z) > 4 ? ratio : 1;
}

/* The values of a side that are there, into `present`. */
static size_t present_of(const double *values, size_t n, double *present)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) present[count++] = values[i];
    return count;
}

static void set_shift(struct compared_case *line, struct shift shift)
{
    line->ratio = exp(shift.estimate);
    line->lo = exp(shift.lo);
    line->hi = exp(shift.hi);
    line->has_interval = shift.has_interval;
}

static void estimate_paired(struct compared_case *line, const struct relabelled_group *group, double alpha)
{
    double *differences = allocate(group->base, sizeof *differences);
    size_t n = 0;
    for (size_t i = 0; i < group->base; i++) {
        double difference = line->side[FRESH].ln_us[i] - line->side[BASE].ln_us[i];
        if (!isnan(difference)) differences[n++] = difference;
    }
    if (n) set_shift(line, hodges_lehmann_paired(differences, n, alpha));
    line->sigma = robust_sigma(differences, n);
    line->detectable = exp(log1p(line->delta) + detectable_shift(line->sigma, n, n, true, alpha, 0.8));
    line->launches_needed = launches_needed(line->sigma, log1p(line->delta), true, alpha, 0.9);
    free(differences);
}

static void estimate_unpaired(struct compared_case *line, const struct relabelled_group *group, double alpha)
{
    double *base = allocate(group->base, sizeof *base), *fresh = allocate(group->fresh, sizeof *fresh);
    size_t m = present_of(line->side[BASE].ln_us, group->base, base),
           n = present_of(line->side[FRESH].ln_us, group->fresh, fresh);
    set_shift(line, hodges_lehmann(base, m, fresh, n, alpha));
    line->sigma = launch_sigma(base, m, fresh, n);
    line->detectable = exp(log1p(line->delta) + detectable_shift(line->sigma, m, n, false, alpha, 0.8));
    line->launches_needed = launches_needed(line->sigma, log1p(line->delta), false, alpha, 0.9);
    free(base);
    free(fresh);
}

static void estimate(struct compared_case *line, const struct relabelled_group *group, double alpha)
{
    line->paired = group->paired;
    if (group->paired)
        estimate_paired(line, group, alpha);
    else
        estimate_unpaired(line, group, alpha);
    if (!isfinite(line->sigma)) line->detectable = INFINITY, line->launches_needed = NAN;
}

/* ---- what can be judged at all ---- */

static const char *statistic_text(struct comparison *comparison, const struct figures *figures)
{
    if (!figures->rank_reduction || same(figures->statistic, "mixed")) return figures->statistic;
    return comparison_text(comparison, "%s (%s over ranks)", figures->statistic, figures->rank_reduction);
}

static bool alike(const struct figures *a, const struct figures *b)
{
    if (same(a->statistic, "mixed") || same(a->statistic, "unknown") || !same(a->statistic, b->statistic))
        return false;
    return !a->rank_reduction || !b->rank_reduction || same(a->rank_reduction, b->rank_reduction);
}

/* Sets a verdict that needs no statistics; false: the case is to be tested. */
static bool judged_without_test(struct comparison *comparison, struct compared_case *line)
{
    const struct figures *base = &line->side[BASE], *fresh = &line->side[FRESH];
    if (base->wrong > 0 || fresh->wrong > 0) {
        line->verdict = VERDICT_WRONG;
        line->why = comparison_text(comparison, "%s: %s", fresh->wrong > 0 ? "new" : "base",
                                    fresh->wrong > 0 ? fresh->problem : base->problem);
    } else if (fresh->problem || (base->count && !fresh->count)) {
        line->verdict = VERDICT_MISSING;
        line->why = fresh->problem ? fresh->problem : "new has no figure";
    } else if (base->problem) {
        line->verdict = VERDICT_MISSING;
        line->why = comparison_text(comparison, "base: %s", base->problem);
    } else if (!base->count) {
        line->verdict = VERDICT_NOT_COMPARABLE;
        line->why = "base does not have it";
    } else if (!alike(base, fresh)) {
        line->verdict = VERDICT_NOT_COMPARABLE;
        line->why = comparison_text(comparison, "base is a %s, new a %s", statistic_text(comparison, base),
                                    statistic_text(comparison, fresh));
    } else {
        return false;
    }
    return true;
}

static bool same_text_if_known(const char *a, const char *b)
{
    return !a || !b || same(a, b);
}

/* The same case, as far as an import tells. */
static bool may_be_the_same(const struct case_row *a, const struct case_row *b)
{
    return a->collective && same(a->collective, b->collective) && a->requested_bytes == b->requested_bytes &&
           (a->ranks == b->ranks || a->ranks == ABSENT || b->ranks == ABSENT) &&
           same_text_if_known(a->dtype, b->dtype) && same_text_if_known(a->op, b->op) &&
           same_text_if_known(a->placement, b->placement) && same_text_if_known(a->mode, b->mode);
}

/* An imported case has another key than the measured one, since the import knows less. Such a pair is shown
   in one row, marked, and not gated. A base case beside which only an unlike statistic stands is not missing.
 */
static void pair_unlike(struct comparison *comparison)
{
    struct compared_case *cases = comparison->cases;
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct figures *base = &cases[i].side[BASE];
        if (!base->count || cases[i].side[FRESH].count || cases[i].side[FRESH].problem) continue;
        for (size_t j = 0; j < comparison->case_count; j++) {
            const struct figures *fresh = &cases[j].side[FRESH];
            if (!fresh->count || cases[j].side[BASE].count || !may_be_the_same(cases[i].row, cases[j].row) ||
                same(base->statistic, fresh->statistic))
                continue;
            cases[i].side[FRESH] = *fresh;
            cases[i].ratio = fresh->median_us / base->median_us;
            memmove(&cases[j], &cases[j + 1], (--comparison->case_count - j) * sizeof *cases);
            if (j < i) i--;
            break;
        }
    }
}

/* ---- the verdict ---- */

static const char *undecided(struct comparison *comparison, const struct compared_case *line)
{
    double needed = line->launches_needed;
    const char *unit = line->paired ? "pairs" : "launches a side";
    if (!line->has_interval || !isfinite(line->detectable)) {
        if (!isfinite(needed)) needed = line->paired ? 6 : 4;
        return comparison_text(comparison, "%zu + %zu launches decide nothing: %.0f %s at least",
                               line->side[BASE].count, line->side[FRESH].count, needed, unit);
    }
    return comparison_text(comparison, "sees +%.1f %%; %g %% needs about %.0f %s",
                           100 * (line->detectable - 1), 100 * line->delta, needed, unit);
}

static void judge(struct comparison *comparison, struct compared_case *line, double alpha)
{
    double limit = 1 + line->delta; /* the same on both sides of 1 in logarithms, so that exchanging base and
                                       new mirrors the verdict */
    bool significant = line->adjusted_p < alpha && line->has_interval;
    if (significant && line->lo > limit)
        line->verdict = VERDICT_REGRESSION;
    else if (significant && line->hi < 1 / limit)
        line->verdict = VERDICT_IMPROVEMENT;
    else if (line->has_interval && line->lo >= 1 / limit && line->hi <= limit)
        line->verdict = VERDICT_SAME;
    else
        line->verdict = VERDICT_INCONCLUSIVE, line->why = undecided(comparison, line);
}

static void test_cases(struct comparison *comparison, struct compared_case **tested)
{
    struct relabelled_case *rows = allocate(comparison->tested, sizeof *rows);
    for (size_t i = 0; i < comparison->tested; i++)
        rows[i] = (struct relabelled_case){.group = tested[i]->group,
                                           .base = tested[i]->side[BASE].ln_us,
                                           .fresh = tested[i]->side[FRESH].ln_us};
    max_t(comparison->groups, comparison->group_count, rows, comparison->tested, SEED);
    for (size_t i = 0; i < comparison->tested; i++)
        tested[i]->p = rows[i].p, tested[i]->adjusted_p = rows[i].adjusted_p;
    free(rows);
}

static void note_unchecked_and_drift(struct comparison *comparison)
{
    size_t unchecked = 0, drifting = 0;
    const struct compared_case *worst = NULL;
    double most = 0;
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *line = &comparison->cases[i];
        unchecked += line->side[BASE].unchecked || line->side[FRESH].unchecked;
        for (int side = BASE; side <= FRESH; side++) {
            double drift = fabs(log(line->side[side].drift));
            drifting += line->side[side].drifting;
            if (drift > most) most = drift, worst = line;
        }
    }
    if (unchecked)
        comparison_note(comparison, "%zu case%s with results that nobody verified (-c 0)", unchecked,
                        unchecked == 1 ? "" : "s");
    if (worst)
        comparison_note(comparison,
                        "drift within a launch in %zu measurement%s, at worst %+.0f %% from the first to the "
                        "last third: %s",
                        drifting, drifting == 1 ? "" : "s",
                        100 * (fabs(log(worst->side[BASE].drift)) == most ? worst->side[BASE].drift - 1
                                                                          : worst->side[FRESH].drift - 1),
                        worst->key);
}

void judge_cases(struct comparison *comparison, const struct comparison_rules *rules)
{
    struct compared_case **tested = allocate(comparison->case_count, sizeof *tested);
    pair_unlike(comparison);
    for (size_t i = 0; i < comparison->case_count; i++) {
        struct compared_case *line = &comparison->cases[i];
        const struct relabelled_group *group = &comparison->groups[line->group];
        if (judged_without_test(comparison, line)) continue;
        estimate(line, group, rules->alpha);
        tested[comparison->tested++] = line;
    }
    test_cases(comparison, tested);
    for (size_t i = 0; i < comparison->tested; i++) judge(comparison, tested[i], rules->alpha);
    for (size_t i = 0; i < comparison->case_count; i++) comparison->counts[comparison->cases[i].verdict]++;
    free(tested);
    note_unchecked_and_drift(comparison);
    if (comparison->without_figures)
        comparison_note(comparison,
                        "%zu case%s left out: neither side could run %s (unsupported, too large or skipped)",
                        comparison->without_figures, comparison->without_figures == 1 ? "" : "s",
                        comparison->without_figures == 1 ? "it" : "them");
    if (!comparison->tested) comparison_failure(comparison, "no case could be compared");
}
