/* Starting together by the clock (Round-Time; Hunold & Carpen-Amarie, "Reproducible MPI benchmarking is still
   not as easy as you think", TPDS 2016), on clocks synchronised as HCA3 does it (the same, "Hierarchical
   clock synchronization in MPI", CLUSTER 2018): in ceil(log2 p) rounds, ranks that know the global time teach
   those that do not. A lesson is a median over ping-pongs; the drift is fitted by least squares through the
   lessons of the launch. */
#ifndef BUSBAR_WINDOW_H
#define BUSBAR_WINDOW_H

#include "backend/backend.h"

enum { LESSONS_MOST = 64 };

/* global = local + offset + drift (local - origin), through the last lessons. */
struct clock_model {
    double at_s[LESSONS_MOST], offset_s[LESSONS_MOST]; /* a ring */
    int lessons;
    double origin_s, offset, drift;
};

/* Adds a lesson and fits anew. A slope that is not significant (three standard errors) is none: noise would
 * be extrapolated. */
void clock_model_learn(struct clock_model *, double at_s, double offset_s);
double clock_model_global(const struct clock_model *, double local_s);

struct window {
    const struct world *world;
    MPI_Comm comm;
    struct clock_model model;
    double base_s; /* global time of the opening: subtracted, so that doubles keep nanoseconds */
    double lead_s; /* how far ahead starts are announced */
    bool yields;   /* more ranks than cores: waiting gives way */
};

/* All are collective over the world. */
void window_open(struct window *, const struct world *, bool yields);
void window_close(struct window *);
void window_sync(struct window *); /* another lesson for everyone */

/* On rank 0: the largest residual offset of up to 32 ranks from rank 0's clock, in microseconds. */
double window_skew(struct window *);

/* Waits for the start that rank 0 announces; true: this rank was told too late to start on time. */
bool window_wait(struct window *);
void window_lengthen(struct window *);                     /* rank 0: too many were late */
double window_time(const struct window *, double local_s); /* global seconds since the opening */

#endif
