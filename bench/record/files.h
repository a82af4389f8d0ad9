/* Finding result files and reading them line by line; any content is met without a crash. */
#ifndef BUSBAR_FILES_H
#define BUSBAR_FILES_H

#include "base/status.h"

#include <stdbool.h>
#include <stdio.h>

struct paths {
    char **list;
    size_t count;
    struct inode *seen;
    size_t seen_count;
};

/* Adds `path` itself when it is a file; else the files below it whose names end so, sorted. Each file and each
   folder is taken once, however many links lead to it. None below a folder: STATUS_ENVIRONMENT, one line. */
enum status find_files(const char *path, const char *suffix, struct paths *);
void paths_free(struct paths *);

struct line_reader {
    FILE *file;
    const char *path;
    char *line; /* without the newline, 0-terminated (it may hold zero bytes too) */
    size_t length, capacity;
    size_t number; /* of the line, from 1 */
    bool failed;
};

enum status line_reader_open(struct line_reader *, const char *path);
bool line_reader_next(struct line_reader *);
/* STATUS_ENVIRONMENT after one line when not all could be read: a bad disk, or a line that does not fit into
   memory. */
enum status line_reader_close(struct line_reader *);

#endif
