#include "analysis/compare/site.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const scope_names[SCOPE_COUNT] = {[SCOPE_NODE] = "one GPU host",
                                              [SCOPE_DOMAIN] = "one NVLink domain",
                                              [SCOPE_DOMAINS] = "across NVLink domains",
                                              [SCOPE_HOST] = "one host, no GPUs",
                                              [SCOPE_HOSTS] = "several hosts, no GPUs",
                                              [SCOPE_UNKNOWN] = "extent not known"};

struct site site_of(const struct catalog *catalog, const struct run_summary *run)
{
    struct site site = {.gpu_name = run->gpu};
    if (run->instance) site.instance = catalog_instance(catalog, run->instance);
    if (site.gpu_name) site.gpu = catalog_gpu(catalog, site.gpu_name);
    if (!site.gpu_name && site.instance && *site.instance->gpu)
        site.gpu = catalog_gpu(catalog, site.instance->gpu);
    return site;
}

/* The number of nodes of the case: the row's, or the launch's if all ranks took part; else ABSENT. */
static int64_t nodes_of(const struct case_summary *line)
{
    const struct launch_header *header = &line->launch->header;
    if (line->row->nodes != ABSENT) return line->row->nodes;
    return line->row->ranks == header->ranks ? header->nodes : ABSENT;
}

bool site_machine(const struct site *site, const struct case_summary *line, struct machine *machine)
{
    const struct case_row *row = line->row;
    /* The catalog has the links between GPUs, which cases in host memory do not use. */
    if (row->ranks < 1 || !is_world(row->group) || row->memory == MEMORY_HOST) return false;
    return machine_of(site->instance, site->gpu, row->ranks, nodes_of(line), line->conditions.domains,
                      machine);
}

enum scope site_scope(const struct site *site, const struct case_summary *line)
{
    const struct case_row *row = line->row;
    struct machine machine;
    int64_t nodes = nodes_of(line);
    if (row->memory == MEMORY_HOST) return nodes == 1 ? SCOPE_HOST : nodes > 1 ? SCOPE_HOSTS : SCOPE_UNKNOWN;
    if (nodes == 1) return SCOPE_NODE;
    if (line->conditions.domains > 1) return SCOPE_DOMAINS;
    if (line->conditions.domains == 1 && nodes > 1) return SCOPE_DOMAIN;
    if (site_machine(site, line, &machine)) {
        if (machine.domains > 1) return SCOPE_DOMAINS;
        return nodes > 1 || (site->instance && row->ranks > site->instance->gpus_per_vm) ? SCOPE_DOMAIN
                                                                                         : SCOPE_NODE;
    }
    return nodes > 1 && !site->gpu && !site->instance
               ? SCOPE_DOMAINS
               : SCOPE_UNKNOWN; /* not a machine of the catalog: takes each node as a domain */
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
        if (isfinite(line->bound_us) || !collective || row->bytes < 1 || !site_machine(site, line, &machine))
            continue;
        if (!bound_of(collective, (double)row->bytes, &machine, BOUND_MACHINE, &bound)) continue;
        case_set_bound(line, bound.time_us, arena_string(arena, bound.formula));
    }
}
