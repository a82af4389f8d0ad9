/* Checks the bounds against closed forms: 8 x H100, NVL72, 16 and 2 nodes of 8; Bn = 450, Bi = 50 GB/s. */
#include "collective/bounds.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static struct machine machine(int domains, int gpus, double nvlink, double nic, enum known nvls)
{
    return (struct machine){.domains = domains,
                            .domain_gpus = gpus,
                            .nvlink_gbps = nvlink,
                            .nic_gbps = nic,
                            .nvls = nvls,
                            .nvlink_latency_us = NAN,
                            .nic_latency_us = NAN};
}

static double busbw_of(const char *name, struct machine m, enum bound_kind kind)
{
    struct bound bound;
    cr_assert(bound_of(collective_find(name), 1 << 30, &m, kind, &bound), "%s", name);
    cr_expect_float_eq(bound.time_us, fmax(bound.nic_us, bound.nvlink_us), 1e-9);
    return bound.busbw_gbps;
}

static double busbw(const char *name, struct machine m)
{
    return busbw_of(name, m, BOUND_MACHINE);
}

Test(bounds, one_domain_with_nvls)
{
    struct machine eight = machine(1, 8, 450, NAN, YES), rack = machine(1, 72, 900, 50, YES);
    cr_expect_float_eq(busbw("all_reduce", eight), 787.5, 1e-6); /* S at 450: 450 * 2 * 7/8 */
    cr_expect_float_eq(busbw_of("all_reduce", eight, BOUND_ALGORITHM), 700, 1e-6);
    cr_expect_float_eq(busbw("all_gather", eight), 450, 1e-6);
    cr_expect_float_eq(busbw("all_reduce", rack), 1775, 1e-6); /* 900 * 142/72 */
    rack.domain_spans_hosts = true;
    cr_expect_float_eq(busbw("all_reduce", rack), 950 * 142 / 72.0, 1e-6);
    cr_expect_float_eq(busbw("all_gather", rack), 950, 1e-6);
    cr_expect_float_eq(busbw_of("all_reduce", rack, BOUND_ALGORITHM), 1750.685,
                       1e-3); /* 900/(1+1/72) * 142/72 */
    rack.nic_gbps = NAN;      /* unknown how much the NICs add to NVLink: no bound */
    struct bound bound;
    cr_expect_not(bound_of(collective_find("all_reduce"), 1e9, &rack, BOUND_MACHINE, &bound));
    cr_expect(bound_of(collective_find("all_reduce"), 1e9, &rack, BOUND_ALGORITHM, &bound));
}

/* Without reduction in the switch two GPUs exchange S, eight exchange 2 * 7/8 S. A ring needs the same, so it
   has no separate line. */
Test(bounds, one_domain_without_nvls)
{
    struct bound bound;
    struct machine m = machine(1, 8, 450, NAN, NO);
    cr_expect_float_eq(busbw("all_reduce", m), 450, 1e-6);
    cr_expect_not(bound_of(collective_find("all_reduce"), 1e9, &m, BOUND_ALGORITHM, &bound));
}

/* Two GPUs: each receives S, with or without the switch, so that no run beats Bn; a run at 365 GB/s is below
   the bound of 450. An earlier bound, from NVLS alone, was 300. */
Test(bounds, two_gpus)
{
    struct bound bound;
    for (int nvls = NO; nvls <= UNKNOWN; nvls++) {
        struct machine m = machine(1, 2, 450, NAN, (enum known)nvls);
        cr_expect_float_eq(busbw("all_reduce", m), 450, 1e-6);
        cr_expect_not(bound_of(collective_find("all_reduce"), 1e9, &m, BOUND_ALGORITHM, &bound));
    }
}

Test(bounds, sixteen_nodes)
{
    struct machine m = machine(16, 8, 450, 50, NO);
    cr_expect_float_eq(busbw("all_reduce", m), 423.33, 0.01);
    cr_expect_float_eq(busbw("all_gather", m), 423.33, 0.01);
    cr_expect_float_eq(busbw("reduce_scatter", m), 423.33, 0.01);
    cr_expect_float_eq(busbw("alltoall", m), 52.92, 0.01);
}

Test(bounds, two_nodes)
{
    struct machine m = machine(2, 8, 450, 50, NO);
    cr_expect_float_eq(busbw("all_reduce", m), 500, 0.01); /* 2 S 15/16 at 450 + 50 */
    cr_expect_float_eq(busbw_of("all_reduce", m, BOUND_ALGORITHM), 482.14, 0.01);
    cr_expect_float_eq(busbw("alltoall", m), 93.75, 0.01);
    struct bound bound;
    cr_assert(bound_of(collective_find("all_reduce"), 1e9, &m, BOUND_MACHINE, &bound));
    cr_expect_eq(bound.binds, LINK_NVLINK);
    cr_assert(bound_of(collective_find("alltoall"), 1e9, &m, BOUND_MACHINE, &bound));
    cr_expect_eq(bound.binds, LINK_NIC);
    cr_expect_str_eq(bound.formula,
                     "max(S(N-1)/(N Bi), S(P-1)/(P (Bn+Bi))); S=1000000000 N=2 G=8 Bn=450 Bi=50 GB/s");
    cr_expect_float_eq(bound.time_us, 1e4, 1e-6); /* 1e9 bytes, half of them over 50 GB/s */
}

Test(bounds, network_reduction)
{
    struct machine m = machine(16, 8, 450, 50, NO);
    m.network_reduces = YES;
    struct bound bound;
    cr_assert(bound_of(collective_find("all_reduce"), 4e8, &m, BOUND_MACHINE, &bound));
    cr_expect_float_eq(bound.nic_us, 1000, 1e-6); /* S/(G Bi) = 4e8 / 4e11 s */
    /* If it only may reduce, the bound counts on it and the algorithm does not: 2S(N-1)/(N G Bi). */
    m.network_reduces = UNKNOWN;
    cr_assert(bound_of(collective_find("all_reduce"), 4e8, &m, BOUND_MACHINE, &bound));
    cr_expect_float_eq(bound.nic_us, 1000, 1e-6);
    cr_assert(bound_of(collective_find("all_reduce"), 4e8, &m, BOUND_ALGORITHM, &bound));
    cr_expect_float_eq(bound.nic_us, 1875, 1e-6);
    /* Within a host, the network does not count. */
    m = machine(1, 8, 450, 50, NO);
    m.network_reduces = YES;
    cr_assert(bound_of(collective_find("all_reduce"), 4e8, &m, BOUND_MACHINE, &bound));
    cr_expect_float_eq(bound.time_us, 2 * 7 / 8.0 * 4e8 / 450e9 * 1e6, 1e-6);
}

Test(bounds, reference_only_where_switches_reduce)
{
    struct machine m = machine(2, 8, 450, 100, YES);
    struct bound algorithm, reference;
    cr_assert(bound_of(collective_find("all_reduce"), 1e9, &m, BOUND_ALGORITHM, &algorithm));
    cr_assert(bound_of(collective_find("all_reduce"), 1e9, &m, BOUND_REFERENCE, &reference));
    cr_expect_float_eq(reference.busbw_gbps, 482.14, 0.01);
    cr_expect_gt(algorithm.busbw_gbps, reference.busbw_gbps);
    cr_expect_gt(busbw("all_reduce", m), algorithm.busbw_gbps);
    cr_expect_not(bound_of(collective_find("all_gather"), 1e9, &m, BOUND_REFERENCE, &reference));
    m.nvls = NO;
    cr_expect_not(bound_of(collective_find("all_reduce"), 1e9, &m, BOUND_REFERENCE, &reference));
}

/* A ring over four hosts of eight GPUs that share NICs: only one rank per host has its neighbour on another
   host; its data may leave through all NICs, 8 x 50. A GPU receives S at 450 + 50. With its own NIC only: S
   at 50. */
Test(bounds, send_receive)
{
    struct machine m = machine(4, 8, 450, 50, YES);
    cr_expect_float_eq(busbw("sendrecv", m), 400, 1e-9);
    cr_expect_float_eq(busbw_of("sendrecv", m, BOUND_ALGORITHM), 50, 1e-9);
}

/* Two hosts with eight NICs of 50 each, one rank a host: half of S must enter each host, through all NICs at
   best. The algorithm has the ranks' own NICs only. */
Test(bounds, idle_nics_count_in_the_bound_only)
{
    struct machine m = machine(2, 1, 450, 50, YES);
    struct bound bound, algorithm;
    m.idle_nics = 7;
    cr_assert(bound_of(collective_find("all_gather"), 1e9, &m, BOUND_MACHINE, &bound));
    cr_assert(bound_of(collective_find("all_gather"), 1e9, &m, BOUND_ALGORITHM, &algorithm));
    cr_expect_float_eq(bound.time_us, 0.5e9 / 400e9 * 1e6, 1e-6);
    cr_expect_float_eq(algorithm.time_us, 0.5e9 / 50e9 * 1e6, 1e-6);
    cr_expect_str_eq(bound.formula,
                     "S(N-1)/(N G Bi); S=1000000000 N=2 G=1 Bi=400 GB/s (Bi: all NICs of the hosts / ranks)");
    cr_expect_str_eq(algorithm.formula, "S(N-1)/(N G Bi); S=1000000000 N=2 G=1 Bi=50 GB/s");
    /* Two hosts of one rack, each with two ranks and four NICs. The four ranks together must receive 3 S.
       They can receive 4 x 900 GB/s over NVLink and 8 x 50 GB/s through the NICs. */
    struct machine rack = machine(1, 4, 900, 50, YES);
    rack.domain_spans_hosts = true, rack.idle_nics = 1;
    cr_assert(bound_of(collective_find("all_gather"), 1e9, &rack, BOUND_MACHINE, &bound));
    cr_expect_float_eq(bound.time_us, 3e9 / (4 * 900e9 + 8 * 50e9) * 1e6, 1e-6);
}

/* On every machine, the best known algorithm does not beat the bound. */
Test(bounds, no_algorithm_beats_the_bound)
{
    static const int counts[] = {1, 2, 3, 8, 72};
    size_t compared = 0;
    for (int i = 0; i < 5 * 5 * 3 * 16; i++) {
        struct machine m = machine(counts[i % 5], counts[i / 5 % 5], i / 75 % 2 ? 450 : 40,
                                   i / 150 % 2 ? 50 : 12.5, (enum known)(i / 300 % 3));
        m.network_reduces = (enum known)(i / 75 % 4 % 3), m.rail_aligned = i % 2,
        m.domain_spans_hosts = i / 5 % 2;
        m.idle_nics = i / 2 % 3;
        for (int c = 0; c < COLLECTIVE_COUNT; c++) {
            struct bound bound, algorithm;
            if (!bound_of(&collectives[c], 1e9, &m, BOUND_MACHINE, &bound) ||
                !bound_of(&collectives[c], 1e9, &m, BOUND_ALGORITHM, &algorithm))
                continue;
            compared++;
            cr_expect(bound.time_us <= algorithm.time_us * (1 + 1e-12), "%s: %s beats %s",
                      collectives[c].name, algorithm.formula, bound.formula);
        }
    }
    cr_expect_gt(compared, 1000);
}

Test(bounds, unknown_is_absent)
{
    struct bound bound;
    struct machine one = machine(1, 1, 450, 50, YES), no_nic = machine(2, 8, 450, NAN, YES),
                   inside = machine(1, 8, 450, NAN, YES);
    cr_expect_not(bound_of(collective_find("all_reduce"), 1e9, &one, BOUND_MACHINE, &bound));
    cr_expect_not(bound_of(collective_find("all_reduce"), 1e9, &no_nic, BOUND_MACHINE, &bound));
    cr_expect_not(bound_of(collective_find("all_reduce"), 0, &inside, BOUND_MACHINE, &bound));
    cr_expect(bound_of(collective_find("all_reduce"), 1e9, &inside, BOUND_MACHINE, &bound));
    struct machine single_gpu_nodes =
        machine(4, 1, NAN, 25, NO); /* no NVLink is used: its rate is not needed */
    cr_expect_float_eq(busbw("all_reduce", single_gpu_nodes), 25, 1e-9);
}

/* Two hosts of two ranks, 0.0125 GB/s per direction between them: 2 S (N-1)/N must cross; the bus factor of
 * all-reduce is 3/2. */
Test(bounds, network_alone)
{
    struct bound bound;
    struct machine m = machine(2, 2, INFINITY, 0.00625, UNKNOWN),
                   inside = machine(1, 4, INFINITY, NAN, UNKNOWN);
    cr_expect_float_eq(busbw("all_reduce", m), 0.01875, 1e-12);
    cr_expect(bound_of(collective_find("all_reduce"), 1e6, &m, BOUND_MACHINE, &bound));
    cr_expect_float_eq(bound.time_us, 80000, 1e-6);
    cr_expect_null(strstr(bound.formula, "Bn"));
    cr_expect_not(bound_of(collective_find("all_reduce"), 1e6, &m, BOUND_REFERENCE, &bound),
                  "no other than the bound");
    cr_expect_not(bound_of(collective_find("all_reduce"), 1e6, &inside, BOUND_MACHINE, &bound));
}

/* All but alltoallv, whose pairs may all be within a rank; tests/unit/mpi/test_traffic.c tests the bound of
   known pairs. */
Test(bounds, every_collective_has_one)
{
    struct machine m = machine(4, 8, 450, 50, YES);
    struct bound bound;
    for (int i = 0; i < COLLECTIVE_COUNT; i++)
        if (i != ALL_TO_ALL_V) cr_expect_gt(busbw(collectives[i].name, m), 0);
    cr_expect_not(bound_of(&collectives[ALL_TO_ALL_V], 1e9, &m, BOUND_MACHINE, &bound));
    cr_expect_float_eq(busbw("broadcast", m), 400, 1e-9); /* S/(G Bi): 1 / (1/400 and 1/500) */
}

Test(bounds, latency)
{
    struct machine m = machine(4, 8, 450, 50, YES);
    cr_expect(isnan(latency_model(&m).ring_us));
    m.nvlink_latency_us = 1, m.nic_latency_us = 5;
    cr_expect_float_eq(latency_model(&m).ring_us, 310, 1e-9); /* 2 * 31 * 5 */
    cr_expect_float_eq(latency_model(&m).tree_us, 34, 1e-9);  /* 2 * (7 * 1 + 2 * 5) */
}
