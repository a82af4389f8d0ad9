/* The kernels of a BLAS library that this CPU can run, and the one in use. */
#ifndef BUSBAR_BLASKERNELS_H
#define BUSBAR_BLASKERNELS_H

#include <stddef.h>

struct kernel {
    const char *name; /* as the library reports it when in use; NULL: the library's own choice */
    char *value;      /* of the library's environment variable; NULL: unset it */
};

/* The library's own choice first, then the kernels that the CPU's features allow. */
struct kernel_choice {
    const char *variable; /* environment variable read when the library is loaded; NULL: no choice */
    struct kernel kernels[16];
    size_t count;
};

struct kernel_choice kernel_choices(void *handle); /* of a loaded library */
void kernel_choice_free(struct kernel_choice *);
/* The first of `count` rates (0: does not run) that is within 5 % of the highest; `count` if none runs.
   Kernels that differ in name only, as Cooperlake and SkylakeX do without bfloat16, must not take turns from
   launch to launch. */
size_t first_of_fastest(const double *rates, size_t count);
char *kernel_in_use(void *handle); /* its name; the caller frees it; NULL: the library does not report it */

#endif
