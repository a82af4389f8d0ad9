#include "analysis/compare/conditions.h"
#include "record/traits.h"

#include <stdlib.h>
#include <string.h>

const char *fact_text(const json_t *facts, const char *path)
{
    char name[64];
    while (facts && *path) {
        size_t length = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, path);
        facts =
            json_is_array(facts) ? json_array_get(facts, (size_t)atoi(name)) : json_object_get(facts, name);
        path += length + (path[length] == '.');
    }
    return json_string_value(facts);
}

const char *launch_gpu(const struct launch_header *header)
{
    static const char *const places[] = {"gpu.model",   "gpu.name",     "gpu",    "gpu_model",
                                         "gpus.0.name", "gpus.0.model", "gpus.0", "devices.0.name"};
    const char *name = NULL;
    for (size_t p = 0; !name && p < sizeof places / sizeof *places; p++)
        name = fact_text(header->facts, places[p]);
    return name;
}

const char *artificial_provenance(const struct launch_header *header)
{
    static const char *const words[] = {NULL,
                                        "faulted",
                                        "emulated",
                                        "emulated, faulted",
                                        "simulated",
                                        "simulated, faulted",
                                        "simulated, emulated",
                                        "simulated, emulated, faulted"};
    return words[launch_has_provenance(header, PROVENANCE_FAULTED) +
                 2 * launch_has_provenance(header, PROVENANCE_EMULATED) +
                 4 * launch_has_provenance(header, PROVENANCE_SIMULATED)];
}

const char *launch_provenance(const struct launch_header *header, struct arena *arena)
{
    struct text text = {0};
    for (enum provenance p = PROVENANCE_MEASURED; p <= PROVENANCE_FAULTED; p++)
        if (launch_has_provenance(header, p))
            text_add(&text, "%s%s", text.length ? "+" : "", provenance_name(p));
    const char *provenance = arena_string(arena, text.length ? text_get(&text) : "not stated");
    text_free(&text);
    return provenance;
}

/* ---- NVLink domains, and how the ranks fill them ---- */

static int most_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* "80+64" if the hosts state their domains and these have unequal numbers of ranks; else NULL. */
static const char *uneven_filling(const struct launch_header *header, struct arena *arena)
{
    size_t hosts = header->host_count, domains = 0;
    int64_t *ranks = allocate(hosts, sizeof *ranks);
    const char **names = allocate(hosts, sizeof *names);
    bool known = hosts > 0;
    for (size_t h = 0; h < hosts && known; h++) {
        const struct world_host *host = &header->hosts[h];
        size_t d = 0;
        known = host->domain && host->ranks > 0;
        while (known && d < domains && !same(names[d], host->domain)) d++;
        if (known && d == domains) names[domains++] = host->domain;
        if (known) ranks[d] += host->ranks;
    }
    struct text text = {0};
    if (known && domains > 1) qsort(ranks, domains, sizeof *ranks, most_first);
    if (known && domains > 1 && ranks[0] != ranks[domains - 1])
        for (size_t d = 0; d < domains; d++) text_add(&text, "%s%lld", d ? "+" : "", (long long)ranks[d]);
    const char *filling = text.length ? arena_string(arena, text_get(&text)) : NULL;
    text_free(&text);
    free(ranks);
    free(names);
    return filling;
}

/* Slashes separate the parts of a key. */
static void without_slashes(struct text *text)
{
    for (size_t c = 0; c < text->length; c++)
        if (text->data[c] == '/') text->data[c] = ':';
}

/* ---- transport ---- */

/* Describes the transport. Names NCCL's network only if there are several nodes, and the use of multi-node
   NVLink only if domains span hosts. */
static const char *transport_of(const struct launch_header *header, const struct case_row *row,
                                struct arena *arena)
{
    const json_t *nccl = json_object_get(header->facts, "nccl"), *mnnvl = json_object_get(nccl, "mnnvl"),
                 *item;
    const char *network = row->nodes > 1 ? json_string_value(json_object_get(nccl, "network")) : NULL;
    struct text text = {0};
    size_t i;
    text_add(&text, "%s", network ? network : "");
    json_array_foreach(json_object_get(nccl, "transports"), i, item)
    {
        const char *word = json_string_value(item);
        if (word) text_add(&text, "%s%s", i ? "+" : text.length ? " " : "", word);
    }
    bool spans = row->nodes > 1 && header->domains > 0 && header->domains < header->nodes;
    if (spans && json_is_boolean(mnnvl))
        text_add(&text, "%s%s", text.length ? " " : "",
                 json_is_true(mnnvl) ? "multi-node NVLink" : "no multi-node NVLink");
    without_slashes(&text);
    const char *transport = text.length ? arena_string(arena, text_get(&text)) : NULL;
    text_free(&text);
    return transport;
}

/* ---- the CPU's BLAS ---- */

/* Adds "OpenBLAS SkylakeX 2 threads". Without the version: launches before and after an update are compared,
   as with NCCL. */
static void add_blas(const json_t *blas, struct text *text)
{
    static const char *const words[] = {"library", "kernel"};
    json_int_t threads = json_integer_value(json_object_get(blas, "threads"));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *word = json_string_value(json_object_get(blas, words[i]));
        if (word) text_add(text, "%s%s", text->length ? " " : "", word);
    }
    if (threads > 0) text_add(text, " %lld thread%s", (long long)threads, threads == 1 ? "" : "s");
}

void conditions_blas(const json_t *blas, struct text *text)
{
    const json_t *other;
    size_t i;
    add_blas(blas, text);
    json_array_foreach(json_object_get(blas, "others"), i, other)
    {
        text_add(text, " +");
        add_blas(other, text);
    }
    without_slashes(text);
}

static const char *blas_of_row(const struct launch_header *header, const struct case_row *row,
                               struct arena *arena)
{
    struct text text = {0};
    if (row->gemm || row->algorithm) conditions_blas(blas_of(header->facts, row->algorithm), &text);
    const char *found = text.length ? arena_string(arena, text_get(&text)) : NULL;
    text_free(&text);
    return found;
}

struct conditions conditions_of(const struct launch *launch, const struct case_row *row, struct arena *arena)
{
    const struct launch_header *header = &launch->header;
    struct conditions conditions = {.domains = ABSENT, .table = launch->table};
    const char *usual =
        row->memory == MEMORY_DEVICE ? (row->gemm ? "cublaslt" : "nccl") : (row->gemm ? "cblas" : "mpi");
    bool imported = launch_has_provenance(header, PROVENANCE_IMPORTED);
    if (row->memory && !imported && header->backend && !same(header->backend, usual))
        conditions.backend = arena_string(arena, header->backend);
    conditions.blas = blas_of_row(header, row, arena);
    bool whole = !row->gemm && row->ranks == header->ranks && is_world(row->group);
    if (!whole) return conditions;
    if (row->nodes != 1) { /* a host is never in two domains */
        conditions.domains = header->domains;
        conditions.filling = uneven_filling(header, arena);
    }
    conditions.transport = transport_of(header, row, arena);
    return conditions;
}

struct timing_method timing_method(const struct case_row *row)
{
    bool is_nccl_tests = !row->mode && !row->samples_us.count && row->statistic == STATISTIC_MEAN &&
                         same(row->rank_reduction, "mean") && row->includes_launch == 1;
    if (is_nccl_tests) return (struct timing_method){MODE_NCCL_TESTS, SYNC_BARRIER, CACHE_WARM};
    return (struct timing_method){row->mode, row->sync, row->cache};
}

/* ---- as text ---- */

void conditions_key(const struct conditions *conditions, struct text *key)
{
    if (conditions->backend) text_add(key, "/backend=%s", conditions->backend);
    if (conditions->domains > 1) text_add(key, "/domains=%lld", (long long)conditions->domains);
    if (conditions->filling) text_add(key, "/filling=%s", conditions->filling);
    if (conditions->blas) text_add(key, "/blas=%s", conditions->blas);
    if (conditions->transport) text_add(key, "/transport=%s", conditions->transport);
    if (conditions->table) text_add(key, "/table=%s", conditions->table);
}

void conditions_words(const struct conditions *conditions, struct text *out)
{
    if (conditions->domains != ABSENT)
        text_add(out, ", %lld NVLink domain%s", (long long)conditions->domains,
                 conditions->domains == 1 ? "" : "s");
    if (conditions->filling) text_add(out, " of %s ranks", conditions->filling);
    if (conditions->backend) text_add(out, ", backend %s", conditions->backend);
    if (conditions->blas) text_add(out, ", %s", conditions->blas);
    if (conditions->transport) text_add(out, ", transport %s", conditions->transport);
    if (conditions->table) text_add(out, ", table %s", conditions->table);
}

static int by_text(const char *a, const char *b)
{
    if (!a || !b) return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

int conditions_order(const struct conditions *a, const struct conditions *b)
{
    int64_t x = a->domains > 1 ? a->domains : 1, y = b->domains > 1 ? b->domains : 1;
    int order = (x > y) - (x < y);
    if (!order) order = by_text(a->filling, b->filling);
    if (!order) order = by_text(a->backend, b->backend);
    if (!order) order = by_text(a->blas, b->blas);
    if (!order) order = by_text(a->transport, b->transport);
    return order ? order : by_text(a->table, b->table);
}
