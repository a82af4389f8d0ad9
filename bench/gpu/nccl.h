/* The NCCL backend's state, shared by its files:
     nccl.c         open, supports, close, abort
     nccl_facts.c   NVLink domains, and facts about NCCL and the devices
     nccl_debug.c   capture and parse NCCL's debug output
     nccl_transport.c  judge the transports that the output names
     nccl_memory.c  buffers, registration, fill, check
     nccl_run.c     calls and timing */
#ifndef BUSBAR_NCCL_H
#define BUSBAR_NCCL_H

#include "backend/backend.h"
#include "gpu/device.h"
#include "gpu/hold.h"
#include "gpu/nccl_debug.h"
#include "gpu/nvml.h"
#include "kernels/device.h"

#include <nccl.h>
#include <pthread.h>
#include <stdatomic.h>

/* Functions newer than NCCL 2.18 may be missing in the headers (hence #if) and in the library that is loaded
   (hence weak: the function is NULL then). */
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

/* One block of device memory, which the cases use one after the other. It is allocated and registered anew
   only when a case needs more. */
struct device_block {
    char *at;
    size_t bytes;
    uint64_t generation; /* changes with every new block, which invalidates captured graphs */
    bool by_nccl;        /* allocated by ncclMemAlloc */
    void *registered;    /* handle of ncclCommRegister, or window */
};

/* A captured graph of `calls` calls from `slot` on. */
struct graph {
    cudaGraphExec_t exec;
    int calls;
    size_t slot;
};

/* A prepared call: the members of a call that preparation depends on. */
struct shape {
    const struct collective *collective;
    enum dtype dtype;
    enum op op;
    size_t count;
    int root;
    const struct traffic *traffic;
    bool in_place;
    uint64_t generation;
    size_t stride;
};

/* A pipelined case rotates over at most MOST_TURNS graphs; its verification, which makes single calls, needs
   more. */
enum { MOST_GRAPHS = 64, MOST_TURNS = 32, MOST_READY = 16 };

struct comm {
    const struct world *world;
    struct backend_options options;
    struct device device;
    int sharers; /* ranks of this host on this device */
    int version; /* of the library that was loaded */
    ncclComm_t nccl;
    cudaStream_t stream;
    cudaEvent_t start, stop;
    struct hold hold;
    double event_pair_us; /* see nccl_time_nothing(); NAN: not known */
    float *aligner;       /* one element, for the all-reduce that aligns the ranks */
    struct device_verdict *verdict, *device_verdict;
    struct device_period *period; /* scratch memory of fill and check */
    struct device_block block;
    struct shape ready[MOST_READY]; /* calls that can be timed; collective NULL: a free place */
    int last_ready, next_ready;     /* places in `ready`: of the call made last; for the next new one */
    struct graph graphs[MOST_GRAPHS];
    int graph_count;
    ncclRedOp_t premul[DTYPE_COUNT];
    bool has_premul[DTYPE_COUNT];
    struct nvml *nvml;
    char *domains; /* NVLink domains of all ranks, DOMAIN_TEXT bytes each */
    json_t *facts; /* about NCCL and the devices; made by open */
    struct nccl_debug debug;
    pthread_mutex_t
        asking; /* held during ncclCommGetAsyncError, since ncclCommAbort frees the communicator */
    atomic_bool aborted;
};

/* STATUS_OK for ncclSuccess; else prints the call and NCCL's message. After an abort: STATUS_TIMEOUT without
   a line, since the watchdog has printed one. */
enum status nccl_status(struct comm *, ncclResult_t, const char *call);

/* The message of NCCL's last error; never NULL. */
const char *nccl_words(void);

/* Waits until the stream has completed everything queued, checking for asynchronous errors meanwhile. */
enum status nccl_drain(struct comm *);

/* The worst status of all ranks, so that no rank enters a collective call that another rank will not make. */
enum status nccl_agree(const struct comm *, enum status own);

/* nccl_facts.c */
void nccl_domains_gather(struct comm *);
enum status nccl_domains_check(const struct comm *); /* --expect-domain */
const char *nccl_domain(struct comm *);              /* of this rank */
enum status nccl_facts_make(struct comm *);          /* after the ranks are connected */
void nccl_facts(struct comm *, struct launch_header *);

/* nccl_memory.c */
int registration_flag(const struct comm *); /* as in -R: 0, 1, 2 */
struct place {
    char *send, *recv; /* the pointers for the call; the result begins at recv */
    char *data;        /* this rank's input */
};
struct place nccl_place(const struct comm *, const struct call *, size_t slot, int operation);
enum status nccl_alloc(struct comm *, size_t send_bytes, size_t recv_bytes, size_t slots, struct buffers *);
void nccl_free(struct comm *, struct buffers *);
enum status nccl_try_registration(struct comm *); /* registers one page, so that failure shows at the start */
void nccl_block_free(struct comm *);
enum status nccl_fill(struct comm *, const struct call *, size_t slot, uint64_t seed);
enum status nccl_check(struct comm *, const struct call *, size_t slot, uint64_t seed, struct verdict *);
enum status nccl_corrupt(struct comm *, const struct call *, size_t slot);

/* nccl_calls.c */
int nccl_type(enum dtype); /* ncclDataType_t; -1: not in these headers */
/* Enqueues one call: an operation, or a group of several. */
ncclResult_t nccl_issue(struct comm *, const struct call *, size_t slot);

/* nccl_run.c */
enum status nccl_prepare(struct comm *, const struct call *, int batch);
enum status nccl_ask(struct comm *, const struct call *, struct choice *);
enum status nccl_run(struct comm *, const struct call *, int batch, size_t *slot, struct timing *);
enum status nccl_align(struct comm *);
/* Collective. Times samples without an operation: what the two events cost, the median of the slowest
   rank. */
enum status nccl_time_nothing(struct comm *, double *us);
void nccl_graphs_free(struct comm *);

#endif
