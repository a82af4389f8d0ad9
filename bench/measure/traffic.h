/* How unevenly alltoallv shares a case's bytes among the pairs of ranks: --imbalance and --matrix. */
#ifndef BUSBAR_TRAFFIC_H
#define BUSBAR_TRAFFIC_H

#include "base/status.h"
#include "catalog/imbalance.h"
#include "collective/bounds.h"
#include "collective/collective.h"

#include <stdbool.h>

/* One item of --imbalance, or the file of --matrix. */
struct imbalance {
    char label[IMBALANCE_LABEL]; /* in records: "1.5", "1.5:7:send", "matrix:0123456789abcdef" (a hash of the
                                    cells) */
    struct skew skew;
    /* a matrix only: */
    uint64_t *cells;  /* row i, column j: what rank i sends to rank j; NULL: no matrix */
    int ranks;        /* rows and columns */
    uint64_t busiest; /* the largest sum of a row or column */
    bool counts;      /* cells count elements of the case's type; else bytes */
};

/* Reads "1,1.5,2:7:send": a list of what imbalance_parse() reads. Items that are named twice count once.
   Returns STATUS_USAGE after printing one line. The caller frees the list with imbalances_free(). */
enum status imbalances_read(const char *text, struct imbalance **list, size_t *count);

/* Reads a file of n lines with n numbers each ("64K" too), separated by spaces or tabs; # begins a comment.
   A line "# unit: counts" above the numbers says that they count elements; without it, or with
   "# unit: bytes", they are bytes. The label is the same for both: a case's size, which is in bytes, tells
   them apart. Returns STATUS_USAGE after printing one line if it is anything else, or if nothing is sent. */
enum status matrix_read(const char *path, struct imbalance *);

/* The size of a case that sends what the matrix says, neither more nor less, in bytes. Returns STATUS_USAGE
   after printing one line if it is too large. */
enum status matrix_size(const char *path, const struct imbalance *, size_t element_bytes, size_t *size);

void imbalances_free(struct imbalance *list, size_t count);

/* The weights of the pairs for `ranks` ranks, until traffic_free(); a matrix's are the imbalance's own cells.
   false: impossible, and `reason` says why.
   By a factor F: every rank sends the same amount in total, and rank j receives from each one a share in
   proportion to k^-s (Zipf's law), where k = 1, 2, … is j's place in a random order of the ranks. s is chosen
   so that the largest share is F / ranks. The other direction ("F:send") swaps sender and receiver of every
   pair: dispatch and combine of a mixture of experts. */
bool traffic_make(const struct imbalance *, int ranks, struct traffic *, char *reason, size_t room);
/* Sets what passes each cut of a machine in alltoallv (collective/bounds.h), in bytes. domain_of_rank: from
   0, below `domains`. gpus has room for ranks / domains numbers, of which it returns cuts.gpus. Returns false
   if the domains have unequal numbers of ranks. */
bool traffic_cuts(const struct layout *, size_t element_bytes, int domains, const int *domain_of_rank,
                  double *gpus, struct cuts *);

void traffic_free(struct traffic *); /* also of {0} */

#endif
