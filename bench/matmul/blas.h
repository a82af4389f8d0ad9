/* Finds and loads CPU BLAS libraries at run time. A program that links such a library gets the kernel that
   the library chooses, which can be several times slower than the best (on a CPU newer than the library,
   OpenBLAS 0.3.21 falls back to SSE3 code and BLIS 0.9 to plain C). A library fixes its kernel when it is
   loaded, so this code times each kernel in a separate process first, and then loads the library with the
   fastest. */
#ifndef BUSBAR_BLAS_H
#define BUSBAR_BLAS_H

#include "base/status.h"
#include "matmul/blasfamily.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A loaded library with the fastest of its kernels for this CPU. */
struct blas {
    void *handle;
    char *path;             /* of the loaded file */
    char *name;             /* "OpenBLAS 0.3.21 SkylakeX, 2 threads" */
    const char *library;    /* "OpenBLAS"; "reference BLAS": netlib's, or another that is as slow */
    char *version, *kernel; /* NULL: the library does not report it */
    int threads;            /* 0: the library does not report it */
    blas_dgemm *dgemm;
    blas_sgemm *sgemm;
    json_t *tried; /* [{"kernel", "double_gflops", "float_gflops"}], with one thread; NULL: none were timed */
};

struct blas_list {
    struct blas *list;
    size_t count;
};

/* Loads `wanted`: a path, a word of blas_families, or `library` of a struct blas; NULL: one library of each
   known family, and a reference BLAS only if there is no other. kernels: the list of --blas-kernel, of which
   each library takes the first that it has; NULL: the fastest. Prints one line on error: STATUS_ENVIRONMENT
   if no library can be used, STATUS_USAGE if a library has no kernel of the list. */
enum status blas_load(const char *wanted, const char *kernels, int threads, struct blas_list *);
/* Unloads all libraries of the list but one. */
void blas_keep(struct blas_list *, size_t kept);
void blas_unload(struct blas_list *);
bool blas_only_reference(const struct blas_list *);

/* C = op(A) op(B) in column-major order. trans_a, trans_b: 'N' or 'T'. wide: double, else float. */
void blas_multiply(const struct blas *, bool wide, char trans_a, char trans_b, int m, int n, int k,
                   const void *a, int lda, const void *b, int ldb, void *c, int ldc);

/* blas_load() starts `program --blas-trial FILE` for each kernel; the program must call this and exit with
   its result. Loads FILE, whose kernel the environment chooses, times it with one thread, and prints "kernel
   double float" (GFLOP/s). */
#define BLAS_TRIAL_FLAG "--blas-trial"
int blas_trial(const char *file);

#endif
