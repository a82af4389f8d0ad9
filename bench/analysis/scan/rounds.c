#include "analysis/scan/rounds.h"
#include "base/status.h"
#include "stats/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The number of random matchings tried for a round; the one with the fewest repeated pairs wins. */
enum { TRIES = 40 };

struct matcher {
    const struct scan_known *known;
    struct random_state random;
    unsigned char *met; /* a copy of known->met that counts the new rounds too */
    size_t *order, *left, *best, *trial, *good;
    /* 0 for every host, and 1, if all hosts are in one domain or each domain has a single host */
    size_t *domain, domains;
    uint16_t *meetings; /* [a * domains + b]: pairs of the domains a and b in this round */
};

static double evidence_of(const struct scan_known *known, size_t host)
{
    double evidence = known->evidence ? known->evidence[host] : NAN;
    return isfinite(evidence) ? evidence : 0;
}

static unsigned char *met(struct matcher *m, size_t a, size_t b)
{
    return &m->met[a * m->known->hosts + b];
}

static void join(size_t *partner, size_t a, size_t b)
{
    partner[a] = b;
    partner[b] = a;
}

/* ---- suspects ---- */

static const double *sorting; /* qsort() passes no context */
static int least_first(const void *x, const void *y)
{
    double p = sorting[*(const size_t *)x], q = sorting[*(const size_t *)y];
    if (p != q) return p < q ? -1 : 1;
    return *(const size_t *)x < *(const size_t *)y ? -1 : 1;
}

/* Chooses a free host of `good` as the partner of a suspect: the one that it has met least often; among these
   one that is inside (or, if !inside, outside) its domain; among these the one with the least evidence. */
static size_t reference_for(struct matcher *m, const size_t *partner, size_t host, bool inside,
                            const size_t *good, size_t count)
{
    size_t best = SITS_OUT;
    unsigned least = ~0u;
    for (size_t i = 0; i < count; i++) {
        size_t other = good[i];
        if (other == host || partner[other] != SITS_OUT) continue;
        unsigned cost = 2u * *met(m, host, other) + ((m->domain[other] == m->domain[host]) != inside);
        if (cost < least) best = other, least = cost;
    }
    return best;
}

/* Pairs suspects, the strongest first, with the hosts that have the least evidence. At most half of the hosts
   can be tested in this way. */
static void pair_suspects(struct matcher *m, bool inside, size_t *partner)
{
    const struct scan_known *known = m->known;
    size_t n = known->hosts, count = 0;
    if (!known->evidence) return;
    double *evidence = allocate(n, sizeof *evidence);
    for (size_t h = 0; h < n; h++) evidence[h] = evidence_of(known, h), m->good[h] = h;
    sorting = evidence;
    qsort(m->good, n, sizeof *m->good, least_first);
    while (count < n / 2 && evidence[m->good[n - 1 - count]] > 0) count++;
    for (size_t i = 0; i < count; i++) {
        size_t host = m->good[n - 1 - i];
        if (partner[host] != SITS_OUT) continue;
        size_t other = reference_for(m, partner, host, inside, m->good, n - count);
        if (other != SITS_OUT) join(partner, host, other);
    }
    free(evidence);
}

/* ---- all other hosts ---- */

/* Does this candidate replace the best one so far? Counts ties, so that each of them is equally likely to
   win. */
static bool takes_over(struct matcher *m, bool better, bool equal, size_t *ties)
{
    if (better) *ties = 1;
    return better || (equal && random_below(&m->random, ++*ties) == 0);
}

/* The domain with the most free hosts, but for `except`; SITS_OUT: no host is free. */
static size_t fullest(struct matcher *m, size_t except)
{
    size_t best = SITS_OUT, ties = 0;
    for (size_t d = 0; d < m->domains; d++) {
        if (d == except || !m->left[d]) continue;
        if (takes_over(m, best == SITS_OUT || m->left[d] > m->left[best],
                       best != SITS_OUT && m->left[d] == m->left[best], &ties))
            best = d;
    }
    return best;
}

/* The other domain that `from` has met least in this round; SITS_OUT: no host of another domain is free. */
static size_t least_met(struct matcher *m, size_t from)
{
    size_t best = SITS_OUT, ties = 0, total = 0, second = fullest(m, from);
    for (size_t d = 0; d < m->domains; d++) total += m->left[d];
    /* A domain with half of the free hosts must come next, or some of its hosts could only be paired with
       each other. */
    if (second == SITS_OUT || 2 * m->left[second] >= total) return second;
    const uint16_t *had = m->meetings + from * m->domains;
    for (size_t d = 0; d < m->domains; d++) {
        if (d == from || !m->left[d]) continue;
        if (takes_over(m, best == SITS_OUT || had[d] < had[best], best != SITS_OUT && had[d] == had[best],
                       &ties))
            best = d;
    }
    return best;
}

/* The free host of the domain that `with` has met least often; with SITS_OUT: any. SITS_OUT: none is free. */
static size_t free_host(struct matcher *m, const size_t *partner, size_t domain, size_t with)
{
    size_t best = SITS_OUT;
    for (size_t i = 0; i < m->known->hosts; i++) {
        size_t host = m->order[i];
        if (m->domain[host] != domain || host == with || partner[host] != SITS_OUT) continue;
        if (with == SITS_OUT) return host;
        if (best == SITS_OUT || *met(m, host, with) < *met(m, best, with)) best = host;
        if (!*met(m, best, with)) break;
    }
    return best;
}

/* Pairs the free hosts, across domains while that is possible. Returns how many of these pairs have met
   before. */
static size_t match_across(struct matcher *m, size_t *partner)
{
    size_t n = m->known->hosts, repeated = 0;
    memset(m->meetings, 0, m->domains * m->domains * sizeof *m->meetings);
    memset(m->left, 0, m->domains * sizeof *m->left);
    for (size_t h = 0; h < n; h++) m->left[m->domain[h]] += partner[h] == SITS_OUT;
    for (size_t from; (from = fullest(m, SITS_OUT)) != SITS_OUT;) {
        size_t to = least_met(m, from);
        if (to == SITS_OUT) to = from;
        size_t a = free_host(m, partner, from, SITS_OUT), b = free_host(m, partner, to, a);
        if (b == SITS_OUT) break; /* a single host is left over */
        m->left[from]--, m->left[to]--;
        m->meetings[from * m->domains + to]++, m->meetings[to * m->domains + from]++;
        repeated += *met(m, a, b) > 0;
        join(partner, a, b);
    }
    return repeated;
}

/* Pairs free hosts of the same domain. Returns how many of these pairs have met before. */
static size_t match_inside(struct matcher *m, size_t *partner)
{
    size_t n = m->known->hosts, repeated = 0;
    for (size_t i = 0; i < n; i++) {
        size_t a = m->order[i];
        if (partner[a] != SITS_OUT) continue;
        size_t b = free_host(m, partner, m->domain[a], a);
        if (b == SITS_OUT) continue;
        repeated += *met(m, a, b) > 0;
        join(partner, a, b);
    }
    return repeated;
}

static void one_round(struct matcher *m, bool inside, size_t *partner)
{
    size_t n = m->known->hosts, fewest = SIZE_MAX;
    pair_suspects(m, inside, partner);
    for (int t = 0; t < TRIES && fewest; t++) {
        memcpy(m->trial, partner, n * sizeof *m->trial);
        for (size_t h = 0; h < n; h++) m->order[h] = h;
        random_shuffle(&m->random, m->order, n);
        size_t repeated = inside ? match_inside(m, m->trial) : 0;
        repeated += match_across(m, m->trial);
        if (repeated >= fewest) continue;
        fewest = repeated;
        memcpy(m->best, m->trial, n * sizeof *m->best);
    }
    memcpy(partner, m->best, n * sizeof *partner);
    for (size_t h = 0; h < n; h++)
        if (partner[h] != SITS_OUT && *met(m, h, partner[h]) < 255) ++*met(m, h, partner[h]);
}

/* Puts each link of known->again into the first round in which both of its hosts are free. */
static void place_links(const struct scan_known *known, size_t rounds, size_t *partner)
{
    for (size_t i = 0; i < known->again_count; i++)
        for (size_t r = 0; r < rounds; r++) {
            size_t *of = partner + r * known->hosts, a = known->again[i].a, b = known->again[i].b;
            if (of[a] != SITS_OUT || of[b] != SITS_OUT) continue;
            join(of, a, b);
            break;
        }
}

static void set_domains(struct matcher *m)
{
    const struct scan_known *known = m->known;
    bool several = false, shared = false;
    m->domains = 1;
    for (size_t h = 0; known->domain && h < known->hosts; h++) {
        several |= known->domain[h] != known->domain[0];
        shared |= ++m->left[known->domain[h]] > 1;
    }
    for (size_t h = 0; several && shared && h < known->hosts; h++) {
        m->domain[h] = known->domain[h];
        if (m->domain[h] >= m->domains) m->domains = m->domain[h] + 1;
    }
    m->meetings = allocate(m->domains * m->domains, sizeof *m->meetings);
}

void scan_next_rounds(const struct scan_known *known, size_t rounds, uint64_t seed, size_t *partner)
{
    size_t n = known->hosts;
    struct matcher m = {.known = known};
    size_t **const rows[] = {&m.order, &m.left, &m.best, &m.trial, &m.good, &m.domain};
    random_seed(&m.random, seed);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) *rows[i] = allocate(n, sizeof **rows[i]);
    m.met = allocate(n * n, sizeof *m.met);
    if (known->met) memcpy(m.met, known->met, n * n);
    set_domains(&m);
    for (size_t i = 0; i < rounds * n; i++) partner[i] = SITS_OUT;
    place_links(known, rounds, partner);
    for (size_t r = 0; r < rounds; r++)
        one_round(&m, m.domains == 1 || (rounds >= 3 && r == rounds - 1), partner + r * n);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) free(*rows[i]);
    free(m.meetings);
    free(m.met);
}
