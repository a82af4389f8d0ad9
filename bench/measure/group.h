/* Groups of ranks that run the same collective at the same time. A split divides all ranks into groups; a
   case runs on one split, and its samples are the maximum over all ranks, so over the groups too: its figure
   is the slowest group's, and each group's own is kept. */
#ifndef BUSBAR_GROUP_H
#define BUSBAR_GROUP_H

#include "backend/backend.h"

/* One split, as this rank sees it. */
struct split {
    const char *name; /* "world", "pairs", "4": as split_label() gives it */
    int index;        /* in the list */
    struct world
        world; /* this rank's group: ranks, nodes are numbered within it, local_rank stays the launch's */
    const struct backend *backend;
    struct comm *comm; /* NULL: this rank sits out, or nobody can: `reason` says why */
    char reason[200];
    int *group_of_rank, groups; /* of all ranks of the launch; -1: the rank sits out */
    int ranks, nodes;           /* of a group */
};

struct splits {
    struct split *list;
    size_t count;
    struct world whole; /* the launch's */
};

/* Collective. Opens a communicator of `backend` for every split; "world" is the one that is open already. */
enum status splits_open(const char *list, const struct world *, const struct backend *backend,
                        const struct backend *opened, struct comm *comm, const struct backend_options *,
                        struct splits *);
void splits_close(struct splits *);

/* The name of a split in records: its own name, but "match:" and a hash for a list of pairs, which may be
   long. */
enum { SPLIT_LABEL = 64 };
void split_label(const char *name, char label[SPLIT_LABEL]);

/* Which group each rank is in, and how many there are; 0 groups: impossible, `reason` says why. Pure.
 * `domain_of_rank` may be NULL. */
int split_assign(const char *name, const struct world *, const int *domain_of_rank, int *group_of_rank,
                 char *reason, size_t room);

/* The opponent of `host` in round `round` of the circle method for `hosts` hosts; -1: none (odd numbers).
 * Rounds count from 0. */
int circle_opponent(int hosts, int round, int host);

/* All ranks of the launch call it with the median of their own group. Rank 0 gets one object per group,
   slowest first: {"ranks":[…],"hosts":[…],"median_us":…,"busbw_gbps":…}; the caller owns the list. The other
   ranks get NULL, and so does rank 0 when the split is "world". */
json_t *split_figures(const struct splits *, const struct split *, double own_median_us,
                      const struct collective *, size_t bytes);

#endif
