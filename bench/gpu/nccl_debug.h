/* What NCCL tells of the paths that it takes: its debug output, captured into a file and read back. */
#ifndef BUSBAR_NCCL_DEBUG_H
#define BUSBAR_NCCL_DEBUG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct nccl_debug {
    char path[4096]; /* "": nothing is captured */
    int memory; /* a file in memory that has no name and ends with the process; -1: there is a real one */
    long start; /* bytes that were there before: told of another communicator */
    bool quiet, named; /* nobody asked for messages; a file was made for those that were asked for */
};

/* Before NCCL's first call: sets NCCL_DEBUG, NCCL_DEBUG_SUBSYS and NCCL_DEBUG_FILE where the user has not.
   What a user asked for by NCCL_DEBUG goes to a file too, whose name is printed: it must not stand in the
   middle of the table. NCCL opens its file once for a process: later communicators write into the first
   one's, which must stay open as long as they do. */
void nccl_debug_capture(struct nccl_debug *, const char *host);
void nccl_debug_close(struct nccl_debug *); /* removes a file that was made and stayed empty */

/* Takes what the user has not set out of a record's environment. */
void nccl_debug_hide(const struct nccl_debug *, json_t *environment);

/* What the lines said. */
struct nccl_paths {
    char network[64],
        plugin[256]; /* "IB", "Socket", "AWS Libfabric"; the plug-in's library or name; "" unknown */
    int nvls, mnnvl; /* 1 yes, 0 no, -1 not told */
    bool p2p, shm, net, gdr, collnet; /* transports that channels were connected by */
};
void nccl_debug_read(FILE *, struct nccl_paths *);
void nccl_debug_told(const struct nccl_debug *, struct nccl_paths *); /* what was captured since */
json_t *nccl_paths_json(const struct nccl_paths *);

/* Paths of the loaded shared objects whose name holds `part` ("libnccl"): {"libnccl.so.2": "/usr/lib/…"} . */
json_t *loaded_libraries(const char *part);

/* Names of the RDMA devices below ROOT/sys/class/infiniband in order, separated by spaces; "" none. No root:
 * this machine. */
void rdma_devices(const char *root, char *names, size_t size);

#endif
