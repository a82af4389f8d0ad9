#include "measure/ceiling.h"
#include "base/text.h"
#include "catalog/catalog.h"

#include <math.h>
#include <stdlib.h>

/* What the bounds depend on besides the case. */
struct place {
    const struct world *world;
    const struct launch_header *header;
    bool network_only;
};

/* Sets the domain of each rank, from 0, and returns true if they are known to be `domains`. */
static bool domains_of(const struct place *place, int domains, int *domain_of_rank)
{
    const struct world *w = place->world;
    const struct launch_header *h = place->header;
    int *of_node = allocate((size_t)w->nodes, sizeof *of_node), count = 0;
    for (int node = 0; node < w->nodes; node++) {
        const char *own = (size_t)node < h->host_count ? h->hosts[node].domain : NULL;
        int first = 0; /* the first host of the same domain */
        while (first < node && !(own && same(h->hosts[first].domain, own))) first++;
        of_node[node] = domains == 1          ? 0
                        : domains == w->nodes ? node
                        : first < node        ? of_node[first]
                                              : count++;
    }
    for (int r = 0; r < w->ranks; r++)
        domain_of_rank[r] = domains == w->ranks ? r : of_node[w->node_of_rank[r]];
    free(of_node);
    return domains == 1 || domains == w->nodes || domains == w->ranks || count == domains;
}

/* The bound of alltoallv, from what its pairs of ranks exchange. */
static bool bound_of_traffic(const struct measured *m, const struct place *place,
                             const struct machine *machine, struct bound *bound)
{
    const struct call *call = &m->call;
    const struct layout layout = {call->count, m->split->ranks, 0, 0, call->traffic};
    int *domain_of_rank = allocate((size_t)layout.ranks, sizeof *domain_of_rank);
    double *gpus = allocate((size_t)machine->domain_gpus, sizeof *gpus);
    struct cuts cuts;
    bool good =
        domains_of(place, machine->domains, domain_of_rank) &&
        traffic_cuts(&layout, dtypes[call->dtype].size, machine->domains, domain_of_rank, gpus, &cuts) &&
        bound_of_cuts(&cuts, (double)m->bytes, machine, bound);
    free(gpus);
    free(domain_of_rank);
    return good;
}

static void take_bound(struct measured *m, const struct place *place, const struct machine *machine)
{
    const struct collective *collective = m->call.collective;
    struct bound bound;
    if (collective->id == ALL_TO_ALL_V && m->status) return; /* there may be no such traffic */
    if (collective->id == ALL_TO_ALL_V
            ? !bound_of_traffic(m, place, machine, &bound)
            : !bound_of(collective, (double)m->bytes, machine, BOUND_MACHINE, &bound))
        return;
    m->bound_us = bound.time_us;
    snprintf(m->bound, sizeof m->bound, "%s", bound.formula);
}

/* NVLink domains that NCCL uses: the hosts, if it does not use NVLink between them. */
static int64_t domains_in_use(const struct launch_header *header, int64_t nodes)
{
    const json_t *mnnvl = json_object_get(json_object_get(header->facts, "nccl"), "mnnvl");
    return json_is_false(mnnvl) && header->domains > 0 && header->domains < nodes ? nodes : header->domains;
}

static void set_bound(struct measured *m, const struct place *place, const struct instance *instance,
                      const struct gpu_facts *gpu)
{
    const int ranks = m->split->ranks, nodes = m->split->nodes;
    struct machine machine;
    /* No bound for groups: the tables do not describe the links that a group uses. */
    if (!is_world(m->split->name) ||
        !machine_of(instance, gpu, ranks, nodes, domains_in_use(place->header, nodes), &machine))
        return;
    if (place->network_only && nodes == 1) machine.domains = ranks, machine.domain_gpus = 1;
    take_bound(m, place, &machine);
}

/* The bound from the network between hosts, by --network-gbit. Links inside a host count as infinitely
   fast. */
static void set_network_bound(struct measured *m, const struct place *place, double network_gbit)
{
    int nodes = m->split->nodes, ranks = m->split->ranks;
    if (m->bound_us > 0 || !is_world(m->split->name) || nodes < 2 || ranks % nodes) return;
    struct machine machine = {
        .domains = nodes, .domain_gpus = ranks / nodes, .nvlink_gbps = INFINITY, .nvls = UNKNOWN};
    machine.nic_gbps = network_gbit / 8 / machine.domain_gpus; /* the ranks of a host share its network */
    take_bound(m, place, &machine);
}

static void set_catalog_bounds(struct cases *cases, const struct place *place)
{
    const struct launch_header *header = place->header;
    struct catalog catalog;
    const char *model = json_string_value(json_object_get(json_object_get(header->facts, "gpu"), "model"));
    if (!model || catalog_read(&catalog, NULL)) return;
    const struct gpu_facts *gpu = catalog_gpu(&catalog, model);
    const struct instance *instance =
        header->cloud_instance ? catalog_instance(&catalog, header->cloud_instance) : NULL;
    for (size_t i = 0; i < cases->count; i++) set_bound(&cases->list[i], place, instance, gpu);
    catalog_free(&catalog);
}

void ceiling_set(struct cases *cases, const struct world *world, const struct launch_header *header,
                 bool network_only, double network_gbit)
{
    const struct place place = {world, header, network_only};
    set_catalog_bounds(cases, &place);
    for (size_t i = 0; network_gbit > 0 && i < cases->count; i++)
        set_network_bound(&cases->list[i], &place, network_gbit);
}
