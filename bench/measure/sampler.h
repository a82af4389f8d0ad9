/* Samples of one case: warm up, sample in blocks, reduce over ranks, verify. Collective: all ranks call
 * alike. */
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
    const struct split *split; /* groups that run side by side; NULL: all ranks together. Without a comm, this
                                  rank sits out */
    struct stopping stopping;  /* its `fixed` is set for each case, from `operations` */
    size_t operations;         /* -n: of a case, over all passes; 0: until precise */
    int64_t warmup;            /* calls; -1: until steady, or few with -n */
    int64_t check_every;       /* samples; 0: only where asked */
    uint64_t seed;
    struct pulse *pulse; /* NULL: nobody watches */
    double
        patience; /* without a budget a visit may last so many times its share while ranks are away; at least 1 */
    bool sets_aside; /* samples during which a rank was scheduled away; false where ranks share processors */
    bool asks;       /* how the library does each call */
    int taking_part; /* ranks that do not sit this visit out */
    double *group_worst;       /* a block's maxima over this rank's group; mode nccl-tests: means */
    struct distance *distance; /* NULL: not measured */
    struct window *window;     /* --sync window, for isolated samples of all ranks together; NULL: barriers */
    bool by_window, late;      /* the sample that is being taken */
    /* A block in columns: times, marks of samples to set aside and, with a window, ends and negated starts on
       the global clock; this rank's own, and their maxima over ranks. Mode nccl-tests: the times' means. */
    double *own, *worst;
    double *span_s; /* of each sample of a block, from the end of the one before; this rank's */
    double away_s;  /* of this visit: spent in disturbed samples, warm-up included */
    struct thinned waits, arrivals, disturbed_waits, disturbed_groups;
    struct disturbed disturbed; /* of this visit; on rank 0 */
    double sample_s; /* what a sample cost at the end of the warm-up, with its barrier; 0: not known */
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
