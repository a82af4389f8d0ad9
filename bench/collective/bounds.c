#include "collective/bounds.h"

#include <math.h>
#include <stdio.h>

/* A term is the time in units of bytes/(GB/s), written as a fraction of S over a rate; 0: this link carries
 * nothing. */
struct term {
    double bytes;     /* that one link must carry, per byte of the case */
    const char *text; /* "2S(N-1)/(N G Bi)"; NULL: none */
};

static struct term none(void)
{
    return (struct term){0, NULL};
}

/* Every domain must take in, over its G NICs, what it has not got: (N-1)/N of S; a reduction by the ranks
   themselves sends it out once and takes the result in once. */
static struct term nic_term(enum collective_id id, const struct machine *m)
{
    double n = m->domains, g = m->domain_gpus;
    if (m->domains == 1) return none();
    switch (id) {
    case ALL_GATHER:
    case REDUCE_SCATTER: /* Gather: the root's domain takes in the parts of the N-1 others; scatter is its
                            mirror. */
    case GATHER:
    case SCATTER:
        return (struct term){(n - 1) / (n * g), "S(N-1)/(N G Bi)"};
    case ALL_REDUCE:
        if (m->network_reduces) return (struct term){1 / g, "S/(G Bi) (the network reduces)"};
        return (struct term){2 * (n - 1) / (n * g), "2S(N-1)/(N G Bi)"};
    /* Each GPU's own (N-1)/N of S leaves the domain. */
    case ALL_TO_ALL:
        return (struct term){(n - 1) / n, "S(N-1)/(N Bi)"};
    /* A domain without the root takes in all of S (reduce: sends out its partial sum of S). */
    case BROADCAST:
    case REDUCE:
        return (struct term){1 / g, "S/(G Bi)"};
    /* A ring: one rank of each domain has its neighbour in the next domain. */
    case SEND_RECV:
        return (struct term){1, "S/Bi"};
    case COLLECTIVE_COUNT:
        break;
    }
    return none();
}

/* What a GPU must take in over NVLink: the share 1/G of foreign data comes by its own NIC. */
static struct term nvlink_term(enum collective_id id, const struct machine *m)
{
    double g = m->domain_gpus, p = g * m->domains;
    if (m->domain_gpus == 1) return none();
    switch (id) {
    case ALL_GATHER:
    case REDUCE_SCATTER:
    case GATHER:
    case SCATTER:
        return (struct term){(g - 1) / g, "S(G-1)/(G Bn)"};
    case ALL_REDUCE:
        /* The switch pulls S from each GPU and reduces it; the GPU that owns 1/G of the result stores it
         * once. */
        if (m->nvls != NO) return (struct term){1 + 1 / g, "S(1+1/G)/Bn"};
        return (struct term){2 * (g - 1) / g, "2S(G-1)/(G Bn)"};
    case ALL_TO_ALL:
        if (m->rail_aligned) return (struct term){(g - 1) / g, "S(G-1)/(G Bn)"};
        return (struct term){(g - 1) / p, "S(G-1)/(P Bn)"};
    /* A rank beside the root has all of S from it, or gives all of S to it; a neighbour in the ring too. */
    case BROADCAST:
    case REDUCE:
    case SEND_RECV:
        return (struct term){1, "S/Bn"};
    case COLLECTIVE_COUNT:
        break;
    }
    return none();
}

static bool needs_unknown(const struct term *term, double gbps)
{
    return term->text && !(gbps > 0 && isfinite(gbps));
}

static double term_us(const struct term *term, double bytes, double gbps)
{
    return term->text ? term->bytes * bytes / gbps * 1e-3 : 0; /* bytes / (1e9 bytes/s) = 1e-9 s = 1e-3 us */
}

static void write_formula(const struct term *nic, const struct term *nvlink, double bytes,
                          const struct machine *m, char text[BOUND_TEXT])
{
    char nic_rate[32] = "", nvlink_rate[32] = "", terms[128];
    if (nic->text) snprintf(nic_rate, sizeof nic_rate, " Bi=%.6g", m->nic_gbps);
    if (nvlink->text) snprintf(nvlink_rate, sizeof nvlink_rate, " Bn=%.6g", m->nvlink_gbps);
    if (nic->text && nvlink->text)
        snprintf(terms, sizeof terms, "max(%s, %s)", nic->text, nvlink->text);
    else
        snprintf(terms, sizeof terms, "%s", nic->text ? nic->text : nvlink->text);
    snprintf(text, BOUND_TEXT, "%s; S=%.15g N=%d G=%d%s%s GB/s", terms, bytes, m->domains, m->domain_gpus,
             nvlink_rate, nic_rate);
}

bool bound_of(const struct collective *collective, double bytes, const struct machine *machine,
              enum bound_kind kind, struct bound *bound)
{
    struct machine m = *machine;
    if (m.domains < 1 || m.domain_gpus < 1 || !(bytes > 0 && isfinite(bytes))) return false;
    if ((double)m.domains * m.domain_gpus > 1e9 || m.domains * m.domain_gpus < 2) return false;
    if (kind == BOUND_REFERENCE) {
        m.nvls = NO;
        m.network_reduces = false;
    }
    struct term nic = nic_term(collective->id, &m), nvlink = nvlink_term(collective->id, &m),
                best_nvlink = nvlink_term(collective->id, machine);
    if (isinf(m.nvlink_gbps) && nic.text) nvlink = best_nvlink = none();
    if (needs_unknown(&nic, m.nic_gbps) || needs_unknown(&nvlink, m.nvlink_gbps)) return false;
    if (kind == BOUND_REFERENCE && nic.text == nic_term(collective->id, machine).text &&
        nvlink.text == best_nvlink.text)
        return false;
    struct bound result = {.nic_us = term_us(&nic, bytes, m.nic_gbps),
                           .nvlink_us = term_us(&nvlink, bytes, m.nvlink_gbps)};
    result.binds = result.nic_us > result.nvlink_us ? LINK_NIC : LINK_NVLINK;
    result.time_us = result.nic_us > result.nvlink_us ? result.nic_us : result.nvlink_us;
    result.busbw_gbps = bytes / result.time_us * 1e-3 * collective->bus_factor(m.domains * m.domain_gpus);
    write_formula(&nic, &nvlink, bytes, &m, result.formula);
    *bound = result;
    return true;
}

struct latency latency_model(const struct machine *m)
{
    double g = m->domain_gpus, n = m->domains, p = g * n;
    double in_domain =
        m->domain_gpus > 1 ? m->nvlink_latency_us : 0; /* NAN where it is needed and not given */
    double between = m->domains > 1 ? m->nic_latency_us : 0;
    if (p < 2) return (struct latency){NAN, NAN};
    /* A ring's steps go all at once: each takes as long as its slowest hop. */
    double hop = isnan(in_domain) || isnan(between) ? NAN : fmax(in_domain, between);
    return (struct latency){2 * (p - 1) * hop, 2 * ((g - 1) * in_domain + log2(n) * between)};
}
