/* The cublaslt engine's state, shared by its files:
     cublaslt.c       open, operands, descriptors, running, checking, facts
     cublaslt_tune.c  timing a batch, and choosing an algorithm */
#ifndef BUSBAR_CUBLASLT_H
#define BUSBAR_CUBLASLT_H

#include "gpu/device.h"
#include "gpu/hold.h"
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
    struct hold hold;
    void *workspace;
    float *tensor_scale; /* MATRIX_E4M3_SCALE, on the device */
};

struct gemm_work {
    struct gemm *gemm;
    struct gemm_problem problem;
    cublasLtMatmulDesc_t operation[MOST_SLOTS]; /* one per slot, because it contains pointers to the scales */
    cublasLtMatrixLayout_t a_layout, b_layout, c_layout;
    cublasLtMatmulAlgo_t algorithm;
    char algorithm_text[ALGORITHM_TEXT];
    double first_us;
    int heuristics;
    struct matrix a[MOST_SLOTS], b[MOST_SLOTS], c[MOST_SLOTS];
    char *memory;
    size_t slots, next;
};

/* STATUS_OK for success; else STATUS_ENVIRONMENT after printing one line that names the call. */
enum status lt_status(cublasStatus_t, const char *call);

/* Enqueues one multiplication of a slot's operands by the given algorithm. */
cublasStatus_t lt_multiply(struct gemm_work *, const cublasLtMatmulAlgo_t *, size_t slot);

/* Times `batch` calls on successive slots, starting at *slot, which it advances. The stream is held until
   they are queued (hold.h). *seconds: of the whole batch; NAN if a call failed: then *result has the error,
   which is not printed. *spoiled: the hold ended by itself, so the time includes launches. */
enum status lt_time_batch(struct gemm_work *, const cublasLtMatmulAlgo_t *, int batch, size_t *slot,
                          double *seconds, bool *spoiled, cublasStatus_t *result);

/* Chooses work->algorithm: times all algorithms that cuBLASLt offers, then the fastest and the first offer
   again, alternating. Returns STATUS_UNSUPPORTED, without a message, if there are none. */
enum status lt_tune(struct gemm_work *);

#endif
