#include "tests/unit/scan_before.h"
#include "base/status.h"
#include "stats/order.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { ENOUGH_FOR_SIGMA = 6, SIGMAS = 5 };

/* Returns the upper quartile of the bandwidths of a host's pairs. A pair is as fast as its slower host, so
   the host's own rate shows with its faster partners, and a few bad partners or links do not count. NAN with
   fewer than two pairs, which do not distinguish a slow host from a slow link. */
static double host_value(const double *value, size_t hosts, size_t host, double *pairs)
{
    size_t n = 0;
    for (size_t other = 0; other < hosts; other++)
        if (other != host && isfinite(value[host * hosts + other])) pairs[n++] = value[host * hosts + other];
    if (n < 2) return NAN;
    sort_doubles(pairs, n);
    return percentile_sorted(pairs, n, 0.75);
}

static bool stands_out(double value, double typical, double sigma, double threshold, size_t count)
{
    if (!(value <= (1 - threshold) * typical)) return false;
    return count < ENOUGH_FOR_SIGMA || !isfinite(sigma) || typical - value > SIGMAS * sigma;
}

static void add(struct before *judgement, struct before_suspect suspect)
{
    judgement->list = reallocate(judgement->list, judgement->count + 1, sizeof *judgement->list);
    judgement->list[judgement->count++] = suspect;
}

static int worst_first(const void *a, const void *b)
{
    const struct before_suspect *x = a, *y = b;
    if ((x->a == x->b) != (y->a == y->b)) return x->a == x->b ? -1 : 1;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return x->a != y->a ? (x->a < y->a ? -1 : 1) : (x->b > y->b) - (x->b < y->b);
}

/* Tests the worst host (or rank) against all others, then the worst of the remaining ones, and so on: if all
   were tested at once, two bad hosts of six would widen the sigma and so escape. */
static void judge_hosts(const double *of_host, size_t hosts, double threshold, bool *bad,
                        struct before *judgement)
{
    double *known = allocate(hosts, sizeof *known);
    for (bool found = true; found;) {
        size_t n = 0, worst = hosts;
        for (size_t h = 0; h < hosts; h++) {
            if (bad[h] || !isfinite(of_host[h])) continue;
            if (worst == hosts || of_host[h] < of_host[worst]) worst = h;
        }
        for (size_t h = 0; h < hosts; h++)
            if (!bad[h] && h != worst && isfinite(of_host[h])) known[n++] = of_host[h];
        judgement->typical = median(known, n);
        found = worst < hosts &&
                stands_out(of_host[worst], judgement->typical, robust_sigma(known, n), threshold, hosts);
        if (!found) break;
        bad[worst] = true;
        add(judgement, (struct before_suspect){worst, worst, of_host[worst], judgement->typical});
    }
    free(known);
}

static void judge_links(const double *value, size_t hosts, double threshold, const bool *bad,
                        struct before *judgement)
{
    double *good = allocate(hosts * hosts / 2 + 1, sizeof *good);
    size_t n = 0;
    for (size_t a = 0; a < hosts; a++)
        for (size_t b = a + 1; b < hosts; b++)
            if (!bad[a] && !bad[b] && isfinite(value[a * hosts + b])) good[n++] = value[a * hosts + b];
    double typical = median(good, n), sigma = robust_sigma(good, n);
    free(good);
    if (!isfinite(judgement->typical)) judgement->typical = typical;
    for (size_t a = 0; a < hosts; a++)
        for (size_t b = a + 1; b < hosts; b++)
            if (!bad[a] && !bad[b] && stands_out(value[a * hosts + b], typical, sigma, threshold, hosts))
                add(judgement, (struct before_suspect){a, b, value[a * hosts + b], typical});
}

void scan_before(const double *value, size_t hosts, double threshold, struct before *judgement)
{
    double *of_host = allocate(hosts, sizeof *of_host), *pairs = allocate(hosts, sizeof *pairs);
    bool *bad = allocate(hosts, sizeof *bad);
    *judgement = (struct before){0};
    for (size_t h = 0; h < hosts; h++) of_host[h] = host_value(value, hosts, h, pairs);
    judge_hosts(of_host, hosts, threshold, bad, judgement);
    judge_links(value, hosts, threshold, bad, judgement);
    if (judgement->count) qsort(judgement->list, judgement->count, sizeof *judgement->list, worst_first);
    free(bad);
    free(pairs);
    free(of_host);
}
