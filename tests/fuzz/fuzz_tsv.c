/* The catalogs: clouds.tsv and gpus.tsv in one input, parted by a line of "----". */
#include "collective/catalog.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct catalog catalog = {0};
    struct machine machine;
    struct bound bound;
    const char *text = (const char *)data;
    size_t second, first = fuzz_part(data, size, &second);
    silence(1);
    if (!catalog_parse(&catalog, text, first, text + second, size - second))
        for (size_t i = 0; i < catalog.instance_count; i++) {
            const struct instance *instance = catalog_instance(&catalog, catalog.instances[i].name);
            const struct gpu_facts *gpu = catalog_gpu(&catalog, instance->gpu);
            for (int64_t ranks = 1; ranks < 200; ranks = ranks * 2 + 1)
                if (machine_of(instance, gpu, ranks, 2, INT64_MIN, &machine))
                    bound_of(&collectives[ranks % COLLECTIVE_COUNT], 1e6, &machine, BOUND_MACHINE, &bound);
            gpu_peak_tflops(gpu, "bfloat16");
        }
    catalog_free(&catalog);
    return 0;
}
