/* Samples one case: warms up, samples in blocks, reduces over ranks, verifies. All functions but open and
   close are collective. */
#ifndef BUSBAR_SAMPLER_H
#define BUSBAR_SAMPLER_H

#include "backend/backend.h"
#include "launch/watch.h"
#include "measure/aside.h"
#include "measure/distance.h"
#include "measure/group.h"
#include "measure/window.h"
#include "stats/stopping.h"

struct sampler {
    const struct world *world;
    const struct backend *backend;
    struct comm *comm;
    const int *numbers;        /* the launch's number of each rank of the world; NULL: the same number */
    const struct split *split; /* groups that run at the same time; NULL: all ranks together. With a split but
                                  no comm, this rank sits out */
    struct stopping stopping;  /* its `fixed` is set for each case, from `operations` */
    size_t operations;         /* -n: of a case, over all passes; 0: until precise */
    int64_t warmup;            /* calls per pass; -1: until steady, limited with -n */
    size_t unsettled;          /* of this visit: see struct sampled */
    int64_t check_every;       /* verify after this many samples; 0: never while sampling */
    uint64_t seed;
    struct pulse *pulse;       /* progress for the watchdog; NULL: none */
    double patience;           /* a visit may last this many shares, disturbed samples included; >= 1 */
    bool sets_aside;           /* sets disturbed samples aside; false if ranks share processors */
    bool asks;                 /* asks the library how it does each call */
    int taking_part;           /* number of ranks that do not sit this visit out */
    double *group_worst;       /* a block's maxima over this rank's group; mode nccl-tests: means */
    struct distance *distance; /* NULL: not measured */
    struct window *window;     /* --sync window, for isolated samples of all ranks together; NULL: barriers */
    bool by_window, late;      /* the current sample: starts by the window; this rank started late */
    /* A block in columns: times, marks and, with a window, ends and negated starts on the global clock. own:
       of this rank; worst: the maxima over ranks; in mode nccl-tests the times' means. */
    double *own, *worst;
    double *span_s; /* of each sample of a block: time from the end of the one before, on this rank */
    double away_s;  /* time spent in disturbed samples of this visit, including its warm-up */
    struct thinned waits, arrivals, disturbed_waits, disturbed_groups; /* of this visit, on this rank */
    struct disturbed disturbed;                                        /* of this visit; on rank 0 */
    double sample_s; /* recent duration of a sample with its barrier; 0: not known */
};

struct sampler *sampler_open(const struct world *, const struct backend *, struct comm *);
void sampler_close(struct sampler *);

/* One visit. The caller has allocated and filled measured->call.buffers. share_s: how long the visit may
   take, not counting disturbed samples: with a busy core a rank is away for 20 to 60 ms at a time, so a few
   such samples would use up the whole share. */
enum status sampler_visit(struct sampler *, struct measured *, size_t pass, double share_s, struct visit *);

/* Refills the buffers, runs the call once more, and compares every element on every rank. Adds the number of
   wrong elements to visit->wrong and measured->wrong. If there are any, sets measured->status and reason, but
   returns STATUS_OK. */
enum status sampler_verify(struct sampler *, struct measured *, uint64_t seed, struct visit *);

#endif
