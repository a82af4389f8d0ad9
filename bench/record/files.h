/* Finds result files and reads them line by line. Files may have any content. */
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

/* Adds `path` if it is a file; if it is a folder, adds all files below it whose names end with `suffix`,
   sorted. Visits each file and folder once, even if several links lead to it. Returns STATUS_ENVIRONMENT
   after printing one line if a folder has no such file. */
enum status find_files(const char *path, const char *suffix, struct paths *);
void paths_free(struct paths *);

struct line_reader {
    FILE *file;
    const char *path;
    char *line; /* without the newline, 0-terminated; may contain zero bytes */
    size_t length, capacity;
    size_t number; /* of the line, from 1 */
    bool failed;
};

enum status line_reader_open(struct line_reader *, const char *path);
bool line_reader_next(struct line_reader *);
/* Returns STATUS_ENVIRONMENT if the file could not be read to its end, because of an I/O error or a line that
   does not fit into memory. One line has then been printed. */
enum status line_reader_close(struct line_reader *);

#endif
