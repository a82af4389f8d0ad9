/* Holds a stream until the host has queued the work of a sample, so that launching it is not timed:

   hold_close, [events, at most `operations` operations], hold_open

   The hold is a kernel that spins until the host opens a gate. A held stream can block the host before it
   opens the gate. The known causes and their remedies:
   - Modules that are loaded at first use wait for the device: CUDA_MODULE_LOADING=EAGER (device.c).
   - CUDA's launch queue is finite, and so are queues of the libraries: the gate opens after `operations`
     operations (hold_queued), and the rest is queued while the device already works.
   - For any other cause, the hold ends by itself after longest_ns: do not use that sample, and call
     hold_less(). It halves `operations`, which may have been an accident; the second time in a row it goes
     below the number of operations that waited. In the end it halves longest_ns. */
#ifndef BUSBAR_HOLD_H
#define BUSBAR_HOLD_H

#include "base/status.h"
#include "kernels/device.h"

#include <stdbool.h>

struct hold {
    struct device_gate *gate;      /* mapped host memory … */
    struct device_gate *on_device; /* … and its address on the device */
    uint32_t ticket;
    int operations; /* the most to queue behind a closed gate */
    uint64_t longest_ns;
    int in_a_row;    /* holds that ended by themselves */
    bool impossible; /* even a single call waits behind its hold */
};

enum status hold_make(struct hold *, int operations);
void hold_free(struct hold *); /* {0} is allowed */

/* Makes holds long enough for calls that the host needs `enqueue_s` seconds to queue, such as a group of
   many operations. */
void hold_size(struct hold *, double enqueue_s);

/* Queues the hold. Open the gate even if an error follows, so that the stream is never left held. */
enum status hold_close(struct hold *, cudaStream_t);

/* Opens the gate if `queued` operations, those so far, are as many as may be held. */
void hold_queued(struct hold *, int queued);
void hold_open(struct hold *);

/* Once, when the stream has completed the sample: whether the hold ended by itself. */
bool hold_expired(struct hold *);

/* After a hold of `queued` operations that ended by itself. Returns true when `impossible` becomes true: time
   to tell the user. */
bool hold_less(struct hold *, int queued);

#endif
