/* What a plan takes from records and files: settings of measured launches, states of launches, arguments. */
#include "analysis/plan/plan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
Test(plan_records, is_completed_from_records)
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
Test(plan_records, overlap_and_step_are_completed_from_records)
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
Test(plan_records, launches_use_the_same_blas)
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

Test(plan_records, states_are_read_from_the_content)
{
    static const char complete[] = "{\"record\":\"end\",\"status\":\"complete\"}\n";
    char folder[] = "/tmp/busbar-plan-XXXXXX";
    struct plan_settings asked = {.drivers = "all_reduce",
                                  .nodes = "4",
                                  .groups = "world",
                                  .domains = DOMAINS_PACKED,
                                  .mode = MODE_BOTH,
                                  .sizes = "8",
                                  .available = 4,
                                  .ranks_per_node = 2,
                                  .launches = 6,
                                  .seed = 1};
    struct plan plan;
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
Test(plan_records, arguments_of_a_file_only_measure)
{
    static const char *const fine[] = {"",
                                       "-b 8 -e 33554432 -f 2 -d float -o sum --mode both -c 0 -n20",
                                       "--sizes 8,64K",
                                       "--sizes=8",
                                       "-w -1 --backend nccl",
                                       "--blas openblas --threads 2",
                                       "--shapes 64,8x8x8 --phase burst --fault slow,rank=1,us=5",
                                       "--group match:0-1/2-3,rails:0 --precision 1%"},
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
                                                    {"--", "--"},
                                                    {"-b 8 $(touch x)", "$(touch"},
                                                    {"-b `x`", "`x`"},
                                                    {"--sizes=8;x", "--sizes=8;x"},
                                                    {"-b 8 | x", "|"},
                                                    {"-b 8 >x", ">x"},
                                                    {"-d 'a", "'a"},
                                                    {"-w -1&", "-1&"},
                                                    {"-b 8\nx", "8\nx"},
                                                    {"-b *", "*"},
                                                    {"-b ~", "~"},
                                                    {"#", "#"}};
    struct text word = {0};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        cr_expect(plan_args_measure(fine[i], &word), "%s: %s", fine[i], text_get(&word));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        cr_expect(!plan_args_measure(refused[i][0], &word), "%s", refused[i][0]);
        cr_expect_str_eq(text_get(&word), refused[i][1]);
    }
    text_free(&word);
}
