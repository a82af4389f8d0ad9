/* The cublaslt engine's state, shared by its files:
     cublaslt.c       open, operands, descriptors, running, checking, facts
     cublaslt_tune.c  timing a batch, and choosing an algorithm */
#ifndef BUSBAR_CUBLASLT_H
#define BUSBAR_CUBLASLT_H

#include "gpu/device.h"
#include "gpu/nvml.h"
#include "kernels/matrix.h"
#include "matmul/gemm.h"

#include <cublasLt.h>

enum { MOST_SLOTS = 16, ALGORITHM_TEXT = 160, WORKSPACE = 64 << 20 };

struct gemm {
    struct gemm_options options;
    struct device device;
    struct nvml *nvml;
    cublasLtHandle_t handle;
    cudaStream_t stream;
    cudaEvent_t start, stop;
    void *workspace;
    float *tensor_scale; /* MATRIX_E4M3_SCALE, on the device */
};

struct gemm_work {
    struct gemm *gemm;
    struct gemm_problem problem;
    cublasLtMatmulDesc_t operation[MOST_SLOTS]; /* block scales are pointers inside it: one for each slot */
    cublasLtMatrixLayout_t a_layout, b_layout, c_layout;
    cublasLtMatmulAlgo_t algorithm;
    char algorithm_text[ALGORITHM_TEXT];
    double first_us;
    int heuristics;
    struct matrix a[MOST_SLOTS], b[MOST_SLOTS], c[MOST_SLOTS];
    char *memory;
    size_t slots, next;
};

/* STATUS_OK, or one line that names the call. */
enum status lt_status(cublasStatus_t, const char *call);

/* One multiplication on a slot's operands, by an algorithm. */
cublasStatus_t lt_multiply(struct gemm_work *, const cublasLtMatmulAlgo_t *, size_t slot);

/* Seconds for `batch` calls on successive slots; NAN when the algorithm cannot do it. */
enum status lt_time_batch(struct gemm_work *, const cublasLtMatmulAlgo_t *, int batch, size_t *slot,
                          double *seconds, cublasStatus_t *result);

/* Chooses work->algorithm: times all that cuBLASLt offers, then the fastest and the first offer again,
   alternating. STATUS_UNSUPPORTED, with nothing printed, if it offers none. */
enum status lt_tune(struct gemm_work *);

#endif
