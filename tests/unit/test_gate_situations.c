/* Error rates and power of the gate in the situations in which gates are used: the table of
   bench/analysis/gate/README.md. Each row simulates launches of a known distribution, and applies the rule
   (stats/decision.h) as `busbar compare` does. For comparison, situation.c also implements the previous rule:
   two-sided max-T, and the whole Hodges-Lehmann interval beyond the tolerance.

   `make test` runs 100 comparisons per row; tests/slow/simulation.sh runs BUSBAR_SITUATIONS = 2000 and checks
   the committed table. The seed is fixed: the same number of comparisons gives the same figures. */
#include "stats/order.h"
#include "tests/unit/situation.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int comparisons(void)
{
    const char *given = getenv("BUSBAR_SITUATIONS");
    return given && atoi(given) > 0 ? atoi(given) : 100;
}

struct rates {
    double p_below, slower, same;
};

struct rates_pair {
    struct rates before, now;
};

static void count(struct rates *rates, struct answer answer, int n)
{
    rates->p_below += (double)answer.p_below / n;
    rates->slower += (double)answer.slower / n;
    rates->same += (double)answer.same / n;
}

static struct rates_pair simulate(const struct situation *situation, int n, uint64_t seed)
{
    static struct data data;
    static struct decided_case cases[MOST_CASES];
    struct random_state random;
    struct rates_pair rates = {0};
    random_seed(&random, seed);
    for (int s = 0; s < n; s++) {
        situation_measure(situation, &data, &random);
        count(&rates.before, situation_old_rule(situation, &data), n);
        count(&rates.now, situation_new_rule(situation, &data, cases), n);
    }
    return rates;
}

/* Returns the upper end of Wilson's interval of a rate; z < 0: the lower end. */
static double wilson(double rate, int n, double z)
{
    double trials = n;
    return (rate + z * z / (2 * trials) +
            z * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))) /
           (1 + z * z / trials);
}

static void print_row(const char *what, double before_p, double before, double now_p, double now)
{
    printf("| %s | %.1f | %.1f | %.1f | %.1f |\n", what, 100 * before_p, 100 * before, 100 * now_p,
           100 * now);
    fflush(stdout);
}

/* ---- level ---- */

Test(gate_situations, level, .timeout = 3600)
{
    static const struct {
        const char *what;
        struct situation situation;
    } rows[] = {
        {"6 + 6, 10 cases, scatter 1 %", {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01}},
        {"6 + 6, 10 cases, a launch shifts all cases by 2 %",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.005, .shared = 0.02}},
        {"6 + 6, 10 cases, one launch in ten an outlier",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .one_in = 0.1}},
        {"7 + 6, 10 cases in steps of 1 %, one constant",
         {.base = 7, .fresh = 6, .cases = 10, .sigma = 0.01, .step = 0.01, .constant = 1}},
        {"new scatters 5 times as much, 6 + 6, 10 cases",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .wider = 5}},
        {"the same, 12 + 6", {.base = 12, .fresh = 6, .cases = 10, .sigma = 0.01, .wider = 5}},
        {"the same, 6 + 6, tolerance 0.1 %",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .wider = 5, .delta = 0.001}},
        {"the same, 12 + 6, tolerance 0.1 %",
         {.base = 12, .fresh = 6, .cases = 10, .sigma = 0.01, .wider = 5, .delta = 0.001}},
        {"the same, 12 + 6, one case, tolerance 0.1 %",
         {.base = 12, .fresh = 6, .cases = 1, .sigma = 0.01, .wider = 5, .delta = 0.001}},
        {"new scatters twice as much, 12 + 6, 10 cases, tolerance 0.1 %",
         {.base = 12, .fresh = 6, .cases = 10, .sigma = 0.01, .wider = 2, .delta = 0.001}},
        {"2 % between allocations: 3 of 4 launches against 3 of 4",
         {.base = 12, .fresh = 12, .cases = 10, .sigma = 0.005, .between = 0.02, .allocations = {3, 3}}},
        {"the same, 4 of 3 against 4 of 3",
         {.base = 12, .fresh = 12, .cases = 10, .sigma = 0.005, .between = 0.02, .allocations = {4, 4}}},
        {"the same, 12 of 1 against 12 of 1",
         {.base = 12, .fresh = 12, .cases = 10, .sigma = 0.005, .between = 0.02, .allocations = {12, 12}}},
        {"in turns, order at random, 8 pairs, drift of 1 % a launch",
         {.base = 8,
          .fresh = 8,
          .cases = 10,
          .sigma = 0.005,
          .turns = AT_RANDOM,
          .drift = 0.01,
          .paired = true}},
        {"with tails, 6 + 6, 10 cases",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .tail_factor = 10}},
        {"new scatters 5 times as much, 12 + 3, 10 cases",
         {.base = 12, .fresh = 3, .cases = 10, .sigma = 0.01, .wider = 5}},
    };
    puts("| equal medians: % of comparisons with | p < 0.05 before | regression before | p < 0.05 now | "
         "regression now |");
    puts("|---|---|---|---|---|");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *only = getenv("BUSBAR_SITUATION"); /* a part of the row's name: runs only that row */
        if (only && !strstr(rows[i].what, only)) continue;
        struct situation before = rows[i].situation;
        /* A single case is quick, and its level is the closest to 5 %. */
        int n = comparisons() * (rows[i].situation.cases == 1 ? 5 : 1);
        struct rates_pair now = simulate(&rows[i].situation, n, 1000 + i);
        before.as_launches = true;
        struct rates_pair then = before.allocations[0] ? simulate(&before, n / 4 + 1, 1000 + i) : now;
        print_row(rows[i].what, then.before.p_below, then.before.slower, now.now.p_below, now.now.slower);
        /* The rate must be below 5 % + 3 standard errors; with 2000 comparisons, the upper end of its 95 %
           interval must be below 7 %. */
        double most = fmax(now.now.p_below, now.now.slower);
        cr_expect(most <= 0.05 + 3 * sqrt(0.05 * 0.95 / n), "%s: %.3f", rows[i].what, most);
        if (n >= 2000)
            cr_expect(wilson(most, n, 1.96) < 0.07, "%s: upper end %.3f", rows[i].what,
                      wilson(most, n, 1.96));
    }
}

/* ---- power ---- */

Test(gate_situations, power, .timeout = 3600)
{
    static const struct {
        const char *what;
        struct situation situation;
        int clean; /* this row must have 0.8 of the power of the row so many rows above; 0: no such row */
    } rows[] = {
        {"5 % slower, scatter 2 %, 6 + 6, one case",
         {.base = 6, .fresh = 6, .cases = 1, .sigma = 0.02, .effect = 0.05},
         0},
        {"the same, one base launch an outlier",
         {.base = 6, .fresh = 6, .cases = 1, .sigma = 0.02, .effect = 0.05, .outliers = {1, 0}},
         1},
        {"the same, one new launch an outlier",
         {.base = 6, .fresh = 6, .cases = 1, .sigma = 0.02, .effect = 0.05, .outliers = {0, 1}},
         2},
        {"5 % slower, scatter 1 %, 6 + 6, 10 cases",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .effect = 0.05},
         0},
        {"the same, one base launch an outlier",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .effect = 0.05, .outliers = {1, 0}},
         1},
        {"10 % slower, scatter 2 %, 6 + 6, 10 cases",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.02, .effect = 0.1},
         0},
        {"the same, one base launch an outlier",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.02, .effect = 0.1, .outliers = {1, 0}},
         1},
        {"the same, one launch of each side an outlier",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.02, .effect = 0.1, .outliers = {1, 1}},
         0},
        {"20 % slower beside a constant case, 7 + 6",
         {.base = 7, .fresh = 6, .cases = 2, .sigma = 0.01, .effect = 0.2, .constant = 1},
         0},
        {"the same, 18 + 6",
         {.base = 18, .fresh = 6, .cases = 2, .sigma = 0.01, .effect = 0.2, .constant = 1},
         0},
        {"10 % slower, scatter 1 %, 5 + 5, 100 cases",
         {.base = 5, .fresh = 5, .cases = 100, .sigma = 0.01, .effect = 0.1},
         0},
        {"5 % slower, scatter 1 %, 6 + 6, 100 cases",
         {.base = 6, .fresh = 6, .cases = 100, .sigma = 0.01, .effect = 0.05},
         0},
        {"10 % slower, scatter 2 %, 8 pairs, 10 cases",
         {.base = 8, .fresh = 8, .cases = 10, .sigma = 0.02, .effect = 0.1, .paired = true},
         0},
        {"5 % slower, 2 % between allocations, 12 of 1 launch a side",
         {.base = 12,
          .fresh = 12,
          .cases = 10,
          .sigma = 0.005,
          .between = 0.02,
          .effect = 0.05,
          .allocations = {12, 12}},
         0},
        {"30 % of operations 10 times slower, 6 + 6, 10 cases",
         {.base = 6,
          .fresh = 6,
          .cases = 10,
          .sigma = 0.01,
          .effect = 1e-9,
          .tail_share = 0.3,
          .tail_factor = 10},
         0},
    };
    double now[sizeof rows / sizeof *rows];
    puts("| one case slower: % of comparisons in which it is found | before | now |");
    puts("|---|---|---|");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = rows[i].situation.cases > 50 ? comparisons() / 8 + 1 : comparisons() / 2 + 1;
        struct rates_pair rates = simulate(&rows[i].situation, n, 2000 + i);
        printf("| %s | %.1f | %.1f |\n", rows[i].what, 100 * rates.before.slower, 100 * rates.now.slower);
        fflush(stdout);
        now[i] = rates.now.slower;
        double error = 3 * sqrt(fmax(now[i] * (1 - now[i]), 0.02) / n);
        cr_expect(now[i] >= rates.before.slower - error, "%s: %.3f before, %.3f now", rows[i].what,
                  rates.before.slower, now[i]);
        if (rows[i].clean)
            cr_expect(now[i] >= 0.8 * now[i - (size_t)rows[i].clean] - error, "%s: %.3f, clean %.3f",
                      rows[i].what, now[i], now[i - (size_t)rows[i].clean]);
    }
}

/* A true slowdown of 5 % must not be called the same; one of 3 % (the tolerance) at most at rate alpha. */
Test(gate_situations, same, .timeout = 3600)
{
    static const struct {
        const char *what;
        struct situation situation;
    } rows[] = {
        {"all cases 5 % slower, 2 % between allocations: 4 of 3 launches against 4 of 3",
         {.base = 12,
          .fresh = 12,
          .cases = 10,
          .sigma = 0.005,
          .between = 0.02,
          .effect = -0.05,
          .allocations = {4, 4}}},
        {"all cases 3 % slower, scatter 1 %, 6 + 6",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .effect = -0.03}},
    };
    puts("| case 0 called the same, though it is slower, % | before | now |");
    puts("|---|---|---|");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = comparisons() / 2 + 1;
        struct situation before = rows[i].situation;
        before.as_launches = true;
        struct rates_pair now = simulate(&rows[i].situation, n, 3000 + i),
                          then = simulate(&before, n / 4 + 1, 3000 + i);
        printf("| %s | %.1f | %.1f |\n", rows[i].what, 100 * then.before.same, 100 * now.now.same);
        fflush(stdout);
        cr_expect(now.now.same <= 0.05 + 3 * sqrt(0.05 * 0.95 / n), "%s: %.3f", rows[i].what, now.now.same);
    }
}

/* ---- promises ---- */

/* "Would be seen with 80 %": one comparison of equal sides promises this effect for case 0, and the next one
   simulates it. "Needs about N": with N launches, comparisons are the same if nothing changed, and find twice
   the tolerance. */
Test(gate_situations, promises, .timeout = 3600)
{
    static const struct {
        int launches, cases;
        double sigma;
    } rows[] = {{6, 1, 0.01}, {6, 10, 0.02}, {6, 100, 0.01}, {8, 10, 0.01}};
    static struct data data;
    static struct decided_case cases[MOST_CASES];
    puts("| promise for | seen, of 80 % | the same, of 90 % | twice the tolerance found, of 90 % |");
    puts("|---|---|---|---|");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = rows[i].cases > 50 ? comparisons() / 8 + 1 : comparisons() / 2 + 1, seen = 0, same = 0,
            found = 0;
        struct random_state random;
        random_seed(&random, 4000 + i);
        double needed[1024];
        for (int s = 0; s < n; s++) {
            struct situation situation = {.base = rows[i].launches,
                                          .fresh = rows[i].launches,
                                          .cases = rows[i].cases,
                                          .sigma = rows[i].sigma};
            situation_measure(&situation, &data, &random);
            situation_new_rule(&situation, &data, cases);
            needed[s % 1024] = cases[0].needed;
            situation.effect = expm1(cases[0].detectable);
            situation_measure(&situation, &data, &random);
            seen += situation_new_rule(&situation, &data, cases).slower;
        }
        int launches = (int)ceil(median(needed, n < 1024 ? (size_t)n : 1024));
        if (launches > MOST_UNITS) launches = MOST_UNITS;
        for (int s = 0; s < n / 2; s++) {
            struct situation situation = {
                .base = launches, .fresh = launches, .cases = rows[i].cases, .sigma = rows[i].sigma};
            situation_measure(&situation, &data, &random);
            same += situation_new_rule(&situation, &data, cases).same;
            situation.effect = 0.06;
            situation_measure(&situation, &data, &random);
            found += situation_new_rule(&situation, &data, cases).slower;
        }
        double share = (double)seen / n, equal = (double)same / (n / 2), twice = (double)found / (n / 2);
        printf("| %d + %d launches, %d case%s, scatter %g %% (needs %d) | %.1f | %.1f | %.1f |\n",
               rows[i].launches, rows[i].launches, rows[i].cases, rows[i].cases == 1 ? "" : "s",
               100 * rows[i].sigma, launches, 100 * share, 100 * equal, 100 * twice);
        fflush(stdout);
        double error = 3 * sqrt(0.8 * 0.2 / n);
        cr_expect(share >= 0.75 - error && share <= 0.92 + error, "%d cases: seen %.3f", rows[i].cases,
                  share);
        cr_expect(equal >= 0.87 - 3 * sqrt(0.09 / (n / 2)), "%d cases: same %.3f", rows[i].cases, equal);
        cr_expect(twice >= 0.87 - 3 * sqrt(0.09 / (n / 2)), "%d cases: found %.3f", rows[i].cases, twice);
    }
}
