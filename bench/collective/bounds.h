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
    double nvlink_latency_us; /* of one hop; for latency_model() alone; NAN: not given */
    double nic_latency_us;
};

/* A column holds one kind: a reference is no bound, and measured figures above it are legitimate. */
enum bound_kind {
    BOUND_MACHINE,   /* what this hardware can do at best */
    BOUND_REFERENCE, /* the same machine if neither NVLink nor network switches reduced */
};

enum link { LINK_NIC, LINK_NVLINK };

enum { BOUND_TEXT = 256 };
struct bound {
    double time_us;           /* no run can take less */
    double busbw_gbps;        /* bus bandwidth at that time, 1e9 bytes/s */
    double nic_us, nvlink_us; /* the two terms; time_us is the larger */
    enum link binds;
    char formula[BOUND_TEXT]; /* both terms and their inputs, one line of ASCII */
};

/* The bound of a case of `bytes` (by nccl-tests' rule for the collective). Formulas of the README ("Bounds"):
   all-gather, reduce-scatter, all-reduce, all-to-all; the rest follow from the same rule (what must enter or
   leave a domain over its G NICs, and a GPU over NVLink) and are derived in bounds.c.
   false: no bound: one rank, no bytes, or a rate that this case needs is not known; for BOUND_REFERENCE also
   when it does not differ from the bound. *bound is set only on true. */
bool bound_of(const struct collective *, double bytes, const struct machine *, enum bound_kind,
              struct bound *);

/* A model, not a bound: the least time of a tiny all-reduce by latency alone, in µs. NAN without the
   latencies it needs. Ring: 2(P-1)a, a the larger hop; tree: 2[(G-1)a_nvlink + log2(N) a_net]. */
struct latency {
    double ring_us, tree_us;
};
struct latency latency_model(const struct machine *);

#endif
