/* An emulated CUDA device for tests: stand-ins for libcudart, libnccl, libcublasLt and libnvidia-ml, which
   LD_LIBRARY_PATH puts before the real ones. Device memory is host memory, the host twins of the kernels run
   in their place, streams are threads with finite queues, NCCL moves data through shared memory. Figures from
   this device are not measurements: the backends detect the symbol `busbar_emulated_device` and say so in
   their records.

   Environment (defaults in brackets):
     FAKEGPU_FAULT     faults, separated by ';': KIND[:key=value,…], see struct fault [none]
     FAKEGPU_DEVICES   visible devices [8]
     FAKEGPU_MEMORY    bytes of memory per device [2 GiB]
     FAKEGPU_NAME      name of the device
     FAKEGPU_SM        compute capability, times 10 [100]
     FAKEGPU_QUEUE     entries of a stream's queue [1024]
     FAKEGPU_COMMUNICATORS the most communicators that a process may have at a time; one more fails [no limit]
     FAKEGPU_NCCL      version code of NCCL [that of the headers]
     FAKEGPU_IDLE_MHZ  clock in MHz after 0.5 s without work [the clock stays high]
     FAKEGPU_POWER     0: the driver reports only the mean power of the last second
     FAKEGPU_NVML      number of the driver that NVML reports, such as 580.65.06 [999.99]
     FAKEGPU_DRIVER    CUDA version of the driver [that of the headers]
     FAKEGPU_FABRIC    CLUSTER[:CLIQUE[:STATE[:HEALTH]]]; CLUSTER is a number for the NVLink cluster's UUID,
                       0 for a UUID of zeros; HEALTH as NVML's summary [no fabric]
     FAKEGPU_FABRIC_VERSION newest version of the fabric information: 2, 3 or 4 [4]
     FAKEGPU_REASONS   NVML's bits for low clocks [0]
     FAKEGPU_NET       network that NCCL reports [Socket]
     FAKEGPU_PROVIDER  provider that the libfabric plug-in reports [no such plug-in]
     FAKEGPU_VIA       transports that NCCL reports, see log_connections() [none]
     FAKEGPU_NVLS_CHANNELS channels that NCCL finds for NVLS; 0: it drops NVLS [16]
     FAKEGPU_TUNING_US duration of a message about an algorithm, µs [0]
     FAKEGPU_TAG       a number in the names of shared memory
     FAKEGPU_DEADLINE  seconds until a wait for another rank gives up [120]
     BUSBAR_HOST       name of the host, as everywhere in busbar */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORTED __attribute__((visibility("default")))

/* Each fault counts the calls that match it, and fires on each one after the first `after`. */
struct fault {
    /* fail: the call returns an error · oom: it returns out of memory · absent: it never returns on this
       rank · hang: the work that it enqueued never ends · async: the same, and the communicator reports an
       error · slow: it takes `us` longer (cublasLtMatmul: on the device's clock) · launch: the host takes
       `us` longer to launch it (NCCL's calls, cublasLtMatmul) · wrong: it changes `element` of its result ·
       throttle: the clocks are low and the violation counters grow · xid: an Xid is counted · nvlink: an
       error on a link is counted */
    char kind[16];
    char call[48];     /* "ncclAllReduce"; empty: any call */
    int rank;          /* -1: every rank */
    long after, count; /* count: fires at most so often (-1: no limit) */
    long element, us;
    long seen, fired;
};

/* Returns the fault of this kind that fires on this call of this rank, or NULL. Counts one call of `call`. */
const struct fault *fake_fault(const char *kind, const char *call);

int fake_rank(void); /* from the launcher's environment; 0 without a launcher */
const char *fake_host(void);
long fake_number(const char *variable, long otherwise);
double fake_now_s(void);
double fake_deadline_s(void);
void fake_sleep_us(long us);
uint64_t fake_hash(const char *text, uint64_t start);
void fake_uuid(int device, unsigned char uuid[16]); /* of a device of this host */
void fake_never(const char *call); /* blocks until the process is killed or the deadline passes */

/* From the emulated libcudart: appends work to a stream (or to the graph being captured). `data` is copied.
   Blocks while the queue is full. */
typedef void fake_work(void *data);
EXPORTED int fake_enqueue(void *stream, fake_work *work, const void *data, size_t bytes);
/* For enqueued work: advances the stream's clock by `us`; takes no real time. */
EXPORTED void fake_advance_us(long us);
/* Waits until all streams of the process are empty, as an allocation in the real driver may do. */
EXPORTED void fake_drain(void);
EXPORTED double fake_idle_s(void); /* seconds since a stream of the process last finished work */

#endif
