/* --beside: a collective is measured on one group of ranks while another collective, the load, runs all the
   time on the other ranks of the same hosts (load_request.h says which).

   Each case is visited twice in a pass: idle, while the ranks of the load sleep, and then loaded. In a loaded
   visit they repeat the load from before the first warm-up call of the case to after its last sample:

     ranks that measure                     ranks of the load
                                            the load, once
     beside_start() returns    <- started - then again and again, in batches of some milliseconds, until
     warm-up, samples, check
     beside_stop()             -  stop   -> the batch under way ends, and one more
     both wait for each other               check of the last operation

   The record has the share of the time in which an operation of the load was under way. All functions are
   collective: a rank of the launch that loads calls beside_serve() where one that measures calls
   beside_start() and beside_stop(). */
#ifndef BUSBAR_BESIDE_H
#define BUSBAR_BESIDE_H

#include "launch/watch.h"
#include "measure/group.h"
#include "measure/load_request.h"

struct beside {
    bool loads;                   /* this rank runs the load */
    bool *side;                   /* of each rank: it runs the load */
    int first_loader;             /* the rank of the launch that is rank 0 of the load */
    int *measuring;               /* the launch's numbers of the ranks that measure */
    MPI_Comm comm;                /* of all ranks, for the messages above */
    const struct split *measures; /* the ranks that measure */
    struct split load;
    struct watch *watch;
    struct pulse *pulse;
    struct load done; /* of the last visit, on this rank */

    /* on ranks of the load */
    struct call call;
    struct buffers buffers;
    size_t slot;
    uint64_t seed;
    int batch; /* operations between two looks at whether to stop; 0: not chosen yet */
};

/* Collective. Divides the ranks, opens both groups, and gives the load its buffers. Returns
   STATUS_ENVIRONMENT after printing one line if the hosts do not have the ranks, or the load cannot run. */
enum status beside_open(struct beside *, const struct load_request *, const struct world *,
                        const struct backend *, const struct backend_options *, struct splits *,
                        struct watch *);
void beside_close(struct beside *);

enum status beside_start(struct beside *, bool loaded);
enum status beside_stop(struct beside *, bool loaded);
/* verifies: compares every element of the last operation on every rank. */
enum status beside_serve(struct beside *, bool loaded, bool verifies);

/* Collective over all ranks: what the load did in the visit, on all of them. */
struct load beside_done(const struct beside *);

#endif
