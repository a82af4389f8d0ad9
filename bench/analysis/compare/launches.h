/* Chooses the launches that count (without duplicates) and sets the keys of their cases. Every command that
   combines, ranks or judges results does this first. */
#ifndef BUSBAR_LAUNCHES_H
#define BUSBAR_LAUNCHES_H

#include "record/record.h"

#include <stdbool.h>

/* Makes what was read fit to be combined: passes are merged, a launch that was read twice counts once (the
   first stays), imported tables that have a case in common with another table of their run get a name
   (launch.table) unless somebody called them repetitions, and keys are completed by the launches' conditions
   (conditions.h). Returns a line that says which launches were read twice, of the archive's arena; NULL:
   none. Call it once, after the last archive_read(). It does the next two after archive_merge_passes(). */
const char *archive_make_comparable(struct archive *);
const char *archive_drop_twins(struct archive *); /* the returned line as above */
void archive_complete_keys(struct archive *);

/* The same measurement, wherever its files lie and however its run is called: a baseline's copy of a launch,
   a folder that was named twice, a log that was imported twice. Passes must have been merged. */
bool same_launch(const struct launch *, const struct launch *);

/* Launches that the plan beside the records (plan.tsv) holds and that have no record. */
struct shortfall {
    size_t planned, missing;
    const char *names;   /* the first of the missing, separated by ", "; NULL: none is missing */
    const char *unknown; /* why the plan cannot be read: then nobody knows what is missing; else NULL */
};

/* Over all folders that the launches lie in. Text is of the arena. */
struct shortfall launches_missing(const struct launch *const *launches, size_t count, struct arena *);

/* The folder that a launch's file lies in, "." where the path has none; of the arena. */
const char *launch_folder(const struct launch *, struct arena *);

/* "died", "was interrupted" or "failed"; NULL: complete. */
const char *launch_failure(const struct launch *);

#endif
