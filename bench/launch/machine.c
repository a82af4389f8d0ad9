#include "launch/machine.h"
#include "base/hash.h"

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>

static size_t cache_bytes(hwloc_topology_t topology, hwloc_obj_type_t type, size_t *all)
{
    size_t first = 0;
    *all = 0;
    for (hwloc_obj_t cache = NULL; (cache = hwloc_get_next_obj_by_type(topology, type, cache));) {
        if (!first) first = cache->attr->cache.size;
        *all += cache->attr->cache.size;
    }
    return first;
}

/* Reads the affinity mask. If that fails (no permission, unsupported system), assumes the whole machine. */
static void read_binding(hwloc_topology_t topology, struct host_machine *machine)
{
    machine->bound_cores = machine->cores;
    machine->bound_pus = machine->pus;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    if (!set) return;
    if (hwloc_get_cpubind(topology, set, HWLOC_CPUBIND_PROCESS) == 0) {
        int pus = hwloc_bitmap_weight(set), cores = 0;
        for (hwloc_obj_t core = NULL; (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core));)
            cores += hwloc_bitmap_intersects(core->cpuset, set);
        if (pus > 0 && pus < machine->pus) machine->bound_pus = pus;
        if (cores > 0) machine->bound_cores = cores;
        char *mask = NULL;
        int length = hwloc_bitmap_asprintf(&mask, set);
        if (length > 0) machine->binding = hash_bytes(mask, (size_t)length);
        free(mask);
    }
    hwloc_bitmap_free(set);
}

static int at_least_one(int count)
{
    return count > 0 ? count : 1;
}

enum status machine_read(struct host_machine *machine)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology)) return fail(STATUS_ENVIRONMENT, "hwloc cannot start");
    if (hwloc_topology_load(topology)) {
        hwloc_topology_destroy(topology);
        return fail(STATUS_ENVIRONMENT, "hwloc cannot read this machine's topology");
    }
    size_t l1, l2, l3;
    *machine = (struct host_machine){
        .packages = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PACKAGE),
        .numa_nodes = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE),
        .cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE),
        .pus = at_least_one(hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU)),
    };
    if (machine->cores <= 0) machine->cores = machine->pus; /* some kernels report no cores */
    machine->l1d_bytes = cache_bytes(topology, HWLOC_OBJ_L1CACHE, &l1);
    machine->l2_bytes = cache_bytes(topology, HWLOC_OBJ_L2CACHE, &l2);
    machine->l3_bytes = cache_bytes(topology, HWLOC_OBJ_L3CACHE, &l3);
    machine->last_level_bytes = l3 ? l3 : l2 ? l2 : l1;
    read_binding(topology, machine);
    hwloc_topology_destroy(topology);
    return STATUS_OK;
}

static void add_count(json_t *object, const char *key, long long count)
{
    if (count > 0) json_object_set_new(object, key, json_integer(count));
}

void machine_facts(const struct host_machine *machine, json_t *facts)
{
    json_t *topology = json_object();
    add_count(topology, "packages", machine->packages);
    add_count(topology, "numa_nodes", machine->numa_nodes);
    add_count(topology, "cores", machine->cores);
    add_count(topology, "pus", machine->pus);
    add_count(topology, "bound_cores", machine->bound_cores);
    add_count(topology, "bound_pus", machine->bound_pus);
    add_count(topology, "l1d_bytes", (long long)machine->l1d_bytes);
    add_count(topology, "l2_bytes", (long long)machine->l2_bytes);
    add_count(topology, "l3_bytes", (long long)machine->l3_bytes);
    add_count(topology, "last_level_bytes", (long long)machine->last_level_bytes);
    json_object_set_new(facts, "topology", topology);
    unsigned version = hwloc_get_api_version();
    char text[32];
    snprintf(text, sizeof text, "%u.%u.%u", version >> 16, version >> 8 & 255, version & 255);
    json_object_set_new(facts, "hwloc", json_string(text));
}
