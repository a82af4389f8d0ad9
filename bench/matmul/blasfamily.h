/* Identifies a BLAS library by its symbols and its speed, not by its file name: Debian's libblas.so.3 can be
   OpenBLAS, BLIS or the reference library (update-alternatives). Needs only libc, because scripts/probe
   compiles it too. */
#ifndef BUSBAR_BLASFAMILY_H
#define BUSBAR_BLASFAMILY_H

#include <stdbool.h>
#include <stddef.h>

/* The Fortran interface, which every BLAS library exports. The two last arguments are the lengths of the
   strings, which Fortran compilers pass and libraries in C ignore. */
typedef void blas_dgemm(const char *trans_a, const char *trans_b, const int *m, const int *n, const int *k,
                        const double *alpha, const double *a, const int *lda, const double *b, const int *ldb,
                        const double *beta, double *c, const int *ldc, size_t, size_t);
typedef void blas_sgemm(const char *trans_a, const char *trans_b, const int *m, const int *n, const int *k,
                        const float *alpha, const float *a, const int *lda, const float *b, const int *ldb,
                        const float *beta, float *c, const int *ldc, size_t, size_t);

struct blas_family {
    const char *name, *word;      /* for messages; for --blas */
    const char *files[8];         /* best first, NULL after the last */
    const char *sign;             /* a function that only this library has; NULL: unknown vendor */
    const char *threads_variable; /* environment variable for the number of threads */
};

enum { BLAS_FAMILIES = 6, BLAS_UNKNOWN = BLAS_FAMILIES - 1 };
extern const struct blas_family blas_families[BLAS_FAMILIES];

/* The family of a library; `handle` is from dlopen(). */
const struct blas_family *blas_family_of(void *handle);

/* Multiplies two small matrices and compares with the exact result. Returns false also if the library lacks
   dgemm_ or sgemm_. */
bool blas_multiplies(void *handle);

/* Whether it is netlib's reference BLAS or a similar one: of no known vendor, and no faster than a plain
   loop. */
bool blas_is_reference(void *handle);

#endif
