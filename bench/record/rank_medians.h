/* The medians over ranks of the passes of a case, from which rank_median_us follows. */
#ifndef BUSBAR_RANK_MEDIANS_H
#define BUSBAR_RANK_MEDIANS_H

#include <stdbool.h>
#include <stddef.h>

struct rank_medians {
    double *us;
    size_t count;
    bool disturbed; /* `us` are of disturbed passes, because there are no others */
};

/* Adds the median of a pass; ignores NAN. Like samples, medians of disturbed passes count only as long as
   there are no others. The caller frees `us`. */
void rank_medians_add(struct rank_medians *, double us, bool disturbed);

#endif
