/* Groups of ranks that run the same collective at the same time. A split divides all ranks into groups, and a
   case runs on one split. Each sample is the maximum over all ranks, hence over all groups: the case's figure
   is that of the slowest group. The record also keeps each group's own figure. */
#ifndef BUSBAR_GROUP_H
#define BUSBAR_GROUP_H

#include "backend/backend.h"

/* One split, as this rank sees it. */
struct split {
    const char *name; /* "world", "pairs", "4": as split_label() gives it */
    int index;        /* in the list */
    /* This rank's group: its ranks and nodes are numbered within the group; local_rank is the launch's. */
    struct world world;
    const struct backend *backend;
    struct comm *comm; /* NULL: this rank sits out, or the split is impossible and `reason` says why */
    char reason[200];
    int *group_of_rank, groups; /* group of each rank of the launch (-1: it sits out); number of groups */
    int ranks, nodes;           /* of each group */
};

struct splits {
    struct split *list;
    size_t count;
    struct world whole; /* the launch's */
};

/* Collective. Opens a communicator of `backend` for every split; "world" uses `opened` and `comm`. */
enum status splits_open(const char *list, const struct world *, const struct backend *backend,
                        const struct backend *opened, struct comm *comm, const struct backend_options *,
                        struct splits *);
/* Collective. Divides the ranks for --beside instead: the list has one split, "beside", in which the ranks with
   loads[rank] false take part; those with true are in *load. The two have a communicator each. */
enum status splits_open_beside(const bool *loads, const struct world *, const struct backend *,
                               const struct backend_options *, struct splits *, struct split *load);
void splits_close(struct splits *);
void split_close(struct split *);

/* The name of a split in records: `name` itself, or "match:" and a hash for a list of pairs, which may be
   long. */
enum { SPLIT_LABEL = 64 };
void split_label(const char *name, char label[SPLIT_LABEL]);

/* Sets each rank's group (-1: it sits out) and returns the number of groups; 0: impossible, and `reason` says
   why. Pure. domain_of_rank may be NULL: then hosts are the domains. */
int split_assign(const char *name, const struct world *, const int *domain_of_rank, int *group_of_rank,
                 char *reason, size_t room);

/* The opponent of `host` in round `round` (from 0) of the circle method for `hosts` hosts; -1: none, which
   happens only if `hosts` is odd. */
int circle_opponent(int hosts, int round, int host);

/* Collective over the launch; each rank passes the median of its own group. Returns on rank 0 a list, owned
   by the caller, of one object per group, slowest first:
   {"ranks":[…],"hosts":[…],"median_us":…,"busbw_gbps":…}. Returns NULL on other ranks and for "world". */
json_t *split_figures(const struct splits *, const struct split *, double own_median_us,
                      const struct collective *, size_t bytes);

#endif
