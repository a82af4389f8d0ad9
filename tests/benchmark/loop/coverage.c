/* How often does the interval that stops the sampling contain the true median? Compares the sampler's rule,
   which uses the effective sample size, with the naive rule, which treats consecutive samples as independent.
   Both decide at the same checkpoints.
     coverage             simulates samples exp(0.05 z), where z is normal and consecutive z have correlation
                          RHO; the true median is 1
     coverage NAME FILE…  reads recorded series, one sample per line in measured order; the rule starts again
                          where it stopped; the median of the whole series counts as the true one
   Columns: rule, series, stops, samples at the stop (median), % of intervals that contain the true median,
   % of medians within 1 % of it. */
#include "base/status.h"
#include "stats/stopping.h"
#include "stats/order.h"
#include "tests/random_normal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEATS = 1000, STARTS_MOST = 100000, SERIES_MOST = 1 << 20 };
static const double PRECISION = 0.01;

typedef double error_of(const double *us, size_t count, double *lo, double *hi);

static double naive_error(const double *us, size_t count, double *lo, double *hi)
{
    double *sorted = allocate(count, sizeof *sorted);
    memcpy(sorted, us, count * sizeof *sorted);
    sort_doubles(sorted, count);
    bool known = median_interval_sorted(sorted, count, 0.05, lo, hi);
    double middle = median_sorted(sorted, count);
    free(sorted);
    return known ? (*hi - *lo) / 2 / middle : INFINITY;
}

/* Returns how many samples of `us` the rule takes until it stops, and the interval at that point; returns 0
   if there are too few samples. A stopping rule that never reaches its precision supplies the checkpoints. */
static size_t run_rule(error_of *error, const double *us, size_t available, double *lo, double *hi)
{
    const struct stopping checkpoints = {0, 0, 1};
    enum stop_reason why;
    for (size_t count = 0;;) {
        if (count >= SAMPLES_LEAST && error(us, count, lo, hi) <= PRECISION) return count;
        struct sampled now = {.us = us, .count = count, .taken = count, .most_s = INFINITY, .sample_s = 1e-6};
        size_t next = stopping_next(&checkpoints, &now, &why);
        if (next == 0 || count + next > available) return 0;
        count += next;
    }
}

struct tally {
    double *counts;
    size_t stops, held, near;
};

/* Runs the rule over one series: once, or (`again`) repeatedly until the series ends. */
static void run_over(error_of *error, const double *us, size_t available, double truth, bool again,
                     struct tally *t)
{
    double lo, hi;
    for (size_t at = 0, n;
         t->stops < STARTS_MOST && (n = run_rule(error, us + at, available - at, &lo, &hi)) > 0; at += n) {
        t->held += lo <= truth && truth <= hi;
        t->near += fabs(median(us + at, n) / truth - 1) <= PRECISION;
        t->counts[t->stops++] = (double)n;
        if (!again) return;
    }
}

static void print_tally(const char *rule, const char *series, const struct tally *t)
{
    if (t->stops)
        printf("%-10s %-16s %6zu %8.0f %8.1f %8.1f\n", rule, series, t->stops, median(t->counts, t->stops),
               100 * (double)t->held / (double)t->stops, 100 * (double)t->near / (double)t->stops);
}

static const struct {
    const char *name;
    error_of *error;
} rules[] = {{"naive", naive_error}, {"effective", relative_error}};

static void simulate(double rho)
{
    char name[32];
    struct random_state random;
    double *us = allocate(SAMPLES_MOST, sizeof *us);
    struct tally tallies[2] = {{0}, {0}};
    for (int k = 0; k < 2; k++) tallies[k].counts = allocate(STARTS_MOST, sizeof *us);
    random_seed(&random, 7);
    for (int i = 0; i < REPEATS; i++) {
        double z = random_normal(&random);
        for (size_t j = 0; j < SAMPLES_MOST; j++, z = rho * z + sqrt(1 - rho * rho) * random_normal(&random))
            us[j] = exp(0.05 * z);
        for (int k = 0; k < 2; k++) run_over(rules[k].error, us, SAMPLES_MOST, 1, false, &tallies[k]);
    }
    snprintf(name, sizeof name, "rho=%.1f", rho);
    for (int k = 0; k < 2; k++) {
        print_tally(rules[k].name, name, &tallies[k]);
        free(tallies[k].counts);
    }
    free(us);
}

/* Runs both rules over the files of recorded samples; adds all files to one tally per rule. */
static int replay(const char *series, int files, char **names)
{
    double *us = allocate(SERIES_MOST, sizeof *us);
    struct tally tallies[2] = {{0}, {0}};
    for (int k = 0; k < 2; k++) tallies[k].counts = allocate(STARTS_MOST, sizeof *us);
    for (int i = 0; i < files; i++) {
        FILE *file = fopen(names[i], "r");
        size_t n = 0;
        if (!file) return fprintf(stderr, "coverage: cannot read %s\n", names[i]), 5;
        while (n < SERIES_MOST && fscanf(file, "%lf", &us[n]) == 1) n++;
        fclose(file);
        for (int k = 0; k < 2; k++) run_over(rules[k].error, us, n, median(us, n), true, &tallies[k]);
    }
    for (int k = 0; k < 2; k++) {
        print_tally(rules[k].name, series, &tallies[k]);
        free(tallies[k].counts);
    }
    free(us);
    return 0;
}

int main(int argc, char **argv)
{
    static const double rhos[] = {0, 0.3, 0.6, 0.9};
    if (argc > 2) return replay(argv[1], argc - 2, argv + 2);
    for (size_t i = 0; i < sizeof rhos / sizeof *rhos; i++) simulate(rhos[i]);
    return 0;
}
