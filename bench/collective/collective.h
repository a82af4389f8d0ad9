/* The table of collectives: a collective is one row here, one case in each backend, and one driver file. */
#ifndef BUSBAR_COLLECTIVE_H
#define BUSBAR_COLLECTIVE_H

#include <stdbool.h>
#include <stddef.h>

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
    COLLECTIVE_COUNT
};

/* Element counts per rank. "bytes" of a case follow nccl-tests; see measurement.md, Terms, in the README's
 * words. */
struct extent {
    size_t send, recv;  /* elements that this rank sends from and receives into */
    size_t in_place_at; /* where, in elements from the start of recv, the send data stands for an in-place
                           call */
};

/* What must stand in `count` received elements from recv_at on: source >= 0: that rank's elements from
   source_at on; source == EVERY_RANK: the reduction over all ranks of their elements from source_at on. */
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
    double (*bus_factor)(int ranks); /* busbw = algbw * factor; 0 for one rank: there is no bus */
    size_t (*divisor)(int ranks);    /* bytes of a case are rounded down to element size times this */
    /* count: elements of the whole case (bytes / element size), a multiple of divisor */
    struct extent (*extent)(size_t count, int ranks, int rank, int root);
    /* the k-th stretch of what rank must have received; false: there is no k-th. Nothing is expected of a
     * rank that receives nothing. */
    bool (*expect)(size_t count, int ranks, int rank, int root, int k, struct expectation *);
};

extern const struct collective collectives[COLLECTIVE_COUNT];
const struct collective *collective_find(const char *name); /* NULL: none */

#endif
