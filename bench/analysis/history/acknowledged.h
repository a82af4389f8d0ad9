/* Changes that somebody knows and accepts: a small file, kept in git with the results. One line for each:

     CASE NIGHT REASON…        # a comment

   CASE: a case's key, or a pattern that matches keys (*, ?, [ ]), or "common" for the common factor of all
   cases. NIGHT: the date or the run's name of a night, from the first one of the new level to the one on
   which the change was found; for a missing case the first night without it. REASON: the rest of the line;
   must not be empty. */
#ifndef BUSBAR_ACKNOWLEDGED_H
#define BUSBAR_ACKNOWLEDGED_H

#include "base/status.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct acknowledgement {
    const char *pattern, *night, *reason;
    size_t line;
    bool used; /* has it accepted a change? */
};

struct acknowledgements {
    const char *path;
    struct acknowledgement *list;
    size_t count;
    struct arena arena;
};

/* Returns STATUS_ENVIRONMENT if the file cannot be read, STATUS_USAGE for an invalid line, both after
   printing one line that names the file. */
enum status acknowledgements_read(struct acknowledgements *, const char *path);
void acknowledgements_free(struct acknowledgements *);

/* Finds the first entry for this case and night, and marks it as used; NULL: none. run and started: the run's
   name and the start time of the night. */
const struct acknowledgement *acknowledged(struct acknowledgements *, const char *key, const char *run,
                                           const char *started);

#endif
