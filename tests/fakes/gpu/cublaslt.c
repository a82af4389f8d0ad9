/* The functions of libcublasLt that bench/matmul/cublaslt.c calls, emulated. The heuristic offers three
   algorithms: the first is slow, the second fast, the third fails, so that a tuner fails the tests if it only
   takes the first or does not try them. */
#include "arithmetic.h"
#include "fake.h"

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALGORITHMS = 3, SLOW_US = 250000, FAST_ID = 100 /* marks algorithms with fast accumulation */ };

struct layout {
    cudaDataType_t type;
    uint64_t rows, columns;
    int64_t stride;
};

struct operation {
    cublasComputeType_t compute;
    cudaDataType_t scale;
    cublasOperation_t a, b;
    const unsigned char *a_scale, *b_scale;
    int a_mode, b_mode;
    int8_t fast;
};

EXPORTED size_t cublasLtGetVersion(void)
{
    return (size_t)fake_number("FAKEGPU_CUBLASLT", CUBLAS_VERSION);
}

EXPORTED const char *cublasLtGetStatusString(cublasStatus_t status)
{
    return status == CUBLAS_STATUS_SUCCESS         ? "success"
           : status == CUBLAS_STATUS_NOT_SUPPORTED ? "the functionality is not supported"
           : status == CUBLAS_STATUS_INVALID_VALUE ? "an invalid value was given"
                                                   : "an internal operation failed";
}

EXPORTED cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    if (fake_fault("fail", "cublasLtCreate")) return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = calloc(1, 1);
    return CUBLAS_STATUS_SUCCESS;
}

EXPORTED cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)
{
    free(handle);
    return CUBLAS_STATUS_SUCCESS;
}

EXPORTED cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType type,
                                                   uint64_t rows, uint64_t columns, int64_t stride)
{
    struct layout *l = calloc(1, sizeof *l);
    *l = (struct layout){type, rows, columns, stride};
    *layout = (cublasLtMatrixLayout_t)(void *)l;
    return CUBLAS_STATUS_SUCCESS;
}

EXPORTED cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)
{
    free(layout);
    return CUBLAS_STATUS_SUCCESS;
}

EXPORTED cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *operation, cublasComputeType_t compute,
                                                 cudaDataType_t scale)
{
    struct operation *o = calloc(1, sizeof *o);
    o->compute = compute, o->scale = scale;
    *operation = (cublasLtMatmulDesc_t)(void *)o;
    return CUBLAS_STATUS_SUCCESS;
}

EXPORTED cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t operation)
{
    free(operation);
    return CUBLAS_STATUS_SUCCESS;
}

EXPORTED cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t operation,
                                                       cublasLtMatmulDescAttributes_t which,
                                                       const void *value, size_t bytes)
{
    struct operation *o = (struct operation *)(void *)operation;
    switch (which) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
        memcpy(&o->a, value, bytes);
        break;
    case CUBLASLT_MATMUL_DESC_TRANSB:
        memcpy(&o->b, value, bytes);
        break;
    case CUBLASLT_MATMUL_DESC_FAST_ACCUM:
        if (bytes != sizeof o->fast) return CUBLAS_STATUS_INVALID_VALUE;
        memcpy(&o->fast, value, bytes);
        break;
    case CUBLASLT_MATMUL_DESC_A_SCALE_POINTER:
        memcpy(&o->a_scale, value, bytes);
        break;
    case CUBLASLT_MATMUL_DESC_B_SCALE_POINTER:
        memcpy(&o->b_scale, value, bytes);
        break;
#if CUBLAS_VERSION >= 120800
    case CUBLASLT_MATMUL_DESC_A_SCALE_MODE:
        memcpy(&o->a_mode, value, bytes);
        break;
    case CUBLASLT_MATMUL_DESC_B_SCALE_MODE:
        memcpy(&o->b_mode, value, bytes);
        break;
#endif
    default:
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    return CUBLAS_STATUS_SUCCESS;
}

EXPORTED cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference)
{
    *preference = calloc(1, 1);
    return CUBLAS_STATUS_SUCCESS;
}

EXPORTED cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    free(preference);
    return CUBLAS_STATUS_SUCCESS;
}

EXPORTED cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                             cublasLtMatmulPreferenceAttributes_t which,
                                                             const void *value, size_t bytes)
{
    (void)preference, (void)which, (void)value, (void)bytes;
    return CUBLAS_STATUS_SUCCESS;
}

/* Columns of fp8 and fp4 must begin at multiples of 16 bytes (cuBLAS documentation, cublasLtMatmul). */
static bool is_aligned(cublasLtMatrixLayout_t layout)
{
    const struct layout *l = (const struct layout *)(void *)layout;
    uint64_t bits = l->type == CUDA_R_8F_E4M3 ? 8 : 16;
#if CUDART_VERSION >= 12080
    if (l->type == CUDA_R_4F_E2M1) bits = 4;
#endif
    return bits > 8 || (uint64_t)l->stride * bits % 128 == 0;
}

EXPORTED cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle,
                                                       cublasLtMatmulDesc_t operation,
                                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                                       cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                                       cublasLtMatmulPreference_t preference, int most,
                                                       cublasLtMatmulHeuristicResult_t offers[], int *count)
{
    const struct operation *o = (const struct operation *)(void *)operation;
    (void)handle, (void)c, (void)d, (void)preference;
    *count = 0;
    if (fake_fault("fail", "cublasLtMatmulAlgoGetHeuristic")) return CUBLAS_STATUS_INTERNAL_ERROR;
    if (!is_aligned(a) || !is_aligned(b)) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (fake_fault("wrong", "cublasLtMatmulAlgoGetHeuristic")) return CUBLAS_STATUS_SUCCESS; /* offers none */
    *count = most < ALGORITHMS ? most : ALGORITHMS;
    memset(offers, 0, (size_t)*count * sizeof *offers);
    for (int i = 0; i < *count; i++)
        offers[i].algo.data[0] = (uint64_t)i, offers[i].algo.data[1] = o->fast ? FAST_ID : 0;
    return CUBLAS_STATUS_SUCCESS;
}

EXPORTED cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t *algo,
                                                             cublasLtMatmulAlgoConfigAttributes_t which,
                                                             void *value, size_t bytes, size_t *written)
{
    int number = which == CUBLASLT_ALGO_CONFIG_ID ? (int)(algo->data[0] + algo->data[1]) : 1;
    memcpy(value, &number, bytes < sizeof number ? bytes : sizeof number);
    *written = sizeof number;
    return CUBLAS_STATUS_SUCCESS;
}

/* ---- the multiplication: in double, rounded to the output type ---- */

struct multiplication {
    struct operation operation;
    struct layout a, b, d;
    const unsigned char *a_data, *b_data;
    unsigned char *d_data;
    double alpha;
    int algorithm;
};

static double fp4_value(unsigned bits)
{
    static const double values[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    return bits & 8 ? -values[bits & 7] : values[bits & 7];
}

/* Returns the scale of an element, at `i` in the contiguous dimension of `column`: cuBLAS documentation, 1D
 * block scaling factors layout. */
static double scale_of(const unsigned char *scales, int mode, uint64_t inner, uint64_t i, uint64_t column)
{
    float whole;
    if (!scales) return 1;
    if (mode == 0) {
        memcpy(&whole, scales, sizeof whole);
        return whole;
    }
    uint64_t vector = mode == 2 ? 32 : 16, block = i / vector, tiles = (inner / vector + 3) / 4;
    uint64_t within = (column % 128 % 32) * 16 + (column % 128 / 32) * 4 + block % 4;
    unsigned char bits = scales[(column / 128 * tiles + block / 4) * 512 + within];
    return mode == 2 ? scalbn(1, (int)bits - 127) : small_float_value(bits, 4, 3);
}

static double element(const struct operation *o, const struct layout *l, const unsigned char *data,
                      const unsigned char *scales, int mode, uint64_t i, uint64_t column)
{
    uint64_t at = column * (uint64_t)l->stride + i;
    uint32_t word;
    uint16_t half;
    float single;
    double value;
    memcpy(&half, data + (l->type == CUDA_R_16BF || l->type == CUDA_R_16F ? 2 * at : 0), 2);
    switch (l->type) {
    case CUDA_R_64F:
        memcpy(&value, data + 8 * at, 8);
        return value;
    case CUDA_R_32F:
        memcpy(&word, data + 4 * at, 4);
        if (o->compute == CUBLAS_COMPUTE_32F_FAST_TF32) word &= ~0x1fffu; /* tensor cores ignore these bits */
        memcpy(&single, &word, 4);
        return single;
    case CUDA_R_16BF:
        return small_float_value(half, 8, 7);
    case CUDA_R_16F:
        return small_float_value(half, 5, 10);
    case CUDA_R_8F_E4M3:
        return small_float_value(data[at], 4, 3) * scale_of(scales, mode, l->rows, i, column);
    default:
        return fp4_value(data[at / 2] >> (at % 2 * 4) & 15u) * scale_of(scales, mode, l->rows, i, column);
    }
}

/* Adds with truncation towards zero, to the 14 bits that Hopper's tensor cores keep, aligned to the larger
 * addend (DeepSeek-V3 technical report, 3.3.2). */
static double add_cut(double sum, double more)
{
    int exponent;
    frexp(fmax(fabs(sum), fabs(more)), &exponent);
    double unit = ldexp(1, exponent - 14);
    return trunc(sum / unit) * unit + trunc(more / unit) * unit;
}

/* Fast accumulation: adds 32 products at a time with add_cut, never in full float precision. */
static double dot_fast(const double *a, const double *b, uint64_t k)
{
    double sum = 0;
    for (uint64_t p = 0; p < k; p += 32) {
        double step = 0;
        for (uint64_t q = p; q < k && q < p + 32; q++) step += a[q] * b[q];
        sum = add_cut(sum, step);
    }
    return sum;
}

static void put(const struct layout *l, unsigned char *data, uint64_t i, uint64_t column, double value)
{
    uint64_t at = column * (uint64_t)l->stride + i;
    float single = (float)value;
    uint16_t half = (uint16_t)(l->type == CUDA_R_16BF ? small_float_round(value, 8, 7, 0x7f7f)
                                                      : small_float_round(value, 5, 10, 0x7bff));
    if (l->type == CUDA_R_64F)
        memcpy(data + 8 * at, &value, 8);
    else if (l->type == CUDA_R_32F)
        memcpy(data + 4 * at, &single, 4);
    else
        memcpy(data + 2 * at, &half, 2);
}

static void run_multiplication(void *data)
{
    const struct multiplication *x = data;
    const struct operation *o = &x->operation;
    bool at = o->a == CUBLAS_OP_T, bt = o->b == CUBLAS_OP_T;
    uint64_t k = at ? x->a.rows : x->a.columns, m = x->d.rows, n = x->d.columns;
    double *a = malloc(m * k * sizeof *a), *b = malloc(k * n * sizeof *b);
    for (uint64_t i = 0; i < m; i++)
        for (uint64_t p = 0; p < k; p++)
            a[i * k + p] = element(o, &x->a, x->a_data, o->a_scale, o->a_mode, at ? p : i, at ? i : p);
    for (uint64_t j = 0; j < n; j++)
        for (uint64_t p = 0; p < k; p++)
            b[j * k + p] = element(o, &x->b, x->b_data, o->b_scale, o->b_mode, bt ? j : p, bt ? p : j);
    for (uint64_t j = 0; j < n; j++)
        for (uint64_t i = 0; i < m; i++) {
            double sum = 0;
            for (uint64_t p = 0; p < k && !o->fast; p++) sum += a[i * k + p] * b[j * k + p];
            if (o->fast) sum = dot_fast(a + i * k, b + j * k, k);
            put(&x->d, x->d_data, i, j, x->alpha * sum);
        }
    free(a);
    free(b);
    if (x->algorithm == 0) fake_advance_us(SLOW_US);
    const struct fault *fault = fake_fault("slow", "cublasLtMatmul");
    if (fault) fake_advance_us(fault->us);
    fault = fake_fault("wrong", "cublasLtMatmul");
    if (fault) put(&x->d, x->d_data, (uint64_t)fault->element % m, (uint64_t)fault->element / m % n, 1000);
    fault = fake_fault("hang", "cublasLtMatmul");
    if (fault) fake_never("cublasLtMatmul");
}

EXPORTED cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                                       const void *alpha, const void *a, cublasLtMatrixLayout_t a_layout,
                                       const void *b, cublasLtMatrixLayout_t b_layout, const void *beta,
                                       const void *c, cublasLtMatrixLayout_t c_layout, void *d,
                                       cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t *algorithm,
                                       void *workspace, size_t workspace_bytes, cudaStream_t stream)
{
    (void)handle, (void)beta, (void)c, (void)c_layout, (void)workspace, (void)workspace_bytes;
    struct multiplication x = {.operation = *(struct operation *)(void *)operation,
                               .a_data = a,
                               .b_data = b,
                               .d_data = d,
                               .algorithm = algorithm ? (int)algorithm->data[0] : 0};
    x.a = *(const struct layout *)(void *)a_layout, x.b = *(const struct layout *)(void *)b_layout,
    x.d = *(const struct layout *)(void *)d_layout;
    float single;
    memcpy(&single, alpha, sizeof single);
    if (x.operation.scale == CUDA_R_64F)
        memcpy(&x.alpha, alpha, sizeof x.alpha);
    else
        x.alpha = (double)single;
    if (x.algorithm == 2) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (fake_fault("fail", "cublasLtMatmul")) return CUBLAS_STATUS_EXECUTION_FAILED;
    const struct fault *late = fake_fault("launch", "cublasLtMatmul");
    if (late) fake_sleep_us(late->us);
    fake_enqueue(stream, run_multiplication, &x, sizeof x);
    return CUBLAS_STATUS_SUCCESS;
}
