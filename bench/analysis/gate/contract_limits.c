/* busbar contract --gate FILE --instance NAME: limits against bounds, before anything is measured. */
#include "analysis/gate/proposal.h"
#include "base/units.h"
#include "collective/dtype.h"

#include <fnmatch.h>
#include <math.h>
#include <string.h>

/* The number nearest to `usual` that the rule's conditions on `name` leave: with ranks>=16 and usual = 8, 16.
   Sets *named if there is a condition name=value, or if the usual number is not among those left. */
static int64_t count_of(const struct gate_rule *rule, const char *name, int64_t usual, bool *named)
{
    double count = (double)usual;
    *named = false;
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct gate_term *term = &rule->conditions[i];
        if (!same(term->name, name) || !(term->number >= 1 && term->number <= 1 << 24)) continue;
        if (gate_holds(term->relation, count, term->number) && term->relation != RELATION_EQUAL) continue;
        if (term->relation == RELATION_UNEQUAL) continue;
        count = term->number + (term->relation == RELATION_ABOVE) - (term->relation == RELATION_BELOW);
        *named = true;
    }
    return (int64_t)count;
}

/* The GPUs, hosts and NVLink domains that a rule selects. What it leaves open is as usual: whole hosts, whole
   domains, `domains` of them. domains: ABSENT where the number of GPUs or of hosts decides it. */
struct world_of_rule {
    int64_t ranks, nodes, domains;
};

static struct world_of_rule world_of(const struct gate_rule *rule, const struct instance *instance,
                                     int64_t domains)
{
    bool by_domains, by_nodes, by_ranks;
    struct world_of_rule world;
    world.domains = count_of(rule, "domains", domains, &by_domains);
    world.nodes =
        count_of(rule, "nodes", world.domains * instance->gpus_per_domain / instance->gpus_per_vm, &by_nodes);
    world.ranks = count_of(rule, "ranks", world.nodes * instance->gpus_per_vm, &by_ranks);
    if (by_ranks && !by_nodes)
        world.nodes = (world.ranks + instance->gpus_per_vm - 1) / instance->gpus_per_vm;
    if ((by_ranks || by_nodes) && !by_domains) world.domains = ABSENT;
    return world;
}

/* The least size that the rule selects; NAN: it has no least size. Larger cases take longer, so a time too
   short for the least size is too short for all. */
static double least_bytes(const struct gate_rule *rule)
{
    double least = NAN;
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct gate_term *term = &rule->conditions[i];
        if (!same(term->name, "requested_bytes") && !same(term->name, "bytes")) continue;
        if (term->relation == RELATION_EQUAL || term->relation == RELATION_LEAST ||
            term->relation == RELATION_ABOVE)
            least = fmax(least, term->number); /* of NAN and a number: the number */
    }
    return least;
}

/* The bound of a collective in the unit of the term; NAN: not known, or it depends on a size that the rule
   leaves open. */
static double bound_for(const struct gate_term *term, const struct gate_rule *rule,
                        const struct collective *collective, const struct machine *machine,
                        struct bound *bound)
{
    double bytes = least_bytes(rule);
    bool is_time = term->quantity == MEDIAN_US || term->quantity == P95_US || term->quantity == P99_US;
    if (!(bytes > 0)) bytes = is_time ? NAN : 1e9;
    if (!(bytes > 0) || !bound_of(collective, bytes, machine, BOUND_MACHINE, bound)) return NAN;
    return is_time                        ? bound->time_us
           : term->quantity == BUSBW_GBPS ? bound->busbw_gbps
           : term->quantity == ALGBW_GBPS ? algbw_gbps(bytes, bound->time_us)
                                          : NAN;
}

static bool selects_dtype(const struct gate_rule *rule, const char *dtype)
{
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct gate_term *term = &rule->conditions[i];
        if (same(term->name, "dtype") && term->pattern &&
            (fnmatch(term->pattern, dtype, 0) == 0) != (term->relation == RELATION_EQUAL))
            return false;
    }
    return true;
}

/* The highest dense peak among the types that the rule selects; NAN: none is known. */
static double peak_for(const struct gate_rule *rule, const struct gpu_facts *gpu)
{
    double peak = NAN;
    for (size_t i = 0; dtype_word(i); i++)
        if (selects_dtype(rule, dtype_word(i))) peak = fmax(peak, gpu_peak_tflops(gpu, dtype_word(i)));
    for (const char *const *name = gpu_type_names; *name; name++)
        if (selects_dtype(rule, *name)) peak = fmax(peak, gpu_peak_tflops(gpu, *name));
    return peak;
}

static enum status check_term(const struct gate *gate, const struct gate_rule *rule,
                              const struct gate_term *term, const struct instance *instance,
                              const struct gpu_facts *gpu, int64_t domains)
{
    struct text why = {0};
    struct machine machine;
    struct bound bound;
    bool beyond = false;
    const double number =
        term->of_reference ? NAN : term->number; /* the reference's figure is not known here */
    const struct world_of_rule world = world_of(rule, instance, domains);
    const bool known = machine_of(instance, gpu, world.ranks, world.nodes, world.domains, &machine);
    enum status status = STATUS_OK;
    for (int c = 0; c < COLLECTIVE_COUNT && !beyond; c++) {
        const char *formula = NULL;
        double limit = NAN;
        if (!gate_names(rule, collectives[c].name)) continue;
        if (known && world.ranks > 1) limit = bound_for(term, rule, &collectives[c], &machine, &bound);
        if (isfinite(limit)) formula = bound.formula;
        beyond = term->quantity != TFLOPS && gate_beyond(term, number, limit, formula, &why);
    }
    if (beyond)
        status = fail(STATUS_USAGE, "%s:%zu: %s on %lld GPUs of %s: %s", gate->path, rule->line, term->text,
                      (long long)world.ranks, instance->name, text_get(&why));
    else if ((gate_names(rule, "matmul") || gate_names(rule, "gemm")) &&
             (term->quantity == TFLOPS || term->quantity == BOUND_PERCENT) &&
             gate_beyond(term, number, peak_for(rule, gpu), NULL, &why))
        status = fail(STATUS_USAGE, "%s:%zu: %s on one %s of %s: %s", gate->path, rule->line, term->text,
                      instance->gpu, instance->name, text_get(&why));
    text_free(&why);
    return status;
}

enum status contract_check_limits(const struct gate *gate, const struct catalog *catalog, const char *name,
                                  int64_t domains)
{
    const struct instance *instance = catalog_instance(catalog, name);
    if (!instance) return catalog_unknown(catalog, "--instance", name);
    const struct gpu_facts *gpu = catalog_gpu(catalog, instance->gpu);
    enum status worst = STATUS_OK;
    for (size_t r = 0; r < gate->count; r++)
        for (size_t t = 0; t < gate->rules[r].requirement_count; t++) {
            enum status status =
                check_term(gate, &gate->rules[r], &gate->rules[r].requirements[t], instance, gpu, domains);
            if (status) worst = status;
        }
    return worst;
}
