/* busbar scan: finds slow hosts, links, domains and GPUs in the records of scripts/scan. */
#include "analysis/common/table.h"
#include "analysis/scan/scan.h"
#include "analysis/common/subcommand.h"
#include "analysis/compare/aggregate.h"
#include "base/units.h"
#include "record/flags.h"
#include "stats/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double MISS = 0.05; /* chance to clear a host that is slower by the threshold */
enum { NAMES_SHOWN = 8 };

struct settings {
    enum format format;
    double threshold, alpha;
    const char *domains;
    int next, all_pairs;
};
#define AT(member) offsetof(struct settings, member)

static const struct option options[] = {
    FLAG_FORMAT("text|csv|json", .at = AT(format), .initial = "text",
                .help = "csv: everything that was measured, in lines of rail,host,host,GB/s or "
                        "matmul,host,rank,TFLOP/s or "
                        "inside,host,,GB/s; json: what is slow or suspect, as JSON Lines"),
    {.kind = OPTION_REAL,
     .name = "threshold",
     .argument = "SHARE",
     .at = AT(threshold),
     .initial = "0.05",
     .least = 0.001,
     .most = 0.45,
     .help = "smallest slowdown to find; twice as much for matmul, inside hosts and for whole rails, of "
             "which there "
             "is only one figure"},
    FLAG_ALPHA(.at = AT(alpha), .initial = "0.01",
               .help = "probability that a scan names anything although nothing is slow"),
    {.kind = OPTION_TEXT,
     .name = "domains",
     .argument = "LIST",
     .at = AT(domains),
     .help = "NVLink domain, rack or leaf switch of each host, in the order of the launches, if the records "
             "do not "
             "have it"},
    {.kind = OPTION_FLAG,
     .name = "next",
     .at = AT(next),
     .group = "for scripts/scan",
     .help = "print the rounds that the next launch must measure (--group), as NAME=VALUE"},
    {.kind = OPTION_FLAG,
     .name = "all-pairs",
     .at = AT(all_pairs),
     .help = "with --next: first measure every pair once"},
    {.kind = OPTION_END},
};
static const struct command command = {
    .name = "busbar scan",
    .summary = "name slow hosts, links, domains and GPUs, from measurements of pairs and of matmul",
    .synopsis = "[flags] RESULTS…",
    .description = "Reads what scripts/scan measured: rounds of host pairs (--group match, rails:K, hosts:K, "
                   "bisect), the ranks within each host (--group node), and matmul on every rank.\n"
                   "\"slow\" is certain up to the error rate --alpha, and was seen in at least two launches. "
                   "\"suspect\" is "
                   "more likely slow than not.\n"
                   "Exit status 1: something is slow or suspect.",
    .examples =
        "  busbar scan results/scan-1\n      who is slow (busbar plot results/scan-1 draws all pairs)\n",
    .options = options,
};

/* ---- faults ---- */

static const char *kind_name(const struct fault *fault)
{
    return fault->kind == FAULT_HOST ? "host" : fault->kind == FAULT_LINK ? "link" : "domain";
}

static const char *name_of_fault(const struct scan_records *records, const struct fault *fault)
{
    return fault->kind == FAULT_DOMAIN ? records->domain_names[fault->a] : records->hosts[fault->a];
}

/* Does every rail have the same fault? Then one line reports it. */
static bool on_all_rails(const struct scan_records *records, const struct scan_verdict *of_rail,
                         const struct fault *fault)
{
    for (size_t rail = 0; rail < records->rails; rail++) {
        bool found = false;
        for (size_t f = 0; f < of_rail[rail].count; f++) {
            const struct fault *other = &of_rail[rail].list[f];
            found |= other->kind == fault->kind && other->reach == fault->reach &&
                     other->named == fault->named && other->a == fault->a &&
                     (fault->kind != FAULT_LINK || other->b == fault->b);
        }
        if (!found) return false;
    }
    return true;
}

static void print_text(const struct scan_records *records, size_t rail, bool all_rails,
                       const struct fault *fault)
{
    double gbps = exp(-fault->log_time), share = exp(-fault->delay);
    struct text line = {0};
    text_add(&line, "%s %s %s", fault->named ? "slow" : "suspect", kind_name(fault),
             name_of_fault(records, fault));
    if (fault->kind == FAULT_LINK) text_add(&line, " - %s", records->hosts[fault->b]);
    if (all_rails && records->rails > 1) text_add(&line, ", all %zu rails", records->rails);
    if (!all_rails) text_add(&line, ", rail %zu", rail);
    if (fault->reach == REACH_BETWEEN) text_add(&line, ", towards other domains");
    if (fault->reach == REACH_WITHIN) text_add(&line, ", inside its domain");
    print_plain("%s: %.4g GB/s, %.0f %% of the typical %.4g (%zu pair%s in %zu launch%s)", text_get(&line),
                gbps, share * 100, gbps / share, fault->pairs, fault->pairs == 1 ? "" : "s", fault->launches,
                fault->launches == 1 ? "" : "es");
    text_free(&line);
}

static void print_json(const struct scan_records *records, size_t rail, const struct fault *fault)
{
    double gbps = exp(-fault->log_time);
    json_t *line = json_pack("{ss sb sI ss ss* sf sf sf sI sI}", "suspect", kind_name(fault), "certain",
                             (int)fault->named, "rail", (json_int_t)rail,
                             fault->kind == FAULT_DOMAIN ? "domain" : "host", name_of_fault(records, fault),
                             "other", fault->kind == FAULT_LINK ? records->hosts[fault->b] : NULL, "gbps",
                             gbps, "typical_gbps", gbps / exp(-fault->delay), "evidence", fault->evidence,
                             "pairs", (json_int_t)fault->pairs, "launches", (json_int_t)fault->launches);
    char *text = json_dumps(line, JSON_COMPACT);
    puts(text ? text : "{}");
    free(text);
    json_decref(line);
}

static size_t print_faults(const struct settings *s, const struct scan_records *records,
                           const struct scan_verdict *of_rail)
{
    size_t count = 0;
    for (size_t rail = 0; rail < records->rails; rail++)
        for (size_t f = 0; f < of_rail[rail].count; f++) {
            const struct fault *fault = &of_rail[rail].list[f];
            bool all = on_all_rails(records, of_rail, fault);
            count++;
            if (s->format == FORMAT_JSON) print_json(records, rail, fault);
            if (s->format == FORMAT_TEXT && (!all || rail == 0)) print_text(records, rail, all, fault);
        }
    return count;
}

/* Compares the rails with each other: a rail that is slow between all hosts does not show in its own
   pairs. */
static size_t judge_rails(const struct settings *s, const struct scan_records *records,
                          const struct scan_verdict *of_rail)
{
    struct judgement judgement;
    double *rates = allocate(records->rails, sizeof *rates);
    for (size_t rail = 0; rail < records->rails; rail++) rates[rail] = exp(-of_rail[rail].log_time);
    scan_judge_ranks(rates, records->rails, 2 * s->threshold, &judgement);
    for (size_t i = 0; i < judgement.count; i++) {
        const struct suspect *suspect = &judgement.list[i];
        if (s->format == FORMAT_JSON)
            printf("{\"suspect\":\"rail\",\"rail\":%zu,\"gbps\":%.6g,\"typical_gbps\":%.6g}\n", suspect->rank,
                   suspect->value, suspect->typical);
        else if (s->format == FORMAT_TEXT)
            printf("suspect rail %zu: %.4g GB/s between the hosts, %.0f %% of the median rail of %.4g\n",
                   suspect->rank, suspect->value, suspect->value / suspect->typical * 100, suspect->typical);
    }
    size_t count = judgement.count;
    free(judgement.list);
    free(rates);
    return count;
}

/* ---- summary ---- */

struct tally {
    size_t cleared, open, unmeasured, links;
    struct text open_names, unmeasured_names;
};

static void add_name(struct text *names, size_t count, const char *name)
{
    if (count && count < NAMES_SHOWN) text_add(names, " ");
    if (count < NAMES_SHOWN) plain_text(names, name, (size_t)-1);
    if (count == NAMES_SHOWN) text_add(names, " …");
}

static bool is_in_fault(const struct scan_records *records, const struct scan_verdict *verdict, size_t host)
{
    for (size_t f = 0; f < verdict->count; f++) {
        const struct fault *fault = &verdict->list[f];
        if (fault->kind == FAULT_HOST && fault->a == host) return true;
        if (fault->kind == FAULT_DOMAIN && records->domain[host] == fault->a) return true;
    }
    return false;
}

/* A host counts as open if it is open on any rail, and as unmeasured if it has no figure on any. */
static void count_hosts(const struct scan_records *records, const struct scan_verdict *of_rail,
                        struct tally *tally)
{
    bool *measured = allocate(records->host_count, sizeof *measured);
    for (size_t rail = 0; rail < records->rails; rail++)
        for (size_t i = 0; i < records->counts[rail]; i++)
            measured[records->pairs[rail][i].a] = measured[records->pairs[rail][i].b] = true;
    for (size_t h = 0; h < records->host_count; h++) {
        bool open = false, faulty = false;
        for (size_t rail = 0; rail < records->rails; rail++) {
            faulty |= is_in_fault(records, &of_rail[rail], h);
            open |= !of_rail[rail].cleared[h];
        }
        if (!measured[h])
            add_name(&tally->unmeasured_names, tally->unmeasured++, records->hosts[h]);
        else if (!faulty && open)
            add_name(&tally->open_names, tally->open++, records->hosts[h]);
        else if (!faulty)
            tally->cleared++;
    }
    free(measured);
}

static int by_link(const void *x, const void *y)
{
    const struct scan_pair *p = x, *q = y;
    if (p->a != q->a) return p->a < q->a ? -1 : 1;
    return (p->b > q->b) - (p->b < q->b);
}

/* A rail's pairs, each with its lower host first, ordered by link. */
static struct scan_pair *sorted_pairs(const struct scan_records *records, size_t rail)
{
    size_t n = records->counts[rail];
    struct scan_pair *pairs = allocate(n + 1, sizeof *pairs);
    for (size_t i = 0; i < n; i++) {
        pairs[i] = records->pairs[rail][i];
        if (pairs[i].a > pairs[i].b)
            pairs[i].a = records->pairs[rail][i].b, pairs[i].b = records->pairs[rail][i].a;
    }
    if (n) qsort(pairs, n, sizeof *pairs, by_link);
    return pairs;
}

/* Prints each link's median if `prints`; returns how many links were measured. */
static size_t each_link(const struct scan_records *records, size_t rail, bool prints)
{
    size_t n = records->counts[rail], links = 0;
    struct scan_pair *pairs = sorted_pairs(records, rail);
    double *gbps = allocate(n + 1, sizeof *gbps);
    struct text line = {0};
    for (size_t begin = 0, end; begin < n; begin = end, links++) {
        size_t count = 0;
        for (end = begin; end < n && by_link(&pairs[begin], &pairs[end]) == 0; end++)
            gbps[count++] = exp(-pairs[end].log_time);
        if (!prints) continue;
        text_clear(&line);
        text_add(&line, "%zu,", rail);
        csv_text(&line, records->hosts[pairs[begin].a]);
        text_add(&line, ",");
        csv_text(&line, records->hosts[pairs[begin].b]);
        printf("%s,%.6g\n", text_get(&line), median(gbps, count));
    }
    text_free(&line);
    free(gbps);
    free(pairs);
    return links;
}

static void print_no_suspect(size_t hosts)
{
    printf("no suspect among %zu host%s\n", hosts, hosts == 1 ? "" : "s");
}

static void print_tally(const struct settings *s, const struct scan_records *records,
                        const struct tally *tally, size_t faults, double noise)
{
    size_t n = records->host_count;
    if (n == 2) {
        puts(records->rails > 1
                 ? "one pair of hosts: its rails were compared with each other, the hosts cannot be"
                 : "one pair of hosts: there is no other to compare it with");
        return;
    }
    if (!faults) print_no_suspect(n - tally->unmeasured);
    printf("%zu of %zu hosts are cleared of being %.3g %% slower or more (each may be missed with a chance "
           "of %.0f %%)\n",
           tally->cleared, n, 100 * s->threshold, 100 * MISS);
    if (tally->open)
        printf("not decided, more launches are needed: %zu host%s (%s)\n", tally->open,
               tally->open == 1 ? "" : "s", text_get(&tally->open_names));
    printf("a pair's figures scatter by %.2g %%; %zu of %zu links were measured\n", 100 * noise, tally->links,
           n * (n - 1) / 2);
}

/* Prints the summary and returns the exit status. If a host was not measured, the status is never
   STATUS_OK. */
static enum status summarise(const struct settings *s, const struct scan_records *records,
                             const struct scan_verdict *of_rail, size_t faults)
{
    struct tally tally = {.links = each_link(records, 0, false)};
    enum status status = faults ? STATUS_GATE : STATUS_OK;
    count_hosts(records, of_rail, &tally);
    if (s->format == FORMAT_TEXT) print_tally(s, records, &tally, faults, of_rail[0].noise);
    if (tally.unmeasured && !faults)
        status = fail(STATUS_ENVIRONMENT, "scan: nothing is slow, but there is no figure for %s",
                      text_get(&tally.unmeasured_names));
    else if (tally.unmeasured)
        warn("scan: there is no figure for %s", text_get(&tally.unmeasured_names));
    text_free(&tally.open_names);
    text_free(&tally.unmeasured_names);
    return status;
}

static enum status judge_pairs(const struct settings *s, const struct scan_records *records, size_t suspects)
{
    /* alpha is the error rate of the whole scan, so each rail gets an equal share. */
    struct scan_rule rule = {s->threshold, s->alpha / (double)records->rails, MISS};
    struct scan_verdict *of_rail = allocate(records->rails, sizeof *of_rail);
    enum status status = STATUS_OK;
    for (size_t rail = 0; rail < records->rails; rail++) {
        struct scan_data data = scan_records_rail(records, rail);
        scan_judge(&data, &rule, &of_rail[rail]);
    }
    if (s->next) {
        scan_print_next(records, of_rail, s->all_pairs);
    } else {
        for (size_t rail = 0; s->format == FORMAT_CSV && rail < records->rails; rail++)
            each_link(records, rail, true);
        suspects += print_faults(s, records, of_rail);
        if (records->rails > 1) suspects += judge_rails(s, records, of_rail);
        status = summarise(s, records, of_rail, suspects);
    }
    for (size_t rail = 0; rail < records->rails; rail++) scan_verdict_free(&of_rail[rail]);
    free(of_rail);
    return status;
}

static enum status scan(const struct settings *s, struct archive *archive)
{
    size_t suspects = 0, multiplied = 0;
    struct scan_records records;
    enum status status = scan_records_read(archive, s->domains, &records);
    if (!status && !s->next) scan_matmul(archive, s->format, 2 * s->threshold, &multiplied, &suspects);
    if (!status && !s->next) scan_inside(archive, s->format, 2 * s->threshold, &suspects);
    if (!status && (records.figures || s->next))
        status = judge_pairs(s, &records, suspects);
    else if (!status && multiplied)
        status = suspects ? STATUS_GATE : STATUS_OK;
    else if (!status)
        status = fail(STATUS_ENVIRONMENT,
                      "scan: no measurement of host pairs in these results, and no matmul on several ranks");
    if (!status && !records.figures && multiplied && s->format == FORMAT_TEXT)
        print_no_suspect(records.host_count);
    scan_records_free(&records);
    return status;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    struct archive archive = {0};
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (status) return status;
    if (first == argc && !settings.next)
        status = fail(STATUS_USAGE, "scan: which results? Name the run's folder");
    while (!status && first < argc) status = archive_read(&archive, argv[first++]);
    if (!status) {
        const char *twins = archive_make_comparable(&archive);
        if (twins) warn("%s", twins);
        status = scan(&settings, &archive);
    }
    archive_free(&archive);
    options_free(&command, &settings);
    return status;
}

const struct subcommand scan_subcommand = {&command, run};
