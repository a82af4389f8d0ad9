/* The facts about a launch's environment as a flat list of names and values. */
#ifndef BUSBAR_TRAITS_H
#define BUSBAR_TRAITS_H

#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>

/* Calls visit() for each fact: "backend", "nodes", "args", "facts.gpu.model", "facts.nics.0.name",
   "env.NCCL_ALGO". Visits only the first `most_items` of each list, and at most a few thousand facts, since
   records are untrusted. */
void launch_traits(const struct launch_header *, size_t most_items,
                   void (*visit)(void *context, const char *name, const char *value, bool is_number),
                   void *context);

/* Does the fact differ between launches by its nature, such as a job number or a measured cost? */
bool trait_is_passing(const char *name);

/* The entry of facts.blas, the CPU's libraries, that ran a matmul: the one whose name `algorithm` begins with
   ("OpenBLAS 0.3.21 SkylakeX, 2 threads"); if `algorithm` is NULL, the only one. NULL: not known, or no CPU
   library. */
const json_t *blas_of(const json_t *facts, const char *algorithm);

#endif
