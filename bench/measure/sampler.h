/* Samples of one case: warm up, sample in blocks, reduce over ranks, verify. Collective: all ranks call
 * alike. */
#ifndef BUSBAR_SAMPLER_H
#define BUSBAR_SAMPLER_H

#include "backend/backend.h"
#include "collective/bounds.h"
#include "measure/aside.h"
#include "measure/distance.h"
#include "measure/group.h"
#include "measure/stopping.h"
#include "measure/watch.h"
#include "measure/window.h"

/* What one rank's own times were: a bounded, evenly thinned selection, so that memory does not grow with the
 * samples. */
struct thinned {
    double *us; /* THINNED_MOST */
    size_t count, stride, seen;
};

struct sampler {
    const struct world *world;
    const struct backend *backend;
    struct comm *comm;
    const struct split *split; /* groups that run side by side; NULL: all ranks together. Without a comm, this
                                  rank sits out */
    struct stopping stopping;
    int64_t warmup;      /* calls; -1: until steady */
    int64_t check_every; /* samples; 0: only where asked */
    uint64_t seed;
    struct pulse *pulse; /* NULL: nobody watches */
    double
        patience; /* without a budget a visit may last so many times its share while ranks are away; at least 1 */
    bool sets_aside; /* samples during which a rank was scheduled away; false where ranks share processors */
    double *group_worst;       /* a block's maxima over this rank's group */
    struct distance *distance; /* NULL: not measured */
    struct window *window;     /* --sync window, for isolated samples of all ranks together; NULL: barriers */
    bool by_window, late;      /* the sample that is being taken */
    /* A block in columns: times, marks of samples to set aside and, with a window, ends and negated starts on
       the global clock; this rank's own, and their maxima over ranks. */
    double *own, *worst;
    double *span_s; /* of each sample of a block, from the end of the one before; this rank's */
    double away_s;  /* of this visit: spent in disturbed samples, warm-up included */
    struct thinned waits, arrivals, disturbed_waits, disturbed_groups;
    struct disturbed disturbed; /* of this visit; on rank 0 */
    double sample_s; /* what a sample cost at the end of the warm-up, with its barrier; 0: not known */
};

/* One case, kept over the passes. Rank 0 has the samples. */
struct measured {
    struct call call;
    const struct split *split; /* the groups that it runs on; NULL: all ranks together */
    struct thinned
        group_us;          /* this rank's group's own samples, over all passes; only where there are groups */
    bool groups_disturbed; /* group_us are disturbed samples */
    size_t requested_bytes;
    double *us, *global_us; /* global_us: only with a window, as many */
    size_t count, capacity;
    enum kept_rule rule; /* of its samples */
    int batch;           /* operations in a sample, chosen in the first pass */
    size_t slot;         /* next to use */
    int64_t warmup, preempted;
    double spent_s;              /* in all passes */
    double overhead_s, sample_s; /* of the last visit: all but the samples; a sample with its barrier */
    int visits;
    enum status status; /* OK, WRONG, UNSUPPORTED, TOO_LARGE, SKIPPED */
    char reason[256];   /* why not OK, or not to be checked */
    bool undefined;     /* what is received is: not to be checked */
    enum stop_reason why;
    int64_t wrong; /* over all ranks; ABSENT: unchecked */
    bool filled;
    double bound_us;        /* no run can take less; 0: not known */
    char bound[BOUND_TEXT]; /* its formula and inputs */
};

/* What a visit (one pass over one case) gave; on rank 0. */
struct visit {
    size_t first;                 /* of its samples within measured->us, where they are there */
    const double *us, *global_us; /* its samples; global_us: NULL without a window */
    size_t count;
    enum kept_rule rule; /* of these samples */
    int64_t warmup, preempted, wrong;
    enum stop_reason why;
    double sampling_s, away_s; /* away_s: struct sampler */
    size_t taken;
    double line_ns;              /* measure/distance.h; NAN: not measured */
    double drift;                /* drift_within(); NAN: none */
    struct spread wait, arrival; /* arrival and skew: absent without a window */
    double skew_us;
    json_t *telemetry; /* the caller's; NULL: none */
    json_t *groups;    /* so too */
};

struct sampler *sampler_open(const struct world *, const struct backend *, struct comm *);
void sampler_close(struct sampler *);

/* measured->call.buffers are there and filled. share_s: time that the visit may take, not counting disturbed
   samples: with a busy core a rank is away for 20 to 60 ms at a time, and a few such samples would be all
   that a visit can take. */
enum status sampler_visit(struct sampler *, struct measured *, size_t pass, double share_s, struct visit *);

/* Refills, runs the same call once more, and compares every element on every rank; adds the wrong ones to
 * visit->wrong. */
enum status sampler_verify(struct sampler *, struct measured *, uint64_t seed, struct visit *);

#endif
