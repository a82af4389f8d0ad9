/* Computes the statistics of a comparison and the verdict on each case. */
#include "analysis/compare/aggregate.h"
#include "analysis/compare/blas_choice.h"
#include "analysis/compare/conditions.h"
#include "analysis/gate/comparison.h"
#include "analysis/gate/outliers.h"
#include "stats/order.h"
#include "stats/relabel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Seed for relabellings drawn at random, where there are too many to enumerate: the same input gives the same
   verdict. */
enum { SEED = 20240501 };

double sample_drift(const struct samples *samples, double delta)
{
    size_t third = samples->count / 3;
    if (third < 10) return 1;
    const double *first = samples->us, *last = samples->us + samples->count - third;
    double ratio = median(last, third) / median(first, third);
    if (!(fabs(log(ratio)) > log1p(delta))) return 1;
    /* Mann-Whitney's U by direct counting, with the normal approximation. Uses every step-th sample of the
       first third, so that large launches stay cheap. */
    size_t step = third > 200 ? third / 200 : 1, n = 0, above = 0, ties = 0;
    for (size_t i = 0; i < third; i += step, n++)
        for (size_t j = 0; j < third; j += step) above += last[j] > first[i], ties += last[j] == first[i];
    double count = (double)n, u = (double)above + (double)ties / 2;
    double z = (u - count * count / 2) / sqrt(count * count * (2 * count + 1) / 12);
    return fabs(z) > 4 ? ratio : 1;
}

/* ---- cases that can be judged ---- */

static const char *statistic_text(struct comparison *comparison, const struct figures *figures)
{
    if (!figures->rank_reduction || figures->statistic == STATISTIC_MIXED)
        return statistic_name(figures->statistic);
    return comparison_text(comparison, "%s (%s over ranks)", statistic_name(figures->statistic),
                           figures->rank_reduction);
}

static bool alike(const struct figures *a, const struct figures *b)
{
    if (a->statistic == STATISTIC_MIXED || a->statistic == STATISTIC_UNKNOWN || a->statistic != b->statistic)
        return false;
    return !a->rank_reduction || !b->rank_reduction || same(a->rank_reduction, b->rank_reduction);
}

/* Finds the case that differs from `line` only in its conditions (NVLink domains, transport), and that
   only new has: these new launches may be the ones that `line` lacks. NULL: there is none. */
static const struct compared_case *elsewhere(const struct comparison *comparison,
                                             const struct compared_case *line)
{
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *other = &comparison->cases[i];
        if (other != line && other->side[FRESH].count && !other->side[BASE].count &&
            other->side[FRESH].statistic == line->side[FRESH].statistic &&
            case_order(other->row, line->row) == 0)
            return other;
    }
    return NULL;
}

/* Describes launches of the group that have no figure for this case; NULL: all have one. When a time budget
   runs out or a run is cut, it is the slow launches that lose their figures, and the rest would look too
   fast. */
static const char *censored(struct comparison *comparison, const struct compared_case *line)
{
    const struct relabelled_group *group = &comparison->groups[line->group];
    for (int side = FRESH; side >= BASE; side--) {
        size_t launches = side == BASE ? group->base : group->fresh, count = line->side[side].count;
        if (count < launches)
            return comparison_text(comparison,
                                   "%zu of %zu %s launches have no figure: skipped, or not in their plan",
                                   launches - count, launches, side == BASE ? "base" : "new");
    }
    /* Unless new has fewer launches than base under base's conditions, launches under other conditions are
       a case of their own. */
    const struct compared_case *other =
        line->side[FRESH].count < line->side[BASE].count ? elsewhere(comparison, line) : NULL;
    if (other)
        return comparison_text(comparison, "%zu new launches ran under other conditions: %s",
                               other->side[FRESH].count, other->key);
    return NULL;
}

static bool differ_by_choice(const struct comparison *comparison, const struct compared_case *a,
                             enum side a_side, const struct compared_case *b, enum side b_side)
{
    const struct case_source one = {a->key, comparison->launches[a_side], comparison->launch_count[a_side]},
                             other = {b->key, comparison->launches[b_side], comparison->launch_count[b_side]};
    return blas_chosen_anew(&one, &other);
}

static size_t launches_of_group(const struct comparison *comparison, size_t group, enum side side)
{
    return side == BASE ? comparison->groups[group].base : comparison->groups[group].fresh;
}

/* Names the other BLAS that those launches of a side chose that lack this case; NULL: some of them lack it
   for another reason. */
static const char *chose_anew(struct comparison *comparison, const struct compared_case *line, enum side side)
{
    size_t found = 0, lacking = launches_of_group(comparison, line->group, side) - line->side[side].count;
    const struct compared_case *last = NULL;
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *other = &comparison->cases[i];
        if (other == line || !other->side[side].count) continue;
        if (!differ_by_choice(comparison, line, BASE, other, side) &&
            !differ_by_choice(comparison, line, FRESH, other, side))
            continue;
        found += other->side[side].count;
        if (other->group != line->group) lacking += launches_of_group(comparison, other->group, side);
        last = other;
    }
    if (!last || found < lacking) return NULL;
    return comparison_text(comparison,
                           "%s launches chose another BLAS, ratio %.3g: %s (--blas and --blas-kernel fix the "
                           "choice)",
                           side == BASE ? "base" : "new",
                           last->side[side].median_us / line->side[side == BASE ? FRESH : BASE].median_us,
                           last->key);
}

/* The verdict on a case that launches of a side lack: missing, unless all of these chose another BLAS. */
static void judge_lacking(struct comparison *comparison, struct compared_case *line, const char *why)
{
    const size_t base = line->side[BASE].count, fresh = line->side[FRESH].count;
    const bool base_lacks = base < launches_of_group(comparison, line->group, BASE),
               fresh_lacks = fresh < launches_of_group(comparison, line->group, FRESH) || fresh < base;
    const char *base_chose = base_lacks ? chose_anew(comparison, line, BASE) : NULL,
               *fresh_chose = fresh_lacks ? chose_anew(comparison, line, FRESH) : NULL;
    const bool chosen = (base_chose || !base_lacks) && (fresh_chose || !fresh_lacks);
    line->verdict = chosen ? VERDICT_NOT_COMPARABLE : VERDICT_MISSING;
    line->why = !chosen ? why : fresh_chose ? fresh_chose : base_chose;
}

/* Sets the verdict if it needs no statistics. Returns false if the case must be tested. */
static bool judged_without_test(struct comparison *comparison, struct compared_case *line)
{
    const struct figures *base = &line->side[BASE], *fresh = &line->side[FRESH];
    if (base->wrong > 0 || fresh->wrong > 0) {
        line->verdict = VERDICT_WRONG;
        line->why = comparison_text(comparison, "%s: %s", fresh->wrong > 0 ? "new" : "base",
                                    fresh->wrong > 0 ? fresh->problem : base->problem);
    } else if (fresh->problem) {
        line->verdict = VERDICT_MISSING;
        line->why = fresh->problem;
    } else if (base->count && !fresh->count && !base->problem) {
        judge_lacking(comparison, line, "new has no figure");
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
    } else if (line->by_import) {
        line->verdict = VERDICT_NOT_COMPARABLE;
        line->why = "timed alike, but the imported table does not tell all conditions";
    } else {
        const char *lacking = censored(comparison, line);
        if (!lacking) return false;
        judge_lacking(comparison, line, lacking);
    }
    return true;
}

static bool same_text_if_known(const char *a, const char *b)
{
    return !a || !b || same(a, b);
}

/* Can these be the same case? Ignores what an import does not know. */
static bool may_be_the_same(const struct case_row *a, const struct case_row *b)
{
    return a->collective && same(a->collective, b->collective) && a->requested_bytes == b->requested_bytes &&
           (a->ranks == b->ranks || a->ranks == ABSENT || b->ranks == ABSENT) &&
           same_text_if_known(a->dtype, b->dtype) && same_text_if_known(a->op, b->op) &&
           (!a->placement || !b->placement || a->placement == b->placement) &&
           (!a->mode || !b->mode || a->mode == b->mode);
}

/* Whether one row is of a table of nccl-tests and the other was timed by us in its way. */
static bool import_timed_alike(const struct case_row *a, const struct case_row *b)
{
    return !a->mode != !b->mode && timing_method(a).mode == MODE_NCCL_TESTS &&
           timing_method(b).mode == MODE_NCCL_TESTS;
}

/* An imported case has a different key from the measured one, since the import knows less. Merges such a pair
   into one row, which is not comparable: shown, but it cannot fail the gate. Without this the base case would
   count as missing. */
static void pair_unlike(struct comparison *comparison)
{
    struct compared_case *cases = comparison->cases;
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct figures *base = &cases[i].side[BASE];
        if (!base->count || cases[i].side[FRESH].count || cases[i].side[FRESH].problem) continue;
        for (size_t j = 0; j < comparison->case_count; j++) {
            const struct figures *fresh = &cases[j].side[FRESH];
            const bool by_import = import_timed_alike(cases[i].row, cases[j].row);
            if (!fresh->count || cases[j].side[BASE].count || !may_be_the_same(cases[i].row, cases[j].row) ||
                (base->statistic == fresh->statistic && !by_import))
                continue;
            cases[i].by_import = by_import;
            cases[i].side[FRESH] = *fresh;
            cases[i].ratio = fresh->median_us / base->median_us;
            memmove(&cases[j], &cases[j + 1], (--comparison->case_count - j) * sizeof *cases);
            if (j < i) i--;
            break;
        }
    }
}

/* ---- the verdict ---- */

const char *verdict_text(const struct compared_case *line, char text[64])
{
    bool decided = line->verdict == VERDICT_SAME || line->verdict == VERDICT_IMPROVEMENT ||
                   line->verdict == VERDICT_REGRESSION;
    snprintf(text, 64, "%s%s", verdict_names[line->verdict],
             decided && line->confounded ? ", confounded with the allocation" : "");
    return text;
}

/* Says how many units decide nothing, and how many more of the side that has fewer could. */
static const char *too_few(struct comparison *comparison, const struct compared_case *line, double alpha)
{
    size_t base = line->units[BASE], fresh = line->units[FRESH], least = fewest_launches(line->paired, alpha);
    if (line->paired) return comparison_text(comparison, "%zu pairs decide nothing: %zu could", base, least);
    bool new_is_short = fresh <= base;
    size_t longer = new_is_short ? base : fresh,
           shorter = line->by_allocation ? (longer > 2 ? 1 : 4 - longer) : fewest_beside(longer, alpha);
    if (longer < 2) longer = shorter = least; /* one launch a side */
    return comparison_text(comparison, "%zu + %zu %s decide nothing: %zu + %zu could", base, fresh,
                           line->by_allocation ? "allocations" : "launches", new_is_short ? longer : shorter,
                           new_is_short ? shorter : longer);
}

static const char *undecided(struct comparison *comparison, const struct compared_case *line, double alpha)
{
    double needed = line->launches_needed;
    const char *unit = line->paired          ? "pairs"
                       : line->by_allocation ? "allocations a side"
                                             : "launches a side";
    if (!line->has_interval) return too_few(comparison, line, alpha);
    if (!isfinite(line->detectable))
        return "too many launches have equal times: the detectable change is not known";
    double fewest = (double)(line->units[BASE] < line->units[FRESH] ? line->units[BASE] : line->units[FRESH]);
    if (needed <= fewest)
        return comparison_text(comparison,
                               "sees +%.1f %%; undecided by chance, or because the ratio is close to %g %%: "
                               "more %s decide",
                               100 * (line->detectable - 1), 100 * line->delta, unit);
    if (!isfinite(needed))
        return comparison_text(comparison, "sees +%.1f %%; no number of launches decides %g %%",
                               100 * (line->detectable - 1), 100 * line->delta);
    return comparison_text(comparison, "sees +%.1f %%; %g %% needs about %.0f %s",
                           100 * (line->detectable - 1), 100 * line->delta, needed, unit);
}

static const struct names tail_names = NAMES("95th percentile", "mean");

const char *tail_name(enum tail tail)
{
    return name_of(&tail_names, (int)tail);
}

static const char *slow_tail(struct comparison *comparison, const struct compared_case *line,
                             const char *verb)
{
    return comparison_text(comparison, "its %s %s slower: %.3g times (%.3g to %.3g), p %.3g",
                           tail_name(line->tail), verb, line->tail_ratio, line->tail_lo, line->tail_hi,
                           line->tail_p);
}

/* A new launch that is this many sigmas from the median of its side, and beyond the tolerance, forbids
   "same". Fewer than OUTLYING_SIGMAS, which name a launch whatever the tolerance is: of unchanged cases of
   8 + 8 launches this makes 0.8 % undecided at a scatter of 1 %, 3 % at 1.5 %, and it finds one of eight
   launches that is 6 % slower in 93 % (with five sigmas: 54 %). */
enum { SLOW_LAUNCH_SIGMAS = 3 };

/* Describes the slowest new launch if it is beyond the tolerance and the scatter of the others does not
   explain it; else NULL. */
static const char *slow_launch(struct comparison *comparison, const struct compared_case *line)
{
    const struct figures *fresh = &line->side[FRESH];
    size_t launches = comparison->groups[line->group].fresh, worst = 0;
    double sigma =
        launch_scatter(line->side[BASE].ln_us, comparison->groups[line->group].base, fresh->ln_us, launches);
    for (size_t i = 0; i < launches; i++)
        if (fresh->ln_us[i] > fresh->ln_us[worst]) worst = i;
    double beyond = fresh->ln_us[worst] - log(line->side[BASE].median_us),
           outlying = fresh->ln_us[worst] - log(fresh->median_us);
    if (beyond <= log1p(line->delta) || outlying <= SLOW_LAUNCH_SIGMAS * sigma) return NULL;
    const char *name = "?";
    for (size_t i = 0; i < comparison->launch_count[FRESH]; i++) {
        const struct launch *launch = comparison->launches[FRESH][i];
        if (comparison->group_of[FRESH][i] == line->group && comparison->place_of[FRESH][i] == worst)
            name = launch->header.launch ? launch->header.launch : launch->path;
    }
    return comparison_text(comparison, "launch %s took %.3g times as long as base: not the same", name,
                           exp(beyond));
}

static void set_figures(struct compared_case *line, const struct decided_case *decided)
{
    const struct shift_test *median = &decided->median, *tail = &decided->tail;
    line->ratio = exp(median->estimate);
    line->lo = exp(median->lo);
    line->hi = exp(median->hi);
    line->has_interval = median->has_interval;
    line->p = median->alone;
    line->adjusted_p = median->slower;
    line->p_faster = median->faster;
    line->scatter = median->scatter;
    line->few = median->by_welch && isnan(median->scatter);
    line->by_student = median->by_student;
    line->sigma = decided->sigma;
    line->detectable = exp(decided->detectable);
    line->launches_needed = decided->needed;
    if (!line->tail) return;
    line->tail_ratio = exp(tail->estimate);
    line->tail_lo = exp(tail->lo);
    line->tail_hi = exp(tail->hi);
    line->tail_p = tail->slower;
}

static void judge(struct comparison *comparison, struct compared_case *line,
                  const struct decided_case *decided, double alpha)
{
    static const enum verdict verdicts[] = {[OUTCOME_SAME] = VERDICT_SAME,
                                            [OUTCOME_FASTER] = VERDICT_IMPROVEMENT,
                                            [OUTCOME_SLOWER] = VERDICT_REGRESSION,
                                            [OUTCOME_UNDECIDED] = VERDICT_INCONCLUSIVE};
    set_figures(line, decided);
    line->verdict = verdicts[decided->outcome];
    if (line->verdict == VERDICT_REGRESSION && !(decided->median.slower < alpha))
        line->why = slow_tail(comparison, line, "is");
    if (line->verdict == VERDICT_SAME && (line->why = slow_launch(comparison, line)))
        line->verdict = VERDICT_INCONCLUSIVE;
    else if (line->verdict == VERDICT_INCONCLUSIVE)
        line->why = decided->median.within && decided->tail_suspect ? slow_tail(comparison, line, "may be")
                                                                    : undecided(comparison, line, alpha);
}

/* The tail statistic for both sides: the 95th percentile if every launch has one, else the mean. Imports have
   no tail, because they have no samples. */
static enum tail common_tail(const struct compared_case *line, const struct relabelled_group *group)
{
    const struct figures *base = &line->side[BASE], *fresh = &line->side[FRESH];
    if (base->statistic != STATISTIC_MEDIAN) return TAIL_NONE;
    for (size_t i = 0; i < group->base; i++)
        if (isnan(base->ln_p95[i])) return TAIL_MEAN;
    for (size_t i = 0; i < group->fresh; i++)
        if (isnan(fresh->ln_p95[i])) return TAIL_MEAN;
    return TAIL_P95;
}

static const double *tail_values(const struct compared_case *line, enum side side)
{
    return line->tail == TAIL_MEAN ? line->side[side].ln_mean : line->side[side].ln_p95;
}

static struct decided_case case_of(struct comparison *comparison, struct compared_case *line,
                                   const struct units *units)
{
    const struct relabelled_group *group = &comparison->groups[line->group];
    struct decided_case decided = {.group = line->group, .delta = line->delta};
    line->tail = common_tail(line, group);
    decided.base = unit_values(comparison, units, BASE, group->base, line->side[BASE].ln_us);
    decided.fresh = unit_values(comparison, units, FRESH, group->fresh, line->side[FRESH].ln_us);
    if (line->tail) {
        decided.base_tail = unit_values(comparison, units, BASE, group->base, tail_values(line, BASE));
        decided.fresh_tail = unit_values(comparison, units, FRESH, group->fresh, tail_values(line, FRESH));
    }
    line->paired = group->paired;
    line->by_allocation = units->by_allocation;
    line->confounded = units->confounded;
    for (int side = BASE; side <= FRESH; side++) line->units[side] = units->count[side];
    return decided;
}

static void test_cases(struct comparison *comparison, struct compared_case **tested, double alpha)
{
    size_t groups = comparison->group_count;
    struct units *units = allocate(groups + 1, sizeof *units);
    struct decided_case *cases = allocate(comparison->tested + 1, sizeof *cases);
    comparison->unit_groups = allocate(groups + 1, sizeof *comparison->unit_groups);
    for (size_t g = 0; g < groups; g++) {
        units[g] = units_of(comparison, g);
        comparison->unit_groups[g] = (struct relabelled_group){.base = units[g].count[BASE],
                                                               .fresh = units[g].count[FRESH],
                                                               .allocations = units[g].by_allocation,
                                                               .paired = comparison->groups[g].paired};
    }
    for (size_t i = 0; i < comparison->tested; i++)
        cases[i] = case_of(comparison, tested[i], &units[tested[i]->group]);
    decide(comparison->unit_groups, groups, cases, comparison->tested,
           &(struct decision_rules){.alpha = alpha, .seed = SEED});
    for (size_t i = 0; i < comparison->tested; i++) judge(comparison, tested[i], &cases[i], alpha);
    for (size_t g = 0; g < groups; g++) units_free(&units[g]);
    free(units);
    free(cases);
}

/* Units are allocations, and no case has enough of them: a gate that can never fail must not pass. */
static void fail_without_units(struct comparison *comparison)
{
    const struct compared_case *line = NULL;
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *one = &comparison->cases[i];
        if (isnan(one->adjusted_p)) continue; /* not tested */
        if (one->has_interval || !one->by_allocation) return;
        line = one;
    }
    if (line)
        comparison_failure(comparison,
                           "no case can be decided: base has %zu allocation%s, new has %zu; measure another: "
                           "3 + 1, 2 + 2 or 1 + 3 are the fewest that decide",
                           line->units[BASE], line->units[BASE] == 1 ? "" : "s", line->units[FRESH]);
}

void judge_cases(struct comparison *comparison, const struct comparison_rules *rules)
{
    struct compared_case **tested = allocate(comparison->case_count, sizeof *tested);
    pair_unlike(comparison);
    for (size_t i = 0; i < comparison->case_count; i++) {
        struct compared_case *line = &comparison->cases[i];
        if (judged_without_test(comparison, line)) continue;
        tested[comparison->tested++] = line;
    }
    test_cases(comparison, tested, rules->alpha);
    fail_without_units(comparison);
    for (size_t i = 0; i < comparison->case_count; i++) comparison->counts[comparison->cases[i].verdict]++;
    free(tested);
    note_judgement(comparison);
    if (!comparison->tested) comparison_failure(comparison, "no case could be compared");
}
