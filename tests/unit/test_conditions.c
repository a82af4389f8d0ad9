#include "analysis/compare/conditions.h"
#include "analysis/compare/launches.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct launch launch_of(struct world_host *hosts, size_t n, int64_t domains, json_t *facts)
{
    struct launch launch = {.path = "r/l.jsonl", .header = launch_header_absent()};
    launch.header.backend = "nccl", launch.header.ranks = 8, launch.header.nodes = (int64_t)n;
    launch.header.domains = domains, launch.header.hosts = hosts, launch.header.host_count = n;
    launch.header.facts = facts;
    return launch;
}

static void expect_key(const struct launch *launch, const struct case_row *row, const char *expected)
{
    struct arena arena = {0};
    struct text key = {0};
    struct conditions conditions = conditions_of(launch, row, &arena);
    conditions_key(&conditions, &key);
    cr_expect_str_eq(text_get(&key), expected);
    text_free(&key);
    arena_free(&arena);
}

Test(conditions, what_is_ordinary_adds_nothing_to_a_key)
{
    struct world_host hosts[2] = {{"a", 4, 4, "rack"}, {"b", 4, 4, "rack"}};
    struct case_row row = case_row_absent();
    row.collective = "all_reduce", row.memory = MEMORY_DEVICE, row.ranks = 8, row.nodes = 2,
    row.group = "world";
    struct launch launch = launch_of(hosts, 2, 1, NULL);
    expect_key(&launch, &row, "");
    launch.header.domains = ABSENT;
    expect_key(&launch, &row, ""); /* a record without domains keeps its key */
}

Test(conditions, domains_filling_transport_and_backend)
{
    struct world_host hosts[3] = {{"a", 4, 4, "r0"}, {"b", 2, 2, "r1"}, {"c", 2, 2, "r0"}};
    struct case_row row = case_row_absent();
    row.collective = "all_reduce", row.memory = MEMORY_DEVICE, row.ranks = 8, row.nodes = 3,
    row.group = "world";
    struct launch launch = launch_of(hosts, 3, 2, NULL);
    expect_key(&launch, &row, "/domains=2/filling=6+2");
    hosts[2].domain = "r1"; /* 4 + 4 ranks: evenly filled, so the key does not say how */
    expect_key(&launch, &row, "/domains=2");
    launch.header.backend = "mpi";
    expect_key(&launch, &row, "/backend=mpi/domains=2");
    launch.header.backend = "nccl";
    launch.header.facts = json_pack("{s:{s:s, s:[s,s], s:b}}", "nccl", "network", "IB", "transports", "P2P",
                                    "NET/GDRDMA", "mnnvl", 0);
    expect_key(&launch, &row, "/domains=2/transport=IB P2P+NET:GDRDMA no multi-node NVLink");
    row.ranks = 4; /* part of the world: the launch's domains do not apply to the case */
    expect_key(&launch, &row, "");
    json_decref(launch.header.facts);
}

Test(conditions, the_blas_of_a_matmul_on_a_cpu)
{
    static const char facts[] =
        "{\"blas\":[{\"library\":\"OpenBLAS\",\"version\":\"0.3.21\",\"kernel\":\"Sky/X\","
        "\"threads\":2},{\"library\":\"BLIS\",\"kernel\":\"skx\",\"threads\":1}]}";
    struct case_row row = case_row_absent();
    struct launch launch = launch_of(NULL, 1, ABSENT, json_loads(facts, 0, NULL));
    launch.header.backend = "cblas";
    row.gemm = "gemm", row.memory = MEMORY_HOST, row.ranks = 8, row.nodes = 1;
    row.algorithm = "OpenBLAS 0.3.21 Sky/X, 2 threads";
    expect_key(&launch, &row, "/blas=OpenBLAS Sky:X 2 threads");
    row.algorithm = "BLIS 0.9.0 skx, 1 thread";
    expect_key(&launch, &row, "/blas=BLIS skx 1 thread");
    row.algorithm = NULL; /* a case that was not measured: its library is not known */
    expect_key(&launch, &row, "");
    json_array_remove(json_object_get(launch.header.facts, "blas"), 1);
    expect_key(&launch, &row, "/blas=OpenBLAS Sky:X 2 threads");
    json_object_set_new(
        json_array_get(json_object_get(launch.header.facts, "blas"), 0), "others",
        json_pack("[{sssssisi}]", "library", "OpenBLAS", "kernel", "Haswell", "first_rank", 3, "ranks", 5));
    expect_key(&launch, &row, "/blas=OpenBLAS Sky:X 2 threads + OpenBLAS Haswell");
    row.gemm = NULL, row.collective = "all_reduce", row.group = "world"; /* a collective of the same launch */
    expect_key(&launch, &row, "/backend=cblas");
    json_decref(launch.header.facts);
}

static struct launch timed_launch(const char *path, const char *name, const char *started,
                                  struct case_row *row)
{
    struct launch launch = {.path = path, .header = launch_header_absent(), .cases = row, .case_count = 1};
    launch.header.launch = name, launch.header.started = started, launch.header.driver = "all_reduce";
    launch.header.allocation_hosts_hash = "h";
    return launch;
}

Test(launches, the_same_measurement_wherever_it_lies)
{
    struct case_row row = case_row_absent(), rounded = row, other = row;
    row.median_us = 123.456789, rounded.median_us = 123.4568, other.median_us = 124;
    struct launch a = timed_launch("monday/l.jsonl", "l", "2026-11-02T10:00:00Z", &row),
                  copy = timed_launch("baselines/good/monday.l.jsonl", "l", "2026-11-02T10:00:00Z", &rounded),
                  later = timed_launch("tuesday/l.jsonl", "l", "2026-11-03T10:00:00Z", &row),
                  namesake = timed_launch("b/l.jsonl", "l", "2026-11-02T10:00:00Z", &other);
    cr_expect(same_launch(&a, &copy));
    cr_expect_not(same_launch(&a, &later));
    cr_expect_not(same_launch(&a, &namesake)); /* other cluster, same second and name */
    namesake.cases = &row, namesake.header.allocation_hosts_hash = "other";
    cr_expect_not(same_launch(&a, &namesake));
    a.header.started = copy.header.started = NULL; /* nothing shows that they are the same */
    cr_expect_not(same_launch(&a, &copy));
}
