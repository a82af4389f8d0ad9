#include "analysis/compare/site.h"
#include "analysis/report/workload.h"
#include "record/redact.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct step step_of(double communication_s, double computation_s, double spread,
                           enum interval_kind kind)
{
    struct step step = {.ranks = 8, .world = ""};
    step.communication = (struct figure){communication_s, communication_s * (1 - spread),
                                         communication_s * (1 + spread), kind};
    step.computation =
        (struct figure){computation_s, computation_s * (1 - spread), computation_s * (1 + spread), kind};
    double larger = fmax(communication_s, computation_s), sum = communication_s + computation_s;
    step.overlapped = (struct figure){larger, larger * (1 - spread), larger * (1 + spread), kind};
    step.serial = (struct figure){sum, sum * (1 - spread), sum * (1 + spread), kind};
    return step;
}

Test(workload, order_by_the_interval_of_the_ratio)
{
    struct figure ratio;
    struct step a = step_of(1, 2, 0.01, INTERVAL_EXACT), b = step_of(1.2, 2.4, 0.01, INTERVAL_EXACT);
    cr_assert_eq(steps_order(&a, &b, &ratio), ORDER_FASTER);
    cr_assert(fabs(ratio.point - 1 / 1.2) < 1e-12 && fabs(ratio.hi - 1.01 / (1.2 * 0.99)) < 1e-12);
    cr_assert_eq(steps_order(&b, &a, &ratio), ORDER_SLOWER);
    struct step wide = step_of(1.2, 2.4, 0.2, INTERVAL_EXACT), few = step_of(1.2, 2.4, 0.01, INTERVAL_RANGE);
    cr_assert_eq(steps_order(&a, &wide, &ratio), ORDER_UNDECIDED);
    cr_assert_eq(steps_order(&a, &few, &ratio), ORDER_UNDECIDED);
    /* A step that is faster without overlap and slower with full overlap: neither counts as faster. */
    struct step even = step_of(1.9, 1.9, 0.001, INTERVAL_EXACT),
                uneven = step_of(0.5, 2.5, 0.001, INTERVAL_EXACT);
    cr_assert_eq(steps_order(&even, &uneven, &ratio), ORDER_UNDECIDED);
}

static enum status read_table(struct workloads *workloads, const char *content)
{
    static char path[64];
    int fd = memfd_create("workloads.tsv", MFD_CLOEXEC);
    size_t length = strlen(content);
    cr_assert(fd >= 0 && write(fd, content, length) == (ssize_t)length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    silence(1);
    enum status status = workloads_read(workloads, &(struct catalog){0}, path);
    silence(0);
    close(fd);
    return status;
}

#define HEADER "workload\tpart\tdtype\tbytes\tcount\tflops\ttokens\tnote\n"

Test(workload, table)
{
    struct workloads workloads;
    cr_assert_eq(read_table(&workloads,
                            "# words\n" HEADER
                            "w\tall_reduce\t\t1G\t3\t\t\tn\nw\tmatmul\tbfloat16\t\t\t2e15\t4096\t\n"
                            "v\talltoall\t\t8\t1\t\t\t\n"
                            "v\talltoallv:1.5:7\t\t96M\t2\t\t\t\nv\talltoallv:1.50:07\t\t96M\t3\t\t\t\n"
                            "v\talltoallv:1.5:7:send\t\t96M\t4\t\t\t\nu\tmatmul\tx\t\t\t1\t\t\n"
                            "t\tall_reduce\tfloat\t8\t2\t\t\t\nt\tall_reduce\tbfloat16\t8\t3\t\t\t\n"
                            "t\tall_reduce\tfloat\t8\t4\t\t\t\n"),
                 STATUS_OK);
    const struct workload *w = workload_find(&workloads, "w");
    cr_assert(w && w->part_count == 1 && w->parts[0].bytes == 1 << 30 && w->parts[0].count == 3 &&
              w->flops == 2e15 && w->tokens == 4096);
    const struct workload *u = workload_find(&workloads, "u");
    cr_assert(u && u->flops == 1 && isnan(u->tokens));
    const struct workload *v = workload_find(&workloads, "v");
    cr_assert(isnan(v->flops) && isnan(v->tokens) && v->part_count == 3 && !v->parts[0].imbalance);
    cr_expect_str_eq(v->parts[1].collective, "alltoallv");
    cr_expect_str_eq(v->parts[1].imbalance, "1.5:7");
    cr_expect_eq(v->parts[1].count, 5, "two spellings of one part");
    cr_expect_str_eq(v->parts[2].name, "alltoallv:1.5:7:send");
    cr_expect_str_eq(v->parts[2].imbalance, "1.5:7:send");
    const struct workload *t = workload_find(&workloads, "t"); /* calls of unlike types are not added up */
    cr_assert(t && t->part_count == 2 && t->parts[0].count == 6 && t->parts[1].count == 3);
    cr_expect_str_eq(t->parts[1].dtype, "bfloat16");
    cr_assert_null(workload_find(&workloads, "x"));
    workloads_free(&workloads);
    static const char *const bad[] = {"a\tb\n",
                                      HEADER "w\tall_reduce\t\t-1\t3\t\t\t\n",
                                      HEADER "w\tall_reduce\t\t1G\tmany\t\t\t\n",
                                      HEADER "w\talltoallv\t\t1G\t1\t\t\t\n",
                                      HEADER "w\talltoallv:\t\t1G\t1\t\t\t\n",
                                      HEADER "w\talltoallv:x\t\t1G\t1\t\t\t\n",
                                      HEADER "w\talltoallv:0.5\t\t1G\t1\t\t\t\n",
                                      HEADER "w\talltoallv:1.5,2\t\t1G\t1\t\t\t\n",
                                      HEADER "w\talltoallv:1.5:x\t\t1G\t1\t\t\t\n",
                                      HEADER "w\talltoall:1.5\t\t1G\t1\t\t\t\n",
                                      HEADER "w\tteleport\t\t1G\t1\t\t\t\n",
                                      HEADER "w\tmatmul\tbf16\t\t\t0\t\t\n",
                                      HEADER "w\tmatmul\tbf16\t\t\t1\t0\t\n",
                                      HEADER "w\tmatmul\tbf16\t\t\t1\tmany\t\n",
                                      HEADER "\tall_reduce\t\t1G\t3\t\t\t\n",
                                      HEADER "my job\tall_reduce\t\t1G\t3\t\t\t\n",
                                      HEADER "w/x\tall_reduce\t\t1G\t3\t\t\t\n",
                                      HEADER "w@x\tall_reduce\t\t1G\t3\t\t\t\n",
                                      HEADER "w\n",
                                      HEADER "w\tmatmul\tx\t\t\t1\t\t\nw\tmatmul\tx\t\t\t1\t\t\n",
                                      HEADER "w\tall_reduce\t\t1G\t3\t\t\t\tmore\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(read_table(&workloads, bad[i]), STATUS_ENVIRONMENT, "%s", bad[i]);
}

#define COLUMNS "workload\tpart\tgroup\tdtype\tshape\tbytes\tcount\tloop\toverlap\tflops\ttokens\tnote\n"

Test(workload, steps_in_order)
{
    struct workloads workloads;
    cr_assert_eq(read_table(&workloads,
                            COLUMNS "w\tmatmul\t\tfloat\t8x16x32\t\t3\tup:5\t\t\t64\tfirst\n"
                                    "w\tall_gather\tdata+expert:2\tfloat\t\t1M\t1\tup:5\tboth\t\t\t\n"
                                    "w\tmatmul\t\tfloat\t8x16x32\t\t1\tup:5\tboth\t\t\t\n"
                                    "w\tall_gather\texpert+data\t\t\t1M\t2\t\t\t\t\tlast\n"
                                    "w\tall_gather\ttensor:4\t\t\t1M\t2\n"),
                 STATUS_OK);
    const struct workload *w = workload_find(&workloads, "w");
    cr_assert(w && w->row_count == 5 && w->tokens == 64 && !w->types_differ);
    /* 2 x 8 x 16 x 32 FLOPs, (3 + 1) calls in 5 iterations */
    cr_expect_float_eq(w->flops, 2.0 * 8 * 16 * 32 * 4 * 5, 0);
    cr_expect(w->rows[0].m == 8 && w->rows[0].n == 16 && w->rows[0].k == 32 && w->rows[0].count == 3 &&
              w->rows[0].times == 5 && !w->rows[0].overlap && !w->rows[0].collective);
    cr_expect(w->rows[1].collective->id == ALL_GATHER && w->rows[1].line == 3 &&
              w->rows[1].axes == (1u << PARALLEL_DATA | 1u << PARALLEL_EXPERT));
    cr_expect_str_eq(w->rows[1].loop, "up");
    cr_expect_str_eq(w->rows[1].overlap, "both");
    cr_expect(w->rows[3].times == 1 && !w->rows[3].loop && !w->rows[3].overlap && !w->rows[3].dtype);
    cr_expect(w->sizes[PARALLEL_TENSOR] == 4 && w->sizes[PARALLEL_EXPERT] == 2 &&
              w->sizes[PARALLEL_DATA] == 0);
    /* calls of the same collective, size and group are one part, however the group is written */
    cr_assert_eq(w->part_count, 2);
    cr_expect(w->parts[0].count == 1 * 5 + 2 && same(w->parts[0].group, "expert+data") &&
              same(w->parts[0].note, "last"));
    cr_expect_str_eq(w->parts[1].group, "tensor");
    workloads_free(&workloads);
    static const char *const bad[] = {
        "w\tmatmul\t\tx\t8x16\t\t1\n",                               /* two dimensions */
        "w\tmatmul\t\tx\t8x16x0\t\t1\n",                             /* a dimension of 0 */
        "w\tmatmul\t\tx\t8x16x32x64\t\t1\n",                         /* four dimensions */
        "w\tmatmul\t\tx\t8x16x32\t\t\n",                             /* no count */
        "w\tmatmul\t\tx\t8x16x32\t\t1\t\t\t5\n",                     /* flops and a shape */
        "w\tmatmul\ttensor\tx\t8x16x32\t\t1\n",                      /* the group of a matmul */
        "w\tmatmul\t\tx\t\t\t\t\t\t5\nw\tmatmul\t\tx\t8x8x8\t\t1\n", /* after one without a shape */
        "w\tmatmul\t\tx\t8x8x8\t\t1\nw\tmatmul\t\tx\t\t\t\t\t\t5\n", /* before one without a shape */
        "w\tall_reduce\t\t\t8x8x8\t8\t1\n",                          /* the shape of a collective */
        "w\tall_reduce\t\tflaot\t\t8\t1\n",                          /* an unknown type */
        "w\tall_reduce\ttensor+tensor\t\t\t8\t1\n",                  /* an axis twice */
        "w\tall_reduce\tcontext\t\t\t8\t1\n",                        /* an unknown axis */
        "w\tall_reduce\tdata:2\t\t\t8\t1\n",                         /* a number for data */
        "w\tall_reduce\ttensor:0\t\t\t8\t1\n",                       /* 0 ranks */
        "w\tall_reduce\ttensor:2\t\t\t8\t1\nw\tall_reduce\ttensor:4\t\t\t8\t1\n", /* two sizes */
        "w\tall_reduce\t\t\t\t8\t1\tup\n",                                        /* no iterations */
        "w\tall_reduce\t\t\t\t8\t1\tup:0\n",                                      /* 0 iterations */
        "w\tall_reduce\t\t\t\t8\t1\t:2\n",                                        /* no name */
        "w\tall_reduce\t\t\t\t8\t1\tup:2\nw\tall_reduce\t\t\t\t8\t1\tup:3\n", /* two numbers of iterations */
        "w\tall_reduce\t\t\t\t8\t1\tup:2\nw\tall_reduce\t\t\t\t8\t1\n"
        "w\tall_reduce\t\t\t\t8\t1\tup:2\n",   /* the loop has ended */
        "w\tall_reduce\t\t\t\t8\t1\t\tboth\n", /* no matmul in the overlap */
        "w\tall_reduce\t\t\t\t8\t1\t\tboth\nw\tmatmul\t\tx\t8x8x8\t\t1\tup:2\tboth\n", /* two loops */
        "w\tall_reduce\t\t\t\t8\t1\t\tboth\nw\tmatmul\t\tx\t8x8x8\t\t1\t\tboth\n"
        "w\tall_reduce\t\t\t\t8\t1\nw\tmatmul\t\tx\t8x8x8\t\t1\t\tboth\n", /* the overlap has ended */
        "w\tall_reduce\t\t\t\t8\t1\t\t\t\t5\nw\tall_reduce\t\t\t\t8\t1\t\t\t\t5\n", /* tokens twice */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char table[400];
        snprintf(table, sizeof table, "%s%s", COLUMNS, bad[i]);
        cr_expect_eq(read_table(&workloads, table), STATUS_ENVIRONMENT, "%s", bad[i]);
    }
}

/* The models in busbar's table transfer and compute what their papers say. */
Test(workload, models)
{
    struct workloads workloads;
    struct text folder = {0};
    cr_assert_eq(catalog_folder(&folder), STATUS_OK);
    text_add(&folder, "/workloads.tsv");
    cr_assert_eq(workloads_read(&workloads, &(struct catalog){0}, text_get(&folder)), STATUS_OK);
    /* 6 x weights x tokens; the embedding is looked up, not multiplied, but the head is */
    const double gpt2 = 12 * (2304 + 768 + 3072 + 3072) * 768.0 + 50257 * 768.0,
                 llama = 80 * (10240 + 8192 + 3 * 28672) * 8192.0 + 128256 * 8192.0;
    const struct {
        const char *name;
        double flops, bytes;
    } models[] = {{"gpt2-ddp", 6 * gpt2 * 128, 19 * 26214400.0},
                  /* all_gather twice and reduce_scatter once; the weights outside the layers once */
                  {"gpt2-fsdp", 6 * gpt2 * 128, 4 * (3 * 12 * 7087872.0 + 2 * 39385344.0)},
                  {"gpt2-tp", 6 * (gpt2 - 50257 * 768.0 + 2 * 25129 * 768.0) * 256 / 2, 50 * 256 * 768 * 4.0},
                  {"llama-70b-fsdp", 6 * llama * 8192, 2 * (3 * 80 * 855654400.0 + 2 * 2101354496.0)}};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        const struct workload *w = workload_find(&workloads, models[i].name);
        double bytes = 0;
        cr_assert(w, "%s", models[i].name);
        for (size_t p = 0; p < w->part_count; p++) bytes += w->parts[p].count * (double)w->parts[p].bytes;
        cr_expect_float_eq(w->flops / models[i].flops, 1, 1e-9, "%s: %g", w->name, w->flops);
        cr_expect_float_eq(bytes / models[i].bytes, 1, 1e-9, "%s: %g", w->name, bytes);
    }
    workloads_free(&workloads);
    text_free(&folder);
}

/* A run of two launches on known hosts: redacted texts contain no name, and equal names get equal aliases. */
Test(redact, consistent)
{
    struct archive archive = {.launches = allocate(2, sizeof(struct launch)), .count = 2};
    struct world_host hosts[2] = {{.name = "node1.cluster.example"}, {.name = "node12"}};
    for (int i = 0; i < 2; i++) {
        struct launch *launch = &archive.launches[i];
        launch->path = "/data/node12/l.jsonl";
        launch->header = launch_header_absent();
        launch->header.run = "r";
        launch->header.hosts = arena_memory(&archive.arena, sizeof hosts);
        memcpy(launch->header.hosts, hosts, sizeof hosts);
        launch->header.host_count = 2;
        launch->header.facts = json_pack(
            "{s:s, s:s, s:{s:s}, s:s}", "seen", "node12 and node1, (node1.cluster.example); node123 node1-x",
            "board_serial", "A/77", "gpu", "uuid", "GPU-01234567-89ab-cdef-0123-456789abcdef", "again",
            "A/77 of GPU-01234567-89ab-cdef-0123-456789abcdef!");
    }
    /* hosts that header.hosts does not list: node77 of the rank that waits longest, node88 of a GPU */
    struct case_row row = case_row_absent();
    row.rank_wait_us.host = "node77", row.error = "lost node77 and node88";
    archive.launches[0].cases = &row, archive.launches[0].case_count = 1;
    json_object_set_new(archive.launches[0].header.facts, "gpus", json_pack("[{s:s}]", "host", "node88"));
    redact_archive(&archive);
    const struct launch_header *header = &archive.launches[1].header;
    cr_assert_str_eq(header->hosts[0].name, "host-1");
    cr_assert_str_eq(header->hosts[1].name, "host-2");
    cr_assert_str_eq(fact_text(header->facts, "seen"), "host-2 and host-1, (host-1); node123 host-1-x");
    cr_assert_str_eq(fact_text(header->facts, "board_serial"), "serial-1");
    cr_assert_str_eq(fact_text(header->facts, "gpu.uuid"), "GPU-uuid-1");
    cr_assert(strstr(fact_text(header->facts, "again"), "uuid-1"));
    cr_assert_null(strstr(fact_text(header->facts, "again"), "01234567"));
    cr_assert_str_eq(archive.launches[0].path, "/data/host-2/l.jsonl");
    cr_assert_str_eq(fact_text(archive.launches[0].header.facts, "gpus.0.host"), "host-3");
    cr_assert_str_eq(row.rank_wait_us.host, "host-4");
    cr_assert_str_eq(row.error, "lost host-4 and host-3");
    for (int i = 0; i < 2; i++) json_decref(archive.launches[i].header.facts);
    free(archive.launches);
    arena_free(&archive.arena);
}

/* The catalog describes links between GPUs. A case in host memory has no bound from it and no NVLink domain,
   even on the same machine. */
Test(site, bounds_are_for_what_ran_on_gpus)
{
    static const char clouds[] =
        "provider\tinstance\tgpu\tgpus_per_vm\tgpus_per_nvlink_domain\tnvlink_gbps_per_direction\tnic_gbit_"
        "per_gpu"
        "\tfabric\tusd_per_gpu_hour\naws\tp5.48xlarge\tH100\t8\t8\t450\t400\tEFAv2\t6.88\n",
                      gpus[] =
                          "gpu\tbf16\tfp8\tnvlink_gbps_per_direction\tnvls\nH100\t989.5\t1979\t450\tyes\n";
    struct catalog catalog = {0};
    cr_assert_eq(catalog_parse(&catalog, clouds, sizeof clouds - 1, gpus, sizeof gpus - 1), STATUS_OK);
    struct launch launch = {.header = launch_header_absent()};
    const struct launch *launches[] = {&launch};
    launch.header.cloud_instance = "p5.48xlarge", launch.header.ranks = 16, launch.header.nodes = 2;
    /* where the nccl backend and cublaslt record the model (bench/gpu/device.c) */
    launch.header.facts =
        json_pack("{s:{s:s, s:s}}", "gpu", "model", "NVIDIA H100 80GB HBM3", "uuid", "GPU-0");
    struct case_row row = case_row_absent();
    row.collective = "all_reduce", row.bytes = 1 << 30, row.ranks = 16, row.nodes = 2, row.group = "world";
    struct case_summary lines[2] = {{.row = &row,
                                     .launch = &launch,
                                     .conditions.domains = ABSENT,
                                     .launches = 1,
                                     .bound_us = NAN,
                                     .algbw_gbps = {100, 100, 100, INTERVAL_NONE}}};
    struct run_summary run = {.launches = launches,
                              .launch_count = 1,
                              .instance = launch.header.cloud_instance,
                              .gpu = launch_gpu(&launch.header),
                              .cases = lines,
                              .case_count = 1};
    struct site site = site_of(&catalog, &run);
    struct arena arena = {0};
    struct machine machine;
    cr_assert(site.gpu && site.instance);
    cr_expect_str_eq(site.gpu_name, "NVIDIA H100 80GB HBM3");
    row.memory = MEMORY_DEVICE;
    cr_expect(site_machine(&site, lines, &machine) && machine.domains == 2);
    site_bounds(&site, &run, &arena);
    /* 2 S (N - 1) / (N G Bi) = S / (8 x 50 GB/s); S (1 + 1/8) / 450 GB/s is less */
    cr_expect_float_eq(lines[0].bound_us, 1073741824.0 / 400e9 * 1e6, 1e-6);
    row.memory = MEMORY_HOST, lines[0].bound_us = NAN, lines[0].bound = NULL;
    cr_expect_not(site_machine(&site, lines, &machine));
    site_bounds(&site, &run, &arena);
    cr_expect(isnan(lines[0].bound_us) && !lines[0].bound);
    cr_expect_eq(site_scope(&site, lines), SCOPE_HOSTS); /* host memory has no NVLink */
    row.nodes = launch.header.nodes = 1;
    cr_expect_eq(site_scope(&site, lines), SCOPE_HOST);
    for (int scope = 0; scope < SCOPE_COUNT; scope++) cr_expect(scope_names[scope]);
    json_decref(launch.header.facts);
    arena_free(&arena);
    catalog_free(&catalog);
}
