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

/* *number: K of hosts:K and rails:K, N of SPLIT_COUNT. */
enum split_kind split_kind_of(const char *name, int64_t *number);

/* Calls `pair` for each pair of host numbers of "match:0-5/1-7", which count from 0 in the launch's order. Returns false if
   the name is not of this form or `pair` returned false. */
bool each_match(const char *name, bool (*pair)(int a, int b, void *data), void *data);

/* STATUS_USAGE with one line unless `list` is names such as "world,node,pairs,4", separated by commas:
   world   all ranks                           node    the ranks of each host
   domain  the ranks of each NVLink domain     rail    the ranks with the same place on their hosts
   pairs   rank r with rank r + ranks/2        N       N ranks each, in order
   hosts:K  hosts in pairs, round K of the circle method: hosts - 1 rounds (hosts, when odd) let each meet
            each once
   rails:K  so, but a group for each place on the hosts: one rank of either
   bisect   so, host i with host i + hosts/2
   match:A-B/C-D  so, the hosts with these numbers (from 0, in the launch's order); the others sit out */
enum status splits_check(const char *list);

#endif
