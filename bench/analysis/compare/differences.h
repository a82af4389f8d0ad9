/* What differs between the environments of two groups of launches. */
#ifndef BUSBAR_DIFFERENCES_H
#define BUSBAR_DIFFERENCES_H

#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>

struct difference {
    const char *name, *base, *fresh; /* the trait (record/traits.h), and its values on either side */
    bool both;                       /* both sides say what it is */
};

/* In the order of their names; what differs from launch to launch by its nature is left out. The caller frees
   the list, its text is of the arena. */
struct difference *launches_differ(const struct launch *const *base, size_t base_count,
                                   const struct launch *const *fresh, size_t fresh_count, struct arena *,
                                   size_t *count);

/* Does the trait name the instance, or a GPU's model? Figures of different ones are never compared. */
bool names_machine(const struct difference *);

#endif
