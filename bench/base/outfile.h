/* Writes files atomically: into a temporary file in the target's folder, which then replaces the target. If
   writing fails (a full disk, say), the old target stays as it was. */
#ifndef BUSBAR_OUTFILE_H
#define BUSBAR_OUTFILE_H

#include "base/text.h"

#include <stdio.h>

enum outfile_mode {
    OUTFILE_REPLACE,
    OUTFILE_NEW /* refuses a target that exists */
};

struct outfile {
    FILE *file;
    char *path, *temporary; /* temporary NULL: the target is a device or a pipe, which is written directly */
    enum outfile_mode mode;
};

/* Returns STATUS_ENVIRONMENT after printing one line; nothing is open then. */
enum status outfile_open(struct outfile *, const char *path, enum outfile_mode);

/* If `so_far` is STATUS_OK and everything was written, the new file replaces the target; else it is removed.
   Returns so_far, or STATUS_ENVIRONMENT after printing one line. */
enum status outfile_close(struct outfile *, enum status so_far);

/* Writes the text to the file, or to standard output if `path` is NULL or "-". Returns STATUS_ENVIRONMENT
   after printing one line. */
enum status outfile_put(const char *path, const struct text *);

#endif
