/* A table of the kernels: name, sizes of the arguments, and the host twin that does the kernel's work. */
#ifndef FAKE_TWINS_H
#define FAKE_TWINS_H

#include <stddef.h>

enum { TWIN_ARGUMENTS = 12, TWIN_ARGUMENT_BYTES = 256 };

struct twin {
    const char *name; /* NULL ends the table */
    void (*run)(void *const *arguments);
    size_t sizes[TWIN_ARGUMENTS]; /* 0 ends the list */
};

extern const struct twin twins[];

#endif
