/* busbar scan: the pairs that scripts/scan measured as a matrix, and the suspects. */
#include "analysis/scan/scan.h"
#include "analysis/common/subcommand.h"
#include "analysis/compare/aggregate.h"
#include "base/units.h"
#include "record/flags.h"
#include "record/record.h"
#include "stats/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    enum format format;
    int rounds;
    double threshold;
    int bisect;
};
#define AT(member) offsetof(struct settings, member)

static const struct option options[] = {
    FLAG_FORMAT("text|csv|json", .at = AT(format), .initial = "text",
                .help = "suspects as text, or the matrix as csv (rail, host, host, GB/s; matmul, host, rank, "
                        "TFLOP/s), or suspects as JSON Lines"),
    {.kind = OPTION_REAL,
     .name = "threshold",
     .argument = "SHARE",
     .at = AT(threshold),
     .initial = "0.1",
     .least = 0.001,
     .most = 0.999,
     .help = "suspect is who is so far below the median, and from six hosts on beyond five robust sigma"},
    {.kind = OPTION_FLAG,
     .name = "rounds",
     .at = AT(rounds),
     .help = "print only the rounds in which suspect links were measured, as --group takes them"},
    {.kind = OPTION_FLAG, .name = "bisect", .at = AT(bisect), .help = "read the bisecting pairs only"},
    {.kind = OPTION_END},
};
static const struct command command = {
    .name = "busbar scan",
    .summary = "names slow hosts, links and GPUs from pairwise measurements and matmul",
    .synopsis = "[flags] RESULTS",
    .description = "Reads what scripts/scan measured: rounds of host pairs (--group bisect, rails:K, "
                   "hosts:K), and matmul on every rank.\n"
                   "Status 1 when somebody is suspect.",
    .examples =
        "  busbar scan results/scan-1\n      who is slow (busbar plot results/scan-1 draws all pairs)\n",
    .options = options,
};

/* All values of one pair on one rail. */
struct pair {
    double *gbps;
    size_t count;
    const char *group; /* the round that it was measured in */
};

enum { MOST_PAIRS = 1 << 25 }; /* 4096 hosts with two ranks, 2048 with eight */

struct matrix {
    const char **hosts;
    size_t host_count, rails;
    struct pair *pairs; /* rail, host, host */
};

static struct pair *pair_at(struct matrix *m, size_t rail, size_t a, size_t b)
{
    return &m->pairs[(rail * m->host_count + a) * m->host_count + b];
}

static bool is_pairing(const struct case_row *row, bool bisect)
{
    if (!row->group || row->status != CASE_OK || !row->groups) return false;
    if (bisect) return same(row->group, "bisect");
    return strncmp(row->group, "rails:", 6) == 0 || strncmp(row->group, "hosts:", 6) == 0 ||
           same(row->group, "bisect");
}

static size_t host_index(const struct matrix *m, const char *name)
{
    size_t h = 0;
    while (h < m->host_count && !same(m->hosts[h], name)) h++;
    return h;
}

static enum status collect_hosts(const struct archive *archive, struct matrix *m)
{
    m->rails = 1;
    for (size_t i = 0; i < archive->count; i++) {
        const struct launch_header *header = &archive->launches[i].header;
        for (size_t h = 0; h < header->host_count; h++) {
            if (host_index(m, header->hosts[h].name) < m->host_count) continue;
            m->hosts = reallocate(m->hosts, m->host_count + 1, sizeof *m->hosts);
            m->hosts[m->host_count++] = header->hosts[h].name;
        }
        if (header->ranks_per_node > 0 && (size_t)header->ranks_per_node > m->rails)
            m->rails = (size_t)header->ranks_per_node;
    }
    if (!m->host_count) return fail(STATUS_ENVIRONMENT, "scan: the results name no host");
    if (m->host_count > 4096 || m->rails > 64 || m->rails * m->host_count * m->host_count > MOST_PAIRS)
        return fail(STATUS_ENVIRONMENT, "scan: %zu hosts of %zu ranks are more pairs than fit into memory",
                    m->host_count, m->rails);
    m->pairs = allocate(m->rails * m->host_count * m->host_count, sizeof *m->pairs);
    return STATUS_OK;
}

static void add_value(struct pair *pair, double gbps, const char *group)
{
    pair->group = group;
    pair->gbps = reallocate(pair->gbps, pair->count + 1, sizeof *pair->gbps);
    pair->gbps[pair->count++] = gbps;
}

static void add_groups(struct matrix *m, const struct case_row *row)
{
    size_t i;
    json_t *group;
    json_array_foreach(row->groups, i, group)
    {
        const json_t *hosts = json_object_get(group, "hosts"), *ranks = json_object_get(group, "ranks");
        double gbps = json_number_value(json_object_get(group, "busbw_gbps"));
        if (json_array_size(hosts) != 2 || !(gbps > 0)) continue;
        size_t a = host_index(m, json_string_value(json_array_get(hosts, 0))),
               b = host_index(m, json_string_value(json_array_get(hosts, 1)));
        if (a >= m->host_count || b >= m->host_count) continue;
        /* Two ranks: one of each host, with the same place on theirs. */
        size_t rail =
            json_array_size(ranks) == 2 ? (size_t)json_integer_value(json_array_get(ranks, 0)) % m->rails : 0;
        add_value(pair_at(m, rail, a, b), gbps, row->group);
        add_value(pair_at(m, rail, b, a), gbps, row->group);
    }
}

/* Bandwidth is the largest size's. */
static int64_t largest(const struct archive *archive, bool bisect)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < archive->count; i++)
        for (size_t c = 0; c < archive->launches[i].case_count; c++) {
            const struct case_row *row = &archive->launches[i].cases[c];
            if (is_pairing(row, bisect) && row->bytes > bytes) bytes = row->bytes;
        }
    return bytes;
}

/* Pairs are judged against each other, so all must have been asked the same, on GPUs of one model. */
static enum status refuse_unlike(struct archive *archive, bool bisect)
{
    const struct case_row *first = NULL;
    const struct launch *of = NULL;
    int64_t bytes = largest(archive, bisect);
    for (size_t i = 0; i < archive->count; i++)
        for (size_t c = 0; c < archive->launches[i].case_count; c++) {
            const struct launch *launch = &archive->launches[i];
            const struct case_row *row = &launch->cases[c];
            if (!is_pairing(row, bisect) || row->bytes != bytes) continue;
            if (!first) first = row, of = launch;
            bool alike = same_question(first, row) &&
                         same(launch_gpu(&of->header), launch_gpu(&launch->header)) &&
                         launch_provenance(&of->header, &archive->arena) ==
                             launch_provenance(&launch->header, &archive->arena);
            if (!alike)
                return fail(STATUS_USAGE,
                            "scan: %s and %s measured pairs under unlike settings: name one run", of->path,
                            launch->path);
        }
    return STATUS_OK;
}

static double *medians(struct matrix *m, size_t rail)
{
    size_t n = m->host_count;
    double *value = allocate(n * n, sizeof *value);
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            struct pair *pair = pair_at(m, rail, a, b);
            value[a * n + b] = median(pair->gbps, pair->count); /* NAN when there is none */
        }
    return value;
}

static void print_suspect(const struct matrix *m, const struct settings *s, size_t rail,
                          const struct suspect *suspect)
{
    bool host = suspect->a == suspect->b;
    double share = suspect->value / suspect->typical;
    if (s->format == FORMAT_JSON) {
        json_t *line =
            json_pack("{ss sI ss ss* sf sf}", "suspect", host ? "host" : "link", "rail", (json_int_t)rail,
                      "host", m->hosts[suspect->a], "other", host ? NULL : m->hosts[suspect->b], "gbps",
                      suspect->value, "typical_gbps", suspect->typical);
        char *text = json_dumps(line, JSON_COMPACT);
        puts(text ? text : "{}");
        free(text);
        json_decref(line);
    } else if (s->format == FORMAT_TEXT) {
        if (host)
            printf("suspect host %s", m->hosts[suspect->a]);
        else
            printf("suspect link %s - %s", m->hosts[suspect->a], m->hosts[suspect->b]);
        if (m->rails > 1) printf(", rail %zu", rail);
        printf(": %.4g GB/s, %.0f %% of the median of %.4g\n", suspect->value, share * 100, suspect->typical);
    }
}

/* Each round once. */
static void print_rounds(struct matrix *m, size_t rail, const struct judgement *judgement, struct text *said)
{
    struct text word = {0};
    for (size_t i = 0; i < judgement->count; i++) {
        const struct suspect *suspect = &judgement->list[i];
        if (suspect->a == suspect->b) continue;
        text_clear(&word);
        text_add(&word, ",%s,", pair_at(m, rail, suspect->a, suspect->b)->group);
        if (strstr(text_get(said), text_get(&word))) continue;
        text_add(said, "%s%s", said->length ? "" : ",", text_get(&word) + 1);
    }
    text_free(&word);
}

static void print_matrix(const struct matrix *m, size_t rail, const double *value)
{
    size_t n = m->host_count;
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++)
            if (isfinite(value[a * n + b]))
                printf("%zu,%s,%s,%.6g\n", rail, m->hosts[a], m->hosts[b], value[a * n + b]);
}

/* A rail that is slow between all hosts shows only beside the others. */
static size_t judge_rails(const struct matrix *m, const struct settings *s, const double *of_rail)
{
    struct judgement judgement;
    scan_judge_ranks(of_rail, m->rails, s->threshold, &judgement);
    for (size_t i = 0; i < judgement.count; i++) {
        const struct suspect *suspect = &judgement.list[i];
        if (s->format == FORMAT_JSON)
            printf("{\"suspect\":\"rail\",\"rail\":%zu,\"gbps\":%.6g,\"typical_gbps\":%.6g}\n", suspect->a,
                   suspect->value, suspect->typical);
        else if (s->format == FORMAT_TEXT)
            printf("suspect rail %zu: %.4g GB/s between the hosts, %.0f %% of the median rail of %.4g\n",
                   suspect->a, suspect->value, suspect->value / suspect->typical * 100, suspect->typical);
    }
    size_t count = judgement.count;
    free(judgement.list);
    return count;
}

/* The upper quartile over its pairs, as for hosts: a few slow hosts do not count. */
static double rail_value(const double *value, size_t hosts)
{
    double *known = allocate(hosts * hosts, sizeof *known);
    size_t n = 0;
    for (size_t i = 0; i < hosts * hosts; i++)
        if (isfinite(value[i])) known[n++] = value[i];
    sort_doubles(known, n);
    double quartile = n ? percentile_sorted(known, n, 0.75) : NAN;
    free(known);
    return quartile;
}

/* The hosts without any figure, separated by spaces. */
static size_t count_unmeasured(struct matrix *m, struct text *names)
{
    size_t count = 0;
    for (size_t h = 0; h < m->host_count; h++) {
        bool found = false;
        for (size_t rail = 0; !found && rail < m->rails; rail++)
            for (size_t other = 0; !found && other < m->host_count; other++)
                found = pair_at(m, rail, h, other)->count > 0;
        if (found) continue;
        text_add(names, "%s%s", count ? " " : "", m->hosts[h]);
        count++;
    }
    return count;
}

/* Nobody is suspect, as far as was measured: hosts without a figure are not certified. In the bisecting pairs
 * the last of an odd number of hosts sits out; in the rounds nobody does. */
static enum status acquit(const struct settings *s, struct matrix *m, bool pairs)
{
    struct text names = {0};
    size_t unmeasured = pairs ? count_unmeasured(m, &names) : 0;
    enum status status = STATUS_OK;
    if (unmeasured && !s->bisect)
        status = fail(STATUS_ENVIRONMENT, "scan: nobody is suspect, but no figure is there for %s",
                      text_get(&names));
    else if (s->format == FORMAT_TEXT && pairs && m->host_count - unmeasured == 2)
        puts(m->rails > 1
                 ? "one pair of hosts: no rail is suspect, and there is no other pair to compare it with"
                 : "one pair of hosts: there is no other to compare it with");
    else if (s->format == FORMAT_TEXT)
        printf("no suspect among %zu hosts%s%s\n", m->host_count - unmeasured,
               unmeasured ? "; not measured: " : "", text_get(&names));
    text_free(&names);
    return status;
}

static enum status scan(const struct settings *s, struct archive *archive, struct matrix *m)
{
    size_t suspects = 0, measured = 0, multiplied = 0;
    struct text rounds = {0}; /* ",rails:1,rails:4," */
    enum status status = collect_hosts(archive, m);
    if (status) return status;
    if (!s->rounds) scan_matmul(archive, s->format, s->threshold, &multiplied, &suspects);
    int64_t bytes = largest(archive, s->bisect);
    for (size_t i = 0; i < archive->count; i++)
        for (size_t c = 0; c < archive->launches[i].case_count; c++) {
            const struct case_row *row = &archive->launches[i].cases[c];
            if (is_pairing(row, s->bisect) && row->bytes == bytes) add_groups(m, row), measured++;
        }
    if (!measured && !multiplied)
        return fail(STATUS_ENVIRONMENT,
                    "scan: no measurement of host pairs in these results, and no matmul on several ranks");
    double *of_rail = allocate(m->rails, sizeof *of_rail);
    for (size_t rail = 0; measured && rail < m->rails; rail++) {
        struct judgement judgement;
        double *value = medians(m, rail);
        scan_judge(value, m->host_count, s->threshold, &judgement);
        if (s->format == FORMAT_CSV) print_matrix(m, rail, value);
        if (s->rounds) print_rounds(m, rail, &judgement, &rounds);
        for (size_t i = 0; !s->rounds && i < judgement.count; i++)
            print_suspect(m, s, rail, &judgement.list[i]);
        suspects += judgement.count;
        of_rail[rail] = rail_value(value, m->host_count);
        free(judgement.list);
        free(value);
    }
    if (measured && m->rails > 1 && !s->rounds) suspects += judge_rails(m, s, of_rail);
    free(of_rail);
    if (rounds.length > 1) printf("%.*s\n", (int)rounds.length - 2, text_get(&rounds) + 1);
    text_free(&rounds);
    if (!suspects && !s->rounds) return acquit(s, m, measured > 0);
    return suspects ? STATUS_GATE : STATUS_OK;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    struct archive archive = {0};
    struct matrix matrix = {0};
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (status) return status;
    if (first == argc) return fail(STATUS_USAGE, "scan: which results? Name the run's folder");
    while (!status && first < argc) status = archive_read(&archive, argv[first++]);
    if (!status) {
        const char *twins = archive_make_comparable(&archive);
        if (twins) warn("%s", twins);
        status = refuse_unlike(&archive, settings.bisect);
    }
    if (!status) status = scan(&settings, &archive, &matrix);
    for (size_t i = 0; matrix.pairs && i < matrix.rails * matrix.host_count * matrix.host_count; i++)
        free(matrix.pairs[i].gbps);
    free(matrix.pairs);
    free(matrix.hosts);
    archive_free(&archive);
    options_free(&command, &settings);
    return status;
}

const struct subcommand scan_subcommand = {&command, run};
