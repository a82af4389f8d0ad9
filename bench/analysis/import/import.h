/* Declarations that the parts of `busbar import` share. */
#ifndef BUSBAR_IMPORT_H
#define BUSBAR_IMPORT_H

#include "analysis/import/source.h"
#include "base/format.h"

#include <sys/types.h>

/* A file to import. */
struct input {
    char *path;
    char name[160];   /* of its run or launch: the file's name without folder and suffix */
    bool from_folder; /* found in a folder: may be any kind of file */
    dev_t device;
    ino_t inode;
};

struct inputs {
    struct input *list;
    size_t count;
};

/* Lists the files named by the operands and all files below the folders named, each once. Returns
   STATUS_ENVIRONMENT after printing one line if a folder cannot be read. */
enum status find_inputs(struct inputs *, int count, char **operands);
void inputs_free(struct inputs *);

struct summary {
    enum format format;
    json_t *list;  /* the tables' objects, for --format json */
    size_t lines;  /* printed so far */
    size_t tables; /* imported so far */
    bool wrong;    /* some table has wrong data */
};

/* Prints the table's line on standard output; for JSON, adds it to the list. launch: the file of its record;
   NULL: none was written (--check). */
void summarise(struct summary *, const struct source *, size_t number, const char *launch);

#endif
