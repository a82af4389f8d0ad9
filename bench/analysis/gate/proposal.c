/* busbar contract --propose. */
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
    const char *searched; /* where figures were looked for */
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

/* "AWS p5, run aws-p5 (imported)" */
static const char *run_words(struct writer *writer, size_t r)
{
    const struct run_summary *run = &writer->study->aggregate.runs[r];
    struct text words = {0};
    plain_text(&words, run->label, WORD);
    if (run->run && !same(run->run, run->label)) {
        text_add(&words, ", run ");
        plain_text(&words, run->run, WORD);
    }
    text_add(&words, " (%s)", run->provenance);
    const char *copy = arena_string(&writer->arena, text_get(&words));
    text_free(&words);
    return copy;
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
        for (size_t i = 0; i < track->count; i++) {
            const struct case_summary *line = &track->cases[i];
            if (figure_present(line->busbw_gbps) && line->status == CASE_OK && !line->turnout.without &&
                (!best || line->busbw_gbps.point > best->busbw_gbps.point))
                best = line;
        }
        if (!best || artificial_provenance(&best->launch->header) || site->gpu != writer->gpu ||
            reach_of(track->scope) != reach || impossible_line(writer->study, track))
            continue;
        add_start(starts, (struct start){.gbps = best->busbw_gbps.point,
                                         .share = best->bound_percent.point / 100,
                                         .gpus = best->row->ranks,
                                         .bytes = best->row->bytes,
                                         .same_instance = site->instance == writer->instance,
                                         .words = run_words(writer, track->run)});
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
        text_add(out,
                 "# NO LIMIT: no figure of this GPU, collective and extent to start from in %s. "
                 "Agree on one:\n#   %s ranks=%lld domains=%lld requested_bytes=... busbw_gbps>=...\n",
                 writer->searched, collective->name, (long long)extent->gpus, (long long)extent->domains);
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

/* A matmul rate that a limit may start from. */
struct rate {
    double tflops;
    long long m, n, k; /* 0: the source names no shape, so that the rate is no limit for any one of them */
    const char *words; /* the source */
};

/* How far a shape is from the usual one, 8192 x 8192 x 8192, in multiplications: |ln(ratio)|. */
static double shape_distance(const struct rate *rate)
{
    return rate->m ? fabs(log((double)rate->m * (double)rate->n * (double)rate->k / pow(8192, 3))) : INFINITY;
}

/* Keeps the rate of the shape nearest to the usual one, and among equally near ones the fastest. */
static void keep_nearest(struct rate *best, struct rate rate)
{
    double far = shape_distance(&rate), least = shape_distance(best);
    if (!best->words || far < least || (far == least && rate.tflops > best->tflops)) *best = rate;
}

static void published_rates(struct writer *writer, const char *dtype, struct rate *best)
{
    for (size_t i = 0; i < writer->published.count; i++) {
        const struct published_figure *figure = &writer->published.list[i];
        struct rate rate = {.tflops = figure->tflops};
        struct text words = {0};
        if (figure->collective || !same(figure->dtype, dtype) || published_impossible(figure) ||
            catalog_gpu(&writer->study->catalog, figure->gpu) != writer->gpu)
            continue;
        if (sscanf(figure->shape, "%9lldx%9lldx%9lld", &rate.m, &rate.n, &rate.k) != 3) rate.m = 0;
        plain_text(&words, figure->source, WORD);
        text_add(&words, " (published.tsv:%zu)", figure->line);
        rate.words = arena_string(&writer->arena, text_get(&words));
        keep_nearest(best, rate);
        text_free(&words);
    }
}

static void measured_rates(struct writer *writer, const char *dtype, struct rate *best)
{
    const struct aggregate *aggregate = &writer->study->aggregate;
    for (size_t r = 0; r < aggregate->count; r++)
        for (size_t c = 0; c < aggregate->runs[r].case_count; c++) {
            const struct case_summary *line = &aggregate->runs[r].cases[c];
            const struct case_row *row = line->row;
            if (!row->gemm || !same(row->dtype, dtype) || !figure_present(line->tflops) ||
                line->status != CASE_OK || writer->study->sites[r].gpu != writer->gpu ||
                artificial_provenance(&line->launch->header) ||
                impossible_in_world(&aggregate->runs[r], line))
                continue;
            keep_nearest(best, (struct rate){.tflops = line->tflops.point,
                                             .m = row->m > 0 && row->n > 0 && row->k > 0 ? row->m : 0,
                                             .n = row->n,
                                             .k = row->k,
                                             .words = run_words(writer, r)});
        }
}

/* Writes a rule, or why there is none, for each type that models are trained or served in and that the GPU
   has. */
static void matmul_rules(struct writer *writer)
{
    static const char *const types[] = {"bfloat16", "fp8_e4m3", "nvfp4"};
    const double keep = 1 - writer->proposal->allowance;
    char value[32];
    text_add(writer->out, "\n# ---- matrix multiplication\n");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct rate best = {0};
        published_rates(writer, types[i], &best);
        measured_rates(writer, types[i], &best);
        if (!best.words && isnan(gpu_peak_tflops(writer->gpu, types[i]))) continue;
        if (best.m) {
            text_add(writer->out, "\n# %s has %s TFLOP/s in this shape; the limit is %.0f %% of it.\n",
                     best.words, number_text(best.tflops, value), 100 * keep);
            text_add(writer->out, "matmul dtype=%s m=%lld n=%lld k=%lld phase=burst tflops>=%.1f\n", types[i],
                     best.m, best.n, best.k, floor(10 * keep * best.tflops) / 10);
            continue;
        }
        if (best.words)
            text_add(writer->out, "\n# NO LIMIT in %s: %s has %s TFLOP/s, but names no shape.", types[i],
                     best.words, number_text(best.tflops, value));
        else
            text_add(writer->out, "\n# NO LIMIT in %s: no rate of this GPU and type to start from in %s.",
                     types[i], writer->searched);
        text_add(writer->out,
                 " Agree on one:\n#   matmul dtype=%s m=8192 n=8192 k=8192 phase=sustained tflops>=...\n",
                 types[i]);
    }
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
             "# NO LIMIT on latency: published.tsv has none to start from. Agree on one:\n"
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

static const char *searched_words(struct writer *writer)
{
    const struct proposal *proposal = writer->proposal;
    struct text words = {0};
    text_add(&words, "%s", writer->published.path ? "published.tsv" : "");
    if (proposal->shipped) text_add(&words, "%sthe records in reference/", words.length ? " or " : "");
    if (proposal->given) text_add(&words, "%sthe results given", words.length ? " or " : "");
    const char *copy = arena_string(&writer->arena, words.length ? text_get(&words)
                                                                 : "the catalog, which has no published.tsv");
    text_free(&words);
    return copy;
}

enum status contract_propose(const struct proposal *proposal, const struct study *study, struct text *out)
{
    struct writer writer = {.proposal = proposal, .study = study, .out = out};
    writer.instance = catalog_instance(&study->catalog, proposal->instance);
    if (!writer.instance) return catalog_unknown(&study->catalog, "--propose", proposal->instance);
    writer.gpu = catalog_gpu(&study->catalog, writer.instance->gpu);
    enum status status = published_read(&writer.published, &study->catalog);
    if (!status) {
        writer.searched = searched_words(&writer);
        write_contract(&writer);
    }
    published_free(&writer.published);
    arena_free(&writer.arena);
    return status;
}
