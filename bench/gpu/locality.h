/* Which of the host's NICs the GPU is near to, as hwloc sees the machine (HWLOC_FSROOT and HWLOC_XMLFILE
 * describe another one). */
#ifndef BUSBAR_LOCALITY_H
#define BUSBAR_LOCALITY_H

#include <jansson.h>

/* What lies between GPU and NIC, the nearest first. */
enum route { ROUTE_SWITCH, ROUTE_HOST_BRIDGE, ROUTE_NODE, ROUTE_SYSTEM, ROUTE_UNKNOWN };
extern const char *const route_names[]; /* "switch", "host_bridge", "node", "system", "unknown" */

struct near_nic {
    char name[32]; /* "mlx5_0"; "": the host has no RDMA device */
    enum route route;
    int numa_node;     /* the NIC's; -1: not told */
    int numa_distance; /* from the GPU's node to the NIC's, as the firmware tells (10: the same node); -1: not
                          told */
};

struct locality {
    int numa_node; /* the GPU's; -1: not told */
    struct near_nic nearest;
    json_t *nics; /* every RDMA device, the nearest first; the caller's, never NULL */
};

/* `pci` as CUDA writes it ("0000:1B:00.0"). What the machine does not tell stays -1, "" or empty. */
void locality_read(const char *pci, struct locality *);

#endif
