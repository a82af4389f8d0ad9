/* Slowdowns that somebody knows and accepts: a small file, kept in git beside the results. A line for each:

     CASE NIGHT REASON…        # a comment

   CASE: a case's key, or a pattern of keys (*, ?, [ ]), or "common" for what all cases share. NIGHT: the date
   or the run's name of the change: any night from the first of the new level to the one on which it was seen;
   of a missing case the first night without it. REASON: the rest of the line; it may not be empty. */
#ifndef BUSBAR_ACKNOWLEDGED_H
#define BUSBAR_ACKNOWLEDGED_H

#include "base/status.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct acknowledgement {
    const char *pattern, *night, *reason;
    size_t line;
    bool used; /* it accepted something */
};

struct acknowledgements {
    const char *path;
    struct acknowledgement *list;
    size_t count;
    struct arena arena;
};

/* STATUS_USAGE after one line with the place of what is wrong. */
enum status acknowledgements_read(struct acknowledgements *, const char *path);
void acknowledgements_free(struct acknowledgements *);

/* The first that names the case and the night, which has a run's name and a start; marked as used. NULL:
   none. */
const struct acknowledgement *acknowledged(struct acknowledgements *, const char *key, const char *run,
                                           const char *started);

#endif
