/* Error rates and power of the gate in the situations in which gates are used: the table of
   bench/analysis/gate/README.md. Each row simulates launches of a known distribution, and applies the rule
   (stats/decision.h) as `busbar compare` does. For comparison, situation.c also implements the previous rule:
   two-sided max-T, and the whole Hodges-Lehmann interval beyond the tolerance.

   `make test` runs 100 comparisons per row; `make test-statistics` runs BUSBAR_SITUATIONS = 2000 and checks
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

/* Eight pairs that drift: in random order the drift does no harm, in a fixed one it misleads. */
#define DRIFTING_PAIRS .base = 8, .fresh = 8, .cases = 10, .drift = 0.01, .paired = true

/* m + n allocations of six launches, 2 % between allocations and 1 % between launches. */
#define FEW_ALLOCATIONS(m, n, count, ...)                                                                    \
    {                                                                                                        \
        .base = 6 * (m), .fresh = 6 * (n), .cases = (count), .sigma = 0.01, .between = 0.02,                 \
        .allocations = {m, n}, __VA_ARGS__                                                                   \
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
        {"new scatters 5 times as much, 12 + 6, 10 cases",
         {.base = 12, .fresh = 6, .cases = 10, .sigma = 0.01, .wider = 5}},
        {"new scatters 5 times as much, 6 + 6, 10 cases, tolerance 0.1 %",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .wider = 5, .delta = 0.001}},
        {"new scatters 5 times as much, 12 + 6, 10 cases, tolerance 0.1 %",
         {.base = 12, .fresh = 6, .cases = 10, .sigma = 0.01, .wider = 5, .delta = 0.001}},
        {"new scatters 5 times as much, 12 + 6, one case, tolerance 0.1 %",
         {.base = 12, .fresh = 6, .cases = 1, .sigma = 0.01, .wider = 5, .delta = 0.001}},
        {"new scatters twice as much, 12 + 6, 10 cases, tolerance 0.1 %",
         {.base = 12, .fresh = 6, .cases = 10, .sigma = 0.01, .wider = 2, .delta = 0.001}},
        {"2 % between allocations: 3 of 4 launches against 3 of 4",
         {.base = 12, .fresh = 12, .cases = 10, .sigma = 0.005, .between = 0.02, .allocations = {3, 3}}},
        {"2 % between allocations: 4 of 3 launches against 4 of 3",
         {.base = 12, .fresh = 12, .cases = 10, .sigma = 0.005, .between = 0.02, .allocations = {4, 4}}},
        {"2 % between allocations: 12 of 1 launch against 12 of 1",
         {.base = 12, .fresh = 12, .cases = 10, .sigma = 0.005, .between = 0.02, .allocations = {12, 12}}},
        {"in turns, order at random, 8 pairs, drift of 1 % a launch",
         {DRIFTING_PAIRS, .sigma = 0.005, .turns = AT_RANDOM}},
        {"in turns, order at random, 8 pairs, drift of 1 % a launch, tolerance 0.1 %",
         {DRIFTING_PAIRS, .sigma = 0.005, .turns = AT_RANDOM, .delta = 0.001}},
        {"6 + 6, 10 cases, launches scatter as Student's t with 3 degrees of freedom",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .heavy = true}},
        {"6 + 6, 10 cases, launches scatter as Student's t with 3 degrees of freedom, tolerance 0.1 %",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .heavy = true, .delta = 0.001}},
        {"2 % between allocations: 3 of 4 launches against 1 of 4",
         {.base = 12, .fresh = 4, .cases = 10, .sigma = 0.005, .between = 0.02, .allocations = {3, 1}}},
        {"with tails, 6 + 6, 10 cases",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .tail_factor = 10}},
        {"new scatters 5 times as much, 12 + 3, 10 cases",
         {.base = 12, .fresh = 3, .cases = 10, .sigma = 0.01, .wider = 5}},
        /* few allocations of six launches, which scatter by 1 % */
        {"2 % between allocations: 3 + 1, one case", FEW_ALLOCATIONS(3, 1, 1)},
        {"2 % between allocations: 3 + 1, one case, tolerance 0.1 %",
         FEW_ALLOCATIONS(3, 1, 1, .delta = 0.001)},
        {"2 % between allocations: 3 + 1, 40 cases", FEW_ALLOCATIONS(3, 1, 40)},
        {"2 % between allocations: 3 + 1, 40 cases, tolerance 0.1 %",
         FEW_ALLOCATIONS(3, 1, 40, .delta = 0.001)},
        {"2 % between allocations: 4 + 1, one case, tolerance 0.1 %",
         FEW_ALLOCATIONS(4, 1, 1, .delta = 0.001)},
        {"2 % between allocations: 4 + 1, 40 cases, tolerance 0.1 %",
         FEW_ALLOCATIONS(4, 1, 40, .delta = 0.001)},
        {"2 % between allocations: 1 + 4, 40 cases, tolerance 0.1 %",
         FEW_ALLOCATIONS(1, 4, 40, .delta = 0.001)},
        {"2 % between allocations: 2 + 2, 40 cases, tolerance 0.1 %",
         FEW_ALLOCATIONS(2, 2, 40, .delta = 0.001)},
        {"2 % between allocations: 3 + 3, one case, tolerance 0.1 %",
         FEW_ALLOCATIONS(3, 3, 1, .delta = 0.001)},
        {"2 % between allocations: 3 + 3, 40 cases, tolerance 0.1 %",
         FEW_ALLOCATIONS(3, 3, 40, .delta = 0.001)},
        {"2 % between allocations, tails: 3 + 1, 40 cases, tolerance 0.1 %",
         FEW_ALLOCATIONS(3, 1, 40, .delta = 0.001, .tail_factor = 10)},
        {"2 % between allocations, a shift of 1 % common to all cases of a launch: 3 + 1, 40 cases, "
         "tolerance 0.1 %",
         FEW_ALLOCATIONS(3, 1, 40, .delta = 0.001, .shared = 0.01)},
        {"1 % between launches in steps of 1 %: 3 + 1 allocations, 10 cases",
         {.base = 3, .fresh = 1, .cases = 10, .sigma = 0.01, .step = 0.01, .allocations = {3, 1}}},
    };
    puts("| equal medians: % of comparisons with | p < 0.05 before | regression before | p < 0.05 now | "
         "regression now |");
    puts("|---|---|---|---|---|");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!situation_asked_for(rows[i].what)) continue;
        struct situation before = rows[i].situation;
        /* A single case is quick, and its level is the closest to 5 %. */
        int n = comparisons() * (rows[i].situation.cases == 1 ? 5 : 1);
        struct rates_pair now = simulate(&rows[i].situation, n, 1000 + i);
        before.as_launches = true;
        /* The old rule with launches as units takes time, and errs so often that few comparisons show it. */
        int fewer = n / (before.cases > 10 ? 20 : 4) + 1;
        struct rates_pair then = before.allocations[0] ? simulate(&before, fewer, 1000 + i) : now;
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
        {"5 % slower, scatter 2 %, 6 + 6, one case, one base launch an outlier",
         {.base = 6, .fresh = 6, .cases = 1, .sigma = 0.02, .effect = 0.05, .outliers = {1, 0}},
         1},
        {"5 % slower, scatter 2 %, 6 + 6, one case, one new launch an outlier",
         {.base = 6, .fresh = 6, .cases = 1, .sigma = 0.02, .effect = 0.05, .outliers = {0, 1}},
         2},
        {"5 % slower, scatter 1 %, 6 + 6, 10 cases",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .effect = 0.05},
         0},
        {"5 % slower, scatter 1 %, 6 + 6, 10 cases, one base launch an outlier",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .effect = 0.05, .outliers = {1, 0}},
         1},
        {"10 % slower, scatter 2 %, 6 + 6, 10 cases",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.02, .effect = 0.1},
         0},
        {"10 % slower, scatter 2 %, 6 + 6, 10 cases, one base launch an outlier",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.02, .effect = 0.1, .outliers = {1, 0}},
         1},
        {"10 % slower, scatter 2 %, 6 + 6, 10 cases, one launch of each side an outlier",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.02, .effect = 0.1, .outliers = {1, 1}},
         0},
        {"20 % slower beside a constant case, 7 + 6",
         {.base = 7, .fresh = 6, .cases = 2, .sigma = 0.01, .effect = 0.2, .constant = 1},
         0},
        {"20 % slower beside a constant case, 18 + 6",
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
        {"all cases 5 % slower, 2 % between allocations, 12 of 1 launch a side",
         {.base = 12,
          .fresh = 12,
          .cases = 10,
          .sigma = 0.005,
          .between = 0.02,
          .effect = -0.05,
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
        {"2.0 times slower, 2 % between allocations: 3 + 1, one case", FEW_ALLOCATIONS(3, 1, 1, .effect = 1),
         0},
        {"2.0 times slower, 2 % between allocations: 3 + 1, 40 cases", FEW_ALLOCATIONS(3, 1, 40, .effect = 1),
         0},
        {"all cases 2.0 times slower, 2 % between allocations: 3 + 1, 40 cases",
         FEW_ALLOCATIONS(3, 1, 40, .effect = -1), 0},
        {"2.0 times slower, 2 % between allocations: 4 + 1, 40 cases", FEW_ALLOCATIONS(4, 1, 40, .effect = 1),
         0},
        {"2.0 times slower, 2 % between allocations: 1 + 4, 40 cases", FEW_ALLOCATIONS(1, 4, 40, .effect = 1),
         0},
        {"2.0 times slower, 2 % between allocations: 2 + 2, 40 cases", FEW_ALLOCATIONS(2, 2, 40, .effect = 1),
         0},
        {"2.0 times slower, 2 % between allocations: 3 + 3, 40 cases", FEW_ALLOCATIONS(3, 3, 40, .effect = 1),
         0},
        {"10 % slower, 2 % between allocations: 3 + 3, one case", FEW_ALLOCATIONS(3, 3, 1, .effect = 0.1), 0},
        {"all cases 10 % slower, 2 % between allocations: 3 + 1, 40 cases",
         FEW_ALLOCATIONS(3, 1, 40, .effect = -0.1), 0},
    };
    double now[sizeof rows / sizeof *rows];
    puts("| one case slower: % of comparisons in which it is found | before | now |");
    puts("|---|---|---|");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!situation_asked_for(rows[i].what)) continue;
        int n = rows[i].situation.cases > 50 ? comparisons() / 8 + 1 : comparisons() / 2 + 1;
        struct rates_pair rates = simulate(&rows[i].situation, n, 2000 + i);
        printf("| %s | %.1f | %.1f |\n", rows[i].what, 100 * rates.before.slower, 100 * rates.now.slower);
        fflush(stdout);
        now[i] = rates.now.slower;
        double error = 3 * sqrt(fmax(now[i] * (1 - now[i]), 0.02) / n);
        cr_expect(now[i] >= rates.before.slower - error, "%s: %.3f before, %.3f now", rows[i].what,
                  rates.before.slower, now[i]);
        if (rows[i].clean && situation_asked_for(rows[i - (size_t)rows[i].clean].what))
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

/* ---- what no rule can decide ---- */

/* Differences between allocations, or of time, that look like those between the sides. `busbar compare` says
   so beside the verdict; this table tells how often it would be wrong. */
Test(gate_situations, confounded, .timeout = 3600)
{
    static const struct {
        const char *what;
        struct situation situation;
        bool misleads; /* more than 5 % of comparisons find a difference */
    } rows[] = {
        {"2 % between allocations, one of 6 launches a side: \"confounded with the allocation\"",
         {.base = 6,
          .fresh = 6,
          .cases = 10,
          .sigma = 0.005,
          .between = 0.02,
          .allocations = {1, 1},
          .as_launches = true},
         true},
        {"drift of 0.5 % a launch, new after base, 6 + 6",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .turns = AFTER, .drift = 0.005},
         true},
        {"drift of 0.5 % a launch, new after base, 12 + 12",
         {.base = 12, .fresh = 12, .cases = 10, .sigma = 0.01, .turns = AFTER, .drift = 0.005},
         true},
        {"drift of 1 % a launch, 8 pairs, base always first",
         {DRIFTING_PAIRS, .sigma = 0.01, .turns = BASE_FIRST},
         false},
        {"drift of 1 % a launch, 8 pairs, base always first, tolerance 0.1 %",
         {DRIFTING_PAIRS, .sigma = 0.01, .turns = BASE_FIRST, .delta = 0.001},
         true},
    };
    puts("| no change, but | p < 0.05 before | regression before | p < 0.05 now | regression now | case 0 "
         "\"same\" now |");
    puts("|---|---|---|---|---|---|");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = comparisons() / 2 + 1;
        struct rates_pair rates = simulate(&rows[i].situation, n, 5000 + i);
        printf("| %s | %.1f | %.1f | %.1f | %.1f | %.1f |\n", rows[i].what, 100 * rates.before.p_below,
               100 * rates.before.slower, 100 * rates.now.p_below, 100 * rates.now.slower,
               100 * rates.now.same);
        fflush(stdout);
        cr_expect_eq(rates.now.p_below > 0.05, rows[i].misleads, "%s: %.3f", rows[i].what, rates.now.p_below);
    }
}

/* ---- promises ---- */

/* How often a promise came true, of how many. */
struct kept {
    int promised, seen, planned, same, found;
};

static double share(int part, int whole)
{
    return whole ? (double)part / whole : NAN;
}

/* One comparison of equal sides makes the promise; the next ones test it: one with the effect that "would be
   seen with 80 %", and two with the launches that "are needed", in which nothing changed, or case 0 got
   slower by twice the tolerance. */
static void test_promise(const struct situation *situation, struct promise promise, bool old,
                         struct random_state *random, struct kept *kept)
{
    static struct data data;
    static struct decided_case cases[MOST_CASES];
    struct situation next = *situation;
    if (isfinite(promise.detectable)) {
        next.effect = expm1(promise.detectable);
        situation_measure(&next, &data, random);
        struct answer answer =
            old ? situation_old_rule(&next, &data) : situation_new_rule(&next, &data, cases);
        kept->promised++;
        kept->seen += answer.slower;
    }
    if (!isfinite(promise.needed)) return;
    next.base = next.fresh = (int)fmin(promise.needed, MOST_UNITS);
    kept->planned++;
    for (int twice = 0; twice < 2; twice++) {
        next.effect = twice ? 0.06 : 0;
        situation_measure(&next, &data, random);
        struct answer answer =
            old ? situation_old_rule(&next, &data) : situation_new_rule(&next, &data, cases);
        *(twice ? &kept->found : &kept->same) += twice ? answer.slower : answer.same;
    }
}

/* Three standard errors of n comparisons are allowed for. They are 17 points for one row of `make test`, so
   that test rests on the sum of all rows. */
static void expect_kept(const char *what, const struct kept *kept, int n)
{
    double seen = share(kept->seen, kept->promised), same = share(kept->same, kept->planned),
           found = share(kept->found, kept->planned), error = 3 * sqrt(0.8 * 0.2 / n);
    cr_expect(seen >= 0.75 - error && seen <= 0.92 + error, "%s: seen %.3f", what, seen);
    cr_expect(same >= 0.87 - error, "%s: same %.3f", what, same);
    cr_expect(found >= 0.87 - error, "%s: found %.3f", what, found);
}

Test(gate_situations, promises, .timeout = 7200)
{
    static const struct {
        const char *what;
        struct situation situation;
    } rows[] = {
        {"6 + 6 launches, 1 case, scatter 1 %", {.base = 6, .fresh = 6, .cases = 1, .sigma = 0.01}},
        {"6 + 6 launches, 10 cases, scatter 2 %", {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.02}},
        {"6 + 6 launches, 100 cases, scatter 1 %", {.base = 6, .fresh = 6, .cases = 100, .sigma = 0.01}},
        {"8 + 8 launches, 10 cases, scatter 1 %", {.base = 8, .fresh = 8, .cases = 10, .sigma = 0.01}},
        {"5 + 5 launches, 100 cases, scatter 1 %", {.base = 5, .fresh = 5, .cases = 100, .sigma = 0.01}},
        {"6 + 6 launches, 40 cases, scatter 1 %, alpha 1 %",
         {.base = 6, .fresh = 6, .cases = 40, .sigma = 0.01, .alpha = 0.01}},
        {"6 + 6 launches, 10 cases, scatter 1 %, Student's t with 3 degrees of freedom",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .heavy = true}},
        {"8 pairs, 10 cases, scatter 1 %",
         {.base = 8, .fresh = 8, .cases = 10, .sigma = 0.01, .paired = true}},
        {"12 + 12 launches, 10 cases, scatter 1 %, new 3 %",
         {.base = 12, .fresh = 12, .cases = 10, .sigma = 0.01, .wider = 3}},
        {"4 + 4 launches, 10 cases, scatter 0.5 %", {.base = 4, .fresh = 4, .cases = 10, .sigma = 0.005}},
        {"8 pairs, 10 cases, scatter 1 %, Student's t with 3 degrees of freedom",
         {.base = 8, .fresh = 8, .cases = 10, .sigma = 0.01, .paired = true, .heavy = true}},
        /* The factors of the promises (stats/decision.c) were fitted to the rows above, not to these. They
           take minutes: tests/statistics/simulation.sh runs them. */
        {"not fitted to: 7 + 7 launches, 20 cases, scatter 1.5 %",
         {.base = 7, .fresh = 7, .cases = 20, .sigma = 0.015}},
        {"not fitted to: 10 + 6 launches, 5 cases, scatter 1 %",
         {.base = 10, .fresh = 6, .cases = 5, .sigma = 0.01}},
        {"not fitted to: 16 + 16 launches, 30 cases, scatter 3 %",
         {.base = 16, .fresh = 16, .cases = 30, .sigma = 0.03}},
        {"not fitted to: 6 + 6 launches, 10 cases, scatter 1 %, a launch shifts all cases by 1 %",
         {.base = 6, .fresh = 6, .cases = 10, .sigma = 0.01, .shared = 0.01}},
        {"not fitted to: 12 pairs, 20 cases, scatter 2 %",
         {.base = 12, .fresh = 12, .cases = 20, .sigma = 0.02, .paired = true}},
        {"not fitted to: 10 + 10 launches, 10 cases, scatter 1.5 %, Student's t with 3 degrees of freedom",
         {.base = 10, .fresh = 10, .cases = 10, .sigma = 0.015, .heavy = true}},
        {"not fitted to: 5 + 5 launches, 3 cases, scatter 2 %",
         {.base = 5, .fresh = 5, .cases = 3, .sigma = 0.02}},
    };
    static struct data data;
    static struct decided_case cases[MOST_CASES];
    puts("| promise for | seen before | seen now, of 80 % | same before | same now, of 90 % | twice the "
         "tolerance before | now, of 90 % | median N |");
    puts("|---|---|---|---|---|---|---|---|");
    const int many = 600;
    struct kept all = {0};
    int comparisons_of_all = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!situation_asked_for(rows[i].what)) continue;
        if (comparisons() < many && strncmp(rows[i].what, "not fitted", 10) == 0) continue;
        const struct situation *situation = &rows[i].situation;
        int n = situation->cases > 50 ? comparisons() / 8 + 1 : comparisons() / 2 + 1;
        struct random_state random;
        struct kept before = {0}, now = {0};
        double *needed = malloc((size_t)n * sizeof *needed);
        random_seed(&random, 4000 + i);
        for (int s = 0; s < n; s++) {
            situation_measure(situation, &data, &random);
            situation_new_rule(situation, &data, cases);
            struct promise promise = {cases[0].detectable, cases[0].needed},
                           old = situation_old_promise(situation, &data);
            needed[s] = fmin(promise.needed, 1e6);
            test_promise(situation, promise, false, &random, &now);
            test_promise(situation, old, true, &random, &before);
        }
        double seen = share(now.seen, now.promised), same = share(now.same, now.planned),
               found = share(now.found, now.planned);
        printf("| %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %.0f |\n", rows[i].what,
               100 * share(before.seen, before.promised), 100 * seen,
               100 * share(before.same, before.planned), 100 * same,
               100 * share(before.found, before.planned), 100 * found, median(needed, (size_t)n));
        fflush(stdout);
        free(needed);
        expect_kept(rows[i].what, &now, n);
        all.promised += now.promised, all.seen += now.seen, all.planned += now.planned;
        all.same += now.same, all.found += now.found, comparisons_of_all += n;
    }
    if (comparisons_of_all || !getenv("BUSBAR_SITUATION")) expect_kept("all rows", &all, comparisons_of_all);
}
