#include "stats/maxt.h"
#include "base/status.h"
#include "stats/order.h"
#include "stats/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One relabelling after the other: a byte per launch (base launches first, then the new ones), 1: labelled
   new. Paired: a byte per pair, 1: the pair's labels are exchanged. The first is the observed one. */
struct labels {
    unsigned char *bytes;
    size_t count, width;
};

static double ways_to_label(const struct relabelled_group *group)
{
    double ways = 1;
    if (group->paired) return exp2((double)group->base);
    for (size_t i = 1; i <= group->fresh; i++) ways *= (double)(group->base + i) / (double)i;
    return ways;
}

static void enumerate_signs(struct labels *labels)
{
    for (size_t r = 0; r < labels->count; r++)
        for (size_t i = 0; i < labels->width; i++)
            labels->bytes[r * labels->width + i] = (unsigned char)(r >> i & 1);
}

/* All subsets in the order of next_permutation over a byte string, from 0…01…1 (the observed labels) on. */
static void enumerate_subsets(struct labels *labels, size_t base)
{
    size_t n = labels->width;
    unsigned char *last = labels->bytes;
    for (size_t i = 0; i < n; i++) last[i] = i >= base;
    for (size_t r = 1; r < labels->count; r++) {
        unsigned char *next = labels->bytes + r * n;
        memcpy(next, last, n);
        size_t i = n - 1, ones = 0;
        while (i > 0 && !(next[i - 1] == 0 && next[i] == 1)) ones += next[i--];
        /* next[i-1..] is 0 1 then ones and zeros: the 1 moves up, the rest is sorted anew */
        ones += next[i];
        next[i - 1] = 1;
        for (size_t k = i; k < n; k++) next[k] = k >= n - (ones - 1);
        last = next;
    }
}

static void draw(struct labels *labels, size_t base, bool paired, struct random_state *random)
{
    size_t n = labels->width, *order = allocate(n, sizeof *order);
    for (size_t r = 1; r < labels->count; r++) {
        unsigned char *row = labels->bytes + r * n;
        if (paired) {
            for (size_t i = 0; i < n; i++) row[i] = (unsigned char)random_below(random, 2);
            continue;
        }
        for (size_t i = 0; i < n; i++) order[i] = i;
        random_shuffle(random, order, n);
        for (size_t i = base; i < n; i++) row[order[i]] = 1;
    }
    for (size_t i = 0; i < n; i++) labels->bytes[i] = !paired && i >= base;
    free(order);
}

static struct labels labels_of(struct relabelled_group *group, struct random_state *random)
{
    double ways = ways_to_label(group);
    group->exact = ways <= EXACT_RELABELLINGS;
    group->relabellings =
        group->exact ? (size_t)(ways + 0.5) : SAMPLED_RELABELLINGS + 1; /* the observed one counts */
    struct labels labels = {.count = group->relabellings,
                            .width = group->paired ? group->base : group->base + group->fresh};
    labels.bytes = allocate(labels.count * labels.width + 1, 1);
    if (!group->exact)
        draw(&labels, group->base, group->paired, random);
    else if (group->paired)
        enumerate_signs(&labels);
    else if (labels.width)
        enumerate_subsets(&labels, group->base);
    return labels;
}

/* The values of one case in ascending order, with the launch that each belongs to, and room for the two
 * groups. */
struct case_values {
    double *sorted, *side[2];
    size_t *launch, count;
    double scale; /* a tenth of the robust sigma of all */
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
    values->scale = 0.1 * robust_sigma(values->sorted, values->count);
    if (group->paired && values->count) { /* about zero, which no exchange of signs moves */
        for (size_t i = 0; i < values->count; i++) values->side[0][i] = fabs(values->sorted[i]);
        values->scale = 0.1 * 1.482602218505602 * median_sorted(values->side[0], values->count);
    }
}

/* 20 % trimmed mean of ascending values. */
static double trimmed_mean(const double *ascending, size_t n)
{
    size_t trim = n / 5;
    double sum = 0;
    for (size_t i = trim; i < n - trim; i++) sum += ascending[i];
    return sum / (double)(n - 2 * trim);
}

/* The sum of absolute deviations of ascending values from their median. (Not an output parameter of the mean:
   GCC 12.2 for aarch64 at -O2 loses what is written through it, which the tests on aarch64 found.) */
static double deviations(const double *ascending, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n / 2; i++) sum += ascending[n - 1 - i] - ascending[i];
    return sum;
}

static double ratio(double difference, double deviation, double scale)
{
    if (difference == 0) return 0;
    double below = deviation + scale;
    return below > 0 ? fabs(difference) / below : INFINITY;
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
    return ratio(difference, deviation / (double)values->count, values->scale);
}

/* Sorted by absolute value, the flipped differences ascend as: the negative ones from the largest down, then
 * the others. */
static double paired_statistic(struct case_values *values, const unsigned char *labels)
{
    size_t n = 0;
    double *ascending = values->side[0];
    if (values->count < 2) return 0;
    for (size_t i = values->count; i-- > 0;)
        if ((values->sorted[i] < 0) != labels[values->launch[i]]) ascending[n++] = -fabs(values->sorted[i]);
    for (size_t i = 0; i < values->count; i++)
        if ((values->sorted[i] < 0) == labels[values->launch[i]]) ascending[n++] = fabs(values->sorted[i]);
    return ratio(trimmed_mean(ascending, n), deviations(ascending, n) / (double)n, values->scale);
}

/* What a group needs while the cases go by: its relabellings, and per relabelling the largest statistic so
 * far. */
struct progress {
    struct labels labels;
    double *largest;
};

/* The share of relabellings of a group whose largest statistic so far reaches `observed`. */
static double share_reaching(const struct progress *progress, double observed)
{
    size_t reached = 0;
    double slack = observed * (1 - 1e-9);
    for (size_t r = 0; r < progress->labels.count; r++) reached += progress->largest[r] >= slack;
    return (double)reached / (double)progress->labels.count;
}

/* Visits every relabelling of one case: its own p, and the running maximum of its group. */
static void visit_case(struct relabelled_case *row, const struct relabelled_group *group,
                       struct progress *progress, struct case_values *values)
{
    size_t reached = 0;
    double slack = row->statistic * (1 - 1e-9);
    fill_values(values, row, group);
    for (size_t r = 0; r < progress->labels.count; r++) {
        const unsigned char *labels = progress->labels.bytes + r * progress->labels.width;
        double statistic =
            group->paired ? paired_statistic(values, labels) : two_sample_statistic(values, labels);
        reached += statistic >= slack;
        if (statistic > progress->largest[r]) progress->largest[r] = statistic;
    }
    row->p = (double)reached / (double)progress->labels.count;
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

void max_t(struct relabelled_group *groups, size_t group_count, struct relabelled_case *cases,
           size_t case_count, uint64_t seed)
{
    struct random_state random;
    struct progress *progress = allocate(group_count, sizeof *progress);
    struct relabelled_case **order = allocate(case_count, sizeof *order);
    struct case_values values = values_for(groups, group_count);
    random_seed(&random, seed);
    for (size_t g = 0; g < group_count; g++) {
        progress[g].labels = labels_of(&groups[g], &random);
        progress[g].largest = allocate(progress[g].labels.count, sizeof *progress[g].largest);
    }
    for (size_t i = 0; i < case_count; i++) {
        const struct relabelled_group *group = &groups[cases[i].group];
        const unsigned char *observed = progress[cases[i].group].labels.bytes;
        fill_values(&values, &cases[i], group);
        cases[i].statistic =
            group->paired ? paired_statistic(&values, observed) : two_sample_statistic(&values, observed);
        order[i] = &cases[i];
    }
    if (case_count) qsort(order, case_count, sizeof(struct relabelled_case *), by_statistic);
    /* From the least striking case up: when a case is reached, the maxima are those over it and all less
     * striking ones. */
    for (size_t i = 0; i < case_count; i++) {
        double none_reaches = 1;
        visit_case(order[i], &groups[order[i]->group], &progress[order[i]->group], &values);
        for (size_t g = 0; g < group_count; g++)
            none_reaches *= 1 - share_reaching(&progress[g], order[i]->statistic);
        order[i]->adjusted_p = 1 - none_reaches;
    }
    for (size_t i = case_count; i-- > 1;) /* monotone: a less striking case has no smaller p */
        if (order[i - 1]->adjusted_p < order[i]->adjusted_p) order[i - 1]->adjusted_p = order[i]->adjusted_p;
    for (size_t g = 0; g < group_count; g++) {
        free(progress[g].labels.bytes);
        free(progress[g].largest);
    }
    for (int side = 0; side < 2; side++) free(values.side[side]);
    free(values.sorted);
    free(values.launch);
    free(progress);
    free(order);
}
