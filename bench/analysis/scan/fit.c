#include "analysis/scan/fit.h"
#include "base/status.h"
#include "stats/order.h"
#include "stats/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Student's t with 3 degrees of freedom: an extreme outlier counts little more than a moderate one. */
static const double FREEDOM = 3;
static const double LEAST_SCALE = 0.005; /* lower bound: a smaller estimate than 0.5 % would be chance */
/* Converts a robust sigma to the scale of t(3): the median absolute value is 0.6745 for the standard normal
   distribution and 0.7649 for t(3). */
static const double T_SCALE = 0.6745 / 0.7649;
static const double COST_OF_DELAY = 1; /* penalty for one fitted parameter, the delay of each fault */

int pair_kind(const struct scan_data *data, const struct scan_pair *pair)
{
    return data->domain && data->domain[pair->a] != data->domain[pair->b];
}

static bool reaches(const struct fit *fit, enum fault_reach reach, size_t pair)
{
    return reach & (pair_kind(fit->data, &fit->data->pairs[pair]) ? REACH_BETWEEN : REACH_WITHIN);
}

static const struct scan_data *sorting; /* qsort() passes no context */
static int by_link(const void *x, const void *y)
{
    const struct scan_pair *p = &sorting->pairs[*(const size_t *)x], *q = &sorting->pairs[*(const size_t *)y];
    size_t a = p->a < p->b ? p->a : p->b, b = p->a < p->b ? p->b : p->a;
    size_t c = q->a < q->b ? q->a : q->b, d = q->a < q->b ? q->b : q->a;
    if (a != c) return a < c ? -1 : 1;
    if (b != d) return b < d ? -1 : 1;
    return *(const size_t *)x < *(const size_t *)y ? -1 : 1;
}

static bool same_link(const struct scan_pair *p, const struct scan_pair *q)
{
    return (p->a == q->a && p->b == q->b) || (p->a == q->b && p->b == q->a);
}

static void index_pairs(struct fit *fit)
{
    const struct scan_data *data = fit->data;
    fit->first_of = allocate(data->hosts + 2, sizeof *fit->first_of);
    fit->pairs_of = allocate(2 * data->count + 1, sizeof *fit->pairs_of);
    fit->link_order = allocate(data->count + 1, sizeof *fit->link_order);
    size_t *next = fit->first_of + 1; /* first counts pairs, then holds where each host's next pair goes */
    for (size_t i = 0; i < data->count; i++) next[data->pairs[i].a + 1]++, next[data->pairs[i].b + 1]++;
    for (size_t h = 0; h < data->hosts; h++) next[h + 1] += next[h];
    for (size_t i = 0; i < data->count; i++) {
        fit->pairs_of[next[data->pairs[i].a]++] = i;
        fit->pairs_of[next[data->pairs[i].b]++] = i;
        fit->link_order[i] = i;
    }
    sorting = data;
    qsort(fit->link_order, data->count, sizeof *fit->link_order, by_link);
    for (size_t i = 0; i < data->count; i++)
        fit->link_count +=
            i == 0 || !same_link(&data->pairs[fit->link_order[i]], &data->pairs[fit->link_order[i - 1]]);
}

void fit_open(struct fit *fit, const struct scan_data *data, double threshold)
{
    *fit = (struct fit){.data = data, .least_delay = -log1p(-threshold)};
    fit->typical = allocate(2 * data->launches + 1, sizeof *fit->typical);
    fit->excess = allocate(data->count + 1, sizeof *fit->excess);
    fit->delay = allocate(data->count + 1, sizeof *fit->delay);
    fit->room = allocate(data->count + 1, sizeof *fit->room);
    fit->domain_size = allocate(data->hosts + 1, sizeof *fit->domain_size);
    for (size_t i = 0; i < data->count; i++) fit->kinds[pair_kind(data, &data->pairs[i])] = true;
    for (size_t h = 0; h < data->hosts; h++)
        fit->domains += fit->domain_size[data->domain ? data->domain[h] : 0]++ == 0;
    index_pairs(fit);
}

void fit_close(struct fit *fit)
{
    free(fit->typical);
    free(fit->excess);
    free(fit->delay);
    free(fit->room);
    free(fit->faults);
    free(fit->pairs_of);
    free(fit->first_of);
    free(fit->domain_size);
    free(fit->link_order);
    *fit = (struct fit){0};
}

/* ---- the typical time ---- */

/* Lists the log times of one launch and kind that no fault explains, ascending; returns how many. */
static size_t unexplained(const struct fit *fit, size_t launch, int kind, double *times)
{
    size_t n = 0;
    for (size_t i = 0; i < fit->data->count; i++) {
        const struct scan_pair *pair = &fit->data->pairs[i];
        if (pair->launch == launch && pair_kind(fit->data, pair) == kind && !(fit->delay[i] > 0))
            times[n++] = pair->log_time;
    }
    sort_doubles(times, n);
    return n;
}

/* Estimates the typical time (the median without faults) from one quantile of the measured times, as if they
   were normal. 0.5 gives their median. A smaller quantile stays right even if most pairs are slow: two bad
   hosts of six slow down nine of fifteen pairs. */
static void set_typical(struct fit *fit, double quantile)
{
    const double below = quantile < 0.5 ? normal_quantile(quantile) : 0,
                 half = normal_quantile(quantile) - normal_quantile(quantile / 2);
    for (size_t cell = 0; cell < 2 * fit->data->launches; cell++) {
        size_t n = unexplained(fit, cell / 2, (int)(cell % 2), fit->room);
        if (!n) {
            fit->typical[cell] = NAN;
            continue;
        }
        if (quantile >= 0.5) {
            fit->typical[cell] = median_sorted(fit->room, n);
            continue;
        }
        double at = percentile_sorted(fit->room, n, quantile),
               sigma = (at - percentile_sorted(fit->room, n, quantile / 2)) / half;
        fit->typical[cell] = at - below * fmin(sigma, fit->least_delay);
    }
    for (size_t i = 0; i < fit->data->count; i++) {
        const struct scan_pair *pair = &fit->data->pairs[i];
        double typical = fit->typical[2 * pair->launch + (size_t)pair_kind(fit->data, pair)];
        fit->excess[i] = isfinite(typical) ? pair->log_time - typical : 0;
    }
}

/* Estimates the scale of the noise from the pairs that no fault explains. Adds one standard error (1.17 /
   sqrt n for the median absolute deviation of normal values), since few values may scatter little by chance.
   While most pairs may be slow (quantile < 0.5), uses only the pairs that are not slower than typical. */
static void set_scale(struct fit *fit, double quantile)
{
    for (int kind = 0; kind < 2; kind++) {
        size_t n = 0;
        for (size_t i = 0; i < fit->data->count; i++)
            if (pair_kind(fit->data, &fit->data->pairs[i]) == kind && !(fit->delay[i] > 0) &&
                (quantile >= 0.5 || fit->excess[i] <= 0))
                fit->room[n++] = fabs(fit->excess[i]);
        /* The typical value of each launch was fitted to the same data. */
        double freedom = fmax((double)n - (double)fit->data->launches, 1), sigma = 0;
        if (n) sigma = median(fit->room, n) / 0.6745 * sqrt((double)n / freedom) * (1 + 1.17 / sqrt(freedom));
        fit->scale[kind] = fmax(sigma * T_SCALE, LEAST_SCALE);
    }
}

/* ---- faults ---- */

double fault_rivals(const struct fit *fit, enum fault_kind kind)
{
    if (kind == FAULT_LINK) return (double)fit->link_count;
    if (kind == FAULT_DOMAIN) return (double)fit->domains;
    return (double)fit->data->hosts * (fit->kinds[0] && fit->kinds[1] ? 3 : 1);
}

static bool exposed(const struct fit *fit, const struct fault *fault, size_t i)
{
    const struct scan_pair *pair = &fit->data->pairs[i];
    switch (fault->kind) {
    case FAULT_HOST:
        return (pair->a == fault->a || pair->b == fault->a) && reaches(fit, fault->reach, i);
    case FAULT_LINK:
        return (pair->a == fault->a && pair->b == fault->b) || (pair->a == fault->b && pair->b == fault->a);
    case FAULT_DOMAIN:
        return pair_kind(fit->data, pair) &&
               (fit->data->domain[pair->a] == fault->a || fit->data->domain[pair->b] == fault->a);
    }
    return false;
}

size_t fault_pairs(const struct fit *fit, const struct fault *fault, size_t *list)
{
    size_t n = 0;
    if (fault->kind == FAULT_DOMAIN) {
        for (size_t i = 0; i < fit->data->count; i++)
            if (!(fit->delay[i] > 0) && exposed(fit, fault, i)) list[n++] = i;
        return n;
    }
    for (size_t k = fit->first_of[fault->a]; k < fit->first_of[fault->a + 1]; k++) {
        size_t i = fit->pairs_of[k];
        if (!(fit->delay[i] > 0) && exposed(fit, fault, i)) list[n++] = i;
    }
    return n;
}

static double log_density(double z)
{
    return -(FREEDOM + 1) / 2 * log1p(z * z / FREEDOM);
}

double log_ratio(const struct fit *fit, const size_t *list, size_t n, double delay)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        size_t i = list[k];
        double scale = fit->scale[pair_kind(fit->data, &fit->data->pairs[i])];
        sum += log_density((fit->excess[i] - delay) / scale) - log_density(fit->excess[i] / scale);
    }
    return sum;
}

/* A slow host needs two partners: with one, the link between them may be the slow part. */
static bool has_two_partners(const struct fit *fit, const size_t *list, size_t n)
{
    for (size_t k = 1; k < n; k++)
        if (!same_link(&fit->data->pairs[list[0]], &fit->data->pairs[list[k]])) return true;
    return false;
}

bool weigh_fault(struct fit *fit, struct fault *fault, const size_t *list, size_t n)
{
    fault->pairs = n;
    fault->evidence = -INFINITY;
    if (!n || (fault->kind == FAULT_HOST && !has_two_partners(fit, list, n))) return false;
    for (size_t k = 0; k < n; k++) fit->room[k] = fit->excess[list[k]];
    fault->delay = fmax(median(fit->room, n), fit->least_delay);
    fault->evidence = log_ratio(fit, list, n, fault->delay) - COST_OF_DELAY;
    return fault->evidence > 0;
}

static void keep_better(struct fit *fit, struct fault fault, const size_t *list, size_t n, struct fault *best,
                        double *gain)
{
    if (!weigh_fault(fit, &fault, list, n)) return;
    double own = fault.evidence - log(fault_rivals(fit, fault.kind));
    if (own > *gain) *best = fault, *gain = own;
}

size_t link_at(const struct fit *fit, size_t begin, struct fault *link, size_t *list, size_t *n)
{
    const struct scan_data *data = fit->data;
    const struct scan_pair *pair = &data->pairs[fit->link_order[begin]];
    size_t end = begin;
    *link = (struct fault){.kind = FAULT_LINK, .reach = REACH_ALL, .a = pair->a, .b = pair->b};
    if (pair->a > pair->b) link->a = pair->b, link->b = pair->a;
    *n = 0;
    for (; end < data->count && same_link(pair, &data->pairs[fit->link_order[end]]); end++)
        if (!(fit->delay[fit->link_order[end]] > 0)) list[(*n)++] = fit->link_order[end];
    return end;
}

static void best_link(struct fit *fit, size_t *list, struct fault *best, double *gain)
{
    struct fault link;
    for (size_t at = 0, n; at < fit->data->count;) {
        at = link_at(fit, at, &link, list, &n);
        keep_better(fit, link, list, n, best, gain);
    }
}

/* Is one host of the domain clearly not slow towards other domains? Then single hosts explain the times, not
   the domain. The limit is such that about one in a hundred slow domains has such a host by chance. */
static bool has_fast_host(struct fit *fit, const struct fault *domain, size_t *list)
{
    const double least = log(0.01 / (double)fit->domain_size[domain->a]);
    for (size_t h = 0; h < fit->data->hosts; h++) {
        struct fault host = {.kind = FAULT_HOST, .reach = REACH_BETWEEN, .a = h};
        if (fit->data->domain[h] != domain->a) continue;
        size_t n = fault_pairs(fit, &host, list);
        if (n && log_ratio(fit, list, n, domain->delay) < least) return true;
    }
    return false;
}

static void best_domain(struct fit *fit, size_t *list, struct fault *best, double *gain)
{
    if (fit->domains < 3 || !fit->kinds[1]) return; /* with two domains the slow one cannot be identified */
    for (size_t d = 0; d < fit->data->hosts; d++) {
        struct fault fault = {.kind = FAULT_DOMAIN, .reach = REACH_BETWEEN, .a = d};
        if (fit->domain_size[d] < 2 || !weigh_fault(fit, &fault, list, fault_pairs(fit, &fault, list)))
            continue;
        double own = fault.evidence - log(fault_rivals(fit, FAULT_DOMAIN));
        if (own > *gain && !has_fast_host(fit, &fault, list)) *best = fault, *gain = own;
    }
}

/* Finds the fault that explains most. Returns its gain: its evidence minus what the best of all its rivals
   has by chance. 0: no fault explains more than that. */
static double best_fault(struct fit *fit, size_t *list, struct fault *best)
{
    double gain = 0;
    const struct scan_data *data = fit->data;
    bool both = fit->kinds[0] && fit->kinds[1];
    best_domain(fit, list, best, &gain);
    for (size_t h = 0; h < data->hosts; h++)
        for (enum fault_reach reach = both ? REACH_WITHIN : REACH_ALL; reach <= REACH_ALL; reach++) {
            struct fault fault = {.kind = FAULT_HOST, .reach = reach, .a = h};
            keep_better(fit, fault, list, fault_pairs(fit, &fault, list), best, &gain);
        }
    best_link(fit, list, best, &gain);
    return gain;
}

static void explain(struct fit *fit)
{
    memset(fit->delay, 0, fit->data->count * sizeof *fit->delay);
    for (size_t f = 0; f < fit->fault_count; f++) put_back(fit, &fit->faults[f]);
}

void put_back(struct fit *fit, const struct fault *fault)
{
    for (size_t i = 0; i < fit->data->count; i++)
        if (exposed(fit, fault, i) && fault->delay > fit->delay[i]) fit->delay[i] = fault->delay;
}

struct fault take_out(struct fit *fit, size_t which)
{
    struct fault fault = fit->faults[which];
    memset(fit->delay, 0, fit->data->count * sizeof *fit->delay);
    for (size_t f = 0; f < fit->fault_count; f++)
        if (f != which) put_back(fit, &fit->faults[f]);
    return fault;
}

static void refit(struct fit *fit, double quantile)
{
    explain(fit);
    set_typical(fit, quantile);
    set_scale(fit, quantile);
}

/* Adds faults, the best one first, while their gain is positive. */
static void add_faults(struct fit *fit, double quantile, size_t *list)
{
    struct fault best;
    refit(fit, quantile);
    while (fit->fault_count < fit->data->hosts && best_fault(fit, list, &best) > 0) {
        fit->faults[fit->fault_count++] = best;
        refit(fit, quantile);
    }
}

/* Drops faults that explain too little now that the others are there. Returns whether it dropped one. */
static bool drop_faults(struct fit *fit, size_t *list)
{
    bool dropped = false;
    for (size_t f = 0; f < fit->fault_count;) {
        struct fault fault = take_out(fit, f);
        bool keeps = weigh_fault(fit, &fault, list, fault_pairs(fit, &fault, list)) &&
                     fault.evidence > log(fault_rivals(fit, fault.kind)) &&
                     !(fault.kind == FAULT_DOMAIN && has_fast_host(fit, &fault, list));
        if (keeps) {
            fit->faults[f++] = fault;
        } else {
            memmove(&fit->faults[f], &fit->faults[f + 1], (--fit->fault_count - f) * sizeof *fit->faults);
            dropped = true;
        }
        explain(fit);
    }
    return dropped;
}

/* The log likelihood of all pairs, minus what that number of faults explains by chance. */
static double score(const struct fit *fit)
{
    double sum = 0;
    for (size_t i = 0; i < fit->data->count; i++) {
        double scale = fit->scale[pair_kind(fit->data, &fit->data->pairs[i])];
        sum += log_density((fit->excess[i] - fit->delay[i]) / scale) - log(scale);
    }
    for (size_t f = 0; f < fit->fault_count; f++)
        sum -= COST_OF_DELAY + log(fault_rivals(fit, fit->faults[f].kind));
    return sum;
}

/* The best set of faults so far. */
struct search {
    struct fit *fit;
    struct fault *best;
    size_t best_count, *list;
    double best_score;
};

/* Improves the current faults, and keeps them if they are the best set so far. */
static void improve(struct search *search)
{
    enum { MOST_PASSES = 5 };
    struct fit *fit = search->fit;
    refit(fit, 0.5);
    for (int pass = 0; pass < MOST_PASSES && drop_faults(fit, search->list); pass++)
        add_faults(fit, 0.5, search->list);
    refit(fit, 0.5);
    double own = score(fit);
    if (!(own > search->best_score)) return;
    search->best_score = own;
    search->best_count = fit->fault_count;
    memcpy(search->best, fit->faults, fit->fault_count * sizeof *fit->faults);
}

static void start_at_quantile(struct search *search, double quantile)
{
    search->fit->fault_count = 0;
    add_faults(search->fit, quantile, search->list);
    improve(search);
}

/* Starts at every set of slow hosts that consists of the first `count` current faults and at least one
   more host, from number `first` on. */
static void start_at_hosts(struct search *search, size_t first, size_t count)
{
    enum { MOST_TOGETHER = 3 };
    struct fit *fit = search->fit;
    struct fault set[MOST_TOGETHER];
    if (count) memcpy(set, fit->faults, count * sizeof *set);
    for (size_t h = first; count < MOST_TOGETHER && h < fit->data->hosts; h++) {
        set[count] =
            (struct fault){.kind = FAULT_HOST, .reach = REACH_ALL, .a = h, .delay = fit->least_delay};
        for (int deeper = 0; deeper < 2; deeper++) {
            fit->fault_count = count + 1;
            memcpy(fit->faults, set, fit->fault_count * sizeof *set);
            if (deeper)
                start_at_hosts(search, h + 1, count + 1);
            else
                improve(search);
        }
    }
}

void fit_faults(struct fit *fit)
{
    size_t hosts = fit->data->hosts;
    struct search search = {.fit = fit,
                            .best = allocate(hosts + 1, sizeof *search.best),
                            .list = allocate(fit->data->count + 1, sizeof *search.list),
                            .best_score = -INFINITY};
    fit->faults = allocate(hosts + 1, sizeof *fit->faults);
    start_at_quantile(&search, 0.5);
    start_at_quantile(&search, 0.25);
    start_at_quantile(&search, 0.1);
    if (hosts <= FEW_HOSTS) start_at_hosts(&search, 0, 0);
    free(fit->faults);
    fit->faults = search.best;
    fit->fault_count = search.best_count;
    refit(fit, 0.5);
    free(search.list);
}
