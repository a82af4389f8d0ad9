#include "analysis/scan/scan.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 24 };

/* Hosts with rates, links with factors: a pair runs at the slower end's rate. `noise` alternates, within
 * ±noise. */
static void fill(double *value, size_t n, const double *rate, double noise)
{
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            value[a * n + b] =
                a == b ? NAN : fmin(rate[a], rate[b]) * (1 + noise * (double)((int)((a + b) % 3) - 1));
}

static void expect(const char *what, const double *value, size_t n, size_t count, const size_t (*wanted)[2])
{
    struct judgement judgement;
    scan_judge(value, n, 0.1, &judgement);
    cr_expect(judgement.count == count, "%s: %zu suspects", what, judgement.count);
    for (size_t i = 0; i < count && i < judgement.count; i++)
        cr_expect(judgement.list[i].a == wanted[i][0] && judgement.list[i].b == wanted[i][1], "%s: %zu-%zu",
                  what, judgement.list[i].a, judgement.list[i].b);
    free(judgement.list);
}

Test(scan, hosts_and_links)
{
    double value[MOST * MOST];
    double even[6] = {1, 1, 1, 1, 1, 1}, half[6] = {1, 1, 1, 0.5, 1, 1}, fifth[6] = {1, 0.8, 1, 1, 1, 1},
           two[6] = {0.7, 1, 1, 1, 0.5, 1};
    fill(value, 6, even, 0.01);
    expect("equal hosts", value, 6, 0, NULL);
    fill(value, 6, half, 0.01);
    expect("one at half", value, 6, 1, (const size_t[][2]){{3, 3}});
    fill(value, 6, fifth, 0.01);
    expect("one at 0.8", value, 6, 1, (const size_t[][2]){{1, 1}});
    fill(value, 6, two, 0.01);
    expect("two bad hosts, the worse first", value, 6, 2, (const size_t[][2]){{4, 4}, {0, 0}});
    fill(value, 6, even, 0.01);
    value[1 * 6 + 4] = value[4 * 6 + 1] = 0.5;
    expect("a link is not a host", value, 6, 1, (const size_t[][2]){{1, 4}});
}

/* Measured on six hosts with links at 0.5 and 0.6 of the others', on a busy machine. */
Test(scan, two_of_six_do_not_hide_each_other)
{
    static const double pairs[] = {.695395, .694726, .708207, .686079, .736296, 1.38767, 1.40038, .861421,
                                   1.3938,  1.30418, .832524, 1.45592, .862878, 1.36132, .840088};
    static const double again[] = {1.00439, .839653, .795172, .858693, .833092, 1.8576,  1.54098, 1.09242,
                                   1.96576, 1.99837, 1.2023,  2.06886, 1.05729, 1.81196, 1.12804};
    const double *measured[] = {pairs, again};
    double value[MOST * MOST];
    for (size_t m = 0; m < 2; m++) {
        for (size_t a = 0, i = 0; a < 6; a++)
            for (size_t b = a + 1; b < 6; b++, i++) value[a * 6 + b] = value[b * 6 + a] = measured[m][i];
        expect("two of six", value, 6, 2, (const size_t[][2]){{0, 0}, {4, 4}});
    }
}

Test(scan, few_hosts_and_gaps)
{
    double value[MOST * MOST], three[3] = {1, 1, 0.5}, two[2] = {1, 1};
    fill(value, 3, three, 0);
    expect("three hosts", value, 3, 1, (const size_t[][2]){{2, 2}});
    fill(value, 2, two, 0);
    expect("two hosts are one pair", value, 2, 0, NULL);
    for (size_t i = 0; i < 16; i++) value[i] = NAN;
    value[0 * 4 + 2] = value[2 * 4 + 0] = 1;
    value[1 * 4 + 3] = value[3 * 4 + 1] = 0.5;
    expect("bisecting pairs: a pair, not a host", value, 4, 1, (const size_t[][2]){{1, 3}});
    for (size_t i = 0; i < 16; i++) value[i] = NAN;
    expect("nothing measured", value, 4, 0, NULL);
}

/* Noise of 15 % is noise where sigma can be told. */
Test(scan, a_noisy_cluster_accuses_nobody)
{
    double value[MOST * MOST], even[MOST];
    for (size_t i = 0; i < MOST; i++) even[i] = 1;
    fill(value, MOST, even, 0.15);
    expect("noise", value, MOST, 0, NULL);
}

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
    cr_expect(judgement.count == 2 && judgement.list[0].a == 70 && judgement.list[1].a == 17);
    free(judgement.list);
    scan_judge_ranks(three, 3, 0.1, &judgement);
    cr_expect(judgement.count == 1 && judgement.list[0].a == 1, "few ranks: the threshold alone");
    free(judgement.list);
    scan_judge_ranks(two, 2, 0.1, &judgement);
    cr_expect(judgement.count == 0, "one figure");
    free(judgement.list);
    for (size_t r = 0; r < 72; r++) rate[r] = 1 + 0.15 * (double)((int)(r % 3) - 1);
    scan_judge_ranks(rate, 72, 0.1, &judgement);
    cr_expect(judgement.count == 0, "noise of 15 %% accuses nobody");
    free(judgement.list);
}
