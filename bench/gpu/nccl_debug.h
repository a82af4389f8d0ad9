/* Finds out which transports and algorithms NCCL uses: captures its debug output in a file and parses it. */
#ifndef BUSBAR_NCCL_DEBUG_H
#define BUSBAR_NCCL_DEBUG_H

#include "backend/choice.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct nccl_debug {
    char path[4096];  /* "": nothing is captured */
    int memory;       /* descriptor of a file in memory; -1: the file is on disk */
    long start;       /* where this communicator's output begins in the file */
    bool quiet;       /* NCCL_DEBUG was not set: the user did not ask for NCCL's messages */
    bool named;       /* the user did, and we made the file for them */
    char *subsystems; /* while NCCL is asked: NCCL_DEBUG_SUBSYS as it was; else NULL */
    long asked_from;  /* where the answer begins in the file */
};

/* Call it before the first call to NCCL. Sets NCCL_DEBUG, NCCL_DEBUG_SUBSYS and NCCL_DEBUG_FILE unless the
   user has. If the user has set NCCL_DEBUG, the messages still go to a file, whose name is printed, so that
   they do not break up the table. NCCL opens its debug file once per process: all communicators write into
   the first one's file, which must stay open. */
void nccl_debug_capture(struct nccl_debug *, const char *host);
void nccl_debug_close(struct nccl_debug *); /* removes our file if it is empty */

/* Removes the variables that nccl_debug_capture() set from a record's environment. */
void nccl_debug_hide(const struct nccl_debug *, json_t *environment);

/* The facts in the debug output. */
struct nccl_paths {
    char network[64];            /* "IB", "Socket", "AWS Libfabric"; "" unknown */
    char plugin[256];            /* the network plug-in's library or name; "" unknown */
    char provider[32];           /* of libfabric, below that plug-in: "efa", "tcp"; "" unknown */
    int nvls, mnnvl;             /* in use: 1 yes, 0 no, -1 unknown */
    bool p2p, shm, net, collnet; /* transports in use */
    /* Connections of this rank over the network, and of these those in which NICs access GPU memory. */
    struct {
        int all, gdr;
    } sends, receives;
};
void nccl_debug_read(FILE *, int nccl_version, struct nccl_paths *);
/* Reads this communicator's output. */
void nccl_debug_told(const struct nccl_debug *, int nccl_version, struct nccl_paths *);
json_t *nccl_paths_json(const struct nccl_paths *);

/* Asks NCCL how it does one call: begin, make the call, wait for it, end. Then make the call once more,
   because NCCL reads its settings anew at its next message, which must not happen in a timed call. NCCL
   answers on rank 0 of a communicator only. If the user has set NCCL_DEBUG or NCCL_DEBUG_FILE, these stay as
   they are: then NCCL answers only if they ask for TUNING. */
void nccl_debug_ask(struct nccl_debug *, int nccl_version);
void nccl_debug_answer(struct nccl_debug *, struct choice *);
void nccl_debug_read_choice(FILE *, struct choice *); /* the last one that is told */

/* Paths of the loaded shared objects whose name contains `part` ("libnccl"): {"libnccl.so.2":
   "/usr/lib/…"}. */
json_t *loaded_libraries(const char *part);

/* Sorted names of the RDMA devices in ROOT/sys/class/infiniband, separated by spaces; "": none. root "": this
   machine. */
void rdma_devices(const char *root, char *names, size_t size);

#endif
