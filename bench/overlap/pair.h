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
    const struct backend *backend; /* which has a GPU for the second thread */
    const struct gemm_engine *engine;
    enum overlap_progress progress; /* not OVERLAP_AUTO */
    struct pulse *pulse;
};

/* A collective that one side makes `count` times, back to back; `slot` is that of its next call. */
struct pair_call {
    const struct backend *backend;
    struct comm *comm;
    struct call call;
    int count;
    size_t slot;
};

/* A multiplication that the other side makes `count` times. */
struct pair_product {
    struct gemm_work *work;
    int count;
};

/* STATUS_ENVIRONMENT after one line if there can be no second thread. */
enum status pair_open(const struct pair_parts *, struct pair **);
void pair_close(struct pair *); /* NULL is allowed */

/* What both sides do from now on, each in the order of its list. The caller keeps the lists, the buffers of
   the calls and the works. Sets the `stage` of each call. */
void pair_set_calls(struct pair *, struct pair_call *, size_t count);
void pair_set_products(struct pair *, struct pair_product *, size_t count);
/* An injected fault: from now on each side sleeps so long at its end. */
void pair_set_delay(struct pair *, double seconds);

/* Runs a part at once, without a barrier. The communication alone runs where it runs beside the computation:
   in the second thread if there is one. */
enum status pair_do(struct pair *, enum part);

/* Collective: the same after a barrier. Adds this rank's times to those of a round: COMMUNICATION and
   COMPUTATION set the time of that index, BOTH sets the last three. In µs. */
enum status pair_run(struct pair *, enum part, double times_us[TIMES]);

/* Collective. Runs the first collective and the first multiplication once, at the same time, and checks every
   element of both results on this rank. */
enum status pair_verify(struct pair *, uint64_t seed, struct verdict *, struct gemm_verdict *);

#endif
