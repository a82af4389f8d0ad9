#include "analysis/scan/evidence.h"
#include "analysis/scan/rounds.h"
#include "analysis/scan/scan.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 64, LAUNCHES = 3 };

/* ---- faults that are named ---- */

struct shape {
    size_t hosts, rack;     /* rack: hosts per domain; 0: no domains */
    double rate[MOST];      /* relative rate of each host; a pair has that of its slower host. 0: 1 */
    size_t link_a, link_b;  /* hosts of a slow link; equal: none */
    double link, rack_rate; /* relative rates: of the slow link, and of rack 0 to other racks; 0: 1 */
    double noise;           /* figures alternate within ± this share */
    size_t launches;        /* 0: LAUNCHES */
    bool once, late;        /* slow in launch 0 only; in all launches but that */
    size_t absent;          /* a host without figures; 0: none */
};

static double rate_of(const struct shape *s, size_t a, size_t b, size_t launch)
{
    double x = s->rate[a] > 0 ? s->rate[a] : 1, y = s->rate[b] > 0 ? s->rate[b] : 1, rate = fmin(x, y);
    if ((s->once && launch) || (s->late && !launch)) return 1;
    if (s->link_a != s->link_b && ((a == s->link_a && b == s->link_b) || (a == s->link_b && b == s->link_a)))
        rate = s->link;
    if (s->rack && s->rack_rate > 0 && (a < s->rack) != (b < s->rack)) rate = s->rack_rate;
    return rate;
}

/* Judges figures of all pairs of hosts, one per launch. */
static struct scan_verdict judge(const struct shape *s)
{
    struct scan_pair pairs[MOST * MOST];
    size_t domain[MOST], n = 0, launches = s->launches ? s->launches : LAUNCHES;
    struct scan_verdict verdict;
    for (size_t h = 0; h < s->hosts; h++) domain[h] = s->rack ? h / s->rack : 0;
    for (size_t l = 0; l < launches; l++)
        for (size_t a = 0; a < s->hosts; a++)
            for (size_t b = a + 1; b < s->hosts; b++) {
                if (s->absent && (a == s->absent || b == s->absent)) continue;
                double noise = s->noise * (double)((int)((a + b + l) % 3) - 1);
                pairs[n++] = (struct scan_pair){a, b, l, -log(rate_of(s, a, b, l)) + noise};
            }
    struct scan_data data = {s->hosts, launches, n, s->rack ? domain : NULL, pairs};
    scan_judge(&data, &(struct scan_rule){0.05, 0.01, 0.05}, &verdict);
    return verdict;
}

static bool names(const struct scan_verdict *verdict, enum fault_kind kind, size_t a, size_t b)
{
    for (size_t f = 0; f < verdict->count; f++) {
        const struct fault *fault = &verdict->list[f];
        if (fault->named && fault->kind == kind && fault->a == a && (kind != FAULT_LINK || fault->b == b))
            return true;
    }
    return false;
}

static void expect(const char *what, const struct shape *shape, size_t count, enum fault_kind kind,
                   const size_t *which)
{
    struct scan_verdict verdict = judge(shape);
    cr_expect(verdict.count == count, "%s: %zu faults", what, verdict.count);
    for (size_t i = 0; i < (kind == FAULT_LINK ? 1 : count); i++)
        cr_expect(names(&verdict, kind, which[i], kind == FAULT_LINK ? which[1] : 0), "%s: not %zu", what,
                  which[i]);
    cr_expect(verdict.decided, "%s: not decided", what);
    scan_verdict_free(&verdict);
}

Test(scan, hosts_links_and_domains)
{
    const size_t none[] = {0}, third[] = {3}, two[] = {0, 4}, three[] = {1, 2, 6}, link[] = {1, 4};
    expect("equal hosts", &(struct shape){.hosts = 6, .noise = 0.01}, 0, FAULT_HOST, none);
    expect("noise of 15 %", &(struct shape){.hosts = 24, .noise = 0.15, .launches = 8}, 0, FAULT_HOST, none);
    expect("a host at half", &(struct shape){.hosts = 6, .rate = {[3] = 0.5}, .noise = 0.01}, 1, FAULT_HOST,
           third);
    expect("a host at 0.9", &(struct shape){.hosts = 6, .rate = {[3] = 0.9}, .noise = 0.01}, 1, FAULT_HOST,
           third);
    expect("a host at 0.01", &(struct shape){.hosts = 6, .rate = {[3] = 0.01}, .noise = 0.01}, 1, FAULT_HOST,
           third);
    /* Two slow hosts of six are in nine of fifteen pairs. */
    expect("two hosts", &(struct shape){.hosts = 6, .rate = {[0] = 0.7, [4] = 0.5}, .noise = 0.01}, 2,
           FAULT_HOST, two);
    expect("three hosts of eight",
           &(struct shape){.hosts = 8, .rate = {[1] = 0.9, [2] = 0.9, [6] = 0.8}, .noise = 0.01}, 3,
           FAULT_HOST, three);
    expect("a link", &(struct shape){.hosts = 6, .link_a = 1, .link_b = 4, .link = 0.5, .noise = 0.01}, 1,
           FAULT_LINK, link);
    expect("a rack of four", &(struct shape){.hosts = 16, .rack = 4, .rack_rate = 0.9, .noise = 0.01}, 1,
           FAULT_DOMAIN, none);
    expect("a rack of three", &(struct shape){.hosts = 12, .rack = 4, .rack_rate = 0.9, .noise = 0.01}, 1,
           FAULT_DOMAIN, none);
    expect("three hosts of a rack of four are not the rack",
           &(struct shape){.hosts = 16, .rack = 4, .rate = {[1] = 0.9, [2] = 0.9, [3] = 0.9}, .noise = 0.01},
           3, FAULT_HOST, (const size_t[]){1, 2, 3});
}

/* The figures of a fault, computed by hand: a host at 0.8 of the others, without noise. */
Test(scan, figures)
{
    struct scan_verdict verdict = judge(&(struct shape){.hosts = 8, .rate = {[5] = 0.8}});
    cr_assert(verdict.count == 1);
    cr_expect_float_eq(verdict.list[0].delay, -log(0.8), 1e-12);
    cr_expect_float_eq(verdict.list[0].log_time, -log(0.8), 1e-12);
    cr_expect_float_eq(verdict.log_time, 0, 1e-12);
    cr_expect(verdict.list[0].pairs == 21 && verdict.list[0].launches == 3, "7 partners in 3 launches");
    for (size_t h = 0; h < 8; h++) cr_expect(verdict.cleared[h] == (h != 5), "host %zu", h);
    scan_verdict_free(&verdict);
}

/* A launch may be disturbed. What the only launch shows is a suspect; what one of three shows is nothing. */
Test(scan, one_launch_names_nobody)
{
    struct scan_verdict verdict =
        judge(&(struct shape){.hosts = 8, .rate = {[5] = 0.5}, .noise = 0.01, .launches = 1});
    cr_expect(verdict.count == 1 && !verdict.list[0].named && verdict.list[0].a == 5 && !verdict.decided);
    scan_verdict_free(&verdict);
    verdict = judge(&(struct shape){.hosts = 8, .rate = {[5] = 0.5}, .noise = 0.01, .once = true});
    cr_expect(verdict.count == 0 && verdict.decided, "slow once");
    scan_verdict_free(&verdict);
    /* A link that is slow only in the first launch. */
    verdict = judge(
        &(struct shape){.hosts = 8, .link_a = 1, .link_b = 4, .link = 0.5, .noise = 0.01, .once = true});
    cr_expect(verdict.count == 0 && verdict.decided, "a link that was slow once");
    scan_verdict_free(&verdict);
    /* A link that was sound when it was first measured is not named, whatever its later launches show. */
    verdict = judge(
        &(struct shape){.hosts = 8, .link_a = 1, .link_b = 4, .link = 0.5, .noise = 0.01, .late = true});
    cr_expect(verdict.count == 1 && verdict.list[0].kind == FAULT_LINK && !verdict.list[0].named,
              "a link that was slow later");
    scan_verdict_free(&verdict);
}

Test(scan, few_hosts_and_gaps)
{
    struct scan_verdict verdict = judge(&(struct shape){.hosts = 3, .rate = {[2] = 0.5}});
    cr_expect(names(&verdict, FAULT_HOST, 2, 0), "three hosts");
    scan_verdict_free(&verdict);
    verdict = judge(&(struct shape){.hosts = 2});
    cr_expect(verdict.count == 0, "two hosts are one pair");
    scan_verdict_free(&verdict);
    verdict = judge(&(struct shape){.hosts = 6, .absent = 4, .noise = 0.01});
    cr_expect(verdict.count == 0 && !verdict.decided && !verdict.cleared[4] &&
                  isnan(verdict.host_evidence[4]),
              "who was not measured is not cleared");
    scan_verdict_free(&verdict);
    scan_judge(&(struct scan_data){.hosts = 4}, &(struct scan_rule){0.05, 0.01, 0.05}, &verdict);
    cr_expect(verdict.count == 0 && !verdict.decided && isnan(verdict.noise), "nothing measured");
    scan_verdict_free(&verdict);
    /* Two pairs, one of them slow: nothing shows which of its hosts is slow. */
    struct scan_pair pairs[] = {{0, 2, 0, 0}, {1, 3, 0, 0.7}, {0, 2, 1, 0}, {1, 3, 1, 0.7}};
    scan_judge(&(struct scan_data){4, 2, 4, NULL, pairs}, &(struct scan_rule){0.05, 0.01, 0.05}, &verdict);
    cr_expect(verdict.count == 1 && verdict.list[0].kind == FAULT_LINK, "a pair is no host");
    scan_verdict_free(&verdict);
}

/* Measured on six hosts, two of which have links at 0.5 and 0.6 of the rate, on a busy machine. The same
   figures twice stand for two launches. */
Test(scan, two_of_six_do_not_hide_each_other)
{
    static const double gbps[2][15] = {{.695394, .694726, .708207, .686079, .736296, 1.38767, 1.40038,
                                        .861421, 1.3938, 1.30418, .832524, 1.45592, .862878, 1.36132,
                                        .840088},
                                       {1.00439, .839653, .795172, .858693, .833092, 1.8576, 1.54098, 1.09242,
                                        1.96576, 1.99837, 1.2023, 2.06886, 1.05729, 1.81196, 1.12804}};
    struct scan_pair pairs[30];
    struct scan_verdict verdict;
    for (size_t l = 0, n = 0; l < 2; l++)
        for (size_t a = 0, i = 0; a < 6; a++)
            for (size_t b = a + 1; b < 6; b++, i++)
                pairs[n++] = (struct scan_pair){a, b, l, -log(gbps[l][i])};
    scan_judge(&(struct scan_data){6, 2, 30, NULL, pairs}, &(struct scan_rule){0.05, 0.01, 0.05}, &verdict);
    cr_expect(names(&verdict, FAULT_HOST, 0, 0) && names(&verdict, FAULT_HOST, 4, 0), "two of six");
    for (size_t f = 0; f < verdict.count; f++)
        cr_expect(!verdict.list[f].named || verdict.list[f].a == 0 || verdict.list[f].a == 4,
                  "and nobody else");
    scan_verdict_free(&verdict);
}

/* ---- pairs of each round ---- */

static void expect_pairs(const size_t *partner, size_t hosts, size_t out)
{
    size_t sits_out = 0;
    for (size_t h = 0; h < hosts; h++) {
        if (partner[h] == SITS_OUT)
            sits_out++;
        else
            cr_expect(partner[h] < hosts && partner[h] != h && partner[partner[h]] == h, "host %zu", h);
    }
    cr_expect(sits_out == out, "%zu of %zu hosts sit out", sits_out, hosts);
}

Test(scan, every_round_pairs_everybody)
{
    size_t partner[4 * MOST], domain[MOST];
    for (size_t hosts = 2; hosts <= MOST; hosts++)
        for (size_t rack = 1; rack <= 16; rack *= 4) {
            for (size_t h = 0; h < hosts; h++) domain[h] = h / rack;
            scan_next_rounds(&(struct scan_known){.hosts = hosts, .domain = domain}, 4, hosts, partner);
            for (size_t r = 0; r < 4; r++) expect_pairs(partner + r * hosts, hosts, hosts % 2);
        }
}

/* Four racks of 16: the first rounds cross racks evenly, the last stays inside; no two hosts meet twice. */
Test(scan, rounds_cross_racks)
{
    size_t partner[4 * MOST], domain[MOST];
    for (size_t h = 0; h < MOST; h++) domain[h] = h / 16;
    scan_next_rounds(&(struct scan_known){.hosts = MOST, .domain = domain}, 4, 7, partner);
    for (size_t r = 0; r < 4; r++) {
        size_t meetings[4][4] = {{0}};
        for (size_t h = 0; h < MOST; h++) meetings[domain[h]][domain[partner[r * MOST + h]]]++;
        for (size_t x = 0; x < 4; x++)
            for (size_t y = 0; y < 4; y++)
                cr_expect(r == 3   ? meetings[x][y] == (x == y ? 16 : 0)
                          : x == y ? meetings[x][y] == 0
                                   : meetings[x][y] >= 3 && meetings[x][y] <= 8,
                          "round %zu: racks %zu and %zu meet %zu times", r, x, y, meetings[x][y]);
    }
    for (size_t h = 0; h < MOST; h++)
        for (size_t r = 0; r < 4; r++)
            for (size_t q = 0; q < r; q++)
                cr_expect(partner[r * MOST + h] != partner[q * MOST + h], "host %zu meets one twice", h);
}

Test(scan, suspects_meet_hosts_that_measured_well)
{
    enum { HOSTS = 12, ROUNDS = 3 };
    size_t partner[ROUNDS * HOSTS];
    double evidence[HOSTS] = {-9, 4, -8, -1, -1, -7, 6, -1, -6, -1, -1, NAN};
    const struct scan_link link = {3, 4};
    scan_next_rounds(
        &(struct scan_known){.hosts = HOSTS, .evidence = evidence, .again = &link, .again_count = 1}, ROUNDS,
        1, partner);
    size_t repeated = 0;
    for (size_t r = 0; r < ROUNDS; r++) {
        const size_t *of = partner + r * HOSTS;
        expect_pairs(of, HOSTS, 0);
        repeated += of[3] == 4;
        for (size_t suspect = 1; suspect <= 6; suspect += 5) {
            cr_expect(evidence[of[suspect]] <= -6, "round %zu: %zu meets %zu", r, suspect, of[suspect]);
            for (size_t q = 0; q < r; q++)
                cr_expect(of[suspect] != partner[q * HOSTS + suspect], "twice the same");
        }
    }
    cr_expect(repeated == 1, "the link is measured again once in the launch, not %zu times", repeated);
}

/* ---- figures of single ranks ---- */

Test(scan, ranks_that_multiply_slowly)
{
    struct judgement judgement;
    double rate[72], three[3] = {1, 0.85, 1.01}, two[2] = {1, NAN};
    for (size_t r = 0; r < 72; r++) rate[r] = 1 + 0.01 * (double)((int)(r % 3) - 1);
    scan_judge_ranks(rate, 72, 0.1, &judgement);
    cr_expect(judgement.count == 0);
    free(judgement.list);
    rate[17] = 0.8, rate[70] = 0.6, rate[3] = 0.92; /* 0.92 is above the threshold */
    scan_judge_ranks(rate, 72, 0.1, &judgement);
    cr_expect(judgement.count == 2 && judgement.list[0].rank == 70 && judgement.list[1].rank == 17);
    free(judgement.list);
    scan_judge_ranks(three, 3, 0.1, &judgement);
    cr_expect(judgement.count == 1 && judgement.list[0].rank == 1, "few ranks: the threshold alone");
    free(judgement.list);
    scan_judge_ranks(two, 2, 0.1, &judgement);
    cr_expect(judgement.count == 0, "one figure");
    free(judgement.list);
    for (size_t r = 0; r < 72; r++) rate[r] = 1 + 0.15 * (double)((int)(r % 3) - 1);
    scan_judge_ranks(rate, 72, 0.1, &judgement);
    cr_expect(judgement.count == 0, "noise of 15 %% accuses nobody");
    free(judgement.list);
}
