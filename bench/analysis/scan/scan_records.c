/* Reads pairs of hosts from records: --group rails:K, hosts:K, bisect and match. */
#include "analysis/scan/scan.h"
#include "analysis/compare/aggregate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HOSTS = 4096, MOST_RAILS = 64 };

static bool is_pairing(const struct case_row *row)
{
    static const char *const kinds[] = {"rails:", "hosts:", "bisect", "match:"};
    if (!row->group || row->status != CASE_OK || !row->groups) return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(row->group, kinds[i], strlen(kinds[i])) == 0) return true;
    return false;
}

static size_t host_index(const struct scan_records *records, const char *name)
{
    size_t h = 0;
    while (h < records->host_count && !same(records->hosts[h], name)) h++;
    return h;
}

/* ---- hosts and domains ---- */

static enum status count_hosts(const char *domains, struct scan_records *records)
{
    if (!domains || !*domains) return fail(STATUS_ENVIRONMENT, "scan: the results name no host");
    records->host_count = 1;
    for (const char *c = domains; *c; c++) records->host_count += *c == ',';
    return STATUS_OK;
}

/* All launches must have the same hosts in the same order, because the names of rounds refer to hosts by
   number. */
static enum status collect_hosts(const struct archive *archive, const char *domains,
                                 struct scan_records *records)
{
    const struct launch *first = NULL;
    records->rails = 1;
    for (size_t i = 0; i < archive->count; i++) {
        const struct launch *launch = &archive->launches[i];
        const struct launch_header *header = &launch->header;
        if (!header->host_count) continue;
        if (!first) {
            first = launch;
            records->host_count = header->host_count;
            records->hosts = allocate(header->host_count, sizeof *records->hosts);
            for (size_t h = 0; h < header->host_count; h++) records->hosts[h] = header->hosts[h].name;
        }
        bool alike = header->host_count == records->host_count;
        for (size_t h = 0; alike && h < header->host_count; h++)
            alike = same(header->hosts[h].name, records->hosts[h]);
        if (!alike)
            return fail(STATUS_USAGE,
                        "scan: %s and %s have different hosts, or in another order: name one run",
                        first->path, launch->path);
        if (header->ranks_per_node > (int64_t)records->rails) records->rails = (size_t)header->ranks_per_node;
    }
    if (!first && count_hosts(domains, records)) return STATUS_ENVIRONMENT;
    if (records->host_count > MOST_HOSTS || records->rails > MOST_RAILS)
        return fail(STATUS_ENVIRONMENT,
                    "scan: %zu hosts with %zu ranks each; at most %d with %d are supported",
                    records->host_count, records->rails, MOST_HOSTS, MOST_RAILS);
    return STATUS_OK;
}

static void set_domain(struct scan_records *records, size_t host, const char *name)
{
    size_t d = 0;
    while (d < records->domain_count && !same(records->domain_names[d], name)) d++;
    if (d == records->domain_count) records->domain_names[records->domain_count++] = name;
    records->domain[host] = d;
}

/* Takes the domains from the records if some launch has that of each host; else from `domains`; else they are
   unknown. */
static enum status collect_domains(struct archive *archive, const char *domains, struct scan_records *records)
{
    const struct launch_header *header = NULL;
    size_t n = records->host_count, h = 0;
    for (size_t i = 0; !header && i < archive->count; i++) {
        bool all = archive->launches[i].header.host_count == n;
        for (size_t k = 0; all && k < n; k++) all = archive->launches[i].header.hosts[k].domain != NULL;
        if (all) header = &archive->launches[i].header;
    }
    if (!header && !domains) return STATUS_OK;
    records->domain = allocate(n, sizeof *records->domain);
    records->domain_names = allocate(n, sizeof *records->domain_names);
    if (header) {
        for (h = 0; h < n; h++) set_domain(records, h, header->hosts[h].domain);
        return STATUS_OK;
    }
    char *copy = duplicate(domains), *rest = copy, *word;
    bool unknown = false;
    while ((word = strsep(&rest, ","))) {
        unknown |= same(word, "-");
        if (h < n) set_domain(records, h, arena_string(&archive->arena, word));
        h++;
    }
    free(copy);
    if (h != n) return fail(STATUS_USAGE, "--domains: %zu names for %zu hosts", h, n);
    if (unknown) {
        free(records->domain);
        records->domain = NULL;
    }
    return STATUS_OK;
}

/* ---- pairs ---- */

/* The largest size: the scan uses only the bandwidth at this size. */
static int64_t largest(const struct archive *archive)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < archive->count; i++)
        for (size_t c = 0; c < archive->launches[i].case_count; c++) {
            const struct case_row *row = &archive->launches[i].cases[c];
            if (is_pairing(row) && row->bytes > bytes) bytes = row->bytes;
        }
    return bytes;
}

/* Pairs are judged against each other, so all must have been measured alike, on GPUs of one model. */
static enum status refuse_unlike(struct archive *archive, int64_t bytes)
{
    const struct case_row *first = NULL;
    const struct launch *of = NULL;
    for (size_t i = 0; i < archive->count; i++)
        for (size_t c = 0; c < archive->launches[i].case_count; c++) {
            const struct launch *launch = &archive->launches[i];
            const struct case_row *row = &launch->cases[c];
            if (!is_pairing(row) || row->bytes != bytes) continue;
            if (!first) first = row, of = launch;
            bool alike = same_question(first, row) &&
                         same(launch_gpu(&of->header), launch_gpu(&launch->header)) &&
                         launch_provenance(&of->header, &archive->arena) ==
                             launch_provenance(&launch->header, &archive->arena);
            if (!alike)
                return fail(STATUS_USAGE,
                            "scan: %s and %s measured pairs under different settings: name one run", of->path,
                            launch->path);
        }
    return STATUS_OK;
}

static void add_pair(struct scan_records *records, size_t rail, struct scan_pair pair)
{
    size_t n = records->counts[rail]++;
    if ((n & (n + 1)) == 0) /* doubles at 1, 3, 7, … */
        records->pairs[rail] = reallocate(records->pairs[rail], 2 * n + 2, sizeof **records->pairs);
    records->pairs[rail][n] = pair;
}

static void add_row(struct scan_records *records, const struct case_row *row, size_t launch)
{
    size_t i;
    json_t *group;
    json_array_foreach(row->groups, i, group)
    {
        const json_t *hosts = json_object_get(group, "hosts"), *ranks = json_object_get(group, "ranks");
        double gbps = json_number_value(json_object_get(group, "busbw_gbps"));
        if (json_array_size(hosts) != 2 || !(gbps > 0)) continue;
        size_t a = host_index(records, json_string_value(json_array_get(hosts, 0))),
               b = host_index(records, json_string_value(json_array_get(hosts, 1)));
        if (a >= records->host_count || b >= records->host_count || a == b) continue;
        /* Two ranks: one on each host, both with the same local rank, which is the rail. */
        json_int_t rank = json_array_size(ranks) == 2 ? json_integer_value(json_array_get(ranks, 0)) : 0;
        size_t rail = rank > 0 ? (size_t)rank % records->rails : 0;
        add_pair(records, rail, (struct scan_pair){a, b, launch, -log(gbps)});
    }
    const char *colon = strchr(row->group, ':');
    long round = colon && row->group[0] != 'm' ? strtol(colon + 1, NULL, 10) : -1;
    if (round >= 0 && (size_t)round <= records->host_count) records->rounds[round] = true;
    records->figures++;
}

static int by_start(const void *x, const void *y)
{
    const struct launch *a = *(const struct launch *const *)x, *b = *(const struct launch *const *)y;
    int order =
        strcmp(a->header.started ? a->header.started : "", b->header.started ? b->header.started : "");
    return order ? order : strcmp(a->path, b->path);
}

static void collect_pairs(struct archive *archive, int64_t bytes, struct scan_records *records)
{
    const struct launch **order = allocate(archive->count + 1, sizeof *order);
    records->pairs = allocate(records->rails, sizeof *records->pairs);
    records->counts = allocate(records->rails, sizeof *records->counts);
    records->rounds = allocate(records->host_count + 1, sizeof *records->rounds);
    for (size_t i = 0; i < archive->count; i++) order[i] = &archive->launches[i];
    if (archive->count) qsort(order, archive->count, sizeof *order, by_start);
    for (size_t i = 0; i < archive->count; i++) {
        size_t before = records->figures;
        for (size_t c = 0; c < order[i]->case_count; c++)
            if (is_pairing(&order[i]->cases[c]) && order[i]->cases[c].bytes == bytes)
                add_row(records, &order[i]->cases[c], records->launches);
        records->launches += records->figures > before;
    }
    free(order);
}

enum status scan_records_read(struct archive *archive, const char *domains, struct scan_records *records)
{
    *records = (struct scan_records){0};
    int64_t bytes = largest(archive);
    enum status status = refuse_unlike(archive, bytes);
    if (!status) status = collect_hosts(archive, domains, records);
    if (!status) status = collect_domains(archive, domains, records);
    if (!status) collect_pairs(archive, bytes, records);
    return status;
}

void scan_records_free(struct scan_records *records)
{
    for (size_t rail = 0; records->pairs && rail < records->rails; rail++) free(records->pairs[rail]);
    free(records->pairs);
    free(records->counts);
    free(records->rounds);
    free(records->domain);
    free(records->domain_names);
    free(records->hosts);
    *records = (struct scan_records){0};
}

struct scan_data scan_records_rail(const struct scan_records *records, size_t rail)
{
    return (struct scan_data){records->host_count, records->launches, records->counts[rail], records->domain,
                              records->pairs[rail]};
}
