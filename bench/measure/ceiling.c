#include "measure/ceiling.h"
#include "catalog/catalog.h"

#include <math.h>

static void set_bound(struct measured *m, const struct instance *instance, const struct gpu_facts *gpu,
                      int64_t domains)
{
    const struct call *call = &m->call;
    struct machine machine;
    struct bound bound;
    /* No bound for groups: the tables do not describe the links that a group uses. */
    if (!is_world(m->split->name) ||
        !machine_of(instance, gpu, m->split->ranks, m->split->nodes, domains, &machine))
        return;
    if (!bound_of(call->collective, (double)m->bytes, &machine, BOUND_MACHINE, &bound)) return;
    m->bound_us = bound.time_us;
    snprintf(m->bound, sizeof m->bound, "%s", bound.formula);
}

/* The bound from the network between hosts, by --network-gbit. Links inside a host count as infinitely
   fast. */
static void set_network_bound(struct measured *m, double network_gbit)
{
    const struct call *call = &m->call;
    int nodes = m->split->nodes, ranks = m->split->ranks;
    struct bound bound;
    if (m->bound_us > 0 || !is_world(m->split->name) || nodes < 2 || ranks % nodes) return;
    struct machine machine = {
        .domains = nodes, .domain_gpus = ranks / nodes, .nvlink_gbps = INFINITY, .nvls = UNKNOWN};
    machine.nic_gbps = network_gbit / 8 / machine.domain_gpus; /* the ranks of a host share its network */
    if (!bound_of(call->collective, (double)m->bytes, &machine, BOUND_MACHINE, &bound)) return;
    m->bound_us = bound.time_us;
    snprintf(m->bound, sizeof m->bound, "%s", bound.formula);
}

static void set_catalog_bounds(struct cases *cases, const struct launch_header *header)
{
    struct catalog catalog;
    const char *model = json_string_value(json_object_get(json_object_get(header->facts, "gpu"), "model"));
    if (!model || catalog_read(&catalog, NULL)) return;
    const struct gpu_facts *gpu = catalog_gpu(&catalog, model);
    const struct instance *instance =
        header->cloud_instance ? catalog_instance(&catalog, header->cloud_instance) : NULL;
    for (size_t i = 0; i < cases->count; i++) set_bound(&cases->list[i], instance, gpu, header->domains);
    catalog_free(&catalog);
}

void ceiling_set(struct cases *cases, const struct launch_header *header, double network_gbit)
{
    set_catalog_bounds(cases, header);
    for (size_t i = 0; network_gbit > 0 && i < cases->count; i++)
        set_network_bound(&cases->list[i], network_gbit);
}
