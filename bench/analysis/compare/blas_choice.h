/* Cases that differ only in the BLAS that their launches chose. Without --blas and --blas-kernel a launch of
   matmul, overlap or step takes the fastest library and kernel of its CPU. Where two are nearly equal, chance
   decides, and repeated runs have cases with unlike keys. */
#ifndef BUSBAR_BLAS_CHOICE_H
#define BUSBAR_BLAS_CHOICE_H

#include "record/record.h"

#include <stddef.h>

/* A case, and the launches among which those that measured it are. */
struct case_source {
    const char *key;
    const struct launch *const *launches;
    size_t count;
};

/* Do two cases differ only in library or kernel, and was the differing part chosen on both sides? A run chose
   if one launch of it did: the sweep gives that choice to the others as arguments. */
bool blas_chosen_anew(const struct case_source *, const struct case_source *);

#endif
