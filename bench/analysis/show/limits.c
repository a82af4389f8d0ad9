/* busbar limits: prints the bounds of a machine with their formulas and inputs. */
#include "analysis/common/subcommand.h"
#include "analysis/common/terminal.h"
#include "base/text.h"
#include "base/units.h"
#include "catalog/catalog.h"
#include "record/flags.h"
#include "record/word_sets.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Does the NVLink switch reduce? NVLS_BY_GPU: as results/gpus.tsv states. */
enum nvls { NVLS_ABSENT, NVLS_BY_GPU, NVLS_YES, NVLS_NO };
static const struct names nvls_names = NAMES("gpu", "yes", "no");

struct settings {
    const char *instance, *gpu, *collective, *catalog;
    enum nvls nvls;
    enum format format;
    int64_t domains, domain_gpus;
    double nvlink_gbps, nic_gbps, nvlink_latency_us, nic_latency_us;
    int network_reduces, rail_aligned, wide;
    struct option_list bytes;
};

#define AT(member) offsetof(struct settings, member)
static const struct option options[] = {
    FLAG_INSTANCE(.at = AT(instance), .group = "machine",
                  .help = "an instance of results/clouds.tsv: GPUs per NVLink domain, NVLink and NIC rates"),
    FLAG_GPU(.at = AT(gpu),
             .help = "a GPU of results/gpus.tsv: NVLink rate, and whether the NVLink switch reduces"),
    FLAG_DOMAINS(.at = AT(domains), .initial = "1", .least = 1, .help = "NVLink domains (racks, or nodes)"),
    {.kind = OPTION_INTEGER,
     .name = "domain-gpus",
     .argument = "G",
     .at = AT(domain_gpus),
     .initial = "0",
     .most = 1 << 20,
     .help = "GPUs that are used in each domain; 0: all of the instance"},
    {.kind = OPTION_REAL,
     .name = "nvlink-gbps",
     .argument = "GB/s",
     .at = AT(nvlink_gbps),
     .initial = "-1",
     .least = -1,
     .most = 1e9,
     .help = "NVLink rate of a GPU in each direction, 1e9 bytes/s; -1: that of the instance or GPU"},
    {.kind = OPTION_REAL,
     .name = "nic-gbps",
     .argument = "GB/s",
     .at = AT(nic_gbps),
     .initial = "-1",
     .least = -1,
     .most = 1e9,
     .help = "network rate of a GPU in each direction, 1e9 bytes/s (400 Gbit/s are 50); -1: that of the "
             "instance"},
    {.kind = OPTION_CHOICE,
     .name = "nvls",
     .at = AT(nvls),
     .initial = "gpu",
     .choices = "gpu|yes|no",
     .names = &nvls_names,
     .help = "whether NVLink switches reduce (NVLink SHARP); gpu: as results/gpus.tsv says"},
    {.kind = OPTION_FLAG,
     .name = "network-reduces",
     .at = AT(network_reduces),
     .help =
         "the switches of the network reduce, too (SHARP); with --instance, InfiniBand's count as if they "
         "may"},
    {.kind = OPTION_FLAG,
     .name = "rail-aligned",
     .at = AT(rail_aligned),
     .help = "all-to-all first moves data over NVLink to the GPU that is on the destination's rail"},
    {.kind = OPTION_REAL,
     .name = "nvlink-latency",
     .argument = "US",
     .at = AT(nvlink_latency_us),
     .initial = "-1",
     .least = -1,
     .most = 1e6,
     .help = "latency of one NVLink hop in µs, for the latency model; -1: not known"},
    {.kind = OPTION_REAL,
     .name = "nic-latency",
     .argument = "US",
     .at = AT(nic_latency_us),
     .initial = "-1",
     .least = -1,
     .most = 1e6,
     .help = "latency of one network hop in µs, for the latency model; -1: not known"},
    FLAG_COLLECTIVE(.at = AT(collective), .group = "cases", .help = "one collective. Default: all"),
    {.kind = OPTION_LIST,
     .name = "bytes",
     .argument = "SIZE",
     .at = AT(bytes),
     .help = "sizes, counted as in nccl-tests: a list such as 1M,1G; may be repeated. Default: 1G"},
    FLAG_FORMAT("text|csv|json", .at = AT(format), .initial = "text", .group = "output"),
    FLAG_WIDE(.at = AT(wide), .help = ALL_COLUMNS),
    FLAG_CATALOG(.at = AT(catalog)),
    {.kind = OPTION_END},
};

static const struct command command = {
    "busbar limits",
    "print the physical bounds of a machine: bus bandwidth and time that no run can beat",
    "[flags]",
    "The bound is a time that no algorithm can beat over the links that count: the larger of the time in "
    "which the NICs move the data that must "
    "enter or leave a domain, and the time in which the links of a GPU move its data. Within one host only "
    "NVLink counts: PCIe, host memory and the way out of one NIC and back into another are left out, since "
    "the catalog has no rates for them. The line 'algorithm' "
    "is the "
    "time of the best known algorithm if only the links limit it; it is printed where it is longer. The line "
    "'reference' is the same without reduction in switches. Measured figures may be better than these two "
    "lines.",
    "busbar limits --instance u-p6e-gb200x72 --domains 8\n    eight racks of 72 GB200\n"
    "busbar limits --gpu H100 --domain-gpus 8 --domains 2 --nic-gbps 50 --collective all_reduce --bytes "
    "1M,1G\n    two nodes, by hand\n",
    options,
    NULL,
    NULL};

/* One printed row. */
struct row {
    const struct collective *collective;
    double bytes;
    enum bound_kind kind;
    struct bound bound;
};

static const char *kind_name(enum bound_kind kind)
{
    return kind == BOUND_MACHINE ? "bound" : kind == BOUND_ALGORITHM ? "algorithm" : "reference";
}

static const char *link_name(enum link link)
{
    return link == LINK_NIC ? "nic" : "nvlink";
}

static const char *known_name(enum known known)
{
    return known == YES ? "yes" : known == NO ? "no" : "unknown (allowed for)";
}

static enum status find_machine(const struct settings *settings, const struct catalog *catalog,
                                struct machine *machine, const struct instance **instance)
{
    *instance = catalog_instance(catalog, settings->instance);
    if (settings->instance && !*instance) return catalog_unknown(catalog, "--instance", settings->instance);
    const struct gpu_facts *gpu = catalog_gpu(catalog, settings->gpu ? settings->gpu
                                                       : *instance   ? (*instance)->gpu
                                                                     : NULL);
    if (settings->gpu && !gpu)
        return fail(STATUS_USAGE, "--gpu: '%s' is not in %s", settings->gpu, catalog->gpus_path);
    int64_t gpus = settings->domain_gpus ? settings->domain_gpus
                   : *instance           ? (*instance)->gpus_per_domain
                                         : 0;
    if (gpus < 1) return fail(STATUS_USAGE, "--domain-gpus is needed without --instance");
    *machine = (struct machine){.domains = (int)settings->domains,
                                .domain_gpus = (int)gpus,
                                .nvlink_gbps = NAN,
                                .nic_gbps = NAN,
                                .nvls = UNKNOWN};
    if (*instance || gpu)
        machine_of(*instance, gpu, settings->domains * gpus, INT64_MIN, settings->domains, machine);
    if (settings->nvlink_gbps >= 0) machine->nvlink_gbps = settings->nvlink_gbps;
    if (settings->nic_gbps >= 0) machine->nic_gbps = settings->nic_gbps;
    if (settings->nvls != NVLS_BY_GPU) machine->nvls = settings->nvls == NVLS_YES ? YES : NO;
    machine->nvlink_latency_us = settings->nvlink_latency_us >= 0 ? settings->nvlink_latency_us : NAN;
    machine->nic_latency_us = settings->nic_latency_us >= 0 ? settings->nic_latency_us : NAN;
    if (settings->network_reduces) machine->network_reduces = YES;
    machine->rail_aligned = settings->rail_aligned;
    if (machine->domains * (double)machine->domain_gpus < 2)
        return fail(STATUS_USAGE, "one GPU has no bus: give --domains or --domain-gpus");
    if (gpus > 1 && isnan(machine->nvlink_gbps))
        return fail(STATUS_USAGE, "the NVLink rate is not known: give --nvlink-gbps, --gpu or --instance");
    if (machine->domains > 1 && isnan(machine->nic_gbps))
        return fail(STATUS_USAGE, "the network's rate is not known for this machine: give --nic-gbps");
    return STATUS_OK;
}

static size_t add_rows(const struct collective *collective, size_t bytes, const struct machine *machine,
                       struct row *rows)
{
    size_t count = 0;
    for (enum bound_kind kind = BOUND_MACHINE; kind <= BOUND_REFERENCE; kind++) {
        rows[count] = (struct row){.collective = collective, .bytes = (double)bytes, .kind = kind};
        if (bound_of(collective, (double)bytes, machine, kind, &rows[count].bound)) count++;
    }
    return count;
}

static enum status make_rows(const struct settings *settings, const struct machine *machine,
                             struct row **rows, size_t *count)
{
    int index = -1;
    if (settings->collective && word_read("collective", settings->collective, &collective_words, &index))
        return STATUS_USAGE;
    const struct collective *only = index >= 0 ? &collectives[index] : NULL;
    static const char *const standard[] = {"1G"};
    const char *const *lists = settings->bytes.count ? settings->bytes.values : standard;
    size_t list_count = settings->bytes.count ? settings->bytes.count : 1;
    for (size_t l = 0; l < list_count; l++) {
        size_t *sizes, size_count;
        enum status status = parse_sizes("bytes", lists[l], 1, &sizes, &size_count);
        if (status) return status;
        *rows = reallocate(*rows, *count + size_count * 3 * COLLECTIVE_COUNT, sizeof **rows);
        for (int c = 0; c < COLLECTIVE_COUNT; c++)
            for (size_t i = 0; i < size_count; i++)
                if (!only || only == &collectives[c])
                    *count += add_rows(&collectives[c], sizes[i], machine, *rows + *count);
        free(sizes);
    }
    return STATUS_OK;
}

static void machine_text(const struct machine *m, const struct instance *instance,
                         const struct catalog *catalog, struct text *out)
{
    text_add(out, "%d NVLink domain%s of %d GPU%s", m->domains, m->domains > 1 ? "s" : "", m->domain_gpus,
             m->domain_gpus > 1 ? "s" : "");
    if (instance) {
        struct text words = {0};
        text_add(&words, ", %s %s (%s:%zu: %s)", instance->provider, instance->name, catalog->clouds_path,
                 instance->line, *instance->fabric ? instance->fabric : "fabric not known");
        plain_text(out, text_get(&words), (size_t)-1);
        text_free(&words);
    }
    text_add(out, "\nper GPU and direction:");
    if (!isnan(m->nvlink_gbps)) text_add(out, " NVLink %.6g GB/s,", m->nvlink_gbps);
    if (!isnan(m->nic_gbps)) text_add(out, " network %.6g GB/s,", m->nic_gbps);
    text_add(out, " NVLink switch reduces: %s\n\n", known_name(m->nvls));
}

static void print_table(const struct row *rows, size_t count, bool wide, struct text *out)
{
    static const char *const names[] = {
        "<collective", "size", "time(us)", "busbw(GB/s)", "<by", "<kind", "+<formula and inputs", NULL};
    struct table table = {0};
    char size[UNIT_TEXT];
    table_columns(&table, names);
    for (size_t i = 0; i < count; i++) {
        table_cell(&table, "%s", rows[i].collective->name);
        table_cell(&table, "%s", format_size((size_t)rows[i].bytes, size));
        table_cell(&table, "%.3f", rows[i].bound.time_us);
        table_cell(&table, "%.2f", rows[i].bound.busbw_gbps);
        table_cell(&table, "%s", link_name(rows[i].bound.binds));
        table_cell(&table, "%s", kind_name(rows[i].kind));
        table_cell(&table, "%s", rows[i].bound.formula);
    }
    terminal_table(&table, wide, out);
    table_free(&table);
}

static void print_text(const struct machine *m, const struct instance *instance,
                       const struct catalog *catalog, const struct row *rows, size_t count, bool wide)
{
    struct text lines = {0}, out = {0};
    machine_text(m, instance, catalog, &lines);
    terminal_lines(text_get(&lines), wide, &out);
    print_table(rows, count, wide, &out);
    struct latency latency = latency_model(m);
    text_clear(&lines);
    if (isfinite(latency.ring_us) && isfinite(latency.tree_us))
        text_add(&lines,
                 "\nlatency of a tiny all-reduce (a model, no bound): ring %.3f us = 2(P-1)a, tree %.3f us = "
                 "2[(G-1)a_nvlink + log2(N) a_net]\n",
                 latency.ring_us, latency.tree_us);
    terminal_lines(text_get(&lines), wide, &out);
    fputs(text_get(&out), stdout);
    text_free(&lines);
    text_free(&out);
}

static void print_csv(const struct machine *m, const struct row *rows, size_t count)
{
    puts("collective,bytes,kind,time_us,busbw_gbps,binds,nic_us,nvlink_us,domains,domain_gpus,formula");
    for (size_t i = 0; i < count; i++) {
        const struct bound *bound = &rows[i].bound;
        printf("%s,%.0f,%s,%.6g,%.6g,%s,%.6g,%.6g,%d,%d,\"%s\"\n", rows[i].collective->name, rows[i].bytes,
               kind_name(rows[i].kind), bound->time_us, bound->busbw_gbps, link_name(bound->binds),
               bound->nic_us, bound->nvlink_us, m->domains, m->domain_gpus, bound->formula);
    }
}

static json_t *number_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static enum status print_json(const struct machine *m, const struct instance *instance,
                              const struct row *rows, size_t count)
{
    struct latency latency = latency_model(m);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct bound *bound = &rows[i].bound;
        json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:f, s:f, s:s, s:f, s:f, s:s}", "collective",
                                              rows[i].collective->name, "bytes", (json_int_t)rows[i].bytes,
                                              "kind", kind_name(rows[i].kind), "time_us", bound->time_us,
                                              "busbw_gbps", bound->busbw_gbps, "binds",
                                              link_name(bound->binds), "nic_us", bound->nic_us, "nvlink_us",
                                              bound->nvlink_us, "formula", bound->formula));
    }
    json_t *root = json_pack("{s:s?, s:i, s:i, s:o, s:o, s:s, s:o, s:o, s:o}", "instance",
                             instance ? instance->name : NULL, "domains", m->domains, "domain_gpus",
                             m->domain_gpus, "nvlink_gbps", number_or_null(m->nvlink_gbps), "nic_gbps",
                             number_or_null(m->nic_gbps), "nvls",
                             m->nvls == YES  ? "yes"
                             : m->nvls == NO ? "no"
                                             : "unknown",
                             "latency_ring_us", number_or_null(latency.ring_us), "latency_tree_us",
                             number_or_null(latency.tree_us), "limits", list);
    if (!root) return fail(STATUS_ENVIRONMENT, "cannot write the limits as JSON: a name is not UTF-8");
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    puts("");
    json_decref(root);
    return STATUS_OK;
}

static enum status limits(const struct settings *settings)
{
    struct catalog catalog;
    struct machine machine;
    const struct instance *instance;
    struct row *rows = NULL;
    size_t count = 0;
    enum status status = catalog_read(&catalog, settings->catalog);
    if (status) return status;
    status = find_machine(settings, &catalog, &machine, &instance);
    if (!status) status = make_rows(settings, &machine, &rows, &count);
    if (!status && settings->format == FORMAT_JSON)
        status = print_json(&machine, instance, rows, count);
    else if (!status && settings->format == FORMAT_CSV)
        print_csv(&machine, rows, count);
    else if (!status)
        print_text(&machine, instance, &catalog, rows, count, settings->wide);
    free(rows);
    catalog_free(&catalog);
    return status;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    int operand;
    enum status status = options_parse(&command, argc, argv, &settings, &operand);
    if (!status && operand < argc)
        status = fail(STATUS_USAGE, "'%s': limits takes flags only", argv[operand]);
    if (!status) status = limits(&settings);
    options_free(&command, &settings);
    return status;
}

const struct subcommand limits_subcommand = {&command, run};
