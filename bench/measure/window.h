/* All ranks start together at a time set on a global clock (Round-Time; Hunold & Carpen-Amarie, "Reproducible
   MPI benchmarking is still not as easy as you think", TPDS 2016). The clocks are synchronised as in HCA3
   (the same authors, "Hierarchical clock synchronization in MPI", CLUSTER 2018): in ceil(log2 p) rounds,
   ranks that know the global time teach those that do not. A lesson is the median offset of several
   ping-pongs; the drift is a least-squares fit through the last lessons. */
#ifndef BUSBAR_WINDOW_H
#define BUSBAR_WINDOW_H

#include "backend/backend.h"

enum { LESSONS_MOST = 64 };

/* global = local + offset + drift * (local - origin), fitted to the last LESSONS_MOST lessons. */
struct clock_model {
    double at_s[LESSONS_MOST], offset_s[LESSONS_MOST]; /* ring buffers */
    int lessons;
    double origin_s, offset, drift;
};

/* Adds a lesson and refits the model. The drift is 0 unless the slope exceeds three standard errors:
   otherwise noise would be extrapolated. */
void clock_model_learn(struct clock_model *, double at_s, double offset_s);
double clock_model_global(const struct clock_model *, double local_s);

struct window {
    const struct world *world;
    MPI_Comm comm;
    struct clock_model model;
    double base_s; /* global time at window_open(); subtracted, so that doubles can resolve nanoseconds */
    double lead_s; /* how far ahead rank 0 announces a start */
    bool yields;   /* there are more ranks than cores: yield the processor while waiting */
};

/* These, window_skew() and window_wait() are collective over the world. */
void window_open(struct window *, const struct world *, bool yields);
void window_close(struct window *);
void window_sync(struct window *); /* one more lesson for each rank but 0 */

/* On rank 0: the largest residual clock offset from rank 0, in µs, over up to 32 ranks. */
double window_skew(struct window *);

/* Waits for the start time that rank 0 announces. Returns true if the announcement reached this rank after
   that time. */
bool window_wait(struct window *);
void window_lengthen(struct window *);                     /* doubles lead_s while it is below 0.1 s; local */
double window_time(const struct window *, double local_s); /* global time since window_open(), s */

#endif
