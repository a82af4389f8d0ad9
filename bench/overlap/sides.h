/* What the drivers overlap and step share: flags, injected delays, the choice of engine and of progress. */
#ifndef BUSBAR_SIDES_H
#define BUSBAR_SIDES_H

#include "backend/backend.h"
#include "launch/driver.h"
#include "matmul/gemm.h"

/* --fault. The drivers inject a delay, since it affects both sides; the backend injects the other faults. */
struct sides_fault {
    const char *backend; /* the fault for backend_open(); NULL: none, or a delay */
    bool delays;
    int64_t rank, us; /* of a delay */
};
/* Reads "delay:rank=1,us=50000", or a fault of the backend. NULL: none. Returns STATUS_USAGE after printing
   one line. */
enum status sides_fault_read(const char *text, struct sides_fault *);

/* How long each side sleeps at its end on this rank, in seconds. */
double sides_delay_s(const struct sides_fault *, int rank);

/* The flags that both drivers have. */
struct sides_flags {
    enum overlap_progress progress;
    const char *cta, *library, *kernel;
    int64_t registration, threads;
    enum cache cache;
};

/* Refuses what this backend or this MPI library cannot do. Sets the progress that `auto` stands for. */
enum status sides_check(const struct driver *, const struct backend *, struct sides_flags *);

/* Opens the engine that multiplies where the backend's buffers are. tune_s: time limit for choosing an
   algorithm of a shape. Not agreed between ranks. */
enum status sides_open_engine(const struct driver *, const struct backend *, const struct sides_flags *,
                              double tune_s, const struct gemm_engine **, struct gemm **);

/* Warns if the second thread has no processor of its own: then the two sides take turns. */
void sides_warn_of_sharing(const struct driver *, const struct sides_flags *);

#endif
