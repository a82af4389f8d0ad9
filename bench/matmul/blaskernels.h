/* Which kernels of a BLAS library this CPU can run, and which one runs. */
#ifndef BUSBAR_BLASKERNELS_H
#define BUSBAR_BLASKERNELS_H

#include <stddef.h>

struct kernel {
    const char *name; /* as the library names it once it runs; NULL: the library's own choice */
    char *value;      /* of the library's environment variable; NULL: unset */
};

/* The library's own choice first, then those that the CPU's features allow. (What the environment asks for is
   either among them or cannot be known to run here.) */
struct kernel_choice {
    const char *variable; /* read when the library is loaded; NULL: there is no choice */
    struct kernel kernels[16];
    size_t count;
};

struct kernel_choice kernel_choices(void *handle); /* of a loaded library */
void kernel_choice_free(struct kernel_choice *);
/* The first of `count` rates (GFLOP/s; 0: does not run) that is within 5 % of the highest; `count` if none runs. Kernels
   that differ in name only, as Cooperlake and SkylakeX do without bfloat16, must not take turns from launch to launch. */
size_t fastest_kernel(const double *rates, size_t count);
char *kernel_in_use(void *handle); /* the caller frees it; NULL: the library does not tell */

#endif
