#include "collective/collective.h"
#include "collective/dtype.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* NCCL tests, doc/PERFORMANCE.md: the factors for 2, 8 and 72 ranks, worked out by hand. */
Test(collective, bus_factors)
{
    static const struct {
        const char *name;
        double at_2, at_8, at_72;
    } expected[] = {
        {"all_reduce", 1, 1.75, 142.0 / 72},
        {"all_gather", 0.5, 0.875, 71.0 / 72},
        {"reduce_scatter", 0.5, 0.875, 71.0 / 72},
        {"alltoall", 0.5, 0.875, 71.0 / 72},
        {"alltoallv", 0.5, 0.875, 71.0 / 72},
        {"hypercube", 0.5, 0.875, 71.0 / 72},
        {"gather", 0.5, 0.875, 71.0 / 72},
        {"scatter", 0.5, 0.875, 71.0 / 72},
        {"broadcast", 1, 1, 1},
        {"reduce", 1, 1, 1},
        {"sendrecv", 1, 1, 1},
    };
    cr_assert_eq(sizeof expected / sizeof *expected, COLLECTIVE_COUNT);
    for (size_t i = 0; i < COLLECTIVE_COUNT; i++) {
        const struct collective *c = collective_find(expected[i].name);
        cr_assert_not_null(c, "%s", expected[i].name);
        cr_expect_float_eq(bus_factor(c, 2), expected[i].at_2, 1e-15);
        cr_expect_float_eq(bus_factor(c, 8), expected[i].at_8, 1e-15);
        cr_expect_float_eq(bus_factor(c, 72), expected[i].at_72, 1e-15);
        cr_expect_eq(bus_factor(c, 1), 0, "one rank has no bus: %s", c->name);
    }
}

Test(collective, underscores_in_names_do_not_count)
{
    static const struct {
        const char *name;
        enum collective_id id;
    } good[] = {{"all_to_all", ALL_TO_ALL},        {"all_to_allv", ALL_TO_ALL_V},
                {"all_to_all_v", ALL_TO_ALL_V},    {"allreduce", ALL_REDUCE},
                {"reducescatter", REDUCE_SCATTER}, {"send_recv", SEND_RECV},
                {"all_gather", ALL_GATHER},        {"reduce", REDUCE}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_eq(collective_find(good[i].name), &collectives[good[i].id], "%s", good[i].name);
    static const char *const bad[] = {"", "_", "all", "all-reduce", "AllReduce", "all_reduce ", "alltoallvv"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_null(collective_find(bad[i]), "%s", bad[i]);
    cr_expect_null(collective_find(NULL));
}

Test(collective, a_hypercube_needs_a_power_of_two)
{
    const struct collective *c = collective_find("hypercube");
    cr_expect(collective_runs(c, 1) && collective_runs(c, 2) && collective_runs(c, 64));
    cr_expect(!collective_runs(c, 3) && !collective_runs(c, 6) && !collective_runs(c, 72));
    cr_expect(collective_runs(collective_find("all_gather"), 3));
}

enum { MOST = 60 };

/* Each element that the layout's rank receives is expected exactly once, and its source sends that
   element. */
static void expect_each_once(const struct collective *c, const struct layout *layout)
{
    int seen[MOST * 5] = {0};
    struct extent mine = c->extent(layout);
    struct expectation e;
    cr_assert_leq(mine.recv, sizeof seen / sizeof *seen);
    for (int k = 0; c->expect(layout, k, &e); k++) {
        cr_assert_lt(k, MOST);
        for (int source = 0; source < layout->ranks; source++) {
            if (e.source != EVERY_RANK && e.source != source) continue;
            struct layout other = *layout;
            other.rank = source;
            cr_assert_leq(e.source_at + e.count, c->extent(&other).send,
                          "%s: rank %d does not send that much", c->name, source);
        }
        for (size_t i = 0; i < e.count; i++) seen[e.recv_at + i]++;
    }
    for (size_t i = 0; i < mine.recv; i++)
        cr_assert_eq(seen[i], 1, "%s, %d ranks, rank %d: element %zu", c->name, layout->ranks, layout->rank,
                     i);
}

Test(collective, every_received_element_is_expected_once)
{
    for (int id = 0; id < COLLECTIVE_COUNT; id++)
        for (int ranks = 1; ranks <= 5; ranks++)
            for (int root = 0; root < ranks; root++)
                for (int rank = 0; rank < ranks; rank++) {
                    const struct collective *c = &collectives[id];
                    cr_assert_eq((int)c->id, id);
                    expect_each_once(
                        c, &(struct layout){MOST - MOST % c->divisor(ranks), ranks, rank, root, NULL});
                }
}

/* Rank 1 sends nothing, rank 2 receives nothing, and rank 0 sends the most: 20 of the 40 that it may. */
Test(collective, pairs_with_unequal_parts)
{
    static const uint64_t cells[] = {5, 15, 0, 0, 0, 0, 7, 3, 0};
    const struct traffic traffic = {3, cells, 3, 1, 20};
    const struct collective *c = &collectives[ALL_TO_ALL_V];
    for (size_t count = 0; count <= MOST; count++)
        for (int rank = 0; rank < 3; rank++)
            expect_each_once(c, &(struct layout){count, 3, rank, 0, &traffic});
    struct layout layout = {40, 3, 2, 0, &traffic};
    struct expectation e;
    cr_expect_eq(pair_count(&layout, 0, 1), 30);
    cr_expect_eq(pair_count(&layout, 2, 1), 6);
    struct extent mine = c->extent(&layout), most = most_extent(c, &layout);
    cr_expect(mine.send == 20 && mine.recv == 0);
    cr_expect(most.send == 40 && most.recv == 36, "rank 0 sends 10 + 30, rank 1 receives 30 + 6");
    layout.rank = 1;
    cr_expect(c->expect(&layout, 2, &e) && e.source == 2 && e.source_at == 14 && e.recv_at == 30 &&
              e.count == 6);
    layout.count = 19; /* 19/20 of 5, 15, 7 and 3, rounded down */
    cr_expect(pair_count(&layout, 0, 0) == 4 && pair_count(&layout, 0, 1) == 14 &&
              pair_count(&layout, 2, 0) == 6 && pair_count(&layout, 2, 1) == 2);
}

/* The largest size that a driver accepts, on few and many ranks: nothing overflows, and every rank's part is
   inside the buffer. Checked with 128-bit integers. */
Test(collective, extents_at_the_edge_of_size_t)
{
    __extension__ typedef unsigned __int128 wide;
    static const int many[] = {1, 2, 3, 8, 72, 5000};
    const size_t bytes = (size_t)1 << 60;
    for (int id = 0; id < COLLECTIVE_COUNT; id++)
        for (size_t i = 0; i < sizeof many / sizeof *many; i++)
            for (int dtype = 0; dtype < DTYPE_COUNT; dtype++)
                for (int rank = 0; rank<many[i]; rank += many[i]> 1 ? many[i] - 1 : 1) {
                    const struct collective *c = &collectives[id];
                    size_t size = dtypes[dtype].size,
                           count = bytes / size / c->divisor(many[i]) * c->divisor(many[i]);
                    const struct layout layout = {count, many[i], rank, 0, NULL};
                    struct extent e = c->extent(&layout);
                    struct expectation x;
                    wide received = 0;
                    cr_assert((wide)e.send * size <= bytes && (wide)e.recv * size <= bytes &&
                              (wide)(e.in_place_at + e.send) * size <= bytes);
                    for (int k = 0; c->expect(&layout, k, &x); k++) {
                        cr_assert((wide)x.recv_at + x.count <= e.recv, "%s", c->name);
                        received += x.count;
                    }
                    cr_assert(received == e.recv, "%s on %d ranks", c->name, many[i]);
                }
}

Test(dtype, names_and_sizes)
{
    cr_expect_eq(dtype_find("float"), DTYPE_FLOAT);
    cr_expect_eq(dtype_find("bf16"), DTYPE_BFLOAT16);
    cr_expect_eq(dtype_find("flot"), -1);
    cr_expect_eq(dtypes[DTYPE_HALF].size, 2);
    cr_expect_eq(dtypes[DTYPE_FP8_E5M2].size, 1);
    for (int i = 0; i < DTYPE_COUNT; i++) cr_expect_eq(dtype_find(dtypes[i].name), i);
    for (int i = 0; i < OP_COUNT; i++) cr_expect_eq(op_find(op_names[i]), i);
    cr_expect_eq(op_find("xor"), -1);
}
