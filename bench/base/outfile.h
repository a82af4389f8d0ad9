/* Files that are whole or not there: written beside the target under another name, then renamed. What was at the
   target stays when writing fails, such as on a full disk. */
#ifndef BUSBAR_OUTFILE_H
#define BUSBAR_OUTFILE_H

#include "base/status.h"

enum outfile_mode {
    OUTFILE_REPLACE,
    OUTFILE_NEW /* refuses a target that exists */
};

struct outfile {
    FILE *file;
    char *path, *temporary; /* temporary NULL: the target is a device or a pipe and written directly */
    enum outfile_mode mode;
};

/* STATUS_ENVIRONMENT after one line, with nothing open. */
enum status outfile_open(struct outfile *, const char *path, enum outfile_mode);

/* Puts the file in place when `so_far` is STATUS_OK and all was written, else removes it. Returns so_far, or
   STATUS_ENVIRONMENT after one line. */
enum status outfile_close(struct outfile *, enum status so_far);

#endif
