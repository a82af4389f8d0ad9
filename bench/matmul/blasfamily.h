/* What a BLAS library is, by its symbols and its speed rather than its file name: Debian's libblas.so.3 is
   OpenBLAS, BLIS or the reference library, as the machine's alternatives say. Needs libc only: scripts/probe
   compiles it too. */
#ifndef BUSBAR_BLASFAMILY_H
#define BUSBAR_BLASFAMILY_H

#include <stdbool.h>
#include <stddef.h>

/* The Fortran interface, which every BLAS has; C libraries export it too. The trailing arguments are the
   lengths of the two strings, which Fortran compilers pass and C libraries ignore. */
typedef void blas_dgemm(const char *trans_a, const char *trans_b, const int *m, const int *n, const int *k,
                        const double *alpha, const double *a, const int *lda, const double *b, const int *ldb,
                        const double *beta, double *c, const int *ldc, size_t, size_t);
typedef void blas_sgemm(const char *trans_a, const char *trans_b, const int *m, const int *n, const int *k,
                        const float *alpha, const float *a, const int *lda, const float *b, const int *ldb,
                        const float *beta, float *c, const int *ldc, size_t, size_t);

struct blas_family {
    const char *name, *word; /* for people; for --blas */
    const char *files[8];    /* best first, NULL after the last */
    const char *sign;        /* a function that only this library has; NULL: unknown vendor */
    const char *threads_variable;
};

enum { BLAS_FAMILIES = 6, BLAS_UNKNOWN = BLAS_FAMILIES - 1 };
extern const struct blas_family blas_families[BLAS_FAMILIES];

/* Of a library that dlopen has loaded. */
const struct blas_family *blas_family_of(void *handle);

/* Multiplies two small matrices and compares with the exact result. False also where it has no dgemm_ and
   sgemm_. */
bool blas_multiplies(void *handle);

/* True for netlib's reference BLAS and its like: of no known vendor, and no faster than a plain loop. */
bool blas_is_reference(void *handle);

#endif
