#include "analysis/site.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const scope_names[SCOPE_COUNT] = {"one node", "one NVLink domain", "several NVLink domains",
                                              "extent not known"};

const char *fact_text(const json_t *facts, const char *path)
{
    char name[64];
    while (facts && *path) {
        size_t length = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, path);
        facts =
            json_is_array(facts) ? json_array_get(facts, (size_t)atoi(name)) : json_object_get(facts, name);
        path += length + (path[length] == '.');
    }
    return json_string_value(facts);
}

struct site site_of(const struct catalog *catalog, const struct run_summary *run)
{
    static const char *const places[] = {"gpu.model",   "gpu.name",     "gpu",    "gpu_model",
                                         "gpus.0.name", "gpus.0.model", "gpus.0", "devices.0.name"};
    struct site site = {0};
    for (size_t i = 0; i < run->launch_count; i++) {
        const struct launch_header *header = &run->launches[i]->header;
        if (!site.instance && header->cloud_instance)
            site.instance = catalog_instance(catalog, header->cloud_instance);
        for (size_t p = 0; !site.gpu_name && p < sizeof places / sizeof *places; p++)
            site.gpu_name = fact_text(header->facts, places[p]);
    }
    if (site.gpu_name) site.gpu = catalog_gpu(catalog, site.gpu_name);
    if (!site.gpu_name && site.instance && *site.instance->gpu)
        site.gpu = catalog_gpu(catalog, site.instance->gpu);
    return site;
}

bool site_machine(const struct site *site, const struct run_summary *run, const struct case_row *row,
                  struct machine *machine)
{
    const struct launch_header *header = &run->launches[0]->header;
    bool whole = row->ranks == header->ranks;
    int64_t nodes = row->nodes != ABSENT ? row->nodes : whole ? header->nodes : ABSENT;
    /* The tables tell of links between GPUs: what ran in host memory did not use them. */
    if (row->ranks < 1 || (row->group && !same(row->group, "world")) || same(row->memory, "host"))
        return false;
    return machine_of(site->instance, site->gpu, row->ranks, nodes,
                      whole && nodes == header->nodes ? header->domains : ABSENT, machine);
}

enum scope site_scope(const struct site *site, const struct run_summary *run, const struct case_row *row)
{
    const struct launch_header *header = &run->launches[0]->header;
    struct machine machine;
    int64_t nodes = row->nodes != ABSENT ? row->nodes : row->ranks == header->ranks ? header->nodes : ABSENT;
    if (nodes == 1) return SCOPE_NODE;
    if (site_machine(site, run, row, &machine)) {
        if (machine.domains > 1) return SCOPE_DOMAINS;
        return nodes > 1 || (site->instance && row->ranks > site->instance->gpus_per_vm) ? SCOPE_DOMAIN
                                                                                         : SCOPE_NODE;
    }
    return nodes > 1 && ((!site->gpu && !site->instance) || same(row->memory, "host"))
               ? SCOPE_DOMAINS
               : SCOPE_UNKNOWN; /* without NVLink a node is a domain */
}

void site_bounds(const struct site *site, struct run_summary *run, struct arena *arena)
{
    for (size_t i = 0; i < run->case_count; i++) {
        struct case_summary *line = &run->cases[i];
        const struct case_row *row = line->row;
        struct machine machine;
        struct bound bound;
        if (row->gemm) {
            if (isfinite(line->peak_tflops) || !site->gpu || !row->dtype) continue;
            case_set_peak(line, gpu_peak_tflops(site->gpu, row->dtype));
            continue;
        }
        const struct collective *collective = row->collective ? collective_find(row->collective) : NULL;
        if (isfinite(line->bound_us) || !collective || row->bytes < 1 ||
            !site_machine(site, run, row, &machine))
            continue;
        if (!bound_of(collective, (double)row->bytes, &machine, BOUND_MACHINE, &bound)) continue;
        case_set_bound(line, bound.time_us, arena_string(arena, bound.formula));
    }
}
