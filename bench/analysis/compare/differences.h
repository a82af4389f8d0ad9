/* Finds the differences between the environments of two groups of launches. */
#ifndef BUSBAR_DIFFERENCES_H
#define BUSBAR_DIFFERENCES_H

#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>

struct difference {
    const char *name, *base, *fresh; /* the trait (record/traits.h), and its values in each group */
    bool both;                       /* both groups state a value */
};

/* Returns the differences in the order of their names, without traits that vary from launch to launch anyway.
   The caller frees the list; its text is in the arena. */
struct difference *launches_differ(const struct launch *const *base, size_t base_count,
                                   const struct launch *const *fresh, size_t fresh_count, struct arena *,
                                   size_t *count);

/* Is the trait the instance type or a GPU model? Figures of different machines are not compared. */
bool names_machine(const struct difference *);

#endif
