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
    struct comm *comm;          /* NULL: not open, or this rank sits out, or the split is impossible */
    char reason[200];           /* why it is impossible; "": it is possible */
    int *group_of_rank, groups; /* group of each rank of the launch (-1: it sits out); number of groups */
    int ranks, nodes;           /* of each group */
    unsigned long opened;       /* which opening of the launch it was, counted from 1; 0: not open */
};

/* A communicator takes memory and, with NVLS, a multicast group of the NVLink switches. A scan measures
   sixteen splits and more in a launch: so at most MOST_OPEN splits, besides "world", have open
   communicators at the same time. */
enum { MOST_OPEN = 4 };

struct splits {
    struct split *list;
    size_t count;
    struct world whole; /* the launch's */
    const struct backend *backend;
    struct backend_options options;
    unsigned long openings;
};

/* Collective. Assigns the ranks to the groups of every split of the list, and opens nothing. "world" uses
   `opened` and `comm`; for the others, split_open() opens communicators of `backend`. */
void splits_make(const char *list, const struct world *, const struct backend *backend,
                 const struct backend *opened, struct comm *comm, const struct backend_options *,
                 struct splits *);
/* Collective. Opens the communicators of a split if they are not open; if too many splits are open then,
   first closes those of the split that has been open longest. *fresh: whether they were opened, so that no
   buffer of the split is filled or registered. Ranks may differ in the status. */
enum status split_open(struct splits *, struct split *, bool *fresh);
/* Collective. For --beside, in place of splits_make(): the list has one split, "beside", in which the ranks
   with loads[rank] false take part. *load has those with true, and is opened at once. */
enum status splits_open_beside(const bool *loads, const struct world *, const struct backend *,
                               const struct backend_options *, struct splits *, struct split *load);
void splits_close(struct splits *);
void split_close(struct split *);

/* Collective. Opens the communicators of a split that is not in a list. The caller has set its name,
   index, group_of_rank and number of groups. If the groups do not all have the same number of ranks, at
   least two, sets the split's reason and opens none. */
enum status split_open_alone(const struct world *, const struct backend *backend,
                             const struct backend_options *, struct split *);

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
