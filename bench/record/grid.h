/* The sizes that a driver measures, from the flags that it shares with `busbar plan`. */
#ifndef BUSBAR_GRID_H
#define BUSBAR_GRID_H

#include "base/status.h"

#include <stddef.h>

/* --sizes, --begin, --end, --factor and --increment. Sizes are in bytes. */
struct size_grid {
    const char *list;         /* "8,64K,1M"; NULL: from begin to end */
    size_t begin, end;        /* at least 1 */
    size_t factor, increment; /* at least 2; an increment above 0 replaces the factor */
};

/* Computes the sizes; the caller frees the array. A list keeps its order; a repeated size counts once.
   Returns STATUS_USAGE after printing one line if the list is invalid, if end is below begin, or if there are
   more than 100,000 sizes. */
enum status size_grid_read(const struct size_grid *, size_t **sizes, size_t *count);

#endif
