#include "collective/bounds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A lower bound on the time, from bytes that must pass some links and the rate of these links. */
struct term {
    double bytes;     /* that must pass, per byte of the case */
    double gbps;      /* the rate of the links, 1e9 bytes/s */
    const char *text; /* "2S(N-1)/(N G Bi)"; NULL: nothing must pass */
    bool by_nic;      /* gbps includes the rate of NICs */
};

static struct term none(void)
{
    return (struct term){0, INFINITY, NULL, false};
}

/* A rank's share of all NICs of the hosts; see the derivation below. */
static double bound_nic_gbps(const struct machine *m)
{
    return m->nic_gbps * (1 + m->idle_nics);
}

static const char *nic_note(const struct machine *m, double bi)
{
    return bi > m->nic_gbps ? " (Bi: all NICs of the hosts / ranks)" : "";
}

/* ---- true lower bounds: bytes that must pass with any algorithm ----

   Two cuts through the machine. The first is around a domain, whose NICs carry G Bi in each direction. The
   second is around its GPUs: each takes in at most Bn by NVLink, and together they take in at most G Bi by
   NIC. NICs count in addition to NVLink if they lead out of a host: between domains, and inside a domain that
   spans hosts (a rack). Inside a host only NVLink counts; the catalog has no rate for PCIe and host memory.

   Here Bi is the share of one rank in all NICs of the domain's hosts. A NIC belongs to a host, not to a GPU:
   a rank can reach every NIC of its host over PCIe, or over NVLink through another GPU (NCCL calls this PXN).
   So the NICs of GPUs without a rank count too. H hosts of V GPUs, each with a NIC of rate r, carry H V r;
   for the G ranks on them this is Bi = H V r / G, or (1 + idle_nics) r. It is r if every GPU has a rank.

   The cut around a domain, N >= 2. Data that the domain lacks must enter it; data that the others lack must
   leave it.
   - all-gather, hypercube: (N-1)/N of S. Reduce-scatter: the domain owes each other domain a partial sum of
     that domain's share, together (N-1)/N of S. Gather: (N-1)/N of S must enter the root's domain; scatter is
     the mirror image.
   - all-reduce: with each domain as one of N nodes that reduce by themselves, 2(N-1)/N of S (Patarasuk & Yuan
     2009, theorem 1); if the network reduces or may do so, S, because each domain's
     sum must leave it.
   - all-to-all: each of the domain's G GPUs sends (N-1)/N of S to other domains. Broadcast: S must enter each
     domain without the root; reduce is the mirror image.
   - send-recv, a ring of ranks: one GPU has its neighbour in the next domain, and its S may leave through all
     of the domain's NICs.
   - alltoallv: its S does not say which pairs carry it, and all could stay within one rank. bound_of_cuts()
     is told what passes. */
static struct term domain_cut(enum collective_id id, const struct machine *m, double bi)
{
    double n = m->domains, g = m->domain_gpus, all = g * bi;
    if (m->domains == 1) return none();
    switch (id) {
    case ALL_GATHER:
    case HYPERCUBE:
    case REDUCE_SCATTER:
    case GATHER:
    case SCATTER:
        return (struct term){(n - 1) / n, all, "S(N-1)/(N G Bi)", true};
    case ALL_REDUCE:
        if (m->network_reduces == YES) return (struct term){1, all, "S/(G Bi) (the network reduces)", true};
        if (m->network_reduces == UNKNOWN)
            return (struct term){1, all, "S/(G Bi) (the network may reduce)", true};
        return (struct term){2 * (n - 1) / n, all, "2S(N-1)/(N G Bi)", true};
    case ALL_TO_ALL:
        return (struct term){(n - 1) / n, bi, "S(N-1)/(N Bi)", true};
    case BROADCAST:
    case REDUCE:
    case SEND_RECV:
        return (struct term){1, all, "S/(G Bi)", true};
    case ALL_TO_ALL_V:
    case COLLECTIVE_COUNT:
        break;
    }
    return none();
}

/* The cut around the GPUs. If all GPUs of a domain must take in (or give out) the same amount, the sum over
   them counts, so that it does not matter how they share the NICs: Bn + Bi each.
   - all-gather, all-to-all: a GPU lacks (P-1)/P of S. Reduce-scatter: a GPU must give out as much.
   - all-reduce: the result depends on the others' data, so a GPU takes in at least S, however many switches
     reduce; if none does, the P GPUs together send 2 (P-1) S (Patarasuk & Yuan 2009).
   - broadcast: each GPU of a domain without the root lacks S; with one domain, G - 1 of its G GPUs lack S,
     and they can use G NICs. Reduce is the mirror image.
   - gather: only the root lacks (P-1)/P of S, and may take it from all NICs of its domain. Scatter is the
     mirror image.
   - send-recv: each GPU lacks S. */
static struct term gpu_cut(enum collective_id id, const struct machine *m, double bi)
{
    double g = m->domain_gpus, p = g * m->domains;
    bool nics = m->domains > 1 || m->domain_spans_hosts;
    double nic = nics ? bi : 0, each = m->nvlink_gbps + nic;
    if (m->domain_gpus == 1) return none();
    switch (id) {
    case ALL_GATHER:
    case HYPERCUBE:
    case REDUCE_SCATTER:
    case ALL_TO_ALL:
        return (struct term){(p - 1) / p, each, nics ? "S(P-1)/(P (Bn+Bi))" : "S(G-1)/(G Bn)", nics};
    case ALL_REDUCE:
        if (m->nvls != NO || (nics && m->network_reduces != NO))
            return (struct term){1, each, nics ? "S/(Bn+Bi)" : "S/Bn", nics};
        return (struct term){2 * (p - 1) / p, each, nics ? "2S(P-1)/(P (Bn+Bi))" : "2S(G-1)/(G Bn)", nics};
    case BROADCAST:
    case REDUCE:
        if (m->domains > 1 || !nics) return (struct term){1, each, nics ? "S/(Bn+Bi)" : "S/Bn", nics};
        return (struct term){1, m->nvlink_gbps + nic * g / (g - 1), "S/(Bn+Bi G/(G-1))", nics};
    case GATHER:
    case SCATTER:
        return (struct term){(p - 1) / p, m->nvlink_gbps + g * nic,
                             nics ? "S(P-1)/(P (Bn+G Bi))" : "S(G-1)/(G Bn)", nics};
    case SEND_RECV:
        return (struct term){1, each, nics ? "S/(Bn+Bi)" : "S/Bn", nics};
    case ALL_TO_ALL_V:
    case COLLECTIVE_COUNT:
        break;
    }
    return none();
}

/* ---- the best known algorithms, at their best ----

   They work on two levels at the same time: over NVLink inside a domain, and through NICs between domains.
   Data from other domains arrives through each GPU's own NIC, 1/G of it, and continues over NVLink. Here Bi
   is the rate of one NIC; the NICs of GPUs without a rank stay idle. */
static struct term algorithm_nic(enum collective_id id, const struct machine *m, double bi)
{
    struct machine proven = *m; /* the algorithm is not known to work if the network only may reduce */
    if (m->network_reduces == UNKNOWN) proven.network_reduces = NO;
    /* The sender reaches a neighbour in the next domain through its own NIC only. */
    if (id == SEND_RECV && m->domains > 1) return (struct term){1, bi, "S/Bi", true};
    return domain_cut(id, &proven, bi);
}

static struct term algorithm_nvlink(enum collective_id id, const struct machine *m, double bi)
{
    (void)bi;
    double g = m->domain_gpus, p = g * m->domains, bn = m->nvlink_gbps;
    if (m->domain_gpus == 1) return none();
    switch (id) {
    case ALL_GATHER:
    case HYPERCUBE:
    case REDUCE_SCATTER:
    case GATHER:
    case SCATTER:
        return (struct term){(g - 1) / g, bn, "S(G-1)/(G Bn)", false};
    case ALL_REDUCE:
        /* NVLS: the switch reads S from each GPU and reduces it; the GPU that owns 1/G of the result stores
           it once. A ring is faster for two GPUs, and equal for three. */
        if (m->nvls != NO && m->domain_gpus > 2) return (struct term){1 + 1 / g, bn, "S(1+1/G)/Bn", false};
        return (struct term){2 * (g - 1) / g, bn, "2S(G-1)/(G Bn)", false};
    case ALL_TO_ALL:
        if (m->rail_aligned) return (struct term){(g - 1) / g, bn, "S(G-1)/(G Bn)", false};
        return (struct term){(g - 1) / p, bn, "S(G-1)/(P Bn)", false};
    case BROADCAST:
    case REDUCE:
    case SEND_RECV:
        return (struct term){1, bn, "S/Bn", false};
    case ALL_TO_ALL_V:
    case COLLECTIVE_COUNT:
        break;
    }
    return none();
}

/* Whether the term needs a rate that is not known. (An infinite rate is known: the link takes no time.) */
static bool needs_unknown(const struct term *term)
{
    return term->text && !(term->gbps > 0);
}

static double term_us(const struct term *term, double bytes)
{
    return term->text ? term->bytes * bytes / term->gbps * 1e-3
                      : 0; /* bytes / (1e9 bytes/s) = 1e-9 s = 1e-3 us */
}

static void write_formula(const struct term *nic, const struct term *nvlink, double bytes,
                          const struct machine *m, double bi, char text[BOUND_TEXT])
{
    char nic_rate[32] = "", nvlink_rate[32] = "", terms[128];
    const char *note = "";
    if (nic->text || nvlink->by_nic) {
        snprintf(nic_rate, sizeof nic_rate, " Bi=%.6g", bi);
        note = nic_note(m, bi);
    }
    if (nvlink->text) snprintf(nvlink_rate, sizeof nvlink_rate, " Bn=%.6g", m->nvlink_gbps);
    if (nic->text && nvlink->text)
        snprintf(terms, sizeof terms, "max(%s, %s)", nic->text, nvlink->text);
    else
        snprintf(terms, sizeof terms, "%s", nic->text ? nic->text : nvlink->text);
    snprintf(text, BOUND_TEXT, "%s; S=%.15g N=%d G=%d%s%s GB/s%s", terms, bytes, m->domains, m->domain_gpus,
             nvlink_rate, nic_rate, note);
}

static bool time_of(const struct collective *collective, double bytes, const struct machine *m,
                    enum bound_kind kind, struct bound *bound)
{
    bool cut = kind == BOUND_MACHINE;
    double bi = cut ? bound_nic_gbps(m) : m->nic_gbps;
    struct term nic = (cut ? domain_cut : algorithm_nic)(collective->id, m, bi),
                nvlink = (cut ? gpu_cut : algorithm_nvlink)(collective->id, m, bi);
    if (isinf(m->nvlink_gbps)) nvlink = none(); /* only the network's rate is known */
    if ((!nic.text && !nvlink.text) || needs_unknown(&nic) || needs_unknown(&nvlink)) return false;
    struct bound result = {.nic_us = term_us(&nic, bytes), .nvlink_us = term_us(&nvlink, bytes)};
    result.binds = result.nic_us > result.nvlink_us ? LINK_NIC : LINK_NVLINK;
    result.time_us = fmax(result.nic_us, result.nvlink_us);
    result.busbw_gbps = busbw_gbps(collective, m->domains * m->domain_gpus, bytes, result.time_us);
    write_formula(&nic, &nvlink, bytes, m, bi, result.formula);
    *bound = result;
    return true;
}

bool bound_of(const struct collective *collective, double bytes, const struct machine *machine,
              enum bound_kind kind, struct bound *bound)
{
    struct machine m = *machine;
    struct bound other;
    if (m.domains < 1 || m.domain_gpus < 1 || !(bytes > 0 && isfinite(bytes))) return false;
    if ((double)m.domains * m.domain_gpus > 1e9 || m.domains * m.domain_gpus < 2) return false;
    if (kind == BOUND_MACHINE) return time_of(collective, bytes, machine, kind, bound);
    if (kind == BOUND_REFERENCE) {
        m.nvls = NO;
        m.network_reduces = NO;
    }
    struct bound result;
    if (!time_of(collective, bytes, &m, BOUND_ALGORITHM, &result)) return false;
    /* Leave out a bound that equals the next stronger kind: it adds nothing. */
    bool known = time_of(collective, bytes, machine,
                         kind == BOUND_REFERENCE ? BOUND_ALGORITHM : BOUND_MACHINE, &other);
    if (known && fabs(result.time_us / other.time_us - 1) < 1e-9) return false;
    *bound = result;
    return true;
}

/* ---- alltoallv: the same two cuts, with the bytes that pass ----

   - The cut around a domain: what ranks outside send to ranks inside must enter by its G NICs, and what
     those send out must leave by them. With Vn, the most of any domain and direction, that takes at least
     Vn/(G Bi).
   - The cut around k GPUs of a domain: each byte that one of them receives from another rank enters it by its
     own NVLink, at most Bn, or by one of the domain's NICs, which carry G Bi for all of them. So if the k
     receive Vk bytes, it takes at least Vk/(k Bn + G Bi); sending is the mirror image. The k busiest GPUs
     have the most bytes. With equal traffic k = G decides, which is the bound of all-to-all; where one GPU is
     much busier than the others, k = 1. NICs that do not lead out of a host add nothing: Bi counts as 0. */
bool bound_of_cuts(const struct cuts *cuts, double bytes, const struct machine *m, struct bound *bound)
{
    const double g = m->domain_gpus;
    const bool nics = m->domains > 1 || m->domain_spans_hosts;
    const double nic = nics ? bound_nic_gbps(m) : 0;
    struct bound result = {.nic_us = 0};
    char nic_term[96] = "", gpu_term[128] = "";
    int busiest = 0;
    if (m->domains < 1 || m->domain_gpus < 1 || (double)m->domains * g > 1e9 || m->domains * g < 2)
        return false;
    if (!(bytes > 0 && isfinite(bytes))) return false;
    if (nics && !(nic > 0)) return false;
    if (m->domains > 1) {
        result.nic_us = cuts->domain / (g * nic) * 1e-3;
        snprintf(nic_term, sizeof nic_term, " Vn/(G Bi), Vn=%.15g;", cuts->domain);
    }
    if (m->domain_gpus > 1 && !isinf(m->nvlink_gbps)) {
        if (!(m->nvlink_gbps > 0)) return false;
        for (int k = 1; k <= m->domain_gpus; k++) {
            double us = cuts->gpus[k - 1] / (k * m->nvlink_gbps + g * nic) * 1e-3;
            if (us > result.nvlink_us) result.nvlink_us = us, busiest = k;
        }
        if (busiest)
            snprintf(gpu_term, sizeof gpu_term, " Vk/(k Bn%s), k=%d Vk=%.15g;", nics ? "+G Bi" : "", busiest,
                     cuts->gpus[busiest - 1]);
    }
    result.binds = result.nic_us > result.nvlink_us ? LINK_NIC : LINK_NVLINK;
    result.time_us = fmax(result.nic_us, result.nvlink_us);
    if (!(result.time_us > 0)) return false;
    result.busbw_gbps =
        busbw_gbps(&collectives[ALL_TO_ALL_V], m->domains * m->domain_gpus, bytes, result.time_us);
    char nic_rate[32] = "", nvlink_rate[32] = "";
    if (nics) snprintf(nic_rate, sizeof nic_rate, " Bi=%.6g", nic);
    if (*gpu_term) snprintf(nvlink_rate, sizeof nvlink_rate, " Bn=%.6g", m->nvlink_gbps);
    snprintf(result.formula, BOUND_TEXT, "%s%s%s N=%d G=%d%s%s GB/s%s",
             *nic_term && *gpu_term ? "the larger of" : "", nic_term, gpu_term, m->domains, m->domain_gpus,
             nvlink_rate, nic_rate, nics ? nic_note(m, nic) : "");
    if (*result.formula == ' ') memmove(result.formula, result.formula + 1, strlen(result.formula));
    *bound = result;
    return true;
}

struct latency latency_model(const struct machine *m)
{
    double g = m->domain_gpus, n = m->domains, p = g * n;
    double in_domain = m->domain_gpus > 1 ? m->nvlink_latency_us : 0; /* NAN if needed but not given */
    double between = m->domains > 1 ? m->nic_latency_us : 0;
    if (p < 2) return (struct latency){NAN, NAN};
    /* In each step of a ring, all ranks send at the same time: the step takes as long as the slowest hop. */
    double hop = isnan(in_domain) || isnan(between) ? NAN : fmax(in_domain, between);
    return (struct latency){2 * (p - 1) * hop, 2 * ((g - 1) * in_domain + log2(n) * between)};
}
