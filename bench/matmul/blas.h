/* CPU BLAS libraries, found and loaded at run time: a program that links one gets whatever kernel that
   library's own dispatch picks, and that can be several times too slow (OpenBLAS 0.3.21 on a CPU newer than
   itself falls back to SSE3 code; BLIS 0.9 to plain C). The kernel is fixed when a library is loaded, so it
   is chosen before, by timing each in a process of its own. */
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
    char *path;             /* of the file that was loaded */
    char *name;             /* "OpenBLAS 0.3.21 SkylakeX, 2 threads" */
    const char *library;    /* "OpenBLAS"; "reference BLAS": netlib's, or one as slow */
    char *version, *kernel; /* NULL: the library does not tell */
    int threads;            /* 0: the library does not tell */
    blas_dgemm *dgemm;
    blas_sgemm *sgemm;
    json_t *tried; /* [{"kernel", "double_gflops", "float_gflops"}] one thread each; NULL: no choice */
};

struct blas_list {
    struct blas *list;
    size_t count;
};

/* Loads what this machine has: `wanted` (a path, or a name as blas_families has it), else one of each known
   library. A reference BLAS is loaded only if it is wanted or alone. kernel: only this one (--blas-kernel);
   NULL: the fastest. STATUS_ENVIRONMENT after one line when there is none. */
enum status blas_load(const char *wanted, const char *kernel, int threads, struct blas_list *);
void blas_unload(struct blas_list *);
bool blas_only_reference(const struct blas_list *);

/* C = A B in column-major order; dimensions fit an int, trans: 'N' or 'T'. wide: double, else float. */
void blas_multiply(const struct blas *, bool wide, char trans_a, char trans_b, int m, int n, int k,
                   const void *a, int lda, const void *b, int ldb, void *c, int ldc);

/* `program --blas-trial FILE`, which blas_load starts for each kernel, must end with what this returns (an
   exit status): it loads FILE with the environment's kernel, times it, and prints "kernel double float"
   (GFLOP/s, one thread). */
#define BLAS_TRIAL_FLAG "--blas-trial"
int blas_trial(const char *file);

#endif
