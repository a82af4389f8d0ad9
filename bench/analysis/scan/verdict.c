/* Decides which faults are named, which hosts are cleared, and which need more rounds. */
#include "analysis/scan/evidence.h"
#include "analysis/scan/fit.h"
#include "base/status.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>

/* Shares of the rule's alpha. */
static const double HOSTS_SHARE = 0.5, LINKS_SHARE = 0.25, DOMAINS_SHARE = 0.25;
enum { ENOUGH_FOR_DISPERSION = 8 };

/* The overdispersion factor, at least 1: how much more the sums over each host's pairs vary than they would
   if pairs were independent. Hosts differ a little, and the rounds of a launch resemble each other. All
   evidence is divided by it (quasi-likelihood). Uses the score function of the t distribution, which is
   bounded, so that its sums are nearly normal. */
static double dispersion(const struct fit *fit)
{
    const struct scan_data *data = fit->data;
    double *sums = allocate(data->hosts + 1, sizeof *sums), squares = 0, factor = 1;
    size_t hosts = 0, n = 0;
    for (size_t h = 0; h < data->hosts; h++) {
        double sum = 0;
        size_t own = 0;
        for (size_t k = fit->first_of[h]; k < fit->first_of[h + 1]; k++) {
            size_t i = fit->pairs_of[k];
            if (fit->delay[i] > 0) continue;
            double z = fit->excess[i] / fit->scale[pair_kind(data, &data->pairs[i])],
                   score = z / (1 + z * z / 3);
            sum += score, squares += score * score, own++;
        }
        n += own;
        if (own) sums[hosts++] = sum / sqrt((double)own);
    }
    if (hosts >= ENOUGH_FOR_DISPERSION && squares > 0) {
        double sigma = robust_sigma(sums, hosts);
        factor = fmax(1, sigma * sigma / (squares / (double)n));
    }
    free(sums);
    return factor;
}

struct by_launch {
    double evidence;
    bool measured;
};

/* Splits the evidence by launch: a fault must show in two at least, so that a single disturbance names
   nothing. */
static struct by_launch *split_by_launch(const struct fit *fit, const struct fault *fault, const size_t *list)
{
    struct by_launch *of = allocate(fit->data->launches + 1, sizeof *of);
    for (size_t k = 0; k < fault->pairs; k++) {
        struct by_launch *one = &of[fit->data->pairs[list[k]].launch];
        one->evidence += log_ratio(fit, &list[k], 1, fault->delay);
        one->measured = true;
    }
    return of;
}

/* The number of links that were measured in two launches or more: only these can be named, so these are the
   rivals. */
static size_t repeated_links(const struct fit *fit)
{
    const struct scan_data *data = fit->data;
    size_t count = 0;
    bool counted = false;
    for (size_t k = 1; k < data->count; k++) {
        const struct scan_pair *p = &data->pairs[fit->link_order[k - 1]],
                               *q = &data->pairs[fit->link_order[k]];
        bool one = (p->a == q->a && p->b == q->b) || (p->a == q->b && p->b == q->a);
        if (!one) counted = false;
        if (one && !counted && p->launch != q->launch) count++, counted = true;
    }
    return count;
}

/* Is a link slow? It was selected among many by its first launch: that one must show it as slow, but does not
   count as evidence. Only its later launches count. */
static bool names_link(const struct fit *fit, const struct by_launch *of, double factor, double alpha)
{
    size_t first = 0;
    double repeats = -1; /* the cost of the fitted delay */
    while (first < fit->data->launches && !of[first].measured) first++;
    if (first == fit->data->launches || !(of[first].evidence > 0)) return false;
    for (size_t l = first + 1; l < fit->data->launches; l++) repeats += of[l].evidence;
    size_t rivals = repeated_links(fit);
    return rivals && repeats / factor >= log((double)rivals / alpha);
}

static void judge_fault(struct fit *fit, const struct scan_rule *rule, double factor, struct fault *fault,
                        size_t *list)
{
    struct by_launch *of = split_by_launch(fit, fault, list);
    size_t against = 0;
    fault->launches = 0;
    for (size_t l = 0; l < fit->data->launches; l++) {
        fault->launches += of[l].measured;
        against += of[l].measured && of[l].evidence > 0;
    }
    fault->evidence /= factor;
    if (fault->kind == FAULT_LINK) {
        fault->named = names_link(fit, of, factor, rule->alpha * LINKS_SHARE);
    } else {
        double share = fault->kind == FAULT_HOST ? HOSTS_SHARE : DOMAINS_SHARE;
        fault->named =
            against >= 2 && fault->evidence >= log(fault_rivals(fit, fault->kind) / (rule->alpha * share));
    }
    free(of);
}

static double median_time(const struct fit *fit, const size_t *list, size_t n)
{
    for (size_t k = 0; k < n; k++) fit->room[k] = fit->data->pairs[list[k]].log_time;
    return median(fit->room, n);
}

static int strongest_first(const void *x, const void *y)
{
    const struct fault *p = x, *q = y;
    if (p->evidence != q->evidence) return p->evidence > q->evidence ? -1 : 1;
    return p->a != q->a ? (p->a < q->a ? -1 : 1) : (p->b > q->b) - (p->b < q->b);
}

static int named_first(const void *x, const void *y)
{
    const struct fault *p = x, *q = y;
    if (p->named != q->named) return p->named ? -1 : 1;
    return strongest_first(x, y);
}

static void judge_faults(struct fit *fit, const struct scan_rule *rule, double factor, size_t *list,
                         struct scan_verdict *verdict)
{
    verdict->list = allocate(fit->fault_count + 1, sizeof *verdict->list);
    for (size_t f = 0; f < fit->fault_count; f++) {
        struct fault fault = take_out(fit, f);
        weigh_fault(fit, &fault, list, fault_pairs(fit, &fault, list));
        judge_fault(fit, rule, factor, &fault, list);
        fault.log_time = median_time(fit, list, fault.pairs);
        verdict->list[verdict->count++] = fault;
    }
    if (fit->fault_count) put_back(fit, &fit->faults[fit->fault_count - 1]);
    if (verdict->count) qsort(verdict->list, verdict->count, sizeof *verdict->list, named_first);
}

/* Chooses the links to measure again: suspect ones, and those with the strongest evidence among the others:
   one for every 16 hosts, but at least two. Most of the latter were slow by chance, which the repetition
   shows. */
static void choose_links(struct fit *fit, double factor, size_t *list, struct scan_verdict *verdict)
{
    size_t most = fit->data->hosts / 16 > 2 ? fit->data->hosts / 16 : 2, count = 0;
    struct fault *links = allocate(fit->link_count + 1, sizeof *links);
    for (size_t at = 0, n; at < fit->data->count;) {
        at = link_at(fit, at, &links[count], list, &n);
        if (weigh_fault(fit, &links[count], list, n) && links[count].evidence / factor > log(20)) count++;
    }
    if (count) qsort(links, count, sizeof *links, strongest_first);
    verdict->again = allocate(verdict->count + most, sizeof *verdict->again);
    for (size_t f = 0; f < verdict->count; f++)
        if (verdict->list[f].kind == FAULT_LINK && !verdict->list[f].named)
            verdict->again[verdict->again_count++] =
                (struct scan_link){verdict->list[f].a, verdict->list[f].b};
    for (size_t i = 0; i < count && i < most; i++)
        verdict->again[verdict->again_count++] = (struct scan_link){links[i].a, links[i].b};
    free(links);
}

/* Sets the evidence that each host is slower by the threshold, from the pairs that no fault explains, and
   whether the host is cleared. */
static void judge_hosts(struct fit *fit, const struct scan_rule *rule, double factor, size_t *list,
                        struct scan_verdict *verdict)
{
    size_t hosts = fit->data->hosts;
    verdict->host_evidence = allocate(hosts + 1, sizeof *verdict->host_evidence);
    verdict->cleared = allocate(hosts + 1, sizeof *verdict->cleared);
    for (size_t h = 0; h < hosts; h++) {
        struct fault fault = {.kind = FAULT_HOST, .reach = REACH_ALL, .a = h};
        size_t n = fault_pairs(fit, &fault, list);
        double evidence = n ? log_ratio(fit, list, n, fit->least_delay) / factor : NAN;
        verdict->host_evidence[h] = evidence;
        verdict->cleared[h] = n && evidence <= log(rule->miss);
    }
    for (size_t f = 0; f < verdict->count; f++) {
        const struct fault *fault = &verdict->list[f];
        if (fault->kind != FAULT_HOST) continue;
        verdict->host_evidence[fault->a] = fault->evidence;
        verdict->cleared[fault->a] = false;
    }
}

static bool in_named_fault(const struct scan_data *data, const struct scan_verdict *verdict, size_t host)
{
    for (size_t f = 0; f < verdict->count; f++) {
        const struct fault *fault = &verdict->list[f];
        if (!fault->named || fault->kind == FAULT_LINK) continue;
        if (fault->kind == FAULT_HOST ? fault->a == host : data->domain[host] == fault->a) return true;
    }
    return false;
}

/* Was every pair measured, except pairs of two slow hosts? */
static bool all_met(const struct fit *fit, const struct scan_verdict *verdict)
{
    const struct scan_data *data = fit->data;
    size_t missing = 0;
    bool *met = allocate(data->hosts * data->hosts, sizeof *met);
    for (size_t i = 0; i < data->count; i++) {
        const struct scan_pair *pair = &data->pairs[i];
        met[pair->a * data->hosts + pair->b] = met[pair->b * data->hosts + pair->a] = true;
    }
    for (size_t a = 0; a < data->hosts; a++)
        for (size_t b = a + 1; b < data->hosts; b++)
            missing += !met[a * data->hosts + b] &&
                       !(in_named_fault(data, verdict, a) && in_named_fault(data, verdict, b));
    free(met);
    return !missing;
}

void scan_judge(const struct scan_data *data, const struct scan_rule *rule, struct scan_verdict *verdict)
{
    struct fit fit;
    size_t *list = allocate(data->count + 1, sizeof *list), n = 0;
    *verdict = (struct scan_verdict){.noise = NAN, .log_time = NAN};
    fit_open(&fit, data, rule->threshold);
    fit_faults(&fit);
    double factor = dispersion(&fit);
    judge_faults(&fit, rule, factor, list, verdict);
    judge_hosts(&fit, rule, factor, list, verdict);
    choose_links(&fit, factor, list, verdict);
    for (size_t i = 0; i < data->count; i++)
        if (!(fit.delay[i] > 0)) list[n++] = i;
    if (n) verdict->log_time = median_time(&fit, list, n), verdict->noise = fit.scale[fit.kinds[1] ? 1 : 0];
    verdict->decided = data->hosts > FEW_HOSTS || all_met(&fit, verdict);
    for (size_t h = 0; h < data->hosts; h++)
        if (!verdict->cleared[h] && !in_named_fault(data, verdict, h)) verdict->decided = false;
    for (size_t f = 0; f < verdict->count; f++)
        if (!verdict->list[f].named) verdict->decided = false;
    fit_close(&fit);
    free(list);
}

void scan_verdict_free(struct scan_verdict *verdict)
{
    free(verdict->list);
    free(verdict->again);
    free(verdict->host_evidence);
    free(verdict->cleared);
    *verdict = (struct scan_verdict){0};
}
