#include "measure/ceiling.h"
#include "collective/catalog.h"

static void set_bound(struct measured *m, const struct instance *instance, const struct gpu_facts *gpu, int64_t domains)
{
    const struct call *call = &m->call;
    struct machine machine;
    struct bound bound;
    /* Groups have bounds of their own links that the tables do not tell. */
    if (!same(m->split->name, "world") || !machine_of(instance, gpu, m->split->ranks, m->split->nodes, domains, &machine)) return;
    if (!bound_of(call->collective, (double)(call->count * dtypes[call->dtype].size), &machine, BOUND_MACHINE, &bound)) return;
    m->bound_us = bound.time_us;
    snprintf(m->bound, sizeof m->bound, "%s", bound.formula);
}

void ceiling_set(struct cases *cases, const struct launch_header *header)
{
    struct catalog catalog;
    const char *model = json_string_value(json_object_get(json_object_get(header->facts, "gpu"), "model"));
    if (!model || catalog_read(&catalog, NULL)) return;
    const struct gpu_facts *gpu = catalog_gpu(&catalog, model);
    const struct instance *instance = header->cloud_instance ? catalog_instance(&catalog, header->cloud_instance) : NULL;
    for (size_t i = 0; i < cases->count; i++) set_bound(&cases->list[i], instance, gpu, header->domains);
    catalog_free(&catalog);
}
