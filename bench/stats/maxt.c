#include "stats/maxt.h"
#include "base/status.h"
#include "stats/order.h"
#include "stats/random.h"
#include "stats/relabel.h"

#include <math.h>
#include <stdlib.h>

/* The values of one case in ascending order (pairs: of their absolute values), the launch of each, and
   scratch space for the two sides. */
struct case_values {
    double *sorted, *side[2];
    size_t *launch, count;
    double scale; /* a tenth of the robust sigma of all values */
    double tiny;  /* a difference of means up to this is rounding and counts as 0 */
};

struct ordered {
    double value;
    size_t launch;
};

static int by_value(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->launch > y->launch) - (x->launch < y->launch);
}

static void fill_values(struct case_values *values, const struct relabelled_case *row,
                        const struct relabelled_group *group)
{
    size_t all = group->paired ? group->base : group->base + group->fresh;
    struct ordered *order = allocate(all, sizeof *order);
    values->count = 0;
    for (size_t i = 0; i < all; i++) {
        double value = group->paired     ? row->fresh[i] - row->base[i]
                       : i < group->base ? row->base[i]
                                         : row->fresh[i - group->base];
        if (!isnan(value)) order[values->count++] = (struct ordered){value, i};
    }
    if (group->paired) /* by the absolute difference: see paired_statistic */
        for (size_t i = 0; i < values->count; i++) order[i].value = fabs(order[i].value);
    qsort(order, values->count, sizeof *order, by_value);
    for (size_t i = 0; i < values->count; i++) {
        size_t launch = order[i].launch;
        bool negative = group->paired && row->fresh[launch] < row->base[launch];
        values->launch[i] = launch;
        values->sorted[i] = negative ? -order[i].value : order[i].value;
    }
    free(order);
    /* Subtract the median, which does not depend on the labels, so that rounding is small compared with the
       scatter. Differences of pairs stay unchanged. */
    double middle = group->paired || !values->count ? 0 : median_sorted(values->sorted, values->count),
           most = 0;
    for (size_t i = 0; i < values->count; i++) {
        values->sorted[i] -= middle;
        most = fmax(most, fabs(values->sorted[i]));
    }
    values->tiny = 1e-12 * most;
    values->scale = 0.1 * robust_sigma(values->sorted, values->count);
    if (group->paired && values->count) { /* sigma about zero, which does not depend on the signs */
        for (size_t i = 0; i < values->count; i++) values->side[0][i] = fabs(values->sorted[i]);
        values->scale = 0.1 * 1.482602218505602 * median_sorted(values->side[0], values->count);
    }
}

/* The 20 % trimmed mean of ascending values. Subtracts the smallest kept value before summing, so that the
   mean of equal values is exactly that value. (A plain sum rounds 6 and 7 equal values differently. The
   statistic of two constant sides was then infinite in every relabelling.) */
static double trimmed_mean(const double *ascending, size_t n)
{
    size_t trim = n / 5;
    double least = ascending[trim], sum = 0;
    for (size_t i = trim; i < n - trim; i++) sum += ascending[i] - least;
    return least + sum / (double)(n - 2 * trim);
}

/* The sum of absolute deviations of ascending values from their median. (A separate function, not an output
   parameter of the mean: GCC 12.2 for aarch64 at -O2 loses the value written through it, as the tests on
   aarch64 found.) */
static double deviations(const double *ascending, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n / 2; i++) sum += ascending[n - 1 - i] - ascending[i];
    return sum;
}

/* difference / below. A difference up to `tiny` counts as 0, also if `below` is 0. */
static double ratio(double difference, double below, double tiny)
{
    if (fabs(difference) <= tiny) return 0;
    return below > 0 ? difference / below : copysign(INFINITY, difference);
}

double paired_t(const double *ascending, size_t n, double scale)
{
    double most = fmax(fabs(ascending[0]), fabs(ascending[n - 1]));
    return ratio(trimmed_mean(ascending, n), deviations(ascending, n) / (double)n + scale, 1e-12 * most);
}

static double two_sample_statistic(struct case_values *values, const unsigned char *labels)
{
    size_t n[2] = {0, 0};
    for (size_t i = 0; i < values->count; i++) {
        size_t side = labels[values->launch[i]];
        values->side[side][n[side]++] = values->sorted[i];
    }
    if (n[0] < 2 || n[1] < 2) return 0;
    double deviation = deviations(values->side[0], n[0]) + deviations(values->side[1], n[1]);
    double difference = trimmed_mean(values->side[1], n[1]) - trimmed_mean(values->side[0], n[0]);
    return ratio(difference, deviation / (double)values->count + values->scale, values->tiny);
}

/* The statistic after the signs of some differences were flipped. The values are sorted by absolute value, so
   ascending order is: first the negative ones from the last to the first, then the others from the first to
   the last. */
static double paired_statistic(struct case_values *values, const unsigned char *labels)
{
    size_t n = 0;
    double *ascending = values->side[0];
    if (values->count < 2) return 0;
    for (size_t i = values->count; i-- > 0;)
        if ((values->sorted[i] < 0) != labels[values->launch[i]]) ascending[n++] = -fabs(values->sorted[i]);
    for (size_t i = 0; i < values->count; i++)
        if ((values->sorted[i] < 0) == labels[values->launch[i]]) ascending[n++] = fabs(values->sorted[i]);
    return paired_t(ascending, n, values->scale);
}

/* The relabellings of a group, and for each the largest statistic of the cases visited so far. */
struct progress {
    struct relabellings labels;
    double *largest;
};

/* The share of relabellings of a group whose largest statistic so far reaches `observed`. */
static double share_reaching(const struct progress *progress, double observed)
{
    size_t reached = 0;
    double reach = reach_of(observed);
    for (size_t r = 0; r < progress->labels.count; r++) reached += progress->largest[r] >= reach;
    return (double)reached / (double)progress->labels.count;
}

static double statistic_of(const struct relabelled_group *group, struct case_values *values,
                           const unsigned char *labels)
{
    return group->paired ? paired_statistic(values, labels) : two_sample_statistic(values, labels);
}

/* Visits every relabelling of one case in one direction (1: slower, -1: faster). Returns the p of the case
   alone, and updates the running maxima of its group. */
static double visit_case(const struct relabelled_case *row, const struct relabelled_group *group,
                         struct progress *progress, struct case_values *values, int direction)
{
    size_t reached = 0;
    double reach = reach_of(direction * row->statistic);
    fill_values(values, row, group);
    for (size_t r = 0; r < progress->labels.count; r++) {
        const unsigned char *labels = progress->labels.bytes + r * progress->labels.width;
        double statistic = direction * statistic_of(group, values, labels);
        reached += statistic >= reach;
        if (statistic > progress->largest[r]) progress->largest[r] = statistic;
    }
    return (double)reached / (double)progress->labels.count;
}

static int by_statistic(const void *a, const void *b)
{
    const struct relabelled_case *x = *(struct relabelled_case *const *)a,
                                 *y = *(struct relabelled_case *const *)b;
    if (x->statistic != y->statistic) return x->statistic < y->statistic ? -1 : 1;
    return (x > y) - (x < y);
}

static struct case_values values_for(const struct relabelled_group *groups, size_t group_count)
{
    size_t most = 1;
    for (size_t g = 0; g < group_count; g++)
        if (groups[g].base + groups[g].fresh > most) most = groups[g].base + groups[g].fresh;
    struct case_values values = {.sorted = allocate(most, sizeof *values.sorted),
                                 .launch = allocate(most, sizeof *values.launch)};
    for (int side = 0; side < 2; side++) values.side[side] = allocate(most, sizeof *values.side[side]);
    return values;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The smallest t among the maxima with P(maximum >= t) < alpha; INFINITY: none. Sorts the maxima. */
static double critical_value(struct progress *progress, double alpha)
{
    size_t count = progress->labels.count;
    qsort(progress->largest, count, sizeof *progress->largest, ascending);
    for (size_t r = 0; r < count; r++) {
        if (r && progress->largest[r] == progress->largest[r - 1]) continue;
        if ((double)(count - r) / (double)count < alpha) return progress->largest[r];
    }
    return INFINITY;
}

/* Computes the p-values of one direction. `order`: the cases by statistic, ascending. Visits the least
   striking case first, so that at each case the maxima cover it and all less striking ones. */
static void step_down(struct relabelled_group *groups, size_t group_count, struct relabelled_case **order,
                      size_t case_count, struct progress *progress, struct case_values *values, int direction)
{
    double last = 0;
    for (size_t g = 0; g < group_count; g++)
        for (size_t r = 0; r < progress[g].labels.count; r++) progress[g].largest[r] = -INFINITY;
    for (size_t i = 0; i < case_count; i++) {
        struct relabelled_case *row = order[direction > 0 ? i : case_count - 1 - i];
        double p = visit_case(row, &groups[row->group], &progress[row->group], values, direction), any = 0;
        /* 1 - (1-a)(1-b), computed without cancellation for small p */
        for (size_t g = 0; g < group_count; g++)
            any += share_reaching(&progress[g], direction * row->statistic) * (1 - any);
        *(direction > 0 ? &row->slower : &row->faster) = p;
        *(direction > 0 ? &row->adjusted_slower : &row->adjusted_faster) = any;
    }
    for (size_t i = case_count; i-- > 0;) { /* monotone: a less striking case has no smaller p */
        struct relabelled_case *row = order[direction > 0 ? i : case_count - 1 - i];
        double *adjusted = direction > 0 ? &row->adjusted_slower : &row->adjusted_faster;
        last = *adjusted = *adjusted > last ? *adjusted : last;
    }
}

void max_t(struct relabelled_group *groups, size_t group_count, struct relabelled_case *cases,
           size_t case_count, const struct decision_rules *rules, double *critical)
{
    struct random_state random;
    struct progress *progress = allocate(group_count, sizeof *progress);
    struct relabelled_case **order = allocate(case_count, sizeof *order);
    struct case_values values = values_for(groups, group_count);
    random_seed(&random, rules->seed);
    size_t most = rules->most ? rules->most : EXACT_RELABELLINGS,
           drawn = rules->most ? rules->most - 1 : SAMPLED_RELABELLINGS;
    for (size_t g = 0; g < group_count; g++) {
        progress[g].labels =
            relabellings_of(groups[g].base, groups[g].fresh, groups[g].paired, most, drawn, &random);
        progress[g].largest = allocate(progress[g].labels.count, sizeof *progress[g].largest);
        groups[g].exact = progress[g].labels.exact;
        groups[g].relabellings = progress[g].labels.count;
    }
    for (size_t i = 0; i < case_count; i++) {
        fill_values(&values, &cases[i], &groups[cases[i].group]);
        cases[i].statistic =
            statistic_of(&groups[cases[i].group], &values, progress[cases[i].group].labels.bytes);
        order[i] = &cases[i];
    }
    if (case_count) qsort(order, case_count, sizeof(struct relabelled_case *), by_statistic);
    step_down(groups, group_count, order, case_count, progress, &values, -1);
    step_down(groups, group_count, order, case_count, progress, &values, 1);
    for (size_t g = 0; g < group_count; g++) {
        if (critical) critical[g] = critical_value(&progress[g], rules->alpha);
        relabellings_free(&progress[g].labels);
        free(progress[g].largest);
    }
    for (int side = 0; side < 2; side++) free(values.side[side]);
    free(values.sorted);
    free(values.launch);
    free(progress);
    free(order);
}
