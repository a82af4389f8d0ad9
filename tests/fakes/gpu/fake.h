/* An emulated CUDA device for tests: stand-ins for libcudart, libnccl, libcublasLt and libnvidia-ml, found through
   LD_LIBRARY_PATH before the real ones. Device memory is host memory, kernels run their host twins, streams are threads with
   finite queues, NCCL moves data over shared memory. Nothing measured here is a measurement: the marker symbol
   `busbar_emulated_device` lets the backends say so in their records.

   Environment (what stands behind is the default):
     FAKEGPU_FAULT     faults, separated by ';': KIND[:key=value,…], see struct fault
     FAKEGPU_DEVICES   visible devices: 8
     FAKEGPU_MEMORY    bytes of each: 2 GiB
     FAKEGPU_NAME      what the device is called
     FAKEGPU_SM        compute capability: 100
     FAKEGPU_QUEUE     entries of a stream's queue: 1024
     FAKEGPU_NCCL      NCCL's version code: that of the headers
     FAKEGPU_IDLE_MHZ  the clock once nothing has run for 0.5 s: none, it stays high
     FAKEGPU_POWER     0: the driver tells the last second's mean only
     FAKEGPU_DRIVER    the driver's CUDA version: that of the headers
     FAKEGPU_FABRIC    CLUSTER[:CLIQUE[:STATE]]: a number that makes the NVLink cluster's UUID, 0: all zero; no fabric
     FAKEGPU_NET       the network that NCCL tells of: Socket
     FAKEGPU_TUNING_US  what a message about an algorithm takes: 0
     FAKEGPU_TAG       a number in the names of shared memory
     FAKEGPU_DEADLINE  seconds after which anything that waits for another rank gives up: 120
     BUSBAR_HOST       the host's name, as everywhere in busbar */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORTED __attribute__((visibility("default")))

/* A call is counted per fault that names it; a fault fires on each matching call after the first `after`. */
struct fault {
    /* fail: the call returns an error · oom: it is out of memory · absent: this rank never comes out of the call · hang: what
       the call enqueued never ends · async: the same, and the communicator reports it · slow: it takes `us` longer (cublasLtMatmul: by the device's clock) ·
       launch: the host takes `us` longer to launch it (NCCL's calls) ·
       wrong: it changes `element` of what it computed ·
       throttle: the clocks are low and the violation counters run · xid: an Xid is counted · nvlink: an error on a
       link is counted */
    char kind[16];
    char call[48];     /* "ncclAllReduce"; empty: any */
    int rank;          /* -1: every rank */
    long after, count; /* fires `count` times at most (-1: for ever) */
    long element, us;
    long seen, fired;
};

/* The next fault of this kind that fires on this call of this rank, or NULL. Each question counts as one
 * call. */
const struct fault *fake_fault(const char *kind, const char *call);

int fake_rank(void); /* as the launcher's environment says; 0 without one */
const char *fake_host(void);
long fake_number(const char *variable, long otherwise);
double fake_now_s(void);
double fake_deadline_s(void);
void fake_sleep_us(long us);
uint64_t fake_hash(const char *text, uint64_t start);
void fake_uuid(int device, unsigned char uuid[16]); /* of a device of this host */
void fake_never(const char *call); /* waits until the process is ended, or for the deadline */

/* From the emulated libcudart: appends work to a stream (or to the graph being captured). `data` is copied.
   Blocks while the queue is full. */
typedef void fake_work(void *data);
EXPORTED int fake_enqueue(void *stream, fake_work *work, const void *data, size_t bytes);
/* In enqueued work: it takes so much longer by the stream's own clock, at once by ours. */
EXPORTED void fake_advance_us(long us);
/* Waits until all streams of the process are empty, as an allocation in the real driver may. */
EXPORTED void fake_drain(void);
EXPORTED double fake_idle_s(void); /* since a stream of the process finished a piece of work */

#endif
