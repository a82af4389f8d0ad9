#include "stats/scatter.h"
#include "base/status.h"
#include "stats/order.h"
#include "stats/relabel.h"
#include "stats/student.h"
#include "stats/tolerance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 4, EXACT = 1000, DRAWN = 999 };

/* Leaves out one of n ascending values if it is further from the others than three times their range. Dixon's
   Q is then above 0.75, as in 0.9 % of normal samples of six, and in fewer of larger ones (Dixon 1950). */
static size_t without_outlier(double *ascending, size_t n)
{
    enum { LEAST_VALUES = 6 };
    if (n < LEAST_VALUES) return n;
    double below = ascending[n - 2] - ascending[0], above = ascending[n - 1] - ascending[1];
    if (below > 0 && ascending[n - 1] - ascending[n - 2] > 3 * below) return n - 1;
    if (!(above > 0) || !(ascending[1] - ascending[0] > 3 * above)) return n;
    memmove(ascending, ascending + 1, (n - 1) * sizeof *ascending);
    return n - 1;
}

struct side {
    double mean, squares; /* the sum of the squared deviations from the mean */
    double n;
};

static struct side side_of(const double *values, size_t count)
{
    double *ascending = allocate(count, sizeof *ascending), sum = 0, squares = 0;
    memcpy(ascending, values, count * sizeof *ascending);
    sort_doubles(ascending, count);
    size_t n = without_outlier(ascending, count);
    /* Sums relative to one of the values, so that equal values have exactly no scatter. */
    for (size_t i = 0; i < n; i++) sum += ascending[i] - ascending[0];
    double mean = sum / (double)n, about = ascending[0];
    for (size_t i = 0; i < n; i++) squares += (ascending[i] - about - mean) * (ascending[i] - about - mean);
    free(ascending);
    return (struct side){about + mean, squares, (double)n};
}

double deviation_of_side(const double *values, size_t count)
{
    struct side side = side_of(values, count);
    return sqrt(side.squares / (side.n - 1));
}

struct welch welch_of(const double *base, size_t m, const double *fresh, size_t n)
{
    struct side before = side_of(base, m), after = side_of(fresh, n);
    return (struct welch){
        .difference = after.mean - before.mean,
        .error = sqrt(before.squares / (before.n - 1) / before.n + after.squares / (after.n - 1) / after.n),
        .variances = before.squares / (before.n - 1) + after.squares / (after.n - 1),
        .freedom = fmin(before.n, after.n) - 1,
    };
}

struct welch pooled_of(const double *base, size_t m, const double *fresh, size_t n, double resolution)
{
    struct side before = side_of(base, m), after = side_of(fresh, n);
    double freedom = before.n + after.n - 2, variance = (before.squares + after.squares) / freedom;
    if (!(variance > 0)) variance = resolution * resolution / 12;
    return (struct welch){
        .difference = after.mean - before.mean,
        .error = sqrt(variance * (1 / before.n + 1 / after.n)),
        .variances = 2 * variance,
        .freedom = freedom,
    };
}

double welch_p(const struct welch *welch, double tolerance, int direction)
{
    double beyond = direction * welch->difference - tolerance;
    if (!(welch->error > 0)) return without_rounding(beyond) > 0 ? 0 : 1;
    return student_upper(beyond / welch->error, welch->freedom);
}

/* ---- unequal scatter ---- */

static size_t present(const double *values, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) n += !isnan(values[i]);
    return n;
}

static bool has_few(const struct relabelled_case *row, const struct relabelled_group *group)
{
    size_t base = present(row->base, group->base), fresh = present(row->fresh, group->fresh),
           fewest = base < fresh ? base : fresh;
    return !group->paired && fewest >= 2 && fewest < LEAST;
}

/* Writes the deviations of one case from its sides' medians, times n / (n - 1) to correct for the fitted
   median; NAN for missing values. Returns false for pairs and if a side has too few values. */
static bool deviations_of(const struct relabelled_case *row, const struct relabelled_group *group,
                          double *deviations)
{
    const double *sides[2] = {row->base, row->fresh};
    size_t counts[2] = {group->base, group->fresh}, at = 0;
    if (group->paired) return false;
    double *present = allocate(counts[0] + counts[1] + 1, sizeof *present);
    bool enough = true;
    for (int side = 0; side < 2; side++) {
        size_t n = 0;
        for (size_t i = 0; i < counts[side]; i++)
            if (!isnan(sides[side][i])) present[n++] = sides[side][i];
        double middle = median(present, n);
        for (size_t i = 0; i < counts[side]; i++)
            deviations[at++] = (sides[side][i] - middle) * (double)n / ((double)n - 1);
        enough &= n >= LEAST;
    }
    free(present);
    return enough;
}

/* The logarithm of the ratio (label 1 / label 0) of the mean absolute deviations from each side's median. */
static double ln_ratio(const double *deviations, const unsigned char *labels, size_t width, double *room)
{
    double scatter[2];
    for (int side = 0; side < 2; side++) {
        size_t n = 0;
        for (size_t i = 0; i < width; i++)
            if (labels[i] == side && !isnan(deviations[i])) room[n++] = deviations[i];
        if (n < 2) return 0;
        sort_doubles(room, n);
        double sum = 0;
        for (size_t i = 0; i < n / 2; i++) sum += room[n - 1 - i] - room[i];
        scatter[side] = sum / ((double)n - 1);
    }
    if (scatter[0] == scatter[1]) return 0;
    double ratio = scatter[1] / scatter[0]; /* 0 or infinite if one side has no scatter at all */
    return fmax(-40, fmin(40, log(ratio)));
}

/* The search in one group, whose cases are relabelled together. */
struct search {
    struct relabellings labels;
    /* scratch space for one case, a value per launch; the results: ratios[case * labels.count +
       relabelling] */
    double *deviations, *ratios;
    const size_t *members; /* the indices of the group's cases */
    size_t count;          /* number of these cases */
};

static double share_at_least(const double *values, size_t count, double observed)
{
    size_t reached = 0;
    for (size_t r = 0; r < count; r++) reached += values[r] >= reach_of(observed);
    return (double)reached / (double)count;
}

static void judge_group(struct search *search, double level, struct scatter *scatters)
{
    size_t relabellings = search->labels.count;
    double *pooled = allocate(relabellings, sizeof *pooled),
           *largest = allocate(relabellings, sizeof *largest);
    for (size_t r = 0; r < relabellings; r++) {
        for (size_t c = 0; c < search->count; c++) {
            double ratio = search->ratios[c * relabellings + r];
            pooled[r] += ratio / (double)search->count;
            largest[r] = fmax(largest[r], fabs(ratio));
        }
        pooled[r] = fabs(pooled[r]);
    }
    bool all = share_at_least(pooled, relabellings, pooled[0]) <= level;
    for (size_t c = 0; c < search->count; c++) {
        double ratio = search->ratios[c * relabellings];
        scatters[search->members[c]].ln_ratio = ratio;
        scatters[search->members[c]].unequal =
            all || share_at_least(largest, relabellings, fabs(ratio)) <= level;
    }
    free(pooled);
    free(largest);
}

void compare_scatter(const struct relabelled_group *groups, size_t group_count,
                     const struct relabelled_case *cases, size_t case_count, uint64_t seed, double level,
                     struct scatter *scatters)
{
    struct random_state random;
    random_seed(&random, seed);
    for (size_t i = 0; i < case_count; i++)
        scatters[i] = (struct scatter){NAN, false, has_few(&cases[i], &groups[cases[i].group])};
    for (size_t g = 0; g < group_count; g++) {
        size_t width = groups[g].base + groups[g].fresh, *members = allocate(case_count, sizeof *members);
        struct search search = {.members = members, .deviations = allocate(width + 1, sizeof(double))};
        double *room = allocate(width + 1, sizeof *room);
        if (!groups[g].paired && groups[g].base >= LEAST && groups[g].fresh >= LEAST)
            search.labels = relabellings_of(groups[g].base, groups[g].fresh, false, EXACT, DRAWN, &random);
        search.ratios = allocate(case_count * search.labels.count + 1, sizeof(double));
        for (size_t i = 0; search.labels.count && i < case_count; i++) {
            if (cases[i].group != g || !deviations_of(&cases[i], &groups[g], search.deviations)) continue;
            for (size_t r = 0; r < search.labels.count; r++)
                search.ratios[search.count * search.labels.count + r] =
                    ln_ratio(search.deviations, search.labels.bytes + r * width, width, room);
            members[search.count++] = i;
        }
        if (search.count) judge_group(&search, level, scatters);
        relabellings_free(&search.labels);
        free(search.deviations);
        free(search.ratios);
        free(members);
        free(room);
    }
}
