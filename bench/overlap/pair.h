/* Runs a collective and multiplications on this rank: one of them alone, or both at once. */
#ifndef BUSBAR_PAIR_H
#define BUSBAR_PAIR_H

#include "backend/backend.h"
#include "launch/watch.h"
#include "matmul/gemm.h"

/* What a sample measures. */
enum part { COMMUNICATION, COMPUTATION, BOTH, PARTS };

/* The times of a round: the three samples', and each side's own time while both ran. */
enum { COMMUNICATION_BESIDE = PARTS, COMPUTATION_BESIDE, TIMES };

struct pair;

struct pair_parts {
    const struct world *world;
    const char *backend; /* its name selects the GPU of the second thread */
    const struct gemm_engine *engine;
    enum overlap_progress progress; /* not OVERLAP_AUTO */
    struct pulse *pulse;
};

/* One side calls a collective `count` times, back to back. `slot`: the buffer slot of its next call. */
struct pair_call {
    const struct backend *backend;
    struct comm *comm;
    struct call call;
    int count;
    size_t slot;
};

/* The other side runs a multiplication `count` times. */
struct pair_product {
    struct gemm_work *work;
    int count;
};

/* Returns STATUS_ENVIRONMENT after printing one line if the second thread cannot start. */
enum status pair_open(const struct pair_parts *, struct pair **);
void pair_close(struct pair *); /* NULL is allowed */

/* Set what each side does from now on, in the order of its list. The lists, buffers and works stay the
   caller's. pair_set_calls() also sets the `stage` of each call. */
void pair_set_calls(struct pair *, struct pair_call *, size_t count);
void pair_set_products(struct pair *, struct pair_product *, size_t count);
/* Injects a delay: from now on each side sleeps for this time at its end. */
void pair_set_delay(struct pair *, double seconds);

/* Runs a part without a barrier before it. Communication runs in the second thread, if there is one, even
   without computation beside it. */
enum status pair_do(struct pair *, enum part);

/* Collective. Runs a part after a barrier, and writes this rank's times in µs: COMMUNICATION and COMPUTATION
   write the time of that index, BOTH writes the last three. */
enum status pair_run(struct pair *, enum part, double times_us[TIMES]);

/* Collective. Runs the first collective and the first multiplication once, at the same time, and checks every
   element of both results on this rank. */
enum status pair_verify(struct pair *, uint64_t seed, struct verdict *, struct gemm_verdict *);

#endif
