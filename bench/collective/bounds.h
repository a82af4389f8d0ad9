/* The speed of light of a collective on a machine: lower bounds on time from what each link must carry. */
#ifndef BUSBAR_BOUNDS_H
#define BUSBAR_BOUNDS_H

#include "collective/collective.h"

#include <stdbool.h>

enum known { NO, YES, UNKNOWN };

/* N equal NVLink domains (racks, or nodes where NVLink ends at the node) of G GPUs each.
   Rates: 1e9 bytes/s per GPU and direction. A rate that is not known is NAN; INFINITY for NVLink leaves its
   term out, where only the network's rate is known: still a lower bound, and none within a domain. */
struct machine {
    int domains;              /* N >= 1 */
    int domain_gpus;          /* G >= 1 */
    double nvlink_gbps;       /* Bn */
    double nic_gbps;          /* Bi */
    enum known nvls;          /* the NVLink switch reduces; UNKNOWN counts as YES: a bound must hold */
    bool network_reduces;     /* the network's switches reduce (SHARP) */
    bool rail_aligned;        /* all-to-all goes over NVLink to the GPU of the right rail first (PXN) */
    bool domain_spans_hosts;  /* a rack: inside a domain, NICs can carry data beside NVLink */
    double nvlink_latency_us; /* of one hop; for latency_model() alone; NAN: not given */
    double nic_latency_us;
};

/* A column holds one kind. Only the first is a bound; measured figures above the others are legitimate. */
enum bound_kind {
    BOUND_MACHINE,   /* no algorithm can be faster: derived in bounds.c */
    BOUND_ALGORITHM, /* what the best known algorithm takes if links are all that counts: NVLS, rings, rails */
    BOUND_REFERENCE, /* the same if neither NVLink nor network switches reduced */
};

enum link { LINK_NIC, LINK_NVLINK };

enum { BOUND_TEXT = 256 };
struct bound {
    double time_us;           /* of BOUND_MACHINE: no run can take less */
    double busbw_gbps;        /* bus bandwidth at that time, 1e9 bytes/s */
    double nic_us, nvlink_us; /* the two terms; time_us is the larger */
    enum link binds;
    char formula[BOUND_TEXT]; /* both terms and their inputs, one line of ASCII */
};

/* The time of a case of `bytes` (by nccl-tests' rule for the collective), of the given kind. false: none: one rank, no
   bytes, or a rate that this case needs is not known. Also: an algorithm as fast as the bound, and a reference as fast as the
   algorithm. *bound is set only on true. */
bool bound_of(const struct collective *, double bytes, const struct machine *, enum bound_kind,
              struct bound *);

/* A model, not a bound: the least time of a tiny all-reduce by latency alone, in µs. NAN without the
   latencies it needs. Ring: 2(P-1)a, a the larger hop; tree: 2[(G-1)a_nvlink + log2(N) a_net]. */
struct latency {
    double ring_us, tree_us;
};
struct latency latency_model(const struct machine *);

#endif
