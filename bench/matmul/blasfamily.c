#include "matmul/blasfamily.h"
#include "base/clock.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

const struct blas_family blas_families[BLAS_FAMILIES] = {
    {"OpenBLAS",
     "openblas",
     {"libopenblas.so.0", "libopenblasp.so.0", "libopenblaso.so.0", "libopenblas.so"},
     "openblas_get_config",
     "OPENBLAS_NUM_THREADS"},
    {"BLIS",
     "blis",
     {"libblis.so.4", "libblis-mt.so.5", "libblis-mt.so.4", "libblis.so.5", "libblis.so.3", "libblis.so"},
     "bli_info_get_version_str",
     "BLIS_NUM_THREADS"},
    {"MKL",
     "mkl",
     {"libmkl_rt.so.2", "libmkl_rt.so.1", "libmkl_rt.so"},
     "MKL_Get_Version_String",
     "MKL_NUM_THREADS"},
    {"NVPL BLAS",
     "nvpl",
     {"libnvpl_blas_lp64_gomp.so.0", "libnvpl_blas_lp64_gomp.so"},
     "nvpl_blas_get_version",
     "OMP_NUM_THREADS"},
    {"Arm Performance Libraries",
     "armpl",
     {"libarmpl_lp64_mp.so", "libarmpl_mp.so", "libarmpl_lp64.so", "libarmpl.so"},
     "armplversion",
     "OMP_NUM_THREADS"},
    {"BLAS", "blas", {"libblas.so.3", "libblas.so"}, NULL, "OMP_NUM_THREADS"},
};

const struct blas_family *blas_family_of(void *handle)
{
    for (int i = 0; i < BLAS_UNKNOWN; i++)
        if (dlsym(handle, blas_families[i].sign)) return &blas_families[i];
    return &blas_families[BLAS_UNKNOWN];
}

enum { EDGE = 256, CALLS = 5 };

struct operands {
    double a[EDGE * EDGE], b[EDGE * EDGE], c[EDGE * EDGE];
};

/* C = A B as netlib's dgemm computes it, column by column. Without sanitizers, and with -O3 whatever the
   build's flags are (Makefile): a slow loop would make a slow library look fast. */
__attribute__((noinline, no_sanitize("address"), no_sanitize("undefined"))) static void
plain_loop(struct operands *o, int n)
{
    for (int j = 0; j < n; j++) {
        double *restrict c = o->c + j * n;
        for (int i = 0; i < n; i++) c[i] = 0;
        for (int l = 0; l < n; l++) {
            const double *restrict a = o->a + l * n;
            double b = o->b[j * n + l];
            for (int i = 0; i < n; i++) c[i] += b * a[i];
        }
    }
}

static void library(blas_dgemm *dgemm, struct operands *o, int n)
{
    dgemm("N", "N", &n, &n, &n, &(double){1}, o->a, &n, o->b, &n, &(double){0}, o->c, &n, 1, 1);
}

static void fill(struct operands *o)
{
    for (int i = 0; i < EDGE * EDGE; i++) o->a[i] = 1 + i % 7, o->b[i] = 1 + i % 5, o->c[i] = 0;
}

bool blas_multiplies(void *handle)
{
    enum { N = 3 };
    struct operands *o = malloc(sizeof *o);
    blas_dgemm *dgemm;
    *(void **)&dgemm = dlsym(handle, "dgemm_");
    bool right = o && dgemm && dlsym(handle, "sgemm_");
    if (right) {
        fill(o);
        library(dgemm, o, N);
        for (int i = 0; i < N * N; i++) {
            double sum = 0; /* of small integers: exact in any order */
            for (int l = 0; l < N; l++) sum += o->a[l * N + i % N] * o->b[i / N * N + l];
            right = right && o->c[i] == sum;
        }
    }
    free(o);
    return right;
}

/* On a CPU with AVX-512, netlib's BLAS ran at 0.5 times the speed of the plain loop, ATLAS (SSE2) at 1.2
   times, OpenBLAS and BLIS at 3 times or more. */
bool blas_is_reference(void *handle)
{
    if (blas_family_of(handle)->sign) return false;
    struct operands *o = malloc(sizeof *o);
    blas_dgemm *dgemm;
    *(void **)&dgemm = dlsym(handle, "dgemm_");
    double plain_s = INFINITY, library_s = INFINITY;
    if (o && dgemm) {
        fill(o);
        for (int i = 0; i < CALLS;
             i++) { /* alternate, and take the best of each: other load can only slow down a call */
            double start = clock_s();
            plain_loop(o, EDGE);
            double between = clock_s();
            library(dgemm, o, EDGE);
            plain_s = fmin(plain_s, between - start);
            library_s = fmin(library_s, clock_s() - between);
        }
    }
    free(o);
    return !(plain_s > library_s);
}
