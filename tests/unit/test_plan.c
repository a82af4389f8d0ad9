#include "analysis/plan/plan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct plan_settings settings(void)
{
    return (struct plan_settings){.drivers = "all_reduce,all_gather,matmul",
                                  .nodes = "auto",
                                  .groups = "world",
                                  .domains = DOMAINS_PACKED,
                                  .mode = MODE_BOTH,
                                  .begin = 8,
                                  .end = 64 << 20,
                                  .factor = 4,
                                  .available = 4,
                                  .ranks_per_node = 2,
                                  .launches = 6,
                                  .seed = 1,
                                  .case_seconds = 0.5,
                                  .start_seconds = 3};
}

Test(plan, node_counts)
{
    int64_t *counts;
    size_t n;
    cr_assert(plan_nodes("auto", 18, &counts, &n) == STATUS_OK && n == 6); /* 1 2 4 8 16 18 */
    cr_expect(counts[4] == 16 && counts[5] == 18);
    free(counts);
    cr_assert(plan_nodes("auto", 1, &counts, &n) == STATUS_OK && n == 1 && counts[0] == 1);
    free(counts);
    cr_assert(plan_nodes("4,1,all,4", 4, &counts, &n) == STATUS_OK && n == 2 && counts[0] == 1 &&
              counts[1] == 4);
    free(counts);
    const char *bad[] = {"", "0", "5", "1,", "x", "-1", "1,two", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(plan_nodes(bad[i], 4, &counts, &n) == STATUS_USAGE, "%s", bad[i]);
}

/* Collectives on 1, 2 and 4 nodes and matmul on 4: four launches, six times. Each repetition is a block of
 * all four. */
Test(plan, blocks_hold_every_launch_once)
{
    struct plan_settings asked = settings();
    struct plan plan, again;
    cr_assert(plan_build(&asked, &plan) == STATUS_OK && plan.count == 24);
    for (size_t block = 0; block < 6; block++)
        for (size_t i = 0; i < 4; i++) {
            cr_expect(plan.rows[4 * block + i].repeat == (int64_t)block + 1);
            for (size_t j = 0; j < i; j++)
                cr_expect(!same(plan.rows[4 * block + i].key, plan.rows[4 * block + j].key));
        }
    for (size_t i = 0; i < 24; i++)
        if (same(plan.rows[i].driver, "matmul")) cr_expect(plan.rows[i].nodes == 4);
    cr_assert(plan_build(&asked, &again) == STATUS_OK);
    for (size_t i = 0; i < 24; i++)
        cr_expect(same(plan.rows[i].launch, again.rows[i].launch), "the same seed, the same order");
    plan_free(&again);
    asked.seed = 2;
    cr_assert(plan_build(&asked, &again) == STATUS_OK);
    size_t moved = 0;
    for (size_t i = 0; i < 24; i++) moved += !same(plan.rows[i].launch, again.rows[i].launch);
    cr_expect(moved > 0, "another seed, another order");
    plan_free(&plan);
    plan_free(&again);
}

static size_t shared(const struct plan *a, const struct plan *b)
{
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++) count += same(a->rows[i].launch, b->rows[j].launch);
    return count;
}

Test(plan, a_changed_plan_keeps_what_it_can)
{
    struct plan_settings asked = settings();
    struct plan small, large;
    cr_assert(plan_build(&asked, &small) == STATUS_OK);
    asked.launches = 10;
    asked.available = 8;
    asked.seed = 7;
    cr_assert(plan_build(&asked, &large) == STATUS_OK);
    cr_expect(shared(&small, &large) == 18, "all but matmul, which now runs on 8 nodes");
    plan_free(&large);
    asked = settings();
    asked.end = 128 << 20;
    cr_assert(plan_build(&asked, &large) == STATUS_OK);
    cr_expect(shared(&small, &large) == 6, "matmul alone");
    plan_free(&large);
    plan_free(&small);
}

Test(plan, sizes_are_content_not_spelling)
{
    struct plan_settings asked = settings();
    struct plan a, b;
    asked.sizes = "1M,64K";
    cr_assert(plan_build(&asked, &a) == STATUS_OK);
    asked.sizes = "1048576,65536";
    cr_assert(plan_build(&asked, &b) == STATUS_OK);
    cr_expect(shared(&a, &b) == a.count);
    plan_free(&a);
    plan_free(&b);
}

/* 8 B to 16 GiB by factors of two are 32 sizes; two collectives in two modes make 128 cases of at most 0.25 s
 * after 10 s. Each of matmul's three types takes a burst of at most 1 s and 30 s sustained. Six launches of
 * both: 14.5 min. */
Test(plan, gpus_have_defaults_of_their_own)
{
    struct plan_settings asked = settings();
    struct plan plan;
    double sum = 0;
    asked.end = asked.factor = 0;
    asked.case_seconds = asked.start_seconds = 0;
    asked.available = asked.gpus = 1;
    plan_set_defaults(&asked);
    cr_assert(plan_build(&asked, &plan) == STATUS_OK && plan.count == 12);
    for (size_t i = 0; i < plan.count; i++) {
        bool matmul = same(plan.rows[i].driver, "matmul");
        sum += plan.rows[i].estimate_s;
        cr_expect(plan.rows[i].cases == (matmul ? 6 : 128));
        cr_expect_float_eq(plan.rows[i].estimate_s, matmul ? 10 + 3 * 31.0 : 10 + 128 * 0.25, 1e-9);
        if (matmul)
            cr_expect_str_eq(plan.rows[i].args,
                             "--shapes 8192 --datatype bfloat16,fp8_e4m3,nvfp4 --sustain 30");
    }
    cr_expect_float_eq(sum, 870, 1e-9);
    plan_free(&plan);
}

/* Three shapes of two types, each with a burst of at most 1 s and 1 s sustained, after 3 s; presets have four
 * shapes. */
Test(plan, estimates_of_matmul_on_cpus)
{
    static const struct {
        const char *shapes;
        double estimate_s;
    } wanted[] = {{NULL, 15}, {"512", 7}, {"square,512", 23}, {"transformer", 19}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct plan_settings asked = settings();
        struct plan plan;
        asked.drivers = "matmul";
        asked.shapes = wanted[i].shapes;
        plan_set_defaults(&asked);
        cr_assert(plan_build(&asked, &plan) == STATUS_OK);
        cr_expect_float_eq(plan.rows[0].estimate_s, wanted[i].estimate_s, 1e-9, "%zu", i);
        plan_free(&plan);
    }
}

/* On 1, 2 and 4 nodes: overlap with 2 collectives x 2 ratios x 2 policies of at most 2 s each, and two
 * workloads. They have no groups. */
Test(plan, overlap_and_step)
{
    struct plan_settings asked = settings();
    struct plan plan;
    asked.drivers = "step,overlap";
    asked.groups = "node";
    asked.workloads = "gpt2-ddp,mine";
    asked.overlap_args =
        (struct option_list){(const char *[]){"--collectives all_gather,reduce_scatter --ratio=1,2",
                                              "--max-seconds 2 --cta default,8"},
                             2};
    asked.step_args = (struct option_list){(const char *[]){"--max-seconds=5m --tensor 2"}, 1};
    cr_assert(plan_build(&asked, &plan) == STATUS_OK);
    cr_expect(plan.count == 3 * 3 * 6);
    size_t overlaps = 0, steps = 0;
    for (size_t i = 0; i < plan.count; i++) {
        const struct plan_row *row = &plan.rows[i];
        const bool overlap = same(row->driver, "overlap");
        overlaps += overlap && same(row->args, "--collectives all_gather,reduce_scatter --ratio=1,2 "
                                               "--max-seconds 2 --cta default,8");
        steps += same(row->driver, "step") && same(row->args, "--workload mine --max-seconds=5m --tensor 2");
        cr_expect(same(row->group, "world") && row->cases == (overlap ? 8 : 1));
        cr_expect(strncmp(row->launch, row->driver, strlen(row->driver)) == 0, "%s", row->launch);
        cr_expect_float_eq(row->estimate_s, overlap ? 3 + 8 * 2 : 3 + 300, 1e-9, "%s", row->launch);
    }
    cr_expect(overlaps == 18 && steps == 18);
    plan_free(&plan);
    silence(1);
    const char *refused[] = {"gpt2-ddp,gpt2-ddp", "gpt2-ddp,", "a b", "-n", "/etc/x"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        asked.workloads = refused[i];
        cr_expect(plan_build(&asked, &plan) == STATUS_USAGE, "%s", refused[i]);
    }
    asked.workloads = "gpt2-ddp";
    asked.step_args = (struct option_list){(const char *[]){"--workloads mine.tsv"}, 1};
    cr_expect(plan_build(&asked, &plan) == STATUS_USAGE);
}

Test(plan, small_counts_side_by_side)
{
    struct plan_settings asked = settings();
    struct plan plan;
    asked.concurrent = 1;
    asked.nodes = "1,2,3,4";
    asked.launches = 1;
    asked.drivers = "all_reduce";
    cr_assert(plan_build(&asked, &plan) == STATUS_OK && plan.count == 2); /* 3 does not divide 4 */
    for (size_t i = 0; i < 2; i++)
        cr_expect(plan.rows[i].nodes == 3 ? same(plan.rows[i].group, "world")
                                          : same(plan.rows[i].group, "2,4,world"));
    plan_free(&plan);
}

Test(plan, bad_settings)
{
    struct plan plan;
    enum { BAD = 14 };
    struct plan_settings bad[BAD];
    for (size_t i = 0; i < BAD; i++) bad[i] = settings();
    struct option_list spaced = {(const char *[]){"--matrix 'a b'"}, 1};
    silence(1);
    bad[0].drivers = "all_reduce,nothing";
    bad[1].drivers = "all_reduce,all_reduce";
    bad[2].datatypes = "float,flaot";
    bad[3].begin = 1 << 30;
    bad[4].driver_args = spaced;
    bad[5].sizes = "8,x";
    bad[6].groups = "";
    bad[7].groups = "world,wrld";
    bad[8].groups = "match:0-1/1-2"; /* host 1 twice */
    bad[9].drivers = "matmul";
    bad[9].shapes = "4096,foo";
    bad[10].matmul_types = "bfloat16,flaot";
    bad[11].matmul_types = "bfloat16,int8"; /* a type of the collectives only */
    bad[12].matmul_types = "float,";
    bad[13].matmul_types = "float half";
    for (size_t i = 0; i < BAD; i++) cr_expect(plan_build(&bad[i], &plan) == STATUS_USAGE, "%zu", i);
}

/* A value of --driver-arg may hold several words, which reach the driver one by one. */
Test(plan, words_of_driver_arg)
{
    struct plan_settings asked = settings();
    struct plan plan;
    asked.drivers = "all_reduce";
    asked.driver_args = (struct option_list){(const char *[]){"-n 20  -w 5", " ", "--passes=1"}, 3};
    cr_assert(plan_build(&asked, &plan) == STATUS_OK);
    const char *words = strstr(plan.rows[0].args, " -n 20 -w 5 --passes=1");
    cr_expect(words && same(words, " -n 20 -w 5 --passes=1"), "%s", plan.rows[0].args);
    plan_free(&plan);
    silence(1);
    const char *refused[] = {"-n\x1b[2J", "--itres=5", "--matrix cells.txt", "--output none"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        asked.driver_args = (struct option_list){&refused[i], 1};
        cr_expect(plan_build(&asked, &plan) == STATUS_USAGE, "%s", refused[i]);
    }
}

/* 576 hosts with 4 ranks: the size of a plan grows with the logarithm of the number of hosts. */
Test(plan, scale)
{
    struct plan_settings asked = settings();
    struct plan plan;
    asked.available = 576;
    asked.ranks_per_node = 4;
    cr_assert(plan_build(&asked, &plan) == STATUS_OK);
    cr_expect(plan.count == 12 * 6); /* 1 … 512, 576, and matmul */
    plan_free(&plan);
}

/* "all", as the drivers take it. */
Test(plan, all_types_and_operations)
{
    struct plan_settings asked = settings();
    struct plan plan;
    asked.drivers = "all_reduce,matmul";
    asked.sizes = "8";
    asked.mode = MODE_ISOLATED;
    asked.launches = 1;
    asked.available = 1;
    asked.datatypes = asked.ops = asked.matmul_types = "all";
    cr_assert(plan_build(&asked, &plan) == STATUS_OK && plan.count == 2);
    for (size_t i = 0; i < 2; i++) {
        bool matmul = multiplies(plan.rows[i].driver);
        cr_expect(strstr(plan.rows[i].args, matmul ? "--datatype all" : "-d all -o all"), "%s",
                  plan.rows[i].args);
        if (!matmul) cr_expect_eq(plan.rows[i].cases, 14 * 6); /* 14 types, 6 operations */
    }
    plan_free(&plan);
}
