#include "collective/collective.h"

#include <math.h>
#include <string.h>

/* Bus factors: the bytes that each rank's link must carry, divided by the case's bytes (nccl-tests,
   doc/PERFORMANCE.md). alltoallv: as nccl-tests' src/alltoallv.cu (AlltoAllvGetBw), whose bytes are those of
   the rank that sends or receives most, times (n-1)/n. */
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

static size_t part_of(const struct layout *l)
{
    return l->count / (size_t)l->ranks;
}

static bool is_root(const struct layout *l)
{
    return l->rank == l->root;
}

static struct extent whole_to_whole(const struct layout *l)
{
    return (struct extent){l->count, l->count, 0};
}

static struct extent part_to_whole(const struct layout *l)
{
    return (struct extent){part_of(l), l->count, part_of(l) * (size_t)l->rank};
}

static struct extent whole_to_part(const struct layout *l)
{
    return (struct extent){l->count, part_of(l), 0};
}

static struct extent root_to_whole(const struct layout *l)
{
    return (struct extent){is_root(l) ? l->count : 0, l->count, 0};
}

static struct extent whole_to_root(const struct layout *l)
{
    return (struct extent){l->count, is_root(l) ? l->count : 0, 0};
}

static struct extent part_to_root(const struct layout *l)
{
    return (struct extent){part_of(l), is_root(l) ? l->count : 0,
                           is_root(l) ? part_of(l) * (size_t)l->rank : 0};
}

static struct extent root_to_part(const struct layout *l)
{
    return (struct extent){is_root(l) ? l->count : 0, part_of(l), 0};
}

static struct extent pairs(const struct layout *l)
{
    struct extent e = {0, 0, 0};
    for (int r = 0; r < l->ranks; r++) {
        e.send += pair_count(l, l->rank, r);
        e.recv += pair_count(l, r, l->rank);
    }
    return e;
}

static bool expect_reduced(const struct layout *l, int k, struct expectation *e)
{
    *e = (struct expectation){EVERY_RANK, 0, 0, l->count};
    return k == 0;
}

static bool expect_gathered(const struct layout *l, int k, struct expectation *e)
{
    *e = (struct expectation){k, 0, part_of(l) * (size_t)k, part_of(l)};
    return k < l->ranks;
}

static bool expect_reduced_part(const struct layout *l, int k, struct expectation *e)
{
    *e = (struct expectation){EVERY_RANK, part_of(l) * (size_t)l->rank, 0, part_of(l)};
    return k == 0;
}

static bool expect_root(const struct layout *l, int k, struct expectation *e)
{
    *e = (struct expectation){l->root, 0, 0, l->count};
    return k == 0;
}

static bool expect_at_root(const struct layout *l, int k, struct expectation *e)
{
    return expect_reduced(l, k, e) && is_root(l);
}

static bool expect_gathered_at_root(const struct layout *l, int k, struct expectation *e)
{
    return expect_gathered(l, k, e) && is_root(l);
}

static bool expect_exchanged(const struct layout *l, int k, struct expectation *e)
{
    *e = (struct expectation){k, part_of(l) * (size_t)l->rank, part_of(l) * (size_t)k, part_of(l)};
    return k < l->ranks;
}

static bool expect_root_part(const struct layout *l, int k, struct expectation *e)
{
    *e = (struct expectation){l->root, part_of(l) * (size_t)l->rank, 0, part_of(l)};
    return k == 0;
}

/* As in nccl-tests' sendrecv, a ring: every rank sends to the next one and receives from the one before. */
static bool expect_previous(const struct layout *l, int k, struct expectation *e)
{
    *e = (struct expectation){(l->rank + l->ranks - 1) % l->ranks, 0, 0, l->count};
    return k == 0;
}

/* Each rank's send buffer is in order of the receivers, its receive buffer in order of the senders. */
static bool expect_pairs(const struct layout *l, int k, struct expectation *e)
{
    if (k >= l->ranks) return false;
    *e = (struct expectation){k, 0, 0, pair_count(l, k, l->rank)};
    for (int r = 0; r < l->rank; r++) e->source_at += pair_count(l, k, r);
    for (int r = 0; r < k; r++) e->recv_at += pair_count(l, r, l->rank);
    return true;
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
    {ALL_TO_ALL_V, "alltoallv", "AlltoAllv", false, false, factor_scattered, by_ranks, pairs, expect_pairs},
    {HYPERCUBE, "hypercube", "HyperCube", false, false, factor_scattered, by_ranks, part_to_whole,
     expect_gathered},
};

const char *collective_word(size_t i)
{
    return i < COLLECTIVE_COUNT ? collectives[i].name : NULL;
}

static bool equal_but_underscores(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, "_");
        b += strspn(b, "_");
        if (*a != *b) return false;
        if (!*a) return true;
    }
}

const struct collective *collective_find(const char *name)
{
    for (int i = 0; name && i < COLLECTIVE_COUNT; i++)
        if (equal_but_underscores(collectives[i].name, name)) return &collectives[i];
    return NULL;
}

bool collective_runs(const struct collective *collective, int ranks)
{
    return collective->id != HYPERCUBE || (ranks & (ranks - 1)) == 0;
}

bool traffic_is_matrix(const struct traffic *traffic)
{
    return traffic->row && traffic->column;
}

size_t pair_count(const struct layout *l, int from, int to)
{
    __extension__ typedef unsigned __int128 wide;
    const struct traffic *t = l->traffic;
    if (!t) return part_of(l);
    return (size_t)((wide)t->weights[(size_t)from * t->row + (size_t)to * t->column] * l->count / t->busiest);
}

struct extent most_extent(const struct collective *collective, const struct layout *layout)
{
    struct extent most = {0, 0, 0};
    struct layout l = *layout;
    /* With a root, it and one other rank stand for all; without one, any rank does, except in alltoallv. */
    bool every = collective->id == ALL_TO_ALL_V;
    for (int i = 0; i < (every ? l.ranks : 2); i++) {
        l.rank = every ? i : (l.root + i) % l.ranks;
        struct extent e = collective->extent(&l);
        if (e.send > most.send) most.send = e.send;
        if (e.recv > most.recv) most.recv = e.recv;
    }
    return most;
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
