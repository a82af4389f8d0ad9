/* busbar contract --propose, and --gate without results. */
#include "analysis/gate/proposal.h"
#include "analysis/common/table.h"
#include "analysis/compare/ranking.h"
#include "base/units.h"
#include "catalog/published.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 160, USUAL_LAUNCHES = 6 };
static const int64_t usual_bytes = (int64_t)8 << 30; /* size of a limit whose source gives no size */

/* A figure of the same GPU that a limit may start from. */
struct start {
    double gbps, share;  /* share of its bound; NAN: the bound is not known */
    int64_t gpus, bytes; /* bytes < 1: the source does not give a size */
    bool same_instance;
    const char *words; /* the source */
};

struct starts {
    struct start *list;
    size_t count;
};

/* An extent that has rules of its own: a host, an NVLink domain, several domains. */
struct extent_of_contract {
    enum reach reach;
    int64_t gpus, nodes, domains;
};

struct writer {
    const struct proposal *proposal;
    const struct study *study;
    struct published published;
    const struct instance *instance;
    const struct gpu_facts *gpu;
    struct arena arena;
    struct text *out;
};

static void add_start(struct starts *starts, struct start start)
{
    starts->list = reallocate(starts->list, starts->count + 1, sizeof *starts->list);
    starts->list[starts->count++] = start;
}

/* ---- figures to start from ---- */

static void published_starts(struct writer *writer, const char *collective, enum reach reach,
                             struct starts *starts)
{
    const struct catalog *catalog = &writer->study->catalog;
    for (size_t i = 0; i < writer->published.count; i++) {
        const struct published_figure *figure = &writer->published.list[i];
        struct text words = {0};
        if (!same(figure->collective, collective) || figure->reach != reach || published_impossible(figure) ||
            catalog_gpu(catalog, figure->gpu) != writer->gpu)
            continue;
        plain_text(&words, figure->source, WORD);
        text_add(&words, " (published.tsv:%zu)", figure->line);
        add_start(starts, (struct start){.gbps = figure->busbw_gbps,
                                         .share = figure->busbw_gbps / figure->bound,
                                         .gpus = figure->gpus,
                                         .bytes = figure->bytes,
                                         .same_instance =
                                             catalog_instance(catalog, figure->instance) == writer->instance,
                                         .words = arena_string(&writer->arena, text_get(&words))});
        text_free(&words);
    }
}

static enum reach reach_of(enum scope scope)
{
    return scope == SCOPE_NODE      ? REACH_HOST
           : scope == SCOPE_DOMAIN  ? REACH_DOMAIN
           : scope == SCOPE_DOMAINS ? REACH_DOMAINS
                                    : REACH_UNKNOWN;
}

/* Adds the highest bus bandwidth of each world in the results, without impossible, wrong and artificial
   figures. */
static void measured_starts(struct writer *writer, const char *collective, enum reach reach,
                            struct starts *starts)
{
    struct tracks tracks = study_tracks(writer->study, collective, FOR_BANDWIDTH);
    for (size_t t = 0; t < tracks.count; t++) {
        const struct track *track = &tracks.list[t];
        const struct site *site = &writer->study->sites[track->run];
        const struct case_summary *best = NULL;
        struct text words = {0};
        for (size_t i = 0; i < track->count; i++) {
            const struct case_summary *line = &track->cases[i];
            if (figure_present(line->busbw_gbps) && line->status == CASE_OK && !line->turnout.without &&
                (!best || line->busbw_gbps.point > best->busbw_gbps.point))
                best = line;
        }
        if (!best || artificial_provenance(&best->launch->header) || site->gpu != writer->gpu ||
            reach_of(track->scope) != reach || impossible_line(writer->study, track))
            continue;
        plain_text(&words, writer->study->aggregate.runs[track->run].label, WORD);
        text_add(&words, " (%s)", writer->study->aggregate.runs[track->run].provenance);
        add_start(starts, (struct start){.gbps = best->busbw_gbps.point,
                                         .share = best->bound_percent.point / 100,
                                         .gpus = best->row->ranks,
                                         .bytes = best->row->bytes,
                                         .same_instance = site->instance == writer->instance,
                                         .words = arena_string(&writer->arena, text_get(&words))});
        text_free(&words);
    }
    free(tracks.list);
}

/* How far a figure is from the wanted number of GPUs: |ln(ratio)|. Another instance type adds ln 2, as if it
   had twice or half as many GPUs. */
static double distance_of(const struct start *start, int64_t gpus)
{
    return fabs(log((double)start->gpus / (double)gpus)) + (start->same_instance ? 0 : log(2));
}

/* The nearest figure, and among equally near ones the fastest. Without a bound a limit cannot be a share of
   it: then only figures of the same instance type count. */
static const struct start *nearest_start(const struct starts *starts, int64_t gpus, bool has_bound)
{
    const struct start *best = NULL;
    for (size_t i = 0; i < starts->count; i++) {
        const struct start *start = &starts->list[i];
        if (has_bound ? !isfinite(start->share) : !start->same_instance) continue;
        double far = distance_of(start, gpus), least = best ? distance_of(best, gpus) : INFINITY;
        if (far < least || (far == least && start->gbps > best->gbps)) best = start;
    }
    return best;
}

/* ---- writing ---- */

static void collective_rule(struct writer *writer, const struct collective *collective,
                            const struct extent_of_contract *extent)
{
    struct text *out = writer->out;
    struct starts starts = {0};
    struct machine machine;
    struct bound bound = {.busbw_gbps = NAN};
    char value[32], most[32], size[UNIT_TEXT];
    published_starts(writer, collective->name, extent->reach, &starts);
    measured_starts(writer, collective->name, extent->reach, &starts);
    bool known =
        machine_of(writer->instance, writer->gpu, extent->gpus, extent->nodes, extent->domains, &machine) &&
        bound_of(collective, 1e9, &machine, BOUND_MACHINE, &bound);
    const struct start *start = nearest_start(&starts, extent->gpus, known);
    double keep = 1 - writer->proposal->allowance;
    text_add(out, "\n");
    if (known)
        text_add(out, "# %s: the physical bound is %s GB/s: %s.\n", collective->name,
                 number_text(bound.busbw_gbps, most), bound.formula);
    else
        text_add(
            out,
            "# %s: the physical bound is not known, since clouds.tsv has no NIC rate for this instance.\n",
            collective->name);
    if (!start) {
        text_add(
            out,
            "# NO LIMIT: nobody has published a figure of this GPU, collective and extent to start from. "
            "Agree on one:\n#   %s ranks=%lld domains=%lld requested_bytes=... busbw_gbps>=...\n",
            collective->name, (long long)extent->gpus, (long long)extent->domains);
        free(starts.list);
        return;
    }
    double limit = known ? keep * start->share * bound.busbw_gbps : keep * start->gbps;
    int64_t bytes = start->bytes > 0 ? start->bytes : usual_bytes;
    text_add(out, "# %s reached %s GB/s on %lld GPUs", start->words, number_text(start->gbps, value),
             (long long)start->gpus);
    if (start->bytes > 0)
        text_add(out, " at %s", format_size((size_t)bytes, size));
    else
        text_add(out, " at a size that is not given (the limit is for %s)", format_size((size_t)bytes, size));
    if (known)
        text_add(out, ", %.1f %% of its bound there%s.\n", 100 * start->share,
                 start->same_instance ? "" : " (another instance with the same GPU)");
    else
        text_add(out, ".\n");
    text_add(out, "# The limit is %.0f %% of that%s.\n", 100 * keep, known ? " share of the bound here" : "");
    text_add(out, "%s ranks=%lld nodes=%lld domains=%lld requested_bytes=%lld busbw_gbps>=%.1f\n",
             collective->name, (long long)extent->gpus, (long long)extent->nodes, (long long)extent->domains,
             (long long)bytes, floor(10 * limit) / 10);
    free(starts.list);
}

/* Writes the expected transport as a rule of its own, so that a silent fall-back fails by name. */
static void transport_rule(struct writer *writer, const struct extent_of_contract *extent)
{
    static const char *const reasons[REACH_COUNT] = {
        [REACH_HOST] = "GPUs of one host must reach each other over NVLink, not through the host's memory",
        [REACH_DOMAIN] =
            "NVLink must be in use between the hosts of a rack; without it all-reduce is several "
            "times slower",
        [REACH_DOMAINS] =
            "between domains NCCL must use RDMA straight from GPU memory; a fall-back to sockets is "
            "the usual fault"};
    static const char *const terms[REACH_COUNT] = {
        [REACH_HOST] = "transport=*P2P* transport!=*SHM*",
        [REACH_DOMAIN] = "transport=*multi-node?NVLink transport!=*no?multi-node*",
        [REACH_DOMAINS] = "transport=*GDRDMA* transport!=*Socket*"};
    text_add(writer->out, "\n# %s.\n", reasons[extent->reach]);
    text_add(writer->out, "all_reduce ranks=%lld domains=%lld requested_bytes>=1G %s\n",
             (long long)extent->gpus, (long long)extent->domains, terms[extent->reach]);
}

static void extent_rules(struct writer *writer, const struct extent_of_contract *extent)
{
    static const enum collective_id asked[] = {ALL_REDUCE, ALL_GATHER, REDUCE_SCATTER, ALL_TO_ALL};
    text_add(writer->out, "\n# ---- %s: %lld GPUs on %lld host%s, %lld NVLink domain%s\n",
             reach_names[extent->reach], (long long)extent->gpus, (long long)extent->nodes,
             extent->nodes == 1 ? "" : "s", (long long)extent->domains, extent->domains == 1 ? "" : "s");
    transport_rule(writer, extent);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        collective_rule(writer, &collectives[asked[i]], extent);
}

/* Uses only rates of one named shape, because the best rate of many shapes is no limit for each of them. */
static void matmul_rules(struct writer *writer)
{
    size_t written = 0;
    char value[32];
    long long m, n, k;
    text_add(writer->out, "\n# ---- matrix multiplication\n");
    for (size_t i = 0; i < writer->published.count; i++) {
        const struct published_figure *figure = &writer->published.list[i];
        struct text source = {0};
        if (figure->collective || catalog_gpu(&writer->study->catalog, figure->gpu) != writer->gpu ||
            published_impossible(figure) || sscanf(figure->shape, "%9lldx%9lldx%9lld", &m, &n, &k) != 3 ||
            m != 8192 || n != 8192 || k != 8192)
            continue;
        plain_text(&source, figure->source, WORD);
        text_add(writer->out, "\n# %s (published.tsv:%zu) has %s TFLOP/s; the limit is %.0f %% of it.\n",
                 text_get(&source), figure->line, number_text(figure->tflops, value),
                 100 * (1 - writer->proposal->allowance));
        text_add(writer->out, "matmul dtype=%s m=%lld n=%lld k=%lld phase=burst tflops>=%.1f\n",
                 figure->dtype, m, n, k, floor(10 * (1 - writer->proposal->allowance) * figure->tflops) / 10);
        text_free(&source);
        written++;
    }
    if (!written)
        text_add(writer->out,
                 "# NO LIMIT: nobody has published a rate of this GPU at 8192 x 8192 x 8192 to start from. "
                 "Agree on one:\n#   matmul dtype=bfloat16 m=8192 n=8192 k=8192 phase=sustained "
                 "tflops>=...\n");
}

static void whole_rules(struct writer *writer)
{
    text_add(writer->out,
             "\n# ---- of every case\n\n"
             "# A wrong element makes every other figure worthless; data that nobody checked count as wrong. "
             "A size that\n"
             "# was skipped, or that failed, has no figure and fails here, too.\n"
             "* wrong<=0\n\n"
             "# An interval over launches needs %d of them.\n"
             "* launches>=%d\n\n"
             "# NO LIMIT on latency: nobody has published one to start from. Agree on one:\n"
             "#   all_reduce ranks=... requested_bytes=8 mode=isolated median_us<=... p99_us<=...\n",
             USUAL_LAUNCHES, USUAL_LAUNCHES);
}

static void add_rate(struct text *out, double gbps)
{
    char rate[32];
    if (isfinite(gbps))
        text_add(out, "%s GB/s", number_text(gbps, rate));
    else
        text_add(out, "not known");
}

static void write_contract(struct writer *writer)
{
    const struct instance *instance = writer->instance;
    int64_t domains = writer->proposal->domains, hosts = instance->gpus_per_domain / instance->gpus_per_vm;
    struct extent_of_contract host = {REACH_HOST, instance->gpus_per_vm, 1, 1};
    struct extent_of_contract domain = {REACH_DOMAIN, instance->gpus_per_domain, hosts, 1};
    struct extent_of_contract all = {REACH_DOMAINS, domains * instance->gpus_per_domain, domains * hosts,
                                     domains};
    text_add(
        writer->out,
        "# Proposed for %lld NVLink domain%s of %s %s (%s, %lld GPUs each) by busbar contract --propose.\n"
        "# Read the reasons, change the limits, sign the result. busbar contract --gate FILE RESULTS checks "
        "it.\n"
        "# Rates per GPU and direction in clouds.tsv:%zu: NVLink ",
        (long long)domains, domains == 1 ? "" : "s", instance->provider, instance->name, instance->gpu,
        (long long)instance->gpus_per_domain, instance->line);
    add_rate(writer->out, instance->nvlink_gbps);
    text_add(writer->out, ", NIC ");
    add_rate(writer->out, instance->nic_gbps);
    text_add(writer->out, ".\n");
    if (host.gpus > 1) extent_rules(writer, &host);
    if (hosts > 1) extent_rules(writer, &domain);
    if (domains > 1) extent_rules(writer, &all);
    matmul_rules(writer);
    whole_rules(writer);
}

enum status contract_propose(const struct proposal *proposal, const struct study *study, struct text *out)
{
    struct writer writer = {.proposal = proposal, .study = study, .out = out};
    writer.instance = catalog_instance(&study->catalog, proposal->instance);
    if (!writer.instance) return catalog_unknown(&study->catalog, "--propose", proposal->instance);
    writer.gpu = catalog_gpu(&study->catalog, writer.instance->gpu);
    enum status status = published_read(&writer.published, &study->catalog);
    if (!status) write_contract(&writer);
    published_free(&writer.published);
    arena_free(&writer.arena);
    return status;
}

/* ---- limits against bounds, before anything is measured ---- */

static int64_t condition_or(const struct gate_rule *rule, const char *name, int64_t otherwise)
{
    double value = gate_condition(rule, name);
    return value >= 1 && value <= 1 << 24 ? (int64_t)value : otherwise;
}

/* The bound of a collective in the unit of the term; NAN: not known, or it depends on a size that the rule
   leaves open. */
static double bound_for(const struct gate_term *term, const struct gate_rule *rule,
                        const struct collective *collective, const struct machine *machine,
                        struct bound *bound)
{
    double bytes = gate_condition(rule, "requested_bytes");
    bool is_time = term->quantity == MEDIAN_US || term->quantity == P95_US || term->quantity == P99_US;
    if (!(bytes > 0)) bytes = is_time ? NAN : 1e9;
    if (!(bytes > 0) || !bound_of(collective, bytes, machine, BOUND_MACHINE, bound)) return NAN;
    return is_time                        ? bound->time_us
           : term->quantity == BUSBW_GBPS ? bound->busbw_gbps
           : term->quantity == ALGBW_GBPS ? algbw_gbps(bytes, bound->time_us)
                                          : NAN;
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
    int64_t ranks = condition_or(rule, "ranks", 0), nodes = condition_or(rule, "nodes", 0);
    int64_t in_domains = condition_or(rule, "domains", ranks ? ABSENT : domains);
    if (!ranks) ranks = in_domains * instance->gpus_per_domain;
    if (!nodes) nodes = (ranks + instance->gpus_per_vm - 1) / instance->gpus_per_vm;
    bool known = machine_of(instance, gpu, ranks, nodes, in_domains, &machine);
    for (int c = 0; c < COLLECTIVE_COUNT && !beyond; c++) {
        const char *formula = NULL;
        double limit = NAN;
        if (!gate_names(rule, collectives[c].name)) continue;
        bound.formula[0] = 0;
        if (known && ranks > 1) limit = bound_for(term, rule, &collectives[c], &machine, &bound);
        if (isfinite(limit)) formula = bound.formula;
        beyond = term->quantity != TFLOPS && gate_beyond(term, number, limit, formula, &why);
    }
    for (size_t i = 0; i < rule->condition_count && !beyond && gate_names(rule, "matmul"); i++)
        if (same(rule->conditions[i].name, "dtype") && rule->conditions[i].pattern &&
            (term->quantity == TFLOPS || term->quantity == BOUND_PERCENT))
            beyond = gate_beyond(term, number, gpu_peak_tflops(gpu, rule->conditions[i].pattern), NULL, &why);
    enum status status = STATUS_OK;
    if (beyond)
        status = fail(STATUS_USAGE, "%s:%zu: %s on %lld GPUs of %s: %s", gate->path, rule->line, term->text,
                      (long long)ranks, instance->name, text_get(&why));
    text_free(&why);
    return status;
}

enum status contract_check_limits(const struct gate *gate, const struct catalog *catalog, const char *name,
                                  int64_t domains)
{
    const struct instance *instance = catalog_instance(catalog, name);
    if (!instance) return catalog_unknown(catalog, "--instance", name);
    const struct gpu_facts *gpu = catalog_gpu(catalog, instance->gpu);
    enum status status = STATUS_OK;
    for (size_t r = 0; r < gate->count; r++)
        for (size_t t = 0; t < gate->rules[r].requirement_count && !status; t++)
            status =
                check_term(gate, &gate->rules[r], &gate->rules[r].requirements[t], instance, gpu, domains);
    return status;
}
