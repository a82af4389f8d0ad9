/* What NCCL tells of the paths that it takes: its debug output, captured into a file and read back. */
#ifndef BUSBAR_NCCL_DEBUG_H
#define BUSBAR_NCCL_DEBUG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct nccl_debug {
    char path[4096]; /* "": nothing is captured */
    bool ours;       /* a temporary file, to be removed */
};

/* Before NCCL's first call: sets NCCL_DEBUG, NCCL_DEBUG_SUBSYS and NCCL_DEBUG_FILE where the user has not.
   What a user asked for by NCCL_DEBUG goes to a file too, whose name is printed: it must not stand in the
   middle of the table. */
void nccl_debug_capture(struct nccl_debug *, const char *host);
void nccl_debug_close(struct nccl_debug *);

/* What the lines said. */
struct nccl_paths {
    char network[64],
        plugin[256]; /* "IB", "Socket", "AWS Libfabric"; the plug-in's library or name; "" unknown */
    int nvls, mnnvl; /* 1 yes, 0 no, -1 not told */
    bool p2p, shm, net, gdr, collnet; /* transports that channels were connected by */
};
void nccl_debug_read(FILE *, struct nccl_paths *);
json_t *nccl_paths_json(const struct nccl_paths *);

/* Paths of the loaded shared objects whose name holds `part` ("libnccl"): {"libnccl.so.2": "/usr/lib/…"} . */
json_t *loaded_libraries(const char *part);

/* Names of the RDMA devices below ROOT/sys/class/infiniband in order, separated by spaces; "" none. No root:
 * this machine. */
void rdma_devices(const char *root, char *names, size_t size);

#endif
