#include "gpu/locality.h"

#include "base/status.h"

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const route_names[] = {"switch", "host_bridge", "node", "system", "unknown"};

enum { MOST_NICS = 64 };

/* Loads the topology without hwloc's components for GPUs: they would initialise CUDA and NVML, and sysfs has
   all that is needed here. */
static hwloc_topology_t load(void)
{
    static const char *const others[] = {"cuda", "nvml", "opencl", "gl", "rsmi", "levelzero"};
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology)) return NULL;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        hwloc_topology_set_components(topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, others[i]);
    if (hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT) == 0 &&
        hwloc_topology_load(topology) == 0)
        return topology;
    hwloc_topology_destroy(topology);
    return NULL;
}

/* Whether a node is only memory of a GPU: on Grace hosts, the memory of each GPU appears as one to eight
   nodes without processors, which hwloc attaches to the processors near them. */
static bool is_gpu_memory(hwloc_obj_t node)
{
    return hwloc_bitmap_iszero(node->cpuset) || (node->subtype && strcmp(node->subtype, "GPUMemory") == 0);
}

/* The NUMA node that the device is attached to; NULL if it is unknown or there are several with processors of
   their own. Nodes with the same processors: Linux numbers those without processors last, so the first counts
   (hwloc before 2.11 does not tell them apart). */
static hwloc_obj_t node_of(hwloc_topology_t topology, hwloc_obj_t device)
{
    hwloc_obj_t place = device ? hwloc_get_non_io_ancestor_obj(topology, device) : NULL, first = NULL;
    if (!place || !place->nodeset) return NULL;
    for (int i = hwloc_bitmap_first(place->nodeset); i >= 0; i = hwloc_bitmap_next(place->nodeset, i)) {
        hwloc_obj_t node = hwloc_get_numanode_obj_by_os_index(topology, (unsigned)i);
        if (!node || is_gpu_memory(node)) continue;
        if (first && !hwloc_bitmap_isequal(first->cpuset, node->cpuset)) return NULL;
        if (!first) first = node;
    }
    return first;
}

static int numa_distance(hwloc_topology_t topology, hwloc_obj_t from, hwloc_obj_t to)
{
    struct hwloc_distances_s *table = NULL;
    unsigned count = 1;
    hwloc_uint64_t there, back;
    int distance = from && from == to ? 10 : -1; /* in ACPI's SLIT, 10 means the same node */
    if (!from || !to || from == to) return distance;
    if (hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &count, &table,
                                    HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) ||
        !count)
        return -1;
    if (hwloc_distances_obj_pair_values(table, from, to, &there, &back) == 0) distance = (int)there;
    hwloc_distances_release(topology, table);
    return distance;
}

/* The route between GPU and NIC: by the nearest bridge above both; without one, by their NUMA nodes. */
static enum route route_of(hwloc_obj_t gpu, hwloc_obj_t nic, hwloc_obj_t gpu_node, hwloc_obj_t nic_node)
{
    for (hwloc_obj_t a = gpu ? gpu->parent : NULL; a && a->type == HWLOC_OBJ_BRIDGE; a = a->parent)
        for (hwloc_obj_t b = nic->parent;
             b && (b->type == HWLOC_OBJ_BRIDGE || b->type == HWLOC_OBJ_PCI_DEVICE); b = b->parent)
            if (a == b)
                return a->attr->bridge.upstream_type == HWLOC_OBJ_BRIDGE_PCI ? ROUTE_SWITCH
                                                                             : ROUTE_HOST_BRIDGE;
    if (!gpu_node || !nic_node) return ROUTE_UNKNOWN;
    return gpu_node == nic_node ? ROUTE_NODE : ROUTE_SYSTEM;
}

static int by_nearness(const void *a, const void *b)
{
    const struct near_nic *x = a, *y = b;
    if (x->route != y->route) return x->route < y->route ? -1 : 1;
    if (x->numa_distance != y->numa_distance)
        return (unsigned)x->numa_distance < (unsigned)y->numa_distance ? -1 : 1; /* -1 last */
    return strcmp(x->name, y->name);
}

static json_t *nic_json(const struct near_nic *nic)
{
    json_t *object = json_pack("{ss ss}", "name", nic->name, "route", route_names[nic->route]);
    if (object && nic->numa_node >= 0) json_object_set_new(object, "numa_node", json_integer(nic->numa_node));
    if (object && nic->numa_distance >= 0)
        json_object_set_new(object, "numa_distance", json_integer(nic->numa_distance));
    return object;
}

static void read_nics(hwloc_topology_t topology, hwloc_obj_t gpu, struct locality *l)
{
    struct near_nic nics[MOST_NICS];
    size_t count = 0;
    hwloc_obj_t home = node_of(topology, gpu);
    if (home) l->numa_node = (int)home->os_index;
    for (hwloc_obj_t device = NULL; count < MOST_NICS && (device = hwloc_get_next_osdev(topology, device));) {
        if (device->attr->osdev.type != HWLOC_OBJ_OSDEV_OPENFABRICS || !device->name) continue;
        hwloc_obj_t node = node_of(topology, device);
        struct near_nic *nic = &nics[count++];
        *nic = (struct near_nic){.route = route_of(gpu, device, home, node),
                                 .numa_node = node ? (int)node->os_index : -1,
                                 .numa_distance = numa_distance(topology, home, node)};
        snprintf(nic->name, sizeof nic->name, "%.31s", device->name);
    }
    if (!count) return;
    qsort(nics, count, sizeof *nics, by_nearness);
    l->nearest = nics[0];
    for (size_t i = 0; i < count; i++) json_array_append_new(l->nics, nic_json(&nics[i]));
}

void locality_read(const char *pci, struct locality *l)
{
    *l = (struct locality){.numa_node = -1, .nearest = {"", ROUTE_UNKNOWN, -1, -1}, .nics = json_array()};
    hwloc_topology_t topology = load();
    if (!topology) return;
    read_nics(topology, hwloc_get_pcidev_by_busidstring(topology, pci), l);
    hwloc_topology_destroy(topology);
}
