/* What a launch says of its environment, flat: names with values. */
#ifndef BUSBAR_TRAITS_H
#define BUSBAR_TRAITS_H

#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>

/* Calls visit for each: "backend", "nodes", "args", "facts.gpu.model", "facts.nics.0.name", "env.NCCL_ALGO".
   Of a list the first `most_items` count; input is untrusted, so there are a few thousand calls at most. */
void launch_traits(const struct launch_header *, size_t most_items,
                   void (*visit)(void *context, const char *name, const char *value, bool is_number),
                   void *context);

/* Differs from launch to launch by its nature: a job's number, a measured cost. */
bool trait_is_passing(const char *name);

#endif
