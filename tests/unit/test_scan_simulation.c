/* Error rates and power of a scan. Simulated clusters with known faults are measured round by round, with the
   scan's decisions (scan_next_rounds, scan_judge). For comparison, the previous rule (scan_before.h): every
   pair once, the rounds of suspect links three more times, a fixed threshold of 10 %.

   `make test` simulates a few rows with few scans; tests/statistics/scan_simulation.sh simulates all of them,
   BUSBAR_SCANS = 400 each, and prints the table of bench/analysis/scan/README.md. The seed is fixed: the same
   number of scans gives the same figures. */
#include "analysis/scan/evidence.h"
#include "analysis/scan/rounds.h"
#include "base/status.h"
#include "stats/order.h"
#include "tests/random_normal.h"
#include "tests/unit/scan_before.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HOSTS = 288, MOST_ROUNDS = 4, NONE = 1 << 20, LEAST_TARGET = 16 };

enum tails { NORMAL, STUDENT, SHARED };
static const char *const tail_names[] = {"normal", "t(3)", "half per launch"};

enum situation { CLEAN, ONE_HOST, TWO_HOSTS, THREE_HOSTS, ONE_LINK, ONE_RACK };

struct cluster {
    size_t hosts, rack; /* rack: hosts per domain */
    enum tails tails;
    double sigma; /* of a pair's log time; STUDENT: the scale (the standard deviation is 1.73 times that) */
    enum situation what;
    double delay, host_delay[MOST_HOSTS];
    size_t slow_hosts, slow_rack, link_a, link_b; /* NONE: no such fault */
    double of_launch[MOST_HOSTS];                 /* SHARED: a host's deviation in all rounds of a launch */
};

static double student3(struct random_state *random)
{
    double x = random_normal(random), y = random_normal(random), z = random_normal(random);
    return random_normal(random) / sqrt((x * x + y * y + z * z) / 3);
}

static double noise(const struct cluster *c, size_t a, size_t b, struct random_state *random)
{
    if (c->tails == NORMAL) return c->sigma * random_normal(random);
    if (c->tails == STUDENT) return c->sigma * student3(random);
    /* Half of the variance comes from the two hosts and is the same in all rounds of a launch. */
    return c->of_launch[a] + c->of_launch[b] + c->sigma * sqrt(0.5) * random_normal(random);
}

static bool is_link(const struct cluster *c, size_t a, size_t b)
{
    return (a == c->link_a && b == c->link_b) || (a == c->link_b && b == c->link_a);
}

static double time_of(const struct cluster *c, size_t a, size_t b, struct random_state *random)
{
    double delay = fmax(c->host_delay[a], c->host_delay[b]);
    bool crosses = a / c->rack != b / c->rack;
    if (crosses && (a / c->rack == c->slow_rack || b / c->rack == c->slow_rack)) delay = c->delay;
    if (is_link(c, a, b)) delay = c->delay;
    return 3 + delay + noise(c, a, b, random);
}

static void start_launch(struct cluster *c, struct random_state *random)
{
    for (size_t h = 0; h < c->hosts; h++) c->of_launch[h] = c->sigma * 0.5 * random_normal(random);
}

static void break_something(struct cluster *c, enum situation what, double slow, struct random_state *random)
{
    c->what = what;
    c->delay = -log1p(-slow);
    c->slow_rack = c->link_a = c->link_b = NONE;
    c->slow_hosts = what == ONE_HOST ? 1 : what == TWO_HOSTS ? 2 : what == THREE_HOSTS ? 3 : 0;
    for (size_t left = c->slow_hosts; left;) {
        size_t h = (size_t)random_below(random, c->hosts);
        if (!(c->host_delay[h] > 0)) c->host_delay[h] = c->delay, left--;
    }
    if (what == ONE_RACK) c->slow_rack = (size_t)random_below(random, c->hosts / c->rack);
}

/* A scan can only see links that it measures: makes one of the first launch's links slow. */
static void break_link(struct cluster *c, const size_t *partner, struct random_state *random)
{
    if (c->what != ONE_LINK || c->link_a != NONE) return;
    do {
        c->link_a = (size_t)random_below(random, c->hosts);
        c->link_b = partner[c->link_a + c->hosts * (size_t)random_below(random, SCAN_FIRST_ROUNDS)];
    } while (c->link_b == SITS_OUT);
}

struct outcome {
    bool found, wrong,
        decided; /* all faults were named; something else was named; the scan decided about every host */
    size_t rounds;
};

/* Adds the figures of one launch. */
static size_t measure_launch(struct cluster *c, size_t launch, size_t rounds, const size_t *partner,
                             unsigned char *met, struct scan_pair *pairs, struct random_state *random)
{
    size_t n = c->hosts, count = 0;
    start_launch(c, random);
    for (size_t r = 0; r < rounds; r++)
        for (size_t h = 0; h < n; h++) {
            size_t other = partner[r * n + h];
            if (other == SITS_OUT || other < h) continue;
            pairs[count++] = (struct scan_pair){h, other, launch, time_of(c, h, other, random)};
            met[h * n + other]++, met[other * n + h]++;
        }
    return count;
}

static void grade(const struct cluster *c, const struct scan_verdict *verdict, struct outcome *outcome)
{
    size_t right = 0, wanted = c->slow_hosts + (c->slow_rack != NONE) + (c->link_a != NONE);
    for (size_t f = 0; f < verdict->count; f++) {
        const struct fault *fault = &verdict->list[f];
        bool slow = fault->kind == FAULT_HOST   ? c->host_delay[fault->a] > 0
                    : fault->kind == FAULT_LINK ? is_link(c, fault->a, fault->b)
                                                : fault->a == c->slow_rack;
        right += fault->named && slow;
        outcome->wrong |= fault->named && !slow;
    }
    outcome->found = right == wanted;
    outcome->decided = verdict->decided;
}

static struct outcome scan_cluster(struct cluster *c, uint64_t seed)
{
    struct random_state random;
    struct outcome outcome = {0};
    struct scan_verdict verdict = {0};
    size_t n = c->hosts, domain[MOST_HOSTS], count = 0, *partner = allocate(MOST_ROUNDS * n, sizeof *partner);
    struct scan_pair *pairs = allocate(MOST_ROUNDS * SCAN_LAUNCHES * n, sizeof *pairs);
    unsigned char *met = allocate(n * n, 1);
    random_seed(&random, seed);
    for (size_t h = 0; h < n; h++) domain[h] = h / c->rack;
    for (size_t l = 0; l < SCAN_LAUNCHES && !verdict.decided; l++) {
        size_t rounds = l ? SCAN_MORE_ROUNDS : SCAN_FIRST_ROUNDS;
        scan_next_rounds(
            &(struct scan_known){n, domain, verdict.host_evidence, met, verdict.again, verdict.again_count},
            rounds, seed + l, partner);
        break_link(c, partner, &random);
        count += measure_launch(c, l, rounds, partner, met, pairs + count, &random);
        outcome.rounds += rounds;
        scan_verdict_free(&verdict);
        scan_judge(&(struct scan_data){n, l + 1, count, domain, pairs}, &(struct scan_rule){0.05, 0.01, 0.05},
                   &verdict);
    }
    grade(c, &verdict, &outcome);
    scan_verdict_free(&verdict);
    free(met);
    free(pairs);
    free(partner);
    return outcome;
}

/* ---- the previous rule ---- */

enum { MOST_VALUES = 4, REPEATS = 3, LOOKS = 3 };

struct all_pairs {
    double *gbps; /* [(a * hosts + b) * MOST_VALUES]: values of the pair, a < b */
    int *count;
    bool *asked; /* rounds that were measured again */
};

/* Returns the round of the circle method in which two hosts meet, for an even number of hosts. */
static size_t round_of(size_t a, size_t b, size_t hosts)
{
    size_t m = hosts - 1;
    return b == m ? a
                  : (a + b) * (hosts / 2) % m; /* a + b = 2 k modulo m, and hosts / 2 is the inverse of 2 */
}

static void measure_pairs(struct cluster *c, struct all_pairs *all, const bool *rounds,
                          struct random_state *random)
{
    start_launch(c, random);
    for (size_t a = 0; a < c->hosts; a++)
        for (size_t b = a + 1; b < c->hosts; b++)
            if (!rounds || rounds[round_of(a, b, c->hosts)]) {
                size_t at = a * c->hosts + b;
                all->gbps[at * MOST_VALUES + (size_t)all->count[at]++] = exp(-time_of(c, a, b, random));
            }
}

static void judge_before(const struct cluster *c, const struct all_pairs *all, double *value,
                         struct before *before)
{
    for (size_t a = 0; a < c->hosts; a++)
        for (size_t b = 0; b < c->hosts; b++) {
            size_t at = a < b ? a * c->hosts + b : b * c->hosts + a;
            value[a * c->hosts + b] = median(all->gbps + at * MOST_VALUES, (size_t)all->count[at]);
        }
    scan_before(value, c->hosts, 0.1, before);
}

static struct outcome scan_before_now(struct cluster *c, uint64_t seed)
{
    struct random_state random;
    size_t n = c->hosts, right = 0;
    struct all_pairs all = {allocate(n * n * MOST_VALUES, sizeof(double)), allocate(n * n, sizeof(int)),
                            allocate(n, sizeof(bool))};
    double *value = allocate(n * n, sizeof *value);
    struct outcome outcome = {.decided = true, .rounds = n - 1};
    struct before before;
    random_seed(&random, seed);
    measure_pairs(c, &all, NULL, &random);
    for (int look = 0; look < LOOKS; look++) {
        bool *again = allocate(n, sizeof *again), any = false;
        judge_before(c, &all, value, &before);
        for (size_t i = 0; i < before.count; i++) {
            size_t a = before.list[i].a, b = before.list[i].b;
            if (a != b && !all.asked[round_of(a, b, n)]) again[round_of(a, b, n)] = any = true;
        }
        for (size_t k = 0; k < n; k++) all.asked[k] |= again[k], outcome.rounds += again[k] ? REPEATS : 0;
        for (int l = 0; any && l < REPEATS; l++) measure_pairs(c, &all, again, &random);
        free(before.list);
        free(again);
        if (!any) break;
    }
    judge_before(c, &all, value, &before);
    for (size_t i = 0; i < before.count; i++) {
        size_t a = before.list[i].a, b = before.list[i].b;
        bool slow = a == b ? c->host_delay[a] > 0 : is_link(c, a, b);
        right += slow, outcome.wrong |= !slow;
    }
    outcome.found = right == c->slow_hosts + (c->slow_rack != NONE) + (c->link_a != NONE);
    free(before.list), free(value), free(all.gbps), free(all.count), free(all.asked);
    return outcome;
}

/* ---- many scans ---- */

struct rates {
    double found, wrong, decided, rounds; /* %; rounds: mean number */
};

static struct rates simulate(const struct cluster *like, enum situation what, double slow, int scans,
                             struct outcome (*scan)(struct cluster *, uint64_t))
{
    struct random_state random;
    struct rates rates = {0};
    random_seed(&random, 1000 * like->hosts + 10 * (uint64_t)what + (uint64_t)like->tails);
    for (int s = 0; s < scans; s++) {
        struct cluster c = *like;
        break_something(&c, what, slow, &random);
        struct outcome outcome = scan(&c, random_next(&random) >> 8);
        cr_expect(scan != scan_cluster || outcome.rounds <= 13, "%zu rounds", outcome.rounds);
        rates.found += outcome.found * 100.0 / scans, rates.wrong += outcome.wrong * 100.0 / scans;
        rates.decided += outcome.decided * 100.0 / scans, rates.rounds += (double)outcome.rounds / scans;
    }
    return rates;
}

static void print_row(const struct cluster *c, int scans)
{
    static const struct {
        enum situation what;
        double slow;
    } columns[] = {{ONE_HOST, 0.05},   {ONE_HOST, 0.1}, {ONE_HOST, 0.2}, {TWO_HOSTS, 0.1},
                   {THREE_HOSTS, 0.1}, {ONE_LINK, 0.2}, {ONE_RACK, 0.1}};
    struct rates clean = simulate(c, CLEAN, 0, scans, scan_cluster);
    double wrong = 0, rounds = 0;
    printf("| %zu | %s, %.0f %% | %.1f | %.1f |", c->hosts, tail_names[c->tails], 100 * c->sigma, clean.wrong,
           clean.rounds);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        if (columns[i].what == ONE_RACK && c->rack == c->hosts) {
            printf(" – |");
            continue;
        }
        struct rates rates = simulate(c, columns[i].what, columns[i].slow, scans, scan_cluster);
        printf(" %.1f |", rates.found);
        wrong = fmax(wrong, rates.wrong);
        if (columns[i].what != ONE_HOST || columns[i].slow != 0.1) continue;
        rounds = rates.rounds;
        cr_expect((rates.found >= 95 || c->hosts < LEAST_TARGET) && rates.wrong <= 1 && clean.wrong <= 1,
                  "found %.1f %%, wrong %.1f %%, %.1f %%", rates.found, rates.wrong, clean.wrong);
    }
    printf(" %.1f | %.1f |\n", wrong, rounds);
    fflush(stdout);
}

static void print_before(const struct cluster *c, int scans)
{
    struct rates clean = simulate(c, CLEAN, 0, scans, scan_before_now);
    printf("| %zu | %s, %.0f %% | %.1f | %.0f |", c->hosts, tail_names[c->tails], 100 * c->sigma, clean.wrong,
           clean.rounds);
    for (int i = 0; i < 3; i++)
        printf(" %.1f |", simulate(c, ONE_HOST,
                                   i == 0   ? 0.05
                                   : i == 1 ? 0.1
                                            : 0.2,
                                   scans, scan_before_now)
                              .found);
    printf("\n");
    fflush(stdout);
}

static struct cluster cluster_of(size_t hosts, enum tails tails, double sigma)
{
    size_t rack = hosts < 16 ? hosts : hosts == 16 ? 4 : 16;
    return (struct cluster){.hosts = hosts, .rack = rack, .tails = tails, .sigma = sigma};
}

/* The targets: a host that is 10 % slow is found in 95 of 100 scans within 13 rounds; at most 1 of 100 scans
   names anything else. */
static void meets_targets(size_t hosts, enum tails tails, double sigma, int scans)
{
    struct cluster c = cluster_of(hosts, tails, sigma);
    struct rates clean = simulate(&c, CLEAN, 0, scans, scan_cluster),
                 one = simulate(&c, ONE_HOST, 0.1, scans, scan_cluster);
    printf("  %3zu hosts, %s, %.0f %%: found %5.1f %%, false %.1f %%, %.1f rounds\n", hosts,
           tail_names[tails], 100 * sigma, one.found, fmax(clean.wrong, one.wrong), one.rounds);
    cr_expect(one.found >= 95 && clean.wrong <= 1 && one.wrong <= 1,
              "%zu hosts, %s, %g: found %.1f %%, wrong %.1f %%, %.1f %%", hosts, tail_names[tails], sigma,
              one.found, clean.wrong, one.wrong);
}

Test(scan_simulation, targets)
{
    meets_targets(16, NORMAL, 0.02, 100);
    meets_targets(16, STUDENT, 0.03, 100);
    meets_targets(64, NORMAL, 0.03, 40);
    meets_targets(64, STUDENT, 0.02, 40);
    meets_targets(288, STUDENT, 0.03, 10);
}

/* Three slow hosts of eight are in 18 of 28 pairs: a fit that does not also start at every set of hosts finds
   them in only 93.5 % of these scans. */
Test(scan_simulation, three_of_eight)
{
    struct cluster c = cluster_of(8, NORMAL, 0.03);
    struct rates three = simulate(&c, THREE_HOSTS, 0.1, 200, scan_cluster);
    printf("    8 hosts, three of them slow: found %.1f %%, false %.1f %%\n", three.found, three.wrong);
    cr_expect(three.found >= 95 && three.wrong <= 1, "found %.1f %%, wrong %.1f %%", three.found,
              three.wrong);
}

/* With BUSBAR_SCANS=N, prints the rows of a table from N / share scans for each figure; nothing without it.
   share > 1 is for large clusters and for the previous rule, which take long. */
static void print_table(size_t hosts, int share, enum tails last, void (*print)(const struct cluster *, int))
{
    int scans = getenv("BUSBAR_SCANS") ? atoi(getenv("BUSBAR_SCANS")) : 0;
    for (int tails = NORMAL; scans > 0 && tails <= (int)last; tails++)
        for (int percent = 1; percent <= 3; percent++) {
            struct cluster c = cluster_of(hosts, (enum tails)tails, 0.01 * percent);
            print(&c, (scans + share - 1) / share);
        }
}

Test(scan_simulation, table_288)
{
    print_table(288, 4, SHARED, print_row);
}

Test(scan_simulation, table_8_to_64)
{
    print_table(8, 1, SHARED, print_row);
    print_table(16, 1, SHARED, print_row);
    print_table(64, 1, SHARED, print_row);
}

Test(scan_simulation, table_before)
{
    print_table(16, 1, STUDENT, print_before);
    print_table(64, 1, STUDENT, print_before);
    print_table(288, 20, STUDENT, print_before);
}
