#include "catalog/catalog.h"
#include "base/paths.h"
#include "base/tsv.h"
#include "base/units.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

const char *const gpu_type_names[PEAK_COUNT + 1] = {"fp64", "tf32", "bf16", "fp16", "fp8", "nvfp4", NULL};

static enum status read_instance(struct arena *arena, const struct tsv *table, size_t row,
                                 struct instance *instance)
{
    double nic_gbit;
    *instance = (struct instance){
        .provider = tsv_text(table, row, "provider", arena),
        .name = tsv_text(table, row, "instance", arena),
        .gpu = tsv_text(table, row, "gpu", arena),
        .fabric = tsv_text(table, row, "fabric", arena),
        .price_kind = tsv_text(table, row, "price_kind", arena),
        .price_date = tsv_text(table, row, "price_date", arena),
        .price_source = tsv_text(table, row, "price_source", arena),
        .note = tsv_text(table, row, "note", arena),
        .other_price_kind = tsv_text(table, row, "other_price_kind", arena),
        .other_price_date = tsv_text(table, row, "other_price_date", arena),
        .other_price_source = tsv_text(table, row, "other_price_source", arena),
        .line = table->lines[row + 1],
    };
    if (!*instance->name)
        return fail(STATUS_ENVIRONMENT, "%s:%zu: no instance name", table->name, instance->line);
    enum status status = tsv_integer(table, row, "gpus_per_vm", 1, 1 << 20, &instance->gpus_per_vm);
    if (!status)
        status = tsv_integer(table, row, "gpus_per_nvlink_domain", 1, 1 << 20, &instance->gpus_per_domain);
    if (!status) status = tsv_number(table, row, "nvlink_gbps_per_direction", &instance->nvlink_gbps);
    if (!status) status = tsv_number(table, row, "nic_gbit_per_gpu", &nic_gbit);
    if (!status) status = tsv_number(table, row, "usd_per_gpu_hour", &instance->usd_per_gpu_hour);
    if (!status) status = tsv_number(table, row, "other_usd_per_gpu_hour", &instance->other_usd_per_gpu_hour);
    if (!status) instance->nic_gbps = nic_gbit / 8;
    return status;
}

static enum status read_instances(struct catalog *catalog, const struct tsv *table)
{
    static const char *const needed[] = {"provider",
                                         "instance",
                                         "gpu",
                                         "gpus_per_vm",
                                         "gpus_per_nvlink_domain",
                                         "nvlink_gbps_per_direction",
                                         "nic_gbit_per_gpu",
                                         "usd_per_gpu_hour",
                                         NULL};
    enum status status = tsv_need(table, needed);
    catalog->instances = arena_memory(&catalog->arena, table->rows * sizeof *catalog->instances);
    for (size_t row = 0; !status && row < table->rows; row++) {
        struct instance instance;
        status = read_instance(&catalog->arena, table, row, &instance);
        const struct instance *twin = status ? NULL : catalog_instance(catalog, instance.name);
        if (twin)
            status = fail(STATUS_ENVIRONMENT, "%s:%zu: instance '%s' is already in line %zu", table->name,
                          instance.line, instance.name, twin->line);
        if (!status) catalog->instances[catalog->instance_count++] = instance;
    }
    return status;
}

static enum status read_gpu(struct arena *arena, const struct tsv *table, size_t row, struct gpu_facts *gpu)
{
    const char *nvls = tsv_cell(table, row, "nvls");
    *gpu = (struct gpu_facts){
        .name = tsv_text(table, row, "gpu", arena),
        .note = tsv_text(table, row, "note", arena),
        .nvls = same(nvls, "yes")  ? YES
                : same(nvls, "no") ? NO
                                   : UNKNOWN,
        .line = table->lines[row + 1],
    };
    if (!*gpu->name) return fail(STATUS_ENVIRONMENT, "%s:%zu: no GPU name", table->name, gpu->line);
    if (*nvls && gpu->nvls == UNKNOWN) return tsv_expected(table, row, "nvls", "yes, no or nothing");
    enum status status = tsv_number(table, row, "nvlink_gbps_per_direction", &gpu->nvlink_gbps);
    if (!status) status = tsv_number(table, row, "memory_gb", &gpu->memory_gb);
    for (int type = 0; !status && type < PEAK_COUNT; type++)
        status = tsv_number(table, row, gpu_type_names[type], &gpu->peak_tflops[type]);
    return status;
}

static enum status read_gpus(struct catalog *catalog, const struct tsv *table)
{
    static const char *const needed[] = {"gpu", "bf16", "fp8", "nvlink_gbps_per_direction", "nvls", NULL};
    enum status status = tsv_need(table, needed);
    catalog->gpus = arena_memory(&catalog->arena, table->rows * sizeof *catalog->gpus);
    for (size_t row = 0; !status && row < table->rows; row++) {
        status = read_gpu(&catalog->arena, table, row, &catalog->gpus[row]);
        if (!status) catalog->gpu_count++;
    }
    return status;
}

enum status catalog_parse(struct catalog *catalog, const char *clouds, size_t clouds_length, const char *gpus,
                          size_t gpus_length)
{
    struct tsv table;
    const char *clouds_name = catalog->clouds_path ? catalog->clouds_path : "clouds.tsv";
    enum status status = tsv_parse(clouds_name, clouds, clouds_length, &table);
    if (status) return status;
    status = read_instances(catalog, &table);
    tsv_free(&table);
    if (!status)
        status = tsv_parse(catalog->gpus_path ? catalog->gpus_path : "gpus.tsv", gpus, gpus_length, &table);
    if (status) return status;
    status = read_gpus(catalog, &table);
    tsv_free(&table);
    return status;
}

static bool has_tables(const char *folder, const char *below, struct text *found)
{
    text_clear(found);
    text_add(found, "%s%s/clouds.tsv", folder, below);
    if (access(found->data, R_OK)) return false;
    text_clear(found);
    text_add(found, "%s%s", folder, below);
    return true;
}

enum status catalog_folder(struct text *found)
{
    char program[PATH_BYTES];
    const char *asked = getenv("BUSBAR_CATALOG"), *share = getenv("BUSBAR_SHARE");
    if (asked && *asked) {
        text_add(found, "%s", asked);
        return STATUS_OK;
    }
    if (share && *share && has_tables(share, "/results", found)) return STATUS_OK;
    if (program_folder(program)) {
        if (is_install_folder(program) && has_tables(program, "/../share/busbar", found)) return STATUS_OK;
        /* The program is in build/ or build/sanitize/ of the source tree. */
        if (has_tables(program, "/../results", found) || has_tables(program, "/../../results", found))
            return STATUS_OK;
    }
    return fail(STATUS_ENVIRONMENT,
                "no catalog (clouds.tsv, gpus.tsv) beside the program: name its folder with "
                "BUSBAR_CATALOG");
}

enum status catalog_read(struct catalog *catalog, const char *folder)
{
    enum { LARGEST_TABLE = 16 << 20 };
    struct text found = {0}, path = {0}, clouds = {0}, gpus = {0};
    *catalog = (struct catalog){0};
    if (!folder) {
        enum status status = catalog_folder(&found);
        if (status) {
            text_free(&found);
            return status;
        }
        folder = found.data;
    }
    text_add(&path, "%s/clouds.tsv", folder);
    catalog->clouds_path = arena_string(&catalog->arena, path.data);
    text_clear(&path);
    text_add(&path, "%s/gpus.tsv", folder);
    catalog->gpus_path = arena_string(&catalog->arena, path.data);
    enum status status = text_add_file(&clouds, catalog->clouds_path, LARGEST_TABLE);
    if (!status) status = text_add_file(&gpus, catalog->gpus_path, LARGEST_TABLE);
    if (!status)
        status = catalog_parse(catalog, text_get(&clouds), clouds.length, text_get(&gpus), gpus.length);
    text_free(&found);
    text_free(&path);
    text_free(&clouds);
    text_free(&gpus);
    if (status) catalog_free(catalog);
    return status;
}

void catalog_free(struct catalog *catalog)
{
    arena_free(&catalog->arena);
    *catalog = (struct catalog){0};
}

const struct instance *catalog_instance(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; name && i < catalog->instance_count; i++)
        if (strcasecmp(catalog->instances[i].name, name) == 0) return &catalog->instances[i];
    return NULL;
}

/* Whether `name` contains `word` as a whole word: "A100-SXM4-40GB" contains "A100", but "GB200" does not
   contain "B200". */
static bool has_word(const char *name, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = name; length && (at = strcasestr(at, word)); at++)
        if ((at == name || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length]))
            return true;
    return false;
}

const struct gpu_facts *catalog_gpu(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; name && i < catalog->gpu_count; i++)
        if (strcasecmp(catalog->gpus[i].name, name) == 0) return &catalog->gpus[i];
    if (!name || has_word(name, "PCIe") || has_word(name, "NVL")) return NULL;
    for (size_t i = 0; i < catalog->gpu_count; i++)
        if (has_word(name, catalog->gpus[i].name)) return &catalog->gpus[i];
    return NULL;
}

enum gpu_type gpu_type_of(const char *type)
{
    static const struct {
        const char *name;
        enum gpu_type type;
    } names[] = {{"double", PEAK_FP64},  {"float64", PEAK_FP64}, {"bfloat16", PEAK_BF16}, {"half", PEAK_FP16},
                 {"float16", PEAK_FP16}, {"fp8_e4m3", PEAK_FP8}, {"fp8_e5m2", PEAK_FP8}};
    for (int i = 0; type && i < PEAK_COUNT; i++)
        if (same(type, gpu_type_names[i])) return (enum gpu_type)i;
    for (size_t i = 0; type && i < sizeof names / sizeof *names; i++)
        if (same(type, names[i].name)) return names[i].type;
    return PEAK_COUNT;
}

double gpu_peak_tflops(const struct gpu_facts *gpu, const char *type)
{
    enum gpu_type known = gpu_type_of(type);
    return gpu && known < PEAK_COUNT ? gpu->peak_tflops[known] : NAN;
}

/* The number of hosts of a domain with `gpus` ranks; 0: not known. `nodes`: all hosts; less than 1: not
   known, then as few as hold the ranks. */
static int64_t hosts_of(const struct instance *instance, int64_t gpus, int64_t nodes, int64_t domains)
{
    if (nodes >= 1) return nodes / domains;
    return instance ? (gpus + instance->gpus_per_vm - 1) / instance->gpus_per_vm : 0;
}

/* Can the switches between domains reduce? InfiniBand's can (SHARP); whether a cloud allows it is not known.
   EFA, Ethernet with RoCE and TCPX have none that do. */
static enum known network_reduces(const struct instance *instance)
{
    static const char *const without[] = {"EFA", "RoCE", "TCPX"};
    if (!instance || strstr(instance->fabric, "InfiniBand")) return UNKNOWN;
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        if (strstr(instance->fabric, without[i])) return NO;
    return UNKNOWN;
}

bool machine_of(const struct instance *instance, const struct gpu_facts *gpu, int64_t ranks, int64_t nodes,
                int64_t domains, struct machine *machine)
{
    if ((!instance && !gpu) || ranks < 1 || ranks > 1 << 24) return false;
    bool in_racks = instance ? instance->gpus_per_domain > instance->gpus_per_vm
                             : gpu && strncmp(gpu->name, "GB", 2) == 0;
    if (domains < 1) {
        if (instance && in_racks)
            domains = (ranks + instance->gpus_per_domain - 1) / instance->gpus_per_domain;
        else if (!in_racks)
            domains = nodes >= 1 ? nodes
                      : instance ? (ranks + instance->gpus_per_vm - 1) / instance->gpus_per_vm
                                 : 0;
    }
    if (domains < 1 || ranks % domains || (nodes >= 1 && (nodes % domains || nodes > ranks))) return false;
    int64_t gpus = ranks / domains, hosts = hosts_of(instance, gpus, nodes, domains);
    int64_t host_gpus = instance ? hosts * instance->gpus_per_vm : gpus;
    *machine = (struct machine){
        .domains = (int)domains,
        .domain_gpus = (int)gpus,
        .nvlink_gbps = instance && !isnan(instance->nvlink_gbps) ? instance->nvlink_gbps
                       : gpu                                     ? gpu->nvlink_gbps
                                                                 : NAN,
        .nic_gbps = instance ? instance->nic_gbps : NAN,
        .nvls = gpu ? gpu->nvls : UNKNOWN,
        .network_reduces = network_reduces(instance),
        /* If the catalog's hosts are smaller than those that ran, it says nothing about idle NICs. */
        .idle_nics = fmax(0, (double)host_gpus / (double)gpus - 1),
        .domain_spans_hosts = in_racks && hosts != 1,
        .nvlink_latency_us = NAN,
        .nic_latency_us = NAN,
    };
    return true;
}

bool price_is_unverified(const struct instance *instance)
{
    return !instance->price_given && strstr(instance->note, "price unverified") != NULL;
}

bool instance_other_price(const struct instance *instance, struct instance *other)
{
    if (!isfinite(instance->other_usd_per_gpu_hour) || instance->price_given) return false;
    *other = *instance;
    other->usd_per_gpu_hour = instance->other_usd_per_gpu_hour;
    other->price_kind = instance->other_price_kind;
    other->price_date = instance->other_price_date;
    other->price_source = instance->other_price_source;
    other->note = ""; /* it may call the first price unverified */
    return true;
}

int64_t price_age_days(const struct instance *instance, double now)
{
    char month[16];
    double then;
    snprintf(month, sizeof month, "%.12s-01", instance->price_date); /* "2026-09" has no day */
    if (parse_time(instance->price_date, &then) && parse_time(month, &then)) return INT64_MIN;
    return then <= now ? (int64_t)((now - then) / 86400) : INT64_MIN;
}

static enum status bad_price(const char *text, const char *why)
{
    return fail(STATUS_USAGE, "--price '%s': %s; expected INSTANCE=USD[:KIND[:DATE]], for example %s", text,
                why, "p5.48xlarge=2.10:reserved:2026-11-01");
}

enum status catalog_set_price(struct catalog *catalog, const char *text, const char *today)
{
    const char *equal = strchr(text, '='), *kind = equal ? strchr(equal, ':') : NULL,
               *date = kind ? strchr(kind + 1, ':') : NULL;
    struct text part = {0};
    double usd, then;
    if (!equal) return bad_price(text, "no '='");
    text_add_bytes(&part, text, (size_t)(equal - text));
    const char *name = arena_string(&catalog->arena, text_get(&part));
    text_clear(&part);
    text_add_bytes(&part, equal + 1, kind ? (size_t)(kind - equal - 1) : strlen(equal + 1));
    bool is_price = parse_real(text_get(&part), &usd) == STATUS_OK && usd > 0;
    text_clear(&part);
    if (kind) text_add_bytes(&part, kind + 1, date ? (size_t)(date - kind - 1) : strlen(kind + 1));
    const char *words = arena_string(&catalog->arena, part.length ? text_get(&part) : "yours");
    text_free(&part);
    if (!is_price) return bad_price(text, "not a price in US$ per GPU-hour, above 0");
    if (date && parse_time(date + 1, &then)) return bad_price(text, "not a date such as 2026-11-01");
    for (size_t i = 0; i < catalog->instance_count; i++) {
        struct instance *instance = &catalog->instances[i];
        if (strcasecmp(instance->name, name) != 0) continue;
        instance->usd_per_gpu_hour = usd;
        instance->price_kind = words;
        instance->price_date = arena_string(&catalog->arena, date ? date + 1 : today);
        instance->price_source = "--price";
        instance->price_given = true;
        return STATUS_OK;
    }
    return catalog_unknown(catalog, "--price", name);
}

enum status catalog_unknown(const struct catalog *catalog, const char *flag, const char *name)
{
    const char **names = allocate(catalog->instance_count + 1, sizeof *names);
    for (size_t i = 0; i < catalog->instance_count; i++) names[i] = catalog->instances[i].name;
    const char *near = nearest(name, names);
    free(names);
    return fail(STATUS_USAGE, "%s: '%s' is not in %s%s%s%s", flag, name,
                catalog->clouds_path ? catalog->clouds_path : "the catalog, which cannot be read",
                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}
