/* Lower bounds on the time of a collective on a machine, from the bytes that each link must carry. */
#ifndef BUSBAR_BOUNDS_H
#define BUSBAR_BOUNDS_H

#include "collective/collective.h"

#include <stdbool.h>

enum known { NO, YES, UNKNOWN };

/* N equal NVLink domains (racks, or nodes where NVLink ends at the node) of G GPUs with a rank each. Rates:
   1e9 bytes/s per GPU and direction. NAN: not known. If only the network's rate is known, set NVLink's to
   INFINITY: the bound then has only the network's term, and there is none within one domain. */
struct machine {
    int domains;        /* N >= 1 */
    int domain_gpus;    /* G >= 1 */
    double nvlink_gbps; /* Bn */
    double nic_gbps;    /* Bi: of one GPU's own NIC */
    double idle_nics;   /* NICs of the hosts' GPUs that have no rank, per GPU that has one; usually 0 */
    enum known nvls;    /* the NVLink switch reduces; UNKNOWN counts as YES, so that the bound holds */
    /* The network's switches reduce (SHARP); UNKNOWN counts as YES in the bound, as NO in the algorithm. */
    enum known network_reduces;
    bool rail_aligned;        /* all-to-all goes over NVLink to the GPU of the right rail first (PXN) */
    bool domain_spans_hosts;  /* a rack: inside a domain, NICs can carry data beside NVLink */
    double nvlink_latency_us; /* per hop, for latency_model() only; NAN: not given */
    double nic_latency_us;
};

/* Only BOUND_MACHINE is a true bound; measurements may be faster than the other two. */
enum bound_kind {
    BOUND_MACHINE,   /* no algorithm can be faster: derived in bounds.c */
    BOUND_ALGORITHM, /* the best known algorithm (NVLS, rings, rails) if only the links took time */
    BOUND_REFERENCE, /* the same without reduction in NVLink or network switches */
};

enum link { LINK_NIC, LINK_NVLINK };

enum { BOUND_TEXT = 384 };
struct bound {
    double time_us;           /* of BOUND_MACHINE: no run can take less */
    double busbw_gbps;        /* bus bandwidth at that time, 1e9 bytes/s */
    double nic_us, nvlink_us; /* the two terms; time_us is the larger */
    enum link binds;
    char formula[BOUND_TEXT]; /* both terms and their inputs, one line of ASCII */
};

/* The bound of the given kind for a case of `bytes` (counted as in nccl-tests). false, with *bound unchanged:
   one rank, no bytes, or a needed rate is not known; also for an algorithm that equals the bound, and for a
   reference that equals the algorithm, since these add nothing. */
bool bound_of(const struct collective *, double bytes, const struct machine *, enum bound_kind,
              struct bound *);

/* What must pass in alltoallv, in bytes; what a rank sends to itself does not count. */
struct cuts {
    double domain; /* the most that enters or leaves any domain */
    const double
        *gpus; /* [k - 1], k = 1 to G: the most that any k GPUs of one domain receive, or that they send */
};

/* BOUND_MACHINE of alltoallv, whose pairs of ranks decide how much must pass where. bytes: of the case. False
   as bound_of(), and if nothing passes. */
bool bound_of_cuts(const struct cuts *, double bytes, const struct machine *, struct bound *);

/* A model, not a bound: the time of a tiny all-reduce from latencies alone, in µs. NAN if a latency that it
   needs is not given. Ring: 2(P-1)a, a the larger hop; tree: 2[(G-1)a_nvlink + log2(N) a_net]. */
struct latency {
    double ring_us, tree_us;
};
struct latency latency_model(const struct machine *);

#endif
