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
    const struct backend *backend;
    struct comm *comm;
    const struct gemm_engine *engine;
    enum overlap_progress progress; /* not OVERLAP_AUTO */
    struct pulse *pulse;
};

/* Returns STATUS_ENVIRONMENT after printing one line if there can be no second thread. */
enum status pair_open(const struct pair_parts *, struct pair **);
void pair_close(struct pair *); /* NULL is allowed */

/* What both sides do from now on. The caller keeps `work`, and the buffers of `call`. */
void pair_set_call(struct pair *, const struct call *);
void pair_set_work(struct pair *, struct gemm_work *);
/* Injects a fault: from now on each side sleeps for this time at its end. */
void pair_set_delay(struct pair *, double seconds);

/* Collective: starts after a barrier. Adds this rank's times to those of a round: COMMUNICATION and
   COMPUTATION set the time of that index, BOTH sets the last three. In µs. */
enum status pair_run(struct pair *, enum part, int operations, int matmuls, double times_us[TIMES]);

/* Collective. Runs one collective and one multiplication at once and checks every element of both results on
   this rank. */
enum status pair_verify(struct pair *, uint64_t seed, struct verdict *, struct gemm_verdict *);

#endif
