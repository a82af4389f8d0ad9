/* The table of collectives. bench/README.md says how to add one. */
#ifndef BUSBAR_COLLECTIVE_H
#define BUSBAR_COLLECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum collective_id {
    ALL_REDUCE,
    ALL_GATHER,
    REDUCE_SCATTER,
    BROADCAST,
    REDUCE,
    ALL_TO_ALL,
    SEND_RECV,
    GATHER,
    SCATTER,
    ALL_TO_ALL_V,
    HYPERCUBE,
    COLLECTIVE_COUNT
};

/* How much each rank sends to each other one in alltoallv, as weights. */
struct traffic {
    int ranks;
    const uint64_t *weights; /* rank i sends rank j the weight [i * row + j * column] */
    size_t row, column;      /* `ranks` and 1: a matrix. 0 and 1: the receiver decides. 1 and 0: the sender */
    uint64_t busiest; /* the largest sum of a row or column, > 0: the rank that sends or receives most */
};

/* What the buffers of a rank depend on. */
struct layout {
    size_t count; /* elements of the whole case (its bytes / element size) */
    int ranks, rank, root;
    const struct traffic *traffic; /* alltoallv; NULL: equal parts */
};

/* The buffers of one rank, in elements. */
struct extent {
    size_t send, recv;  /* length of the send and of the receive buffer */
    size_t in_place_at; /* in an in-place call the send data starts at this element of the receive buffer */
};

/* The expected content of the `count` elements of a receive buffer from recv_at on. source >= 0: that rank's
   elements from source_at on. source == EVERY_RANK: the reduction over all ranks' elements from source_at
   on. */
enum { EVERY_RANK = -1 };
struct expectation {
    int source;
    size_t source_at, recv_at, count;
};

struct collective {
    enum collective_id id;
    const char *name;            /* "all_reduce" */
    const char *nccl_tests_name; /* "AllReduce": its program is <name>_perf */
    bool reduces, rooted;
    double (*factor)(int ranks);  /* of bus bandwidth; callers use bus_factor() */
    size_t (*divisor)(int ranks); /* the element count of a case is a multiple of this */
    /* The buffers of a rank. Bytes are counted as in nccl-tests: one rank's buffer for all-reduce, broadcast
       and reduce; the total over all ranks for collectives that gather or scatter; for alltoallv what the
       busiest rank sends or receives. */
    struct extent (*extent)(const struct layout *);
    /* The k-th part of what the rank must have received, k = 0, 1, ...; false: there are no more parts. A
       rank that receives nothing has none. */
    bool (*expect)(const struct layout *, int k, struct expectation *);
};

extern const struct collective collectives[COLLECTIVE_COUNT];
const char *collective_word(size_t i); /* the names in order; NULL after the last */
/* Underscores do not count: "all_to_all" is "alltoall". NULL: there is none, also for NULL. */
const struct collective *collective_find(const char *name);

/* Whether this number of ranks can run it: hypercube needs a power of two. */
bool collective_runs(const struct collective *, int ranks);

bool traffic_is_matrix(const struct traffic *);

/* The elements that rank `from` sends to rank `to` in alltoallv: its share of the busiest rank's
   layout->count, rounded down. */
size_t pair_count(const struct layout *, int from, int to);

/* The most elements that any rank sends, and the most that any receives; layout->rank is ignored. */
struct extent most_extent(const struct collective *, const struct layout *);

/* busbw = algbw * factor. 0 for one rank, which has no bus; NAN if the collective is NULL or `ranks` is not a
   number of ranks (ABSENT, for instance). */
double bus_factor(const struct collective *, int64_t ranks);

/* `bytes` in `us` microseconds as GB/s (1e9 bytes/s): the algorithm bandwidth, and the bus bandwidth. */
double algbw_gbps(double bytes, double us);
double busbw_gbps(const struct collective *, int64_t ranks, double bytes, double us);

#endif
