/* The names of --group: which groups of ranks run a collective at the same time. */
#ifndef BUSBAR_GROUP_NAMES_H
#define BUSBAR_GROUP_NAMES_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum split_kind {
    SPLIT_UNKNOWN,
    SPLIT_WORLD,
    SPLIT_NODE,
    SPLIT_DOMAIN,
    SPLIT_RAIL,
    SPLIT_PAIRS,
    SPLIT_BISECT,
    SPLIT_HOSTS,
    SPLIT_RAILS,
    SPLIT_MATCH,
    SPLIT_COUNT
};

/* *number: K of hosts:K and rails:K, N of SPLIT_COUNT; meaningless for other kinds. */
enum split_kind split_kind_of(const char *name, int64_t *number);

/* The names without a number, in order; NULL after the last. */
const char *group_word(size_t i);

/* Calls `pair` for each pair of host numbers of "match:0-5/1-7", which count from 0 in the launch's order.
   Returns false if the name is not of this form or `pair` returned false. */
bool each_match(const char *name, bool (*pair)(int a, int b, void *data), void *data);

/* Returns STATUS_USAGE after printing one line unless `list` is a comma-separated list of these names:
   world    all ranks                           node    the ranks of each host
   domain   the ranks of each NVLink domain     rail    the ranks with the same local rank
   pairs    rank r with rank r + ranks/2        N       groups of N consecutive ranks
   hosts:K  pairs of hosts, round K of the circle method: in hosts - 1 rounds (in `hosts` rounds if that is
            odd) each host meets every other once
   rails:K  the same pairs of hosts, but one group per pair and local rank: one rank of each host
   bisect   as rails:K, but host i with host i + hosts/2
   match:A-B/C-D  as rails:K, but these pairs of host numbers (from 0, in the launch's order); the other hosts
            sit out */
enum status splits_check(const char *list);

#endif
