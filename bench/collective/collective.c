#include "collective/collective.h"

#include <math.h>
#include <string.h>

/* Bus factors: the bytes that each rank's link must carry, divided by the case's bytes (nccl-tests,
   doc/PERFORMANCE.md). */
static double factor_all_reduce(int n)
{
    return n > 1 ? 2.0 * (n - 1) / n : 0;
}

static double factor_scattered(int n)
{
    return n > 1 ? (double)(n - 1) / n : 0;
}

static double factor_one(int n)
{
    return n > 1 ? 1 : 0;
}

static size_t by_one(int n)
{
    (void)n;
    return 1;
}

static size_t by_ranks(int n)
{
    return (size_t)n;
}

static struct extent whole_to_whole(size_t count, int n, int rank, int root)
{
    (void)n, (void)rank, (void)root;
    return (struct extent){count, count, 0};
}

static struct extent part_to_whole(size_t count, int n, int rank, int root)
{
    (void)root;
    size_t part = count / (size_t)n;
    return (struct extent){part, count, part * (size_t)rank};
}

static struct extent whole_to_part(size_t count, int n, int rank, int root)
{
    (void)rank, (void)root;
    return (struct extent){count, count / (size_t)n, 0};
}

static struct extent root_to_whole(size_t count, int n, int rank, int root)
{
    (void)n;
    return (struct extent){rank == root ? count : 0, count, 0};
}

static struct extent whole_to_root(size_t count, int n, int rank, int root)
{
    (void)n;
    return (struct extent){count, rank == root ? count : 0, 0};
}

static struct extent part_to_root(size_t count, int n, int rank, int root)
{
    size_t part = count / (size_t)n;
    return (struct extent){part, rank == root ? count : 0, rank == root ? part * (size_t)rank : 0};
}

static struct extent root_to_part(size_t count, int n, int rank, int root)
{
    return (struct extent){rank == root ? count : 0, count / (size_t)n, 0};
}

static bool expect_reduced(size_t count, int n, int rank, int root, int k, struct expectation *e)
{
    (void)n, (void)rank, (void)root;
    *e = (struct expectation){EVERY_RANK, 0, 0, count};
    return k == 0;
}

static bool expect_gathered(size_t count, int n, int rank, int root, int k, struct expectation *e)
{
    (void)rank, (void)root;
    size_t part = count / (size_t)n;
    *e = (struct expectation){k, 0, part * (size_t)k, part};
    return k < n;
}

static bool expect_reduced_part(size_t count, int n, int rank, int root, int k, struct expectation *e)
{
    (void)root;
    size_t part = count / (size_t)n;
    *e = (struct expectation){EVERY_RANK, part * (size_t)rank, 0, part};
    return k == 0;
}

static bool expect_root(size_t count, int n, int rank, int root, int k, struct expectation *e)
{
    (void)n, (void)rank;
    *e = (struct expectation){root, 0, 0, count};
    return k == 0;
}

static bool expect_at_root(size_t count, int n, int rank, int root, int k, struct expectation *e)
{
    return expect_reduced(count, n, rank, root, k, e) && rank == root;
}

static bool expect_gathered_at_root(size_t count, int n, int rank, int root, int k, struct expectation *e)
{
    return expect_gathered(count, n, rank, root, k, e) && rank == root;
}

static bool expect_exchanged(size_t count, int n, int rank, int root, int k, struct expectation *e)
{
    (void)root;
    size_t part = count / (size_t)n;
    *e = (struct expectation){k, part * (size_t)rank, part * (size_t)k, part};
    return k < n;
}

static bool expect_root_part(size_t count, int n, int rank, int root, int k, struct expectation *e)
{
    size_t part = count / (size_t)n;
    *e = (struct expectation){root, part * (size_t)rank, 0, part};
    return k == 0;
}

/* As in nccl-tests' sendrecv, a ring: every rank sends to the next one and receives from the one before. */
static bool expect_previous(size_t count, int n, int rank, int root, int k, struct expectation *e)
{
    (void)root;
    *e = (struct expectation){(rank + n - 1) % n, 0, 0, count};
    return k == 0;
}

const struct collective collectives[COLLECTIVE_COUNT] = {
    {ALL_REDUCE, "all_reduce", "AllReduce", true, false, factor_all_reduce, by_one, whole_to_whole,
     expect_reduced},
    {ALL_GATHER, "all_gather", "AllGather", false, false, factor_scattered, by_ranks, part_to_whole,
     expect_gathered},
    {REDUCE_SCATTER, "reduce_scatter", "ReduceScatter", true, false, factor_scattered, by_ranks,
     whole_to_part, expect_reduced_part},
    {BROADCAST, "broadcast", "Broadcast", false, true, factor_one, by_one, root_to_whole, expect_root},
    {REDUCE, "reduce", "Reduce", true, true, factor_one, by_one, whole_to_root, expect_at_root},
    {ALL_TO_ALL, "alltoall", "AlltoAll", false, false, factor_scattered, by_ranks, whole_to_whole,
     expect_exchanged},
    {SEND_RECV, "sendrecv", "SendRecv", false, false, factor_one, by_one, whole_to_whole, expect_previous},
    {GATHER, "gather", "Gather", false, true, factor_scattered, by_ranks, part_to_root,
     expect_gathered_at_root},
    {SCATTER, "scatter", "Scatter", false, true, factor_scattered, by_ranks, root_to_part, expect_root_part},
};

const char *collective_word(size_t i)
{
    return i < COLLECTIVE_COUNT ? collectives[i].name : NULL;
}

const struct collective *collective_find(const char *name)
{
    for (int i = 0; name && i < COLLECTIVE_COUNT; i++)
        if (strcmp(collectives[i].name, name) == 0) return &collectives[i];
    return NULL;
}

double bus_factor(const struct collective *collective, int64_t ranks)
{
    enum { MOST_RANKS = 1 << 30 };
    if (!collective || ranks < 1 || ranks > MOST_RANKS) return NAN;
    return collective->factor((int)ranks);
}

double algbw_gbps(double bytes, double us)
{
    return bytes / us * 1e-3; /* bytes/us = 1e6 bytes/s */
}

double busbw_gbps(const struct collective *collective, int64_t ranks, double bytes, double us)
{
    return algbw_gbps(bytes, us) * bus_factor(collective, ranks);
}
