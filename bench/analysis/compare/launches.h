/* Removes duplicate launches and completes the keys of the cases. Every command that combines, ranks or
   judges results does this first. */
#ifndef BUSBAR_LAUNCHES_H
#define BUSBAR_LAUNCHES_H

#include "record/record.h"

#include <stdbool.h>

/* Prepares the launches for comparison. Call it once, after the last archive_read(). It merges passes, drops
   launches that were read twice (archive_drop_twins()) and completes the keys (archive_complete_keys()).
   Returns a line that names the launches that were read twice, in the archive's arena; NULL: none. */
const char *archive_make_comparable(struct archive *);
/* Drops every launch that is a copy of another and keeps the most complete one, the first among equals.
   Passes must have been merged. Returns a line as above. */
const char *archive_drop_twins(struct archive *);
/* Adds the launches' conditions (conditions.h) to the keys. An imported table that has a case in common with
   another table of its run also gets a name (launch.table), unless both are marked as repetitions. */
void archive_complete_keys(struct archive *);

/* Are these the same measurement, in whatever folder and run? Examples are a baseline's copy of a launch, a
   folder that was named twice, a log that was imported twice. Passes must have been merged. */
bool same_launch(const struct launch *, const struct launch *);

/* The launches of the plan in the records' folder (plan.tsv) that have no record. */
struct shortfall {
    size_t planned, missing; /* numbers of launches */
    const char *names;       /* the first missing ones, separated by ", "; NULL: none is missing */
    const char *unknown;     /* path of a plan that cannot be read; NULL: all could be */
};

/* Checks the plans of all folders that hold the launches. Text is in the arena. */
struct shortfall launches_missing(const struct launch *const *launches, size_t count, struct arena *);

/* The folder of a launch's file, "." if the path has none; interned in the arena. */
const char *launch_folder(const struct launch *, struct arena *);

/* The allocation of a launch: the scheduler's job (or BUSBAR_ALLOCATION); without one, the set of hosts. An
   interned string of the arena; NULL: not recorded. Without a job, launches on other numbers of nodes seem to
   be other allocations, so count allocations only among launches of one number of nodes. */
const char *launch_allocation(const struct launch_header *, struct arena *);
/* The set of hosts of a launch: a hash, or the names. As above. */
const char *launch_hosts(const struct launch_header *, struct arena *);

/* "died", "was interrupted" or "failed"; NULL: complete. */
const char *launch_failure(const struct launch *);

#endif
