/* Error rates and power of the gate in the situations in which gates are used: the table of
   bench/analysis/gate/README.md. Each row simulates launches of a known distribution, and applies the rule
   (stats/decision.h) as `busbar compare` does. For comparison, this file also implements the previous rule:
   two-sided max-T, and the whole Hodges-Lehmann interval beyond the tolerance.

   `make test` runs 100 comparisons per row; tests/slow/simulation.sh runs BUSBAR_SITUATIONS = 2000 and checks
   the committed table. The seed is fixed: the same number of comparisons gives the same figures. */
#include "stats/decision.h"
#include "stats/order.h"
#include "tests/random_normal.h"
#include "stats/ranks.h"
#include "stats/relabel.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CASES = 100, MOST_UNITS = 36 };

static int comparisons(void)
{
    const char *given = getenv("BUSBAR_SITUATIONS");
    return given && atoi(given) > 0 ? atoi(given) : 100;
}

/* A simulated situation, in logarithms of times. */
struct world {
    int base, fresh, cases; /* base, fresh: launches of each side */
    double sigma, shared;   /* sigma between launches: of each case, and of the shift that all cases share */
    double wider;           /* factor on sigma of the new side; 0: 1 */
    double effect;          /* relative slowdown of case 0 on the new side; < 0: of all cases */
    double delta;           /* tolerance; 0: 3 % */
    int outliers[2];        /* launches per side that take 1.3 to 2 times as long in all cases */
    double one_in;          /* probability that any launch is such an outlier */
    double between;         /* sigma between allocations, per case */
    int allocations[2];     /* number per side; 0: not distinguished */
    bool as_launches;       /* use the launch as the unit in spite of allocations */
    double step;            /* times are multiples of this, so that there are ties; 0: continuous */
    int constant;           /* this many cases, the last ones, have the same value in all launches */
    enum { NO_DRIFT, AFTER, BASE_FIRST, AT_RANDOM } turns;
    double drift; /* per launch */
    bool paired;
    double tail_share, tail_factor; /* of new: share of slow operations, and their slowdown; 0: no tails */
};

static double value_of(const struct world *world, double ln)
{
    return world->step > 0 ? log(round(exp(ln) / world->step) * world->step) : ln;
}

struct data {
    double base[2][MOST_CASES][MOST_UNITS], fresh[2][MOST_CASES][MOST_UNITS]; /* [0]: medians, [1]: tails */
    int units[2];
};

/* Replaces launches by allocations: each one's value is the median of its launches. */
static void allocations_as_units(const struct world *world, struct data *data)
{
    for (int side = 0; side < 2; side++) {
        int launches = side ? world->fresh : world->base, units = world->allocations[side];
        data->units[side] = launches;
        if (!units || world->as_launches) continue;
        data->units[side] = units;
        for (int c = 0; c < world->cases; c++) {
            double *values = side ? data->fresh[0][c] : data->base[0][c], of_unit[MOST_UNITS];
            for (int u = 0; u < units; u++) {
                double own[MOST_UNITS];
                size_t n = 0;
                for (int l = 0; l < launches; l++)
                    if (l % units == u) own[n++] = values[l];
                of_unit[u] = median(own, n);
            }
            memcpy(values, of_unit, (size_t)units * sizeof *values);
        }
    }
}

/* Returns when launch `l` of a side ran, in launches. */
static double time_of(const struct world *world, int side, int l, const bool *exchanged)
{
    if (world->turns == AFTER) return side * world->base + l;
    return 2 * l + (world->turns == AT_RANDOM && exchanged[l] ? 1 - side : side);
}

static void measure(const struct world *world, struct data *data, struct random_state *random)
{
    bool exchanged[MOST_UNITS];
    for (int l = 0; l < MOST_UNITS; l++) exchanged[l] = random_below(random, 2);
    for (int side = 0; side < 2; side++) {
        int launches = side ? world->fresh : world->base, groups = world->allocations[side];
        double place[MOST_CASES][MOST_UNITS];
        for (int c = 0; c < world->cases; c++)
            for (int u = 0; u < groups; u++) place[c][u] = world->between * random_normal(random);
        int first_outlier = (int)random_below(random, (uint64_t)launches);
        for (int l = 0; l < launches; l++) {
            double shared =
                world->shared * random_normal(random) + world->drift * time_of(world, side, l, exchanged);
            bool outlier = (l - first_outlier + launches) % launches < world->outliers[side] ||
                           random_unit(random) < world->one_in;
            double slow = outlier ? log(1.3 + 0.7 * random_unit(random)) : 0;
            for (int c = 0; c < world->cases; c++) {
                double own =
                    world->sigma * (side && world->wider > 0 ? world->wider : 1) * random_normal(random);
                double effect = side && (c == 0 || world->effect < 0) ? log1p(fabs(world->effect)) : 0;
                double ln = shared + own + slow + effect + (groups ? place[c][l % groups] : 0);
                bool constant = c >= world->cases - world->constant;
                double *median_ln = side ? data->fresh[0][c] : data->base[0][c],
                       *tail_ln = side ? data->fresh[1][c] : data->base[1][c];
                median_ln[l] = constant ? log(442.5) : value_of(world, ln);
                double tail = 0.2 + world->sigma * random_normal(random); /* the 95th percentile, usually */
                if (side && world->tail_share > 0.05) tail = log(world->tail_factor);
                tail_ln[l] = median_ln[l] + tail;
            }
        }
    }
    allocations_as_units(world, data);
}

/* ---- the previous rule ---- */

static double trimmed(const double *ascending, size_t n)
{
    double sum = 0;
    for (size_t i = n / 5; i < n - n / 5; i++) sum += ascending[i];
    return sum / (double)(n - 2 * (n / 5));
}

static double old_statistic(const double *all, const unsigned char *labels, size_t n, bool paired)
{
    double side[2][2 * MOST_UNITS], robust[2 * MOST_UNITS];
    size_t count[2] = {0, 0};
    for (size_t i = 0; i < n; i++) {
        size_t to = paired ? 0 : labels[i];
        side[to][count[to]++] = paired && labels[i] ? -all[i] : all[i];
        robust[i] = fabs(all[i]);
    }
    double off = 0, scale = 0.1 * (paired ? 1.482602218505602 * median(robust, n) : robust_sigma(all, n));
    for (int s = 0; s < (paired ? 1 : 2); s++) {
        sort_doubles(side[s], count[s]);
        for (size_t i = 0; i < count[s]; i++) off += fabs(side[s][i] - median_sorted(side[s], count[s]));
    }
    double difference = trimmed(side[0], count[0]) - (paired ? 0 : trimmed(side[1], count[1]));
    if (difference == 0) return 0;
    double below = off / (double)n + scale;
    return below > 0 ? fabs(difference) / below : INFINITY;
}

struct answer {
    bool p_below, slower; /* any case has p < 0.05; any case (with an effect: case 0) is called slower */
    bool same;            /* case 0 is called the same */
};

static struct answer old_rule(const struct world *world, const struct data *data)
{
    struct answer answer = {0};
    struct random_state random;
    random_seed(&random, 1);
    int m = data->units[0], n = data->units[1], cases = world->cases;
    size_t width = (size_t)(world->paired ? m : m + n);
    struct relabellings labels = relabellings_of((size_t)m, (size_t)n, world->paired, 1000, 999, &random);
    double *t = malloc(labels.count * (size_t)cases * sizeof *t),
           *largest = malloc(labels.count * sizeof *largest);
    int order[MOST_CASES];
    for (int c = 0; c < cases; c++) {
        double all[2 * MOST_UNITS];
        for (size_t i = 0; i < width; i++)
            all[i] = world->paired   ? data->fresh[0][c][i] - data->base[0][c][i]
                     : i < (size_t)m ? data->base[0][c][i]
                                     : data->fresh[0][c][i - (size_t)m];
        for (size_t r = 0; r < labels.count; r++)
            t[(size_t)c * labels.count + r] =
                old_statistic(all, labels.bytes + r * width, width, world->paired);
        order[c] = c;
        for (int i = c; i > 0 && t[(size_t)order[i - 1] * labels.count] > t[(size_t)order[i] * labels.count];
             i--) {
            int swap = order[i];
            order[i] = order[i - 1], order[i - 1] = swap;
        }
    }
    double p[MOST_CASES], last = 0;
    for (size_t r = 0; r < labels.count; r++) largest[r] = 0;
    for (int i = 0; i < cases; i++) {
        const double *own = t + (size_t)order[i] * labels.count;
        size_t reached = 0;
        for (size_t r = 0; r < labels.count; r++) {
            largest[r] = fmax(largest[r], own[r]);
            reached += largest[r] >= own[0] * (1 - 1e-9);
        }
        p[order[i]] = (double)reached / (double)labels.count;
    }
    for (int i = cases; i-- > 0;) last = p[order[i]] = fmax(p[order[i]], last);
    double limit = log1p(world->delta > 0 ? world->delta : 0.03);
    for (int c = 0; c < cases; c++) {
        double differences[MOST_UNITS];
        for (int i = 0; world->paired && i < m; i++)
            differences[i] = data->fresh[0][c][i] - data->base[0][c][i];
        struct shift shift =
            world->paired ? hodges_lehmann_paired(differences, (size_t)m, 0.05)
                          : hodges_lehmann(data->base[0][c], (size_t)m, data->fresh[0][c], (size_t)n, 0.05);
        bool counts = world->effect <= 0 || c == 0,
             slower = p[c] < 0.05 && shift.has_interval && shift.lo > limit;
        answer.p_below |= counts && p[c] < 0.05;
        answer.slower |= counts && slower;
        if (c == 0) answer.same = shift.has_interval && shift.lo >= -limit && shift.hi <= limit;
    }
    relabellings_free(&labels);
    free(t);
    free(largest);
    return answer;
}

/* ---- the present rule ---- */

static struct answer new_rule(const struct world *world, const struct data *data, struct decided_case *cases)
{
    struct answer answer = {0};
    struct relabelled_group group = {
        .base = (size_t)data->units[0], .fresh = (size_t)data->units[1], .paired = world->paired};
    for (int c = 0; c < world->cases; c++) {
        cases[c] = (struct decided_case){.base = data->base[0][c],
                                         .fresh = data->fresh[0][c],
                                         .delta = world->delta > 0 ? world->delta : 0.03};
        if (world->tail_factor > 0)
            cases[c].base_tail = data->base[1][c], cases[c].fresh_tail = data->fresh[1][c];
    }
    decide(&group, 1, cases, (size_t)world->cases,
           &(struct decision_rules){.alpha = 0.05, .seed = 1, .most = 1000, .without_ends = true});
    for (int c = 0; c < world->cases; c++) {
        bool counts = world->effect <= 0 || c == 0;
        answer.p_below |= counts && cases[c].median.slower < 0.05;
        answer.slower |= counts && cases[c].outcome == OUTCOME_SLOWER;
    }
    answer.same = cases[0].outcome == OUTCOME_SAME;
    return answer;
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

static struct rates_pair simulate(const struct world *world, int n, uint64_t seed)
{
    static struct data data;
    static struct decided_case cases[MOST_CASES];
    struct random_state random;
    struct rates_pair rates = {0};
    random_seed(&random, seed);
    for (int s = 0; s < n; s++) {
        measure(world, &data, &random);
        count(&rates.before, old_rule(world, &data), n);
        count(&rates.now, new_rule(world, &data, cases), n);
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
        struct world world;
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
    };
    int n = comparisons();
    puts("| equal medians: % of comparisons with | p < 0.05 before | regression before | p < 0.05 now | "
         "regression now |");
    puts("|---|---|---|---|---|");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *only = getenv("BUSBAR_SITUATION"); /* a part of the row's name: runs only that row */
        if (only && !strstr(rows[i].what, only)) continue;
        struct world before = rows[i].world;
        struct rates_pair now = simulate(&rows[i].world, n, 1000 + i);
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
        struct world world;
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
        int n = rows[i].world.cases > 50 ? comparisons() / 8 + 1 : comparisons() / 2 + 1;
        struct rates_pair rates = simulate(&rows[i].world, n, 2000 + i);
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
        struct world world;
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
        struct world before = rows[i].world;
        before.as_launches = true;
        struct rates_pair now = simulate(&rows[i].world, n, 3000 + i),
                          then = simulate(&before, n / 4 + 1, 3000 + i);
        printf("| %s | %.1f | %.1f |\n", rows[i].what, 100 * then.before.same, 100 * now.now.same);
        fflush(stdout);
        cr_expect(now.now.same <= 0.05 + 3 * sqrt(0.05 * 0.95 / n), "%s: %.3f", rows[i].what, now.now.same);
    }
}

/* ---- promises ---- */

/* "Would be seen with 80 %": one comparison of equal sides promises this effect for case 0, and the next one
   simulates it. "Needs about N": with N launches, comparisons are the same if nothing changed, and find twice the
   tolerance. */
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
            struct world world = {.base = rows[i].launches,
                                  .fresh = rows[i].launches,
                                  .cases = rows[i].cases,
                                  .sigma = rows[i].sigma};
            measure(&world, &data, &random);
            new_rule(&world, &data, cases);
            needed[s % 1024] = cases[0].needed;
            world.effect = expm1(cases[0].detectable);
            measure(&world, &data, &random);
            seen += new_rule(&world, &data, cases).slower;
        }
        int launches = (int)ceil(median(needed, n < 1024 ? (size_t)n : 1024));
        if (launches > MOST_UNITS) launches = MOST_UNITS;
        for (int s = 0; s < n / 2; s++) {
            struct world world = {
                .base = launches, .fresh = launches, .cases = rows[i].cases, .sigma = rows[i].sigma};
            measure(&world, &data, &random);
            same += new_rule(&world, &data, cases).same;
            world.effect = 0.06;
            measure(&world, &data, &random);
            found += new_rule(&world, &data, cases).slower;
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
