#include "analysis/plan/plan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void write_launch(const char *folder, const struct plan_row *row, const char *args, int ranks,
                         const char *end)
{
    struct text path = {0};
    text_add(&path, "%s/%s.jsonl", folder, row->launch);
    FILE *file = fopen(text_get(&path), "we");
    cr_assert(file);
    fprintf(file,
            "{\"record\":\"launch\",\"schema\":1,\"launch\":\"%s\",\"args\":[%s],\"world\":{\"nodes\":%d,"
            "\"ranks\":%d}}\n%s",
            row->launch, args, (int)row->nodes, ranks, end);
    fclose(file);
    text_free(&path);
}

/* The settings of a measured launch are appended to its arguments, except those that the arguments set. */
Test(plan, is_completed_from_records)
{
    static const char row[] =
        "{\"record\":\"case\",\"key\":\"%s\",\"pass\":0,\"collective\":\"broadcast\",\"mode\":\"%s\","
        "\"placement\":\"out_of_place\",\"sync\":\"%s\",\"cache\":\"cold\",\"memory\":\"host\","
        "\"bytes\":8,\"dtype\":\"%s\",\"root\":3,\"nodes\":4,\"ranks\":8,\"group\":\"world\","
        "\"status\":\"ok\"}\n";
    static const struct {
        const char *args, *wanted;
    } cases[] = {
        {"--sizes 8", "--sizes 8 --datatype float,half --root 3 --placement out_of_place --mode both --sync "
                      "window --cache cold"},
        {"-dfloat --sizes 8 --cache=warm",
         "-dfloat --sizes 8 --cache=warm --root 3 --placement out_of_place --mode both --sync window"},
        {"--mode isolated -r 1 -d half",
         "--mode isolated -r 1 -d half --placement out_of_place --sync window --cache cold"},
    };
    char folder[] = "/tmp/busbar-plan-XXXXXX";
    struct text end = {0}, path = {0};
    cr_assert(mkdtemp(folder));
    text_add(&end, row, "a", "isolated", "window", "float");
    text_add(&end, row, "b", "pipelined", "barrier", "half");
    text_add(&end, row, "c", "isolated", "window", "half --output x"); /* not a single word: ignored */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plan_row rows[] = {{.launch = "other", .key = "k", .driver = "broadcast", .args = "-n 1"},
                                  {.launch = "l-1", .key = "h", .driver = "broadcast", .nodes = 4},
                                  {.launch = "l-2", .key = "h", .driver = "broadcast", .nodes = 4}};
        struct plan plan = {.rows = rows, .count = 3};
        rows[1].args = rows[2].args = cases[i].args;
        if (i == 0) write_launch(folder, &rows[1], "", 8, text_get(&end));
        cr_assert(plan_complete(&plan, folder) == STATUS_OK);
        cr_expect_str_eq(rows[0].args, "-n 1", "a launch that was not measured");
        cr_expect_str_eq(rows[1].args, cases[i].wanted);
        cr_expect_str_eq(rows[2].args, cases[i].wanted, "a repeat of one that was");
        arena_free(&plan.arena);
    }
    text_add(&path, "%s/l-1.jsonl", folder);
    unlink(text_get(&path));
    silence(1);
    struct plan empty = {0};
    cr_expect(plan_complete(&empty, folder) == STATUS_ENVIRONMENT, "a folder without records");
    rmdir(folder);
    text_free(&path);
    text_free(&end);
}

/* A launch of overlap has no cases; its lines say what it measured. */
Test(plan, overlap_and_step_are_completed_from_records)
{
    static const char overlaps[] =
        "{\"record\":\"overlap\",\"collective\":\"all_gather\",\"dtype\":\"float\",\"requested_bytes\":65536,"
        "\"gemm_dtype\":\"double\",\"m\":64,\"n\":32,\"k\":16,\"ratio\":0.25,\"progress\":\"thread\","
        "\"cache\":\"cold\",\"status\":\"ok\"}\n"
        "{\"record\":\"overlap\",\"collective\":\"all_gather\",\"dtype\":\"float\",\"requested_bytes\":65536,"
        "\"gemm_dtype\":\"double\",\"m\":64,\"n\":32,\"k\":16,\"ratio\":2,\"progress\":\"thread\","
        "\"cache\":\"cold\",\"status\":\"ok\"}\n",
                      step[] = "{\"record\":\"case\",\"key\":\"s\",\"pass\":0,\"collective\":\"step\","
                               "\"workload\":\"mine@12\",\"progress\":\"nonblocking\",\"cache\":\"warm\","
                               "\"mode\":\"isolated\",\"nodes\":1,\"ranks\":2,\"status\":\"ok\"}\n";
    char folder[] = "/tmp/busbar-plan-XXXXXX";
    struct plan_row rows[] = {
        {.launch = "o", .key = "o", .driver = "overlap", .args = "--ratio 0.25,2", .nodes = 1},
        {.launch = "s", .key = "s", .driver = "step", .args = "--workload mine", .nodes = 1}};
    struct plan plan = {.rows = rows, .count = 2};
    cr_assert(mkdtemp(folder));
    write_launch(folder, &rows[0], "", 2, overlaps);
    write_launch(folder, &rows[1], "", 2, step);
    cr_assert(plan_complete(&plan, folder) == STATUS_OK);
    cr_expect_str_eq(rows[0].args,
                     "--ratio 0.25,2 --collectives all_gather --sizes 65536 --datatype float "
                     "--gemm-datatype double --shape 64x32x16 --progress-by thread --cache cold");
    cr_expect_str_eq(rows[1].args, "--workload mine --progress-by nonblocking --cache warm");
    for (size_t i = 0; i < 2; i++) {
        struct text path = {0};
        text_add(&path, "%s/%s.jsonl", folder, rows[i].launch);
        unlink(text_get(&path));
        text_free(&path);
    }
    rmdir(folder);
    arena_free(&plan.arena);
}

/* The BLAS of a run's first launch, as arguments for the others. */
Test(plan, launches_use_the_same_blas)
{
    static const struct {
        const char *blas, *algorithms[2], *args, *wanted;
    } cases[] = {
        {"[{\"library\":\"OpenBLAS\",\"kernel\":\"SkylakeX\"}]",
         {"OpenBLAS 0.3.21 SkylakeX, 2 threads", NULL},
         "--shapes 64",
         " --blas-kernel SkylakeX,fastest"},
        {"[{\"library\":\"OpenBLAS\",\"kernel\":\"Cooperlake\"},{\"library\":\"BLIS\",\"kernel\":\"skx\"}]",
         {"BLIS 0.9.0 skx, 2 threads", "BLIS 0.9.0 skx, 2 threads"},
         "",
         " --blas BLIS --blas-kernel Cooperlake,skx,fastest"},
        {"[{\"library\":\"OpenBLAS\",\"kernel\":\"Cooperlake\"},{\"library\":\"BLIS\",\"kernel\":\"skx\"}]",
         {"BLIS 0.9.0 skx, 2 threads", "OpenBLAS 0.3.21 Cooperlake, 2 threads"},
         "",
         " --blas-kernel Cooperlake,skx,fastest"},
        {"[{\"library\":\"OpenBLAS\",\"kernel\":\"Haswell\"}]",
         {NULL, NULL},
         "--blas-kernel=Zen --blas blis",
         ""},
        {"[{\"library\":\"MKL\"},{\"library\":\"NVPL BLAS\"}]", {"NVPL BLAS 0.1", NULL}, "", " --blas NVPL"},
        {"[{\"library\":\"BLIS\",\"kernel\":\"zen3\",\"libraries_tried\":[]}]",
         {"BLIS 0.9.0 zen3, 2 threads", NULL},
         "",
         " --blas BLIS --blas-kernel zen3,fastest"},
        {"[{\"library\":\"OpenBLAS\",\"kernel\":\"SkylakeX\",\"others\":[{\"kernel\":\"Haswell\"}]}]",
         {"OpenBLAS 0.3.21 SkylakeX, 2 threads; 1 other rank: OpenBLAS Haswell", NULL},
         "",
         " --blas-kernel SkylakeX,Haswell,fastest"},
        {"[{\"library\":\"reference BLAS\"},{\"library\":\"x\"}]",
         {"reference BLAS, 1 thread", NULL},
         "",
         ""},
        {"[{\"library\":\"OpenBLAS\",\"kernel\":\"--output /etc\"}]", {NULL, NULL}, "", ""},
        {"null", {"cublasLt 120000 heuristic 1 of 8", NULL}, "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct case_row rows[2] = {case_row_absent(), case_row_absent()};
        struct launch launch = {.header = launch_header_absent(), .cases = rows, .case_count = 2};
        struct text added = {0};
        for (int r = 0; r < 2; r++) rows[r].algorithm = cases[i].algorithms[r];
        json_t *blas = json_loads(cases[i].blas, JSON_DECODE_ANY, NULL);
        launch.header.facts = json_pack("{so}", "blas", blas);
        cr_assert(blas && launch.header.facts);
        plan_add_blas(&launch, cases[i].args, &added);
        cr_expect_str_eq(text_get(&added), cases[i].wanted);
        text_free(&added);
        json_decref(launch.header.facts);
    }
}

Test(plan, states_are_read_from_the_content)
{
    static const char complete[] = "{\"record\":\"end\",\"status\":\"complete\"}\n";
    char folder[] = "/tmp/busbar-plan-XXXXXX";
    struct plan_settings asked = settings();
    struct plan plan;
    asked.drivers = "all_reduce";
    asked.nodes = "4";
    asked.sizes = "8";
    asked.case_seconds = 0;
    cr_assert(mkdtemp(folder) && plan_build(&asked, &plan) == STATUS_OK && plan.count == 6);
    cr_assert_str_eq(plan.rows[0].args, "--sizes 8 --mode both");
    static const char good[] =
        "\"build/all_reduce\",\"--sizes\",\"8\",\"--mode\",\"both\",\"--output\",\"x\"";
    write_launch(folder, &plan.rows[0], good, 8, complete);
    write_launch(folder, &plan.rows[1], good, 8, "");
    write_launch(folder, &plan.rows[2], good, 1, complete);
    write_launch(folder, &plan.rows[3], "\"--sizes\",\"88\",\"--mode\",\"both\"", 8, complete);
    write_launch(folder, &plan.rows[4], good, 8, "{\"record\":\"end\",\"status\":\"interrupted\"}\n");
    plan_read_states(&plan, folder);
    enum launch_state wanted[] = {LAUNCH_DONE,    LAUNCH_PARTIAL, LAUNCH_PARTIAL,
                                  LAUNCH_PARTIAL, LAUNCH_PARTIAL, LAUNCH_TODO};
    for (size_t i = 0; i < 6; i++)
        cr_expect(plan.rows[i].state == wanted[i], "%zu: %s", i, plan.rows[i].why ? plan.rows[i].why : "");
    for (size_t i = 0; i < 6; i++) {
        struct text path = {0};
        text_add(&path, "%s/%s.jsonl", folder, plan.rows[i].launch);
        unlink(text_get(&path));
        text_free(&path);
    }
    rmdir(folder);
    plan_free(&plan);
}

/* Arguments in a plan file can only choose what is measured. */
Test(plan, arguments_of_a_file_only_measure)
{
    static const char *const fine[] = {"",
                                       "-b 8 -e 33554432 -f 2 -d float -o sum --mode both -c 0 -n20",
                                       "--sizes 8,64K",
                                       "--sizes=8",
                                       "-w -1 --backend nccl",
                                       "--blas openblas --threads 2",
                                       "--shapes 64,8x8x8 --phase burst --fault slow,rank=1,us=5"},
                             *const refused[][2] = {{"-b 8 --blas /tmp/x.so", "--blas"},
                                                    {"--blas=/tmp/x.so", "--blas=/tmp/x.so"},
                                                    {"--blas ./x", "--blas"},
                                                    {"--blas x.so", "--blas"},
                                                    {"--blas", "--blas"},
                                                    {"--backend ../x", "--backend"},
                                                    {"--output /etc", "--output"},
                                                    {"--bla x", "--bla"},
                                                    {"-b 8 -J file", "-J"},
                                                    {"--run x", "--run"},
                                                    {"-", "-"},
                                                    {"--", "--"}};
    struct text word = {0};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        cr_expect(plan_args_measure(fine[i], &word), "%s: %s", fine[i], text_get(&word));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        cr_expect(!plan_args_measure(refused[i][0], &word), "%s", refused[i][0]);
        cr_expect_str_eq(text_get(&word), refused[i][1]);
    }
    text_free(&word);
}
