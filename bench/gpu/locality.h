/* Finds the NICs near a GPU, from hwloc's view of the machine (HWLOC_FSROOT or HWLOC_XMLFILE select another
   view). */
#ifndef BUSBAR_LOCALITY_H
#define BUSBAR_LOCALITY_H

#include <jansson.h>

/* The connection between GPU and NIC, from near to far. */
enum route { ROUTE_SWITCH, ROUTE_HOST_BRIDGE, ROUTE_NODE, ROUTE_SYSTEM, ROUTE_UNKNOWN };

struct near_nic {
    char name[32]; /* "mlx5_0"; "": the host has no RDMA device */
    enum route route;
    int numa_node;     /* of the NIC; -1: not known */
    int numa_distance; /* between the GPU's and the NIC's node, by firmware (10: same node); -1: not known */
};

struct locality {
    int numa_node; /* of the GPU; -1: not known */
    struct near_nic nearest;
    json_t *nics; /* every RDMA device, the nearest first; the caller frees it; never NULL */
};

/* `pci` as CUDA writes it ("0000:1B:00.0"). What is not known stays -1, "" or empty. */
void locality_read(const char *pci, struct locality *);

#endif
