/* This machine's cores and caches, and the cores that this process may use, as hwloc reports them. */
#ifndef BUSBAR_MACHINE_H
#define BUSBAR_MACHINE_H

#include "base/status.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct host_machine {
    int packages, numa_nodes, cores, pus;
    int bound_cores, bound_pus;           /* of this process: its affinity mask, which launchers set */
    uint64_t binding;                     /* hash of that mask: processes with the same one share its cores */
    size_t l1d_bytes, l2_bytes, l3_bytes; /* of one cache; 0: there is none */
    size_t last_level_bytes;              /* sum of all last-level caches: larger operands come from memory */
};

/* Returns STATUS_ENVIRONMENT after printing one line if hwloc fails. */
enum status machine_read(struct host_machine *);

/* Adds "topology" and "hwloc", its version, to the facts. */
void machine_facts(const struct host_machine *, json_t *facts);

#endif
