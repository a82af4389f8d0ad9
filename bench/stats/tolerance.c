#include "stats/tolerance.h"
#include "base/status.h"
#include "stats/maxt.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEW = 999,  /* relabellings for the ends of the interval */
    STEPS = 14, /* steps of bisection: the ends are exact to 1e-4 of the bracket */
};
static const double CUT = 4; /* values more than this many robust sigmas from the median are left out */
/* Standard deviation divided by median absolute deviation, for normal values. */
static const double SIGMA = 1.482602218505602;

/* ---- the statistic ---- */

/* The ascending values of one side; those in [first, end) are kept. */
struct kept {
    const double *values;
    size_t first, end;
    double middle, cut; /* the median, and the largest permitted distance from it */
};

static double mean_of(const struct kept *kept)
{
    double sum = 0; /* relative to the median, so that equal values have exactly no scatter */
    for (size_t i = kept->first; i < kept->end; i++) sum += kept->values[i] - kept->middle;
    return kept->middle + sum / (double)(kept->end - kept->first);
}

static double variance_of_mean(const struct kept *kept)
{
    double squares = 0, mean = mean_of(kept), n = (double)(kept->end - kept->first);
    for (size_t i = kept->first; i < kept->end; i++)
        squares += (kept->values[i] - mean) * (kept->values[i] - mean);
    return n > 1 ? squares / (n - 1) / n : 0;
}

/* The distance of the outermost kept value from the median, as a multiple of the cut; *upper: is it at the
   upper end? */
static double furthest(const struct kept *kept, bool *upper)
{
    double low = (kept->middle - kept->values[kept->first]) / kept->cut,
           high = (kept->values[kept->end - 1] - kept->middle) / kept->cut;
    *upper = high > low;
    return *upper ? high : low;
}

/* Leaves out the values furthest beyond the cut, at most `most` of both sides together. */
static void skip(struct kept *x, struct kept *y, size_t most)
{
    for (size_t i = 0; i < most; i++) {
        bool upper[2];
        double of_x = furthest(x, &upper[0]), of_y = furthest(y, &upper[1]);
        struct kept *side = of_y > of_x ? y : x;
        if (!(fmax(of_x, of_y) > 1) || side->end - side->first <= 2) return;
        if (upper[side == y])
            side->end--;
        else
            side->first++;
    }
}

/* Writes the absolute deviations of ascending values from their median into `room`, ascending: merges them
   from the middle outwards. */
static void deviations_of(const double *ascending, size_t n, double *room)
{
    double middle = median_sorted(ascending, n);
    size_t hi = n / 2, lo = hi;
    for (size_t i = 0; i < n; i++) {
        bool up = lo == 0 || (hi < n && ascending[hi] - middle <= middle - ascending[lo - 1]);
        room[i] = fabs(up ? ascending[hi++] - middle : middle - ascending[--lo]);
    }
}

/* The robust sigma from n absolute deviations in ascending order, corrected for the number of medians that
   were fitted. Unbiased within 4 % for normal values from three per side on (see launch_sigma() in
   ranks.h). */
static double sigma_of(const double *deviations, size_t n, double fitted)
{
    return SIGMA * median_sorted(deviations, n) * (double)n / ((double)n - 1.2 * fitted);
}

static void merge(const double *a, size_t m, const double *b, size_t n, double *into)
{
    for (size_t i = 0, j = 0; i + j < m + n;)
        if (j == n || (i < m && a[i] <= b[j]))
            into[i + j] = a[i], i++;
        else
            into[i + j] = b[j], j++;
}

double without_rounding(double difference)
{
    return fabs(difference) <= 1e-12 ? 0 : difference;
}

/* If more than half of the values are equal, the robust sigma is 0, and nothing is left out. */
static double cut_of(double sigma)
{
    return sigma > 0 ? CUT * sigma : INFINITY;
}

/* The difference divided by its standard error. A billionth of that error is rounding and counts as 0. */
static double over(double difference, double variance)
{
    if (without_rounding(difference) == 0 || fabs(difference) <= 1e-9 * sqrt(variance)) return 0;
    return variance > 0 ? difference / sqrt(variance) : copysign(INFINITY, difference);
}

static struct kept side_of(const double *values, size_t n, double sigma)
{
    return (struct kept){values, 0, n, median_sorted(values, n), cut_of(sigma)};
}

/* The statistic for values in ascending order; 0 if a side has fewer than two. `room` has space for 2 (m + n)
   values. */
static double skipped_t(const double *base, size_t m, const double *fresh, size_t n, double *room)
{
    if (m < 2 || n < 2) return 0;
    double *both = room + m + n;
    deviations_of(base, m, room);
    deviations_of(fresh, n, room + m);
    merge(room, m, room + m, n, both);
    double pooled = m + n > 3 ? sigma_of(both, m + n, 2) : 0;
    struct kept x = side_of(base, m, fmax(pooled, sigma_of(room, m, 1))),
                y = side_of(fresh, n, fmax(pooled, sigma_of(room + m, n, 1)));
    skip(&x, &y, (m + n) / 10 > 1 ? (m + n) / 10 : 1);
    return over(mean_of(&y) - mean_of(&x), variance_of_mean(&x) + variance_of_mean(&y));
}

/* ---- the test at one shift ---- */

/* The values of all launches after subtracting a shift, ascending (pairs: by absolute value), and the launch
   of each. */
struct pooled {
    double *values, *base, *fresh, *room;
    size_t *launch, count;
    double scale; /* pairs: a tenth of the robust sigma of the differences about 0 */
};

struct indexed {
    double value;
    size_t launch;
};

static int by_value(const void *a, const void *b)
{
    const struct indexed *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->launch > y->launch) - (x->launch < y->launch);
}

static struct pooled pool_for(const struct two_sides *sides)
{
    size_t most = sides->base_count + sides->fresh_count + 1;
    return (struct pooled){.values = allocate(most, sizeof(double)),
                           .base = allocate(most, sizeof(double)),
                           .fresh = allocate(most, sizeof(double)),
                           .room = allocate(2 * most, sizeof(double)),
                           .launch = allocate(most, sizeof(size_t))};
}

static void pool_free(struct pooled *pool)
{
    free(pool->values);
    free(pool->base);
    free(pool->fresh);
    free(pool->room);
    free(pool->launch);
}

static void pool_at(struct pooled *pool, const struct two_sides *sides, double shift)
{
    size_t m = sides->base ? sides->base_count : 0;
    struct indexed *order = allocate(m + sides->fresh_count + 1, sizeof *order);
    pool->count = m + sides->fresh_count;
    for (size_t i = 0; i < pool->count; i++) {
        double value = i < m ? sides->base[i] : sides->fresh[i - m] - shift;
        order[i] = (struct indexed){sides->base ? value : fabs(without_rounding(value)), i};
    }
    qsort(order, pool->count, sizeof *order, by_value);
    for (size_t i = 0; i < pool->count; i++) {
        pool->launch[i] = order[i].launch;
        pool->values[i] =
            sides->base ? order[i].value : without_rounding(sides->fresh[order[i].launch] - shift);
        pool->room[i] = fabs(pool->values[i]);
    }
    if (!sides->base) pool->scale = 0.1 * SIGMA * median_sorted(pool->room, pool->count);
    free(order);
}

/* The statistic after the signs of some differences were flipped. The values are sorted by absolute value, so
   ascending order is: first the negative ones from the last to the first, then the others from the first to
   the last. */
static double paired_at(struct pooled *pool, const unsigned char *labels)
{
    size_t n = 0;
    for (size_t i = pool->count; i-- > 0;)
        if ((pool->values[i] < 0) != labels[pool->launch[i]]) pool->fresh[n++] = -fabs(pool->values[i]);
    for (size_t i = 0; i < pool->count; i++)
        if ((pool->values[i] < 0) == labels[pool->launch[i]]) pool->fresh[n++] = fabs(pool->values[i]);
    return paired_t(pool->fresh, n, pool->scale);
}

static double statistic_at(struct pooled *pool, const unsigned char *labels, bool paired)
{
    size_t n[2] = {0, 0};
    if (paired) return paired_at(pool, labels);
    for (size_t i = 0; i < pool->count; i++) {
        size_t side = labels[pool->launch[i]];
        (side ? pool->fresh : pool->base)[n[side]++] = pool->values[i];
    }
    return skipped_t(pool->base, n[0], pool->fresh, n[1], pool->room);
}

/* above: p of "the shift is at most s"; below: p of "the shift is at least s". */
struct both_p {
    double above, below;
};

static struct both_p test_at(struct pooled *pool, const struct two_sides *sides, double shift,
                             const struct relabellings *labels)
{
    size_t above = 0, below = 0;
    bool paired = !sides->base;
    pool_at(pool, sides, shift);
    double observed = statistic_at(pool, labels->bytes, paired), up = reach_of(observed),
           down = reach_of(-observed);
    for (size_t r = 0; r < labels->count; r++) {
        double statistic = statistic_at(pool, labels->bytes + r * labels->width, paired);
        above += statistic >= up;
        below += -statistic >= down;
    }
    return (struct both_p){(double)above / (double)labels->count, (double)below / (double)labels->count};
}

/* Is "the shift is at most s" (direction -1) or "at least s" (direction 1) rejected? Stops as soon as that is
   impossible. */
static bool rejected_at(struct pooled *pool, const struct two_sides *sides, double shift,
                        const struct relabellings *labels, int direction, double alpha)
{
    size_t reached = 0;
    bool paired = !sides->base;
    pool_at(pool, sides, shift);
    double reach = reach_of(-direction * statistic_at(pool, labels->bytes, paired));
    for (size_t r = 0; r < labels->count; r++) {
        reached += -direction * statistic_at(pool, labels->bytes + r * labels->width, paired) >= reach;
        if (!((double)reached / (double)labels->count < alpha)) return false;
    }
    return true;
}

/* ---- the interval ---- */

/* The lower (direction -1) or upper (1) end of the interval. `middle`: a shift that is not rejected. */
static double end_of(struct pooled *pool, const struct two_sides *sides, double middle, double width,
                     int direction, double alpha, const struct relabellings *labels)
{
    double inside = middle, outside = middle;
    for (int i = 0; i < 40; i++, width *= 2) {
        outside = middle + direction * width;
        if (rejected_at(pool, sides, outside, labels, direction, alpha)) break;
        inside = outside;
    }
    for (int i = 0; i < STEPS; i++) {
        double half = inside / 2 + outside / 2;
        *(rejected_at(pool, sides, half, labels, direction, alpha) ? &outside : &inside) = half;
    }
    return inside;
}

/* The smallest and the largest difference of a new and a base value (pairs: the extreme differences). */
static void extremes(const struct two_sides *sides, double *lo, double *hi)
{
    double least[2] = {INFINITY, INFINITY}, most[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < sides->fresh_count; i++)
        least[1] = fmin(least[1], sides->fresh[i]), most[1] = fmax(most[1], sides->fresh[i]);
    for (size_t i = 0; sides->base && i < sides->base_count; i++)
        least[0] = fmin(least[0], sides->base[i]), most[0] = fmax(most[0], sides->base[i]);
    *lo = sides->base ? least[1] - most[0] : least[1];
    *hi = sides->base ? most[1] - least[0] : most[1];
}

static void prepare(struct tolerance_tester *tester, const struct two_sides *sides)
{
    bool paired = !sides->base;
    size_t m = paired ? sides->fresh_count : sides->base_count, n = sides->fresh_count;
    if (tester->ready && tester->base_count == m && tester->fresh_count == n && tester->paired == paired)
        return;
    tolerance_tester_free(tester);
    struct random_state random;
    random_seed(&random, tester->seed);
    tester->all = relabellings_of(m, n, paired, tester->most ? tester->most : EXACT_RELABELLINGS,
                                  tester->most ? tester->most - 1 : SAMPLED_RELABELLINGS, &random);
    tester->few = relabellings_of(m, n, paired, FEW + 1, FEW, &random);
    tester->base_count = m, tester->fresh_count = n, tester->paired = paired, tester->ready = true;
}

/* Makes the interval consistent with the tests at the tolerance, which use all relabellings; the search for
   the ends used only some. */
static void agree_with_tests(struct tolerance_test *test, double tolerance, double alpha)
{
    test->lo = test->slower < alpha ? fmax(test->lo, tolerance) : fmin(test->lo, tolerance);
    test->hi = test->faster < alpha ? fmin(test->hi, -tolerance) : fmax(test->hi, -tolerance);
    test->lo = test->not_faster < alpha ? fmax(test->lo, -tolerance) : fmin(test->lo, -tolerance);
    test->hi = test->not_slower < alpha ? fmin(test->hi, tolerance) : fmax(test->hi, tolerance);
}

struct tolerance_test test_tolerance(struct tolerance_tester *tester, const struct two_sides *sides,
                                     double tolerance, double alpha)
{
    struct tolerance_test test = {
        .slower = 1, .faster = 1, .not_slower = 1, .not_faster = 1, .lo = NAN, .hi = NAN};
    if (!sides->fresh_count || (sides->base && !sides->base_count)) return test;
    prepare(tester, sides);
    struct pooled pool = pool_for(sides);
    struct both_p upper = test_at(&pool, sides, tolerance, &tester->all),
                  lower = test_at(&pool, sides, -tolerance, &tester->all);
    test.slower = upper.above, test.not_slower = upper.below;
    test.faster = lower.below, test.not_faster = lower.above;
    extremes(sides, &test.lo, &test.hi);
    size_t fewest =
        sides->base && sides->base_count < sides->fresh_count ? sides->base_count : sides->fresh_count;
    test.has_interval = fewest >= 2 && 1 / (double)tester->all.count < alpha;
    if (test.has_interval && !tester->without_ends) {
        double middle = median(sides->fresh, sides->fresh_count), width = (test.hi - test.lo) / 4 + 1e-9;
        if (sides->base) middle -= median(sides->base, sides->base_count);
        double lo = end_of(&pool, sides, middle, width, -1, alpha, &tester->few);
        test.hi = end_of(&pool, sides, middle, width, 1, alpha, &tester->few);
        test.lo = lo;
        agree_with_tests(&test, tolerance, alpha);
    }
    pool_free(&pool);
    return test;
}

void tolerance_tester_free(struct tolerance_tester *tester)
{
    relabellings_free(&tester->all);
    relabellings_free(&tester->few);
    tester->ready = false;
}
