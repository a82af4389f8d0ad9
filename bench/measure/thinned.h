/* A selection of samples of bounded size. */
#ifndef BUSBAR_THINNED_H
#define BUSBAR_THINNED_H

#include <stddef.h>

enum { THINNED_MOST = 4096 };

/* Times of one rank, µs: an evenly thinned selection of bounded size, so that memory does not grow with the
   number of samples. */
struct thinned {
    double *us;                 /* room for THINNED_MOST */
    size_t count, stride, seen; /* kept; every stride-th is kept; all that were added */
};

void thinned_start(struct thinned *); /* empties it */
/* Keeps every stride-th value. When full, drops every second kept value and doubles the stride. */
void thinned_add(struct thinned *, double us);
/* Drops the values from the `from`-th to the one before the `end`-th of all that were added. */
void thinned_drop(struct thinned *, size_t from, size_t end);

#endif
