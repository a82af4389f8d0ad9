/* The NCCL backend's state, shared by its files:
     nccl.c         open, what is supported, close, abort
     nccl_facts.c   NVLink domains, places, what NCCL tells of itself
     nccl_debug.c   its messages
     nccl_transport.c  what they say of the paths, judged
     nccl_memory.c  buffers, registration, fill, check
     nccl_run.c     the calls and how they are timed */
#ifndef BUSBAR_NCCL_H
#define BUSBAR_NCCL_H

#include "backend/backend.h"
#include "gpu/device.h"
#include "gpu/nccl_debug.h"
#include "gpu/nvml.h"
#include "kernels/device.h"

#include <nccl.h>
#include <pthread.h>
#include <stdatomic.h>

/* What came after 2.18 is absent from older headers (preprocessor) and from older libraries (weak: NULL
 * then). */
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 19, 0)
#pragma weak ncclMemAlloc
#pragma weak ncclMemFree
#pragma weak ncclCommRegister
#pragma weak ncclCommDeregister
#endif
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 27, 0)
#pragma weak ncclCommWindowRegister
#pragma weak ncclCommWindowDeregister
#endif
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 28, 0)
#pragma weak ncclAlltoAll
#pragma weak ncclGather
#pragma weak ncclScatter
#endif

/* One block of device memory that the cases take in turns, allocated and registered once as long as it is
 * large enough. */
struct device_block {
    char *at;
    size_t bytes;
    uint64_t generation; /* changes with every new block: graphs of an old one are void */
    bool by_nccl;        /* from ncclMemAlloc */
    void *registered;    /* handle of ncclCommRegister, or window */
};

/* A captured graph of `calls` calls from `slot` on. */
struct graph {
    cudaGraphExec_t exec;
    int calls;
    size_t slot;
};

/* The case that was called last, so that a new one is recognised. */
struct shape {
    const struct collective *collective;
    enum dtype dtype;
    enum op op;
    size_t count;
    int root;
    bool in_place;
    uint64_t generation;
    size_t stride;
};

/* A pipelined case rotates over MOST_TURNS graphs at most; the single calls of its verification are others.
 */
enum { MOST_GRAPHS = 64, MOST_TURNS = 32 };

struct comm {
    const struct world *world;
    struct backend_options options;
    struct device device;
    int sharers; /* ranks of this host on this device */
    int version; /* of the library that was loaded */
    ncclComm_t nccl;
    cudaStream_t stream;
    cudaEvent_t start, stop;
    struct device_gate *gate; /* mapped host memory, and its address on the device */
    struct device_gate *device_gate;
    uint32_t ticket;
    int held_calls;   /* calls that are enqueued behind a closed gate at most */
    uint64_t hold_ns; /* a hold ends by then whatever happens */
    bool told_of_holds;
    float *aligner; /* one element for the aligning all-reduce */
    struct device_verdict *verdict, *device_verdict;
    struct device_block block;
    struct shape shape; /* ready to be timed */
    struct graph graphs[MOST_GRAPHS];
    int graph_count;
    ncclRedOp_t premul[DTYPE_COUNT];
    bool has_premul[DTYPE_COUNT];
    struct nvml *nvml;
    char *domains; /* of all ranks, DOMAIN_TEXT each */
    json_t *facts; /* of NCCL and the devices; made in open */
    struct nccl_debug debug;
    pthread_mutex_t asking; /* held while the communicator is asked for errors: aborting frees it */
    atomic_bool aborted;
};

/* One line that names the call and NCCL's own words; STATUS_TIMEOUT without a line after an abort: the
 * watchdog has spoken. */
enum status nccl_status(struct comm *, ncclResult_t, const char *call);

/* The words of NCCL's last error; never NULL. */
const char *nccl_words(void);

/* Waits until the stream has reached all that was enqueued, looking for asynchronous errors meanwhile. */
enum status nccl_drain(struct comm *);

/* The worst status of all ranks, so that no rank goes on into a call that another will never make. */
enum status nccl_agree(const struct comm *, enum status own);

/* nccl_facts.c */
void nccl_domains_gather(struct comm *);
enum status nccl_domains_check(const struct comm *); /* --expect-domain */
const char *nccl_domain(struct comm *);              /* of this rank */
enum status nccl_facts_make(struct comm *);          /* after the ranks are connected */
void nccl_facts(struct comm *, struct launch_header *);

/* nccl_memory.c */
struct place {
    char *send, *recv; /* as the call takes them; results stand from recv on */
    char *data;        /* where this rank's input stands */
};
struct place nccl_place(const struct comm *, const struct call *, size_t slot);
enum status nccl_alloc(struct comm *, size_t send_bytes, size_t recv_bytes, size_t slots, struct buffers *);
void nccl_free(struct comm *, struct buffers *);
enum status
nccl_try_registration(struct comm *); /* of one page: what cannot be registered is known at once */
void nccl_block_free(struct comm *);
enum status nccl_fill(struct comm *, const struct call *, size_t slot, uint64_t seed);
enum status nccl_check(struct comm *, const struct call *, size_t slot, uint64_t seed, struct verdict *);
enum status nccl_corrupt(struct comm *, const struct call *, size_t slot);

/* nccl_run.c */
int nccl_type(enum dtype); /* ncclDataType_t; -1: not in these headers */
enum status nccl_prepare(struct comm *, const struct call *, int batch);
enum status nccl_run(struct comm *, const struct call *, int batch, size_t *slot, struct timing *);
enum status nccl_align(struct comm *);
void nccl_graphs_free(struct comm *);

#endif
