/* The interface to a communication library. struct backend describes one (mpi.c, the NCCL plug-in); it is
   constant, and `open` returns the state. fault.c wraps a backend and injects faults. To add a backend: one
   file, and one line in backends.c. */
#ifndef BUSBAR_BACKEND_H
#define BUSBAR_BACKEND_H

#include "backend/choice.h"
#include "base/status.h"
#include "collective/collective.h"
#include "collective/dtype.h"
#include "record/record.h"

#include <mpi.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The ranks that measure together, and this rank's place among them. launch/world.c fills it. */
struct world {
    MPI_Comm comm; /* of the ranks that measure together */
    int rank, ranks;
    int local_rank, local_ranks;                            /* on this host */
    int node, nodes;                                        /* hosts numbered in order of their first rank */
    const char *host;                                       /* this host's name */
    const char **hosts;                                     /* name of each node */
    int *ranks_on_node, *node_of_rank, *local_rank_of_rank; /* of all ranks; every rank knows them */
    bool renamed; /* host names come from BUSBAR_HOST: the nodes are not real hosts */
    char *names;  /* storage of the host names */
};

/* What a rank is doing, for the watchdog; a higher value is further within a step. Working: this rank fills
   or checks buffers, which may take long and is not a hang as long as the rank reports progress. */
enum stage { STAGE_BETWEEN, STAGE_WORKING, STAGE_BARRIER, STAGE_STARTING, STAGE_INSIDE };

struct comm; /* a backend's state, defined by each backend */

enum capability {
    CAN_DEVICE_MEMORY = 1, /* buffers are device memory: only fill and check may touch them */
    CAN_ALIGN = 2,         /* run() itself starts all ranks together; call.start is NULL */
    CAN_GRAPH = 4,
    CAN_REGISTER = 8,
    CAN_HOST_CLOCK = 16,     /* run() sets start_s and end_s from CLOCK_MONOTONIC */
    CAN_DOMAINS = 32,        /* open() checks expect_domain */
    CAN_TELL_TRANSPORT = 64, /* open() checks expect_transports */
    CAN_TELL_CHOICE = 128,   /* there is ask() */
    CAN_AGGREGATE = 256,     /* a call may have several operations in a group */
};

struct backend_options {
    enum memory memory; /* absent: the backend's default */
    bool cold;          /* rotate buffers, so that repeated calls do not find their data in a cache */
    uint64_t seed;
    int graph; /* calls per graph; 0: none */
    enum registration registration;
    const char *cta;            /* --cta; NULL: the library's default */
    int expect_domain;          /* required ranks per NVLink domain; 0: any */
    unsigned expect_transports; /* required transports, bit 1 << enum transport for each; 0: any */
    const char *fault;          /* the fault to inject (fault.c); NULL: none */
    atomic_ulong *steps; /* open() increments it before each wait for other ranks: a sign of life for the
                            watchdog. May be NULL */
};

/* In a call of several operations, each one's send and receive buffers begin at a multiple of this many
   bytes; send_bytes and recv_bytes are those of all operations. */
enum { OPERATION_ALIGN = 256 };

/* Buffers of one case. With --cache cold there are several slots, so that successive calls use different
   memory. */
struct buffers {
    size_t send_bytes, recv_bytes, slots;
    void *memory; /* the backend's own */
};

/* One operation, or a group of `aggregate` equal ones, exactly as it is timed. In place: the input is in the
   receive buffer, at extent().in_place_at. */
struct call {
    const struct collective *collective;
    enum dtype dtype;
    enum op op;
    size_t count; /* elements of the whole case */
    int root;
    const struct traffic *traffic; /* alltoallv; NULL: equal parts. Lives as long as the launch */
    bool in_place;
    int aggregate;    /* operations of a call, each with buffers of its own; at least 1 */
    bool nonblocking; /* begin() will make the call, not run(); supports() then tells whether begin() can */
    enum mode
        mode; /* isolated: one call is a sample; else `batch` calls back to back. Nccl-tests: run() reads
                       the host's clock before the first call and once all are complete, and calls `start` */
    const struct buffers *buffers;
    /* Start barrier: run() calls it immediately before reading the clock. NULL: no barrier. */
    enum status (*start)(void *starter);
    void *starter;
    atomic_int *stage; /* run() sets STAGE_INSIDE immediately before the library's call. May be NULL */
};

/* The layout of the call's buffers on this rank. */
static inline struct layout call_layout(const struct call *call, const struct world *world)
{
    return (struct layout){call->count, world->ranks, world->rank, call->root, call->traffic};
}

struct timing {
    double elapsed_s;      /* of the whole batch, on this rank */
    double start_s, end_s; /* CLOCK_MONOTONIC; NAN if the device's clock was used */
    bool spoiled; /* discard the sample: the delay on the device expired before its calls were queued */
};

/* The result of a check on this rank. */
struct verdict {
    uint64_t wrong;
    uint64_t first; /* element index in the receive buffer; meaningless when wrong is 0 */
};

struct backend {
    const char *name, *about;
    unsigned capabilities;

    /* Collective over world->comm. On error prints one line and returns a status; *comm is set only on
     * success. */
    enum status (*open)(const struct world *, const struct backend_options *, struct comm **comm);
    /* STATUS_OK, or STATUS_UNSUPPORTED with a reason (a static string, or owned by comm). STATUS_OK with a
       reason: the call works, but the received data are undefined, so they must not be checked. Prints
       nothing; returns the same on all ranks. */
    enum status (*supports)(struct comm *, const struct call *, const char **reason);
    /* Bytes that a case may allocate on this rank now. */
    size_t (*free_bytes)(struct comm *);
    /* Collective if registration is collective. STATUS_TOO_LARGE: not enough memory. Rounds up to whole
       pages. */
    enum status (*alloc)(struct comm *, size_t send_bytes, size_t recv_bytes, size_t slots, struct buffers *);
    void (*free)(struct comm *, struct buffers *);
    /* Fills this rank's send data in `slot` with a pattern of (seed, rank, index), and the receive buffer
       with poison. */
    enum status (*fill)(struct comm *, const struct call *, size_t slot, uint64_t seed);
    /* Compares every received element in `slot` with the correct result for inputs filled with `seed`. */
    enum status (*check)(struct comm *, const struct call *, size_t slot, uint64_t seed, struct verdict *);
    /* Called once per case before the first run(): untimed first calls, graph capture. May be NULL. */
    enum status (*prepare)(struct comm *, const struct call *, int batch);
    /* Called at most once per case, after prepare(), if the driver records how the library performs a call:
       makes the call, untimed, and sets the choice on rank 0. May be NULL. */
    enum status (*ask)(struct comm *, const struct call *, struct choice *);
    /* One sample: call->start, then `batch` calls back to back on successive slots. Starts at *slot and
       advances it. */
    enum status (*run)(struct comm *, const struct call *, int batch, size_t *slot, struct timing *);
    /* Starts `batch` calls back to back on successive slots, without waiting for them and without
       call->start; one batch at a time. The call and *slot must live until complete() has said that they are
       done. NULL: no non-blocking calls. */
    enum status (*begin)(struct comm *, const struct call *, int batch, size_t *slot);
    /* Lets the calls that begin() started advance; with `waits`, until all are complete. *done: they are. */
    enum status (*complete)(struct comm *, bool waits, bool *done);
    /* Adds facts (library versions, devices) to the launch header, and "emulated" or "faulted" to its
       provenance if that applies. */
    void (*facts)(struct comm *, struct launch_header *);
    /* The name of this rank's NVLink domain, owned by comm; returns NULL if the domain is the host. May be
       NULL. */
    const char *(*domain)(struct comm *);
    void (*abort)(struct comm *); /* called by the watchdog's thread: ends hanging operations. May be NULL */
    void (*close)(struct comm *);
    /* For fault.c: changes one received element in `slot` between run() and check(). STATUS_UNSUPPORTED if
       this rank received nothing. May be NULL. */
    enum status (*corrupt)(struct comm *, const struct call *, size_t slot);
    /* Record clocks, power, temperature, throttling and error counters from watch_start to watch_stop,
       outside the timed regions. watch_stop is collective and returns the worst of all ranks as JSON for the
       record on rank 0; NULL on other ranks, and if nothing is known. Both may be NULL. */
    void (*watch_start)(struct comm *);
    json_t *(*watch_stop)(struct comm *);
};

extern const struct backend backend_mpi;
extern const struct backend backend_mpi_device; /* MPI on device memory (--memory device) */

/* The backends compiled in, NULL-terminated. backend_find() also finds plug-ins ("nccl"). */
extern const struct backend *const backends[];

/* Returns the backend of that name; NULL after printing one line if it is not available. "auto": nccl if its
   plug-in loads and finds a device; else mpi, with a message. */
const struct backend *backend_find(const char *name);

/* The number of GPUs that this backend could use here; 0 if it uses none. Call it before MPI_Init, so that an
   MPI library that uses GPUs takes the same one: a local_rank of 0 or more makes GPU local_rank this
   process's own. */
int backend_devices(const char *name, enum memory, int local_rank);

/* Returns STATUS_OK if backend_find() may find this name; else STATUS_USAGE after printing one line. */
enum status backend_check_name(const char *name);

/* Opens *backend. If options->fault is set, *backend becomes a wrapper that injects that fault (fault.c
   documents the syntax). */
enum status backend_open(const struct backend **backend, const struct world *, const struct backend_options *,
                         struct comm **);

#endif
