/* What moves the data: one descriptor per library (mpi.c, the nccl plug-in), one decorator (fault.c).
   Descriptors are constant; `open` returns the state. A new backend is one file and one line in backends.c.
 */
#ifndef BUSBAR_BACKEND_H
#define BUSBAR_BACKEND_H

#include "base/status.h"
#include "collective/collective.h"
#include "collective/dtype.h"
#include "record/record.h"

#include <mpi.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Who we are among all. launch/world.c fills it. */
struct world {
    MPI_Comm comm; /* of the ranks that measure together */
    int rank, ranks;
    int local_rank, local_ranks;                            /* on this host */
    int node, nodes;                                        /* hosts numbered in order of their first rank */
    const char *host;                                       /* this host's name */
    const char **hosts;                                     /* name of each node */
    int *ranks_on_node, *node_of_rank, *local_rank_of_rank; /* of all ranks, known to all */
    bool renamed; /* host names came from BUSBAR_HOST: the nodes are not what they seem */
    char *names;  /* memory of the host names */
};

/* Where a rank is within a step, for the watchdog. The later, the further. Working is filling and checking of
   its own, which may take long and is no hang as long as the rank gives signs of life. */
enum stage { STAGE_BETWEEN, STAGE_WORKING, STAGE_BARRIER, STAGE_STARTING, STAGE_INSIDE };

struct comm; /* a backend's state, defined by each backend */

enum capability {
    CAN_DEVICE_MEMORY = 1, /* buffers are device memory: only fill and check may touch them */
    CAN_ALIGN = 2,         /* run starts all ranks together by itself: the sampler gives it no call.start */
    CAN_GRAPH = 4,
    CAN_REGISTER = 8,
    CAN_HOST_CLOCK = 16,     /* run fills start_s and end_s with CLOCK_MONOTONIC */
    CAN_DOMAINS = 32,        /* open checks expect_domain */
    CAN_TELL_TRANSPORT = 64, /* open checks expect_transport */
};

struct backend_options {
    enum memory memory; /* absent: the backend's own */
    bool cold;          /* rotate buffers so that repeated calls do not run out of cache */
    uint64_t seed;
    int graph;         /* calls per graph; 0: none */
    int registration;  /* 0 none, 1 user buffers, 2 symmetric windows */
    const char *cta;   /* NULL: the library's own */
    int expect_domain; /* all ranks must be in NVLink domains of so many; 0: whatever there is */
    enum transport expect_transport; /* open refuses with another; absent: whatever there is */
    const char *fault;               /* what fault.c should do; NULL: nothing */
    atomic_ulong *steps; /* open adds one whenever it begins to wait for other ranks, for the watchdog; NULL:
                            nobody looks */
};

/* Buffers of one case, one or more slots so that repeated calls touch other memory (--cache cold). */
struct buffers {
    size_t send_bytes, recv_bytes, slots;
    void *memory; /* the backend's own */
};

/* One operation, exactly as it is timed. In place: data stands where extent().in_place_at says, in the
 * receive buffer. */
struct call {
    const struct collective *collective;
    enum dtype dtype;
    enum op op;
    size_t count; /* elements of the whole case */
    int root;
    bool in_place;
    bool isolated; /* else pipelined: `batch` calls back to back are one sample */
    const struct buffers *buffers;
    /* run calls it as its last act before it reads the clock: it returns when all ranks may start. NULL: at
     * once */
    enum status (*start)(void *starter);
    void *starter;
    atomic_int
        *stage; /* run sets STAGE_INSIDE as its last act before the library's call; NULL: nobody looks */
};

struct timing {
    double elapsed_s;      /* this rank's own, for the whole batch */
    double start_s, end_s; /* CLOCK_MONOTONIC; NAN where the device's clock was used */
    bool spoiled;          /* this rank's sample must not count (a bounded device delay expired) */
};

/* Found wrong on this rank. */
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
    /* STATUS_OK or STATUS_UNSUPPORTED with a static or comm-owned reason; OK with a reason: it runs, but what
       is received is undefined. Prints nothing. The same answer on all ranks. */
    enum status (*supports)(struct comm *, const struct call *, const char **reason);
    /* Memory that a case may take on this rank now, in bytes. */
    size_t (*free_bytes)(struct comm *);
    /* Collective where registration needs it. STATUS_TOO_LARGE when memory is out. Buffers are rounded up to
     * whole pages. */
    enum status (*alloc)(struct comm *, size_t send_bytes, size_t recv_bytes, size_t slots, struct buffers *);
    void (*free)(struct comm *, struct buffers *);
    /* Fills this rank's send data in `slot` (rank and index hashed with seed) and poisons what will be
     * received. */
    enum status (*fill)(struct comm *, const struct call *, size_t slot, uint64_t seed);
    /* Compares every received element in `slot` with what the collective must give for inputs filled with
     * `seed`. */
    enum status (*check)(struct comm *, const struct call *, size_t slot, uint64_t seed, struct verdict *);
    /* Once per case before the first run: untimed first calls, graph capture. May be NULL. */
    enum status (*prepare)(struct comm *, const struct call *, int batch);
    /* One sample: call->start, then `batch` calls back to back on successive slots from *slot on (advanced
     * past them). */
    enum status (*run)(struct comm *, const struct call *, int batch, size_t *slot, struct timing *);
    /* Adds facts (library versions, devices) to the launch header's facts object; says "emulated" or
       "faulted" in its provenance list where that is true. */
    void (*facts)(struct comm *, struct launch_header *);
    /* This rank's NVLink domain, comm-owned; NULL when it has none but its host. May be NULL. */
    const char *(*domain)(struct comm *);
    void (*abort)(struct comm *); /* from the watchdog's thread: ends what hangs. May be NULL */
    void (*close)(struct comm *);
    /* Damages one received element in `slot` between run and check, for fault.c; STATUS_UNSUPPORTED where
       this rank received nothing. May be NULL */
    enum status (*corrupt)(struct comm *, const struct call *, size_t slot);
    /* Clocks, power, temperature, throttling and error counters between the two, outside of what is timed.
       watch_stop is collective: the worst of all ranks in the record's form on rank 0, NULL elsewhere and
       where nothing is known. Both may be NULL */
    void (*watch_start)(struct comm *);
    json_t *(*watch_stop)(struct comm *);
};

extern const struct backend backend_mpi,
    backend_mpi_device; /* one library; --memory device takes the second */

/* NULL-terminated: those compiled in. Plug-ins ("nccl") are found by backend_find. */
extern const struct backend *const backends[];

/* "auto": nccl when its plug-in loads and finds a device, else mpi, saying so. One line and NULL when it
   cannot be had. A plug-in's descriptor is a struct backend (backend_plugin.h). */
const struct backend *backend_find(const char *name);

/* How many GPUs that backend could use here; 0 for one that uses none. Before MPI_Init, so that an MPI library that
   uses GPUs itself takes the same one: a local_rank of 0 or more makes GPU local_rank this process's own. */
int backend_devices(const char *name, enum memory, int local_rank);

/* STATUS_OK for a name that backend_find may find; else one line and STATUS_USAGE. */
enum status backend_check_name(const char *name);

/* Opens *backend; where options->fault asks for one, *backend becomes a decorator that injects it (fault.c,
 * grammar there). */
enum status backend_open(const struct backend **backend, const struct world *, const struct backend_options *,
                         struct comm **);

#endif
