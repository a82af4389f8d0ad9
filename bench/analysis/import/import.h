/* What the parts of busbar import share. */
#ifndef BUSBAR_IMPORT_H
#define BUSBAR_IMPORT_H

#include "analysis/import/source.h"
#include "base/format.h"

#include <sys/types.h>

/* A file to import. */
struct input {
    char *path;
    char name[160];   /* of its run or launch: the file's without folder and ending */
    bool from_folder; /* found in a folder: it may be anything */
    dev_t device;
    ino_t inode;
};

struct inputs {
    struct input *list;
    size_t count;
};

/* Files and all below folders, each once. STATUS_ENVIRONMENT after one line: a folder cannot be read. */
enum status find_inputs(struct inputs *, int count, char **operands);
void inputs_free(struct inputs *);

struct summary {
    enum format format;
    json_t *list; /* --format json */
    size_t lines;
    size_t tables; /* imported */
    bool wrong;    /* some data were wrong */
};

/* Prints the table's line on standard output, or keeps it (JSON). launch: its file; NULL: only checked. */
void summarise(struct summary *, const struct source *, size_t number, const char *launch);

#endif
