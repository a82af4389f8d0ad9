/* The rule of busbar history on simulated nights: how often it raises a false alarm, and how soon it finds a
   change. 20 cases, 60 nights; the scatter is between nights. Prints the table of
   bench/analysis/history/README.md.

   `make test` simulates BUSBAR_REPETITIONS = 40 histories per row, `make test-statistics` 500. The seed is
   fixed, so that a run always gives the same figures. The rule promises: in 30 nights, the probability of
   any false slowdown over all cases is alpha = 5 %. */
#include "stats/changes.h"
#include "tests/random_normal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CASES = 20, NIGHTS = 60 };
static const double ALPHA = 0.05;

static int repetitions(void)
{
    const char *given = getenv("BUSBAR_REPETITIONS");
    return given && atoi(given) > 0 ? atoi(given) : 40;
}

enum shape { NORMAL, STUDENT, BAD_NIGHTS, TWO_STATES, CORRELATED };

struct world {
    const char *what;
    enum shape shape;
    double common, own; /* sigma between nights: of the factor that all cases share, and of each case */
    size_t from;        /* night of the change; NIGHTS: none */
    double change;      /* ln of the ratio from that night on, for the first `changed` cases */
    size_t changed;
    double drift; /* ln of the ratio per night, for the same cases */
};

/* Noise of a night, in sigmas; variance 1 for NORMAL, STUDENT and CORRELATED. STUDENT: t with 5 degrees of
   freedom. BAD_NIGHTS: one night in 50 is also 5 to 20 sigmas slow. TWO_STATES: one night in 5 is 2 sigmas
   slow, with a scatter of 0.3. CORRELATED: correlation 0.3 with the night before (`before`). */
static double noise(enum shape shape, double before, struct random_state *random)
{
    double value = random_normal(random), squares = 0;
    switch (shape) {
    case NORMAL:
        return value;
    case STUDENT:
        for (int i = 0; i < 5; i++) squares += pow(random_normal(random), 2);
        return value / sqrt(squares / 5) * sqrt(3.0 / 5);
    case BAD_NIGHTS:
        return value + (random_unit(random) < 0.02 ? 5 + 15 * random_unit(random) : 0);
    case TWO_STATES:
        return 0.3 * value + (random_unit(random) < 0.2 ? 2 : 0);
    case CORRELATED:
        return 0.3 * before + sqrt(1 - 0.3 * 0.3) * value;
    }
    return NAN;
}

struct history {
    struct change_series series[CASES + 1];
    double values[CASES + 1][NIGHTS], scores[CASES + 1][NIGHTS];
    struct change changes[CASES + 1][NIGHTS];
};

static void simulate(struct history *history, const struct world *world, struct random_state *random)
{
    double own[CASES] = {0}, common = 0;
    for (size_t c = 0; c <= CASES; c++)
        history->series[c] = (struct change_series){
            .values = history->values[c], .scores = history->scores[c], .changes = history->changes[c]};
    for (size_t t = 0; t < NIGHTS; t++) {
        common = world->common > 0 ? noise(world->shape, common, random) : 0;
        for (size_t c = 0; c < CASES; c++) {
            own[c] = noise(world->shape, own[c], random);
            history->values[c][t] = log(1000) + world->common * common + world->own * own[c];
            if (c < world->changed)
                history->values[c][t] += (t >= world->from ? world->change : 0) + world->drift * (double)t;
        }
    }
    find_changes(history->series, CASES, NIGHTS, ALPHA);
}

/* Returns whether the change is a slowdown, by the means of the values before and after it, which the test
   computes itself. */
static bool is_slower(const struct history *history, size_t c, size_t i)
{
    const struct change *change = &history->changes[c][i];
    double before = 0, after = 0;
    for (size_t t = 0; t < change->first; t++) before += history->values[c][t] / (double)change->first;
    for (size_t t = change->first; t <= change->found; t++)
        after += history->values[c][t] / (double)(change->found - change->first + 1);
    return after > before;
}

struct outcome {
    double alarms[2], months; /* alarms: faster, slower */
    int delays[NIGHTS + 1], found, missed, before;
};

/* Simulates n histories. Counts alarms in series that do not change, and the delays until the change is found
   in case 0, or in the common factor if all cases change. */
static struct outcome repeat(const struct world *world, int n, uint64_t seed)
{
    static struct history history;
    struct outcome outcome = {0};
    struct random_state random;
    random_seed(&random, seed);
    size_t watched = world->changed == CASES ? CASES : 0;
    for (int r = 0; r < n; r++) {
        simulate(&history, world, &random);
        outcome.months += NIGHTS / 30.0;
        for (size_t c = 0; c <= CASES; c++) {
            if (world->changed && (c < world->changed || c == watched)) continue;
            for (size_t i = 0; i < history.series[c].change_count; i++)
                outcome.alarms[is_slower(&history, c, i)]++;
        }
        if (!world->changed) continue;
        bool found = false;
        for (size_t i = 0; i < history.series[watched].change_count && !found; i++) {
            size_t night = history.changes[watched][i].found;
            if (night < world->from) {
                outcome.before++;
                continue;
            }
            outcome.delays[night - world->from + 1]++;
            found = true;
        }
        outcome.found += found;
        outcome.missed += !found;
    }
    return outcome;
}

/* Returns the number of nights, including the first changed one, until this share of the histories has found
   the change. */
static int nights_until(const struct outcome *outcome, double share)
{
    int sum = 0;
    for (int d = 1; d <= NIGHTS; d++) {
        sum += outcome->delays[d];
        if (sum >= share * (outcome->found + outcome->missed)) return d;
    }
    return NIGHTS + 1;
}

Test(history_simulation, false_alarms, .timeout = 3600)
{
    static const struct {
        struct world world;
        double
            most; /* allowed false slowdowns per month; if above alpha, the figure that the README states */
    } rows[] = {
        {{"normal, 1.4 % common, 1.4 % a case", NORMAL, 0.014, 0.014, NIGHTS, 0, 0, 0}, 0.05},
        {{"normal, 1 % common, 1 % a case", NORMAL, 0.01, 0.01, NIGHTS, 0, 0, 0}, 0.05},
        {{"normal, 3 % common, 3 % a case", NORMAL, 0.03, 0.03, NIGHTS, 0, 0, 0}, 0.05},
        {{"normal, no common factor, 2 % a case", NORMAL, 0, 0.02, NIGHTS, 0, 0, 0}, 0.05},
        {{"Student's t, 5 degrees of freedom, 1.4 %", STUDENT, 0.014, 0.014, NIGHTS, 0, 0, 0}, 0.10},
        {{"one night in 50 is 7 to 28 % slow, a case", BAD_NIGHTS, 0, 0.014, NIGHTS, 0, 0, 0}, 0.2},
        {{"one night in 5 is 3 % slow, a case", TWO_STATES, 0, 0.014, NIGHTS, 0, 0, 0}, 2.5},
        {{"correlated from night to night, 0.3", CORRELATED, 0.014, 0.014, NIGHTS, 0, 0, 0}, 0.8},
    };
    int n = repetitions();
    printf("| nothing changes | false slowdowns a month | false speedups a month |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct outcome outcome = repeat(&rows[i].world, n, 700 + i);
        double faster = outcome.alarms[0] / outcome.months, rate = outcome.alarms[1] / outcome.months;
        printf("| %s | %.3f | %.3f |\n", rows[i].world.what, rate, faster);
        fflush(stdout);
        double error = 3 * sqrt(rows[i].most / outcome.months);
        cr_expect(rate <= rows[i].most + error, "%s: %.3f a month, at most %.3f + %.3f", rows[i].world.what,
                  rate, rows[i].most, error);
    }
}

Test(history_simulation, power, .timeout = 3600)
{
    static const struct {
        struct world world;
        int median; /* upper limit of the nights until half of the histories have found the change */
    } rows[] = {
        {{"3 % slower, from night 31", NORMAL, 0.014, 0.014, 30, 0.029559, 1, 0}, 8},
        {{"5 % slower, from night 11", NORMAL, 0.014, 0.014, 10, 0.048790, 1, 0}, 7},
        {{"5 % slower, from night 31", NORMAL, 0.014, 0.014, 30, 0.048790, 1, 0}, 4},
        {{"10 % slower, from night 11", NORMAL, 0.014, 0.014, 10, 0.095310, 1, 0}, 3},
        {{"10 % slower, from night 31", NORMAL, 0.014, 0.014, 30, 0.095310, 1, 0}, 3},
        {{"10 % slower, from night 31; 3 % scatter", NORMAL, 0.03, 0.03, 30, 0.095310, 1, 0}, 5},
        {{"all cases 5 % slower, from night 31", NORMAL, 0.014, 0.014, 30, 0.048790, CASES, 0}, 4},
        {{"20 % slower over 30 nights", NORMAL, 0.014, 0.014, 0, 0, 1, 0.0060774}, 20},
    };
    int n = repetitions();
    printf("| one case of 20 changes | nights until 50 %% have found it | 90 %% | missed %% "
           "|\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct outcome outcome = repeat(&rows[i].world, n, 800 + i);
        int half = nights_until(&outcome, 0.5), most = nights_until(&outcome, 0.9);
        printf("| %s | %d | %d | %.1f |\n", rows[i].world.what, half, most, 100.0 * outcome.missed / n);
        fflush(stdout);
        cr_expect(half <= rows[i].median, "%s: %d nights", rows[i].world.what, half);
    }
}
