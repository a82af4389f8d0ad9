/* The tables that people edit: clouds.tsv, gpus.tsv and a third one in one input, separated by lines of
   "----". The third is read as workloads.tsv and as published.tsv. */
#include "analysis/report/workload.h"
#include "catalog/published.h"
#include "tests/fuzz/fuzz.h"

static void ask_catalog(const struct catalog *catalog)
{
    struct machine machine;
    struct bound bound;
    for (size_t i = 0; i < catalog->instance_count; i++) {
        const struct instance *instance = catalog_instance(catalog, catalog->instances[i].name);
        const struct gpu_facts *gpu = catalog_gpu(catalog, instance->gpu);
        for (int64_t ranks = 1; ranks < 200; ranks = ranks * 2 + 1)
            if (machine_of(instance, gpu, ranks, 2, INT64_MIN, &machine))
                bound_of(&collectives[ranks % COLLECTIVE_COUNT], 1e6, &machine, BOUND_MACHINE, &bound);
        gpu_peak_tflops(gpu, "bfloat16");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct catalog catalog = {0};
    struct workloads workloads;
    struct published published;
    const char *clouds = (const char *)data;
    size_t second, first = fuzz_part(data, size, &second);
    const char *gpus = clouds + second, *jobs;
    size_t third, gpus_length = fuzz_part(data + second, size - second, &third);
    silence(1);
    jobs = gpus + third;
    if (!catalog_parse(&catalog, clouds, first, gpus, gpus_length)) ask_catalog(&catalog);
    if (!published_parse(&published, &catalog, "published.tsv", jobs, size - second - third)) {
        for (size_t i = 0; i < published.count; i++) published_impossible(&published.list[i]);
        published_free(&published);
    }
    catalog_free(&catalog);
    const char *path = fuzz_file(0, (const uint8_t *)jobs, size - second - third);
    if (!workloads_read(&workloads, &(struct catalog){0}, path)) {
        for (size_t i = 0; i < workloads.count; i++) workload_find(&workloads, workloads.list[i].name);
        workloads_free(&workloads);
    }
    return 0;
}
