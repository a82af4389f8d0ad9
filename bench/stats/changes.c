#include "stats/changes.h"
#include "base/status.h"
#include "stats/order.h"
#include "stats/ranks.h"
#include "stats/student.h"

#include <math.h>
#include <stdlib.h>

/* K, in sigmas: half the change that is detected fastest. 1.7 sigmas are between 2 and 3 % if nights differ
   by 1.4 %. LEAST_SIGMA, of ln: a scatter below 0.1 % comes from the clock or from rounding. NIGHTS_OF_ALPHA:
   alpha is the chance of a false change in this many nights. */
static const double K = 0.85, LEAST_SIGMA = 1e-3, NIGHTS_OF_ALPHA = 30;

/* The mean number of nights between false alarms, corrected for the overshoot of 0.583 at both bounds
   (Siegmund 1985). */
static double nights_between(double h)
{
    double b = h + 2 * 0.583;
    return (exp(2 * K * b) - 2 * K * b - 1) / (2 * K * K);
}

double cusum_threshold(double rate)
{
    double lo = 0, hi = 100;
    for (int i = 0; i < 100; i++) *(nights_between((lo + hi) / 2) < 1 / rate ? &lo : &hi) = (lo + hi) / 2;
    return hi;
}

static double threshold_of(size_t series, double alpha)
{
    return cusum_threshold(alpha / NIGHTS_OF_ALPHA / (2 * (double)series)); /* each series has two sums */
}

static double limit_of(double threshold)
{
    return K + threshold / 2.5;
}

int stands_apart(double score, size_t series, double alpha)
{
    double limit = normal_quantile(1 - alpha / NIGHTS_OF_ALPHA / (2 * (double)series));
    return score >= limit ? 1 : score <= -limit ? -1 : 0;
}

/* ---- one series ---- */

struct monitor {
    double threshold, limit;
    double *values, *kept;         /* all values so far, without gaps: original, and winsorised */
    size_t *night;                 /* the night of each value */
    size_t count, start;           /* number of values; index of the first in the current stretch */
    size_t nights;                 /* number of values in the current stretch */
    double mean, squares, freedom; /* mean of the current stretch; sum of squares over all stretches */
    double earlier_squares, earlier_freedom; /* over the stretches before the current one */
    double up, down;                         /* the two sums */
};

static void begin_stretch(struct monitor *monitor, size_t start)
{
    monitor->start = start;
    monitor->nights = 0;
    monitor->mean = 0;
    monitor->earlier_squares = monitor->squares;
    monitor->earlier_freedom = monitor->freedom;
    monitor->up = monitor->down = 0;
}

/* Updates mean and sum of squares with one more value (Welford 1962). */
static void take(struct monitor *monitor, double value)
{
    double n = (double)monitor->nights++, off = value - monitor->mean;
    monitor->mean += off / (n + 1);
    if (!(n > 0)) return;
    monitor->squares += off * off * n / (n + 1);
    monitor->freedom++;
}

/* Finds the split of the current stretch with the smallest sum of squares; at least two nights follow it. */
static size_t best_split(const struct monitor *monitor)
{
    size_t best = monitor->count - 2;
    double most = -1, before = 0, all = 0;
    for (size_t i = monitor->start; i < monitor->count; i++) all += monitor->kept[i];
    for (size_t i = monitor->start + 1; i + 2 <= monitor->count; i++) {
        before += monitor->kept[i - 1];
        double m = (double)(i - monitor->start), n = (double)(monitor->count - i);
        double off = (all - before) / n - before / m, between = off * off * m * n / (m + n);
        if (between > most) most = between, best = i;
    }
    return best;
}

/* Splits the current stretch: the values from index `at` on become a new stretch. Winsorises them again,
   about their own median, since the limits so far belonged to the old mean. */
static void split(struct monitor *monitor, size_t at)
{
    size_t first = monitor->start;
    double most = monitor->limit * fmax(sqrt(monitor->squares / monitor->freedom), LEAST_SIGMA);
    double middle = median(monitor->values + at, monitor->count - at);
    for (size_t i = at; i < monitor->count; i++)
        monitor->kept[i] = fmin(fmax(monitor->values[i], middle - most), middle + most);
    monitor->squares = monitor->earlier_squares;
    monitor->freedom = monitor->earlier_freedom;
    begin_stretch(monitor, first);
    for (size_t i = first; i < at; i++) take(monitor, monitor->kept[i]);
    begin_stretch(monitor, at);
    for (size_t i = at; i < monitor->count; i++) take(monitor, monitor->kept[i]);
}

/* The normal score of a t value. */
static double score_of(double t, double freedom)
{
    double p = fmax(student_upper(fabs(t), freedom), 1e-15);
    return copysign(fmax(-normal_quantile(p), 0), t);
}

/* Adds the next night's value. Returns true if it signals a change. *score is NAN before the third night. */
static bool next_night(struct monitor *monitor, size_t night, double value, double *score)
{
    double n = (double)monitor->nights, freedom = monitor->freedom;
    *score = NAN;
    monitor->values[monitor->count] = value;
    if (n > 0 && freedom > 0) {
        double sigma = fmax(sqrt(monitor->squares / freedom), LEAST_SIGMA) * sqrt(1 + 1 / n);
        double off = value - monitor->mean;
        *score = score_of(off / sigma, freedom);
        double cut = fmin(fmax(*score, -monitor->limit), monitor->limit);
        if (cut != *score) {
            double most = sigma * student_quantile(1 - erfc(monitor->limit / sqrt(2)) / 2, freedom);
            value = monitor->mean + copysign(fmin(fabs(off), most), off);
        }
        monitor->up = fmax(0, monitor->up + cut - K);
        monitor->down = fmax(0, monitor->down - cut - K);
    }
    monitor->kept[monitor->count] = value;
    monitor->night[monitor->count++] = night;
    take(monitor, value);
    double most = fmax(monitor->up, monitor->down);
    if (most < monitor->threshold) return false;
    split(monitor, best_split(monitor));
    return true;
}

/* ---- all series ---- */

static void judge(struct change_series *series, struct monitor *monitor, size_t night, double value)
{
    if (isnan(value)) return;
    if (next_night(monitor, night, value, &series->scores[night]))
        series->changes[series->change_count++] = (struct change){monitor->night[monitor->start], night};
}

/* The common factor of a night: the median deviation of its cases from their means. NAN: too few cases. */
static double common_of(const struct change_series *cases, const struct monitor *monitors, size_t count,
                        size_t night, double *room)
{
    size_t known = 0;
    for (size_t c = 0; c < count; c++)
        if (monitors[c].nights && !isnan(cases[c].values[night]))
            room[known++] = cases[c].values[night] - monitors[c].mean;
    return known >= CASES_FOR_COMMON ? median(room, known) : NAN;
}

void find_changes(struct change_series *cases, size_t count, size_t nights, double alpha)
{
    bool has_common = count >= CASES_FOR_COMMON, begun = false;
    size_t series = count + has_common;
    double threshold = threshold_of(series, alpha), *room = allocate(count + 1, sizeof *room);
    struct monitor *monitors = allocate(count + 1, sizeof *monitors);
    for (size_t c = 0; c <= count; c++) {
        monitors[c] = (struct monitor){.threshold = threshold, .limit = limit_of(threshold)};
        monitors[c].values = allocate(nights + 1, sizeof *monitors[c].values);
        monitors[c].kept = allocate(nights + 1, sizeof *monitors[c].kept);
        monitors[c].night = allocate(nights + 1, sizeof *monitors[c].night);
        cases[c].change_count = 0;
        for (size_t t = 0; t < nights; t++) cases[c].scores[t] = NAN;
    }
    for (size_t t = 0; t < nights; t++) {
        size_t known = 0;
        double common = has_common ? common_of(cases, monitors, count, t, room) : NAN;
        for (size_t c = 0; c < count; c++) known += !isnan(cases[c].values[t]);
        if (has_common && !begun && known >= CASES_FOR_COMMON) common = 0, begun = true;
        cases[count].values[t] = common;
        double off =
            isnan(common) ? monitors[count].mean : common; /* too few cases: use the expected value */
        judge(&cases[count], &monitors[count], t, common);
        for (size_t c = 0; c < count; c++) judge(&cases[c], &monitors[c], t, cases[c].values[t] - off);
    }
    for (size_t c = 0; c <= count; c++) {
        cases[c].sigma = monitors[c].freedom > 0 ? sqrt(monitors[c].squares / monitors[c].freedom) : NAN;
        free(monitors[c].values);
        free(monitors[c].kept);
        free(monitors[c].night);
    }
    free(monitors);
    free(room);
}
