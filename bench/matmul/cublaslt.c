/* Matrix multiplication on GPUs by cuBLASLt. With --cache cold, operands rotate through more memory than the
   L2 cache holds. */
#include "matmul/cublaslt.h"
#include "base/text.h"
#include "base/version.h"
#include "kernels/device.h"
#include "matmul/freivalds.h"
#include "matmul/gemm_plugin.h"

#include <link.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CUDA queues 1,024 launches, and a multiplication may take two kernels (split-K). */
enum { HELD_OPERATIONS = 512 };

/* cuBLASLt's constants for a type; operand -1: this toolkit's headers do not have it. */
struct type {
    int operand, output, compute, scale;
    enum matrix_kind kind, output_kind;
    int scale_mode;              /* -1: no scales */
    int least_sm, least_version; /* required compute capability (80: 8.0); required cublasLtGetVersion() */
};

#if CUDART_VERSION >= 12080 && CUBLAS_VERSION >= 120800
enum {
    R_FP4 = CUDA_R_4F_E2M1,
    VEC16 = CUBLASLT_MATMUL_MATRIX_SCALE_VEC16_UE4M3,
    VEC32 = CUBLASLT_MATMUL_MATRIX_SCALE_VEC32_UE8M0
};
#else
enum { R_FP4 = -1, VEC16 = -1, VEC32 = -1 };
#endif

static const struct type types[GEMM_TYPE_COUNT] = {
    [GEMM_DOUBLE] = {CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F, CUDA_R_64F, MATRIX_DOUBLE, MATRIX_DOUBLE, -1,
                     0, 0},
    [GEMM_FLOAT] = {CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F, CUDA_R_32F, MATRIX_FLOAT, MATRIX_FLOAT, -1, 0,
                    0},
    [GEMM_TF32] = {CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F, MATRIX_TF32,
                   MATRIX_FLOAT, -1, 80, 0},
    [GEMM_BFLOAT16] = {CUDA_R_16BF, CUDA_R_16BF, CUBLAS_COMPUTE_32F, CUDA_R_32F, MATRIX_BFLOAT16,
                       MATRIX_BFLOAT16, -1, 80, 0},
    [GEMM_HALF] = {CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F, CUDA_R_32F, MATRIX_HALF, MATRIX_HALF, -1, 70,
                   0},
    [GEMM_FP8_E4M3] = {CUDA_R_8F_E4M3, CUDA_R_16BF, CUBLAS_COMPUTE_32F, CUDA_R_32F, MATRIX_E4M3,
                       MATRIX_BFLOAT16, 0, 89, 0},
    [GEMM_MXFP8] = {VEC32 < 0 ? -1 : CUDA_R_8F_E4M3, CUDA_R_16BF, CUBLAS_COMPUTE_32F, CUDA_R_32F,
                    MATRIX_MXFP8, MATRIX_BFLOAT16, VEC32, 100, 120800},
    [GEMM_NVFP4] = {R_FP4, CUDA_R_16BF, CUBLAS_COMPUTE_32F, CUDA_R_32F, MATRIX_NVFP4, MATRIX_BFLOAT16, VEC16,
                    100, 120800},
};

enum status lt_status(cublasStatus_t result, const char *call)
{
    if (result == CUBLAS_STATUS_SUCCESS) return STATUS_OK;
    cudaGetLastError();
    return fail(STATUS_ENVIRONMENT, "%s: %s", call, cublasLtGetStatusString(result));
}

/* ---- open ---- */

static void lt_close(struct gemm *g)
{
    nvml_close(g->nvml);
    cudaFree(g->tensor_scale);
    cudaFree(g->workspace);
    hold_free(&g->hold);
    if (g->stop) cudaEventDestroy(g->stop);
    if (g->start) cudaEventDestroy(g->start);
    if (g->stream) cudaStreamDestroy(g->stream);
    if (g->handle) cublasLtDestroy(g->handle);
    free(g);
}

static enum status lt_open(const struct gemm_place *place, const struct gemm_options *options,
                           struct gemm **gemm)
{
    const float scale = (float)MATRIX_E4M3_SCALE;
    struct gemm *g = allocate(1, sizeof *g);
    g->options = *options;
    enum status status = device_open(place->local_rank, &g->device);
    if (!status) status = lt_status(cublasLtCreate(&g->handle), "cublasLtCreate");
    if (!status)
        status = cuda_status(cudaStreamCreateWithFlags(&g->stream, cudaStreamNonBlocking),
                             "cudaStreamCreateWithFlags");
    if (!status) status = cuda_status(cudaEventCreate(&g->start), "cudaEventCreate");
    if (!status) status = cuda_status(cudaEventCreate(&g->stop), "cudaEventCreate");
    if (!status) status = hold_make(&g->hold, HELD_OPERATIONS);
    if (!status) status = cuda_status(cudaMalloc(&g->workspace, WORKSPACE), "cudaMalloc of the workspace");
    if (!status) status = cuda_status(cudaMalloc((void **)&g->tensor_scale, sizeof scale), "cudaMalloc");
    if (!status)
        status = cuda_status(
            cudaMemcpyAsync(g->tensor_scale, &scale, sizeof scale, cudaMemcpyHostToDevice, g->stream),
            "cudaMemcpyAsync");
    if (!status) status = cuda_status(cudaStreamSynchronize(g->stream), "cudaStreamSynchronize");
    if (status) {
        lt_close(g);
        return status;
    }
    g->nvml = nvml_open(g->device.uuid, g->device.pci);
    if (g->device.emulated && place->local_rank == 0)
        warn("this is the emulated device of busbar's tests: no figure is a measurement");
    *gemm = g;
    return STATUS_OK;
}

static enum status lt_supports(struct gemm *g, const struct gemm_problem *p, const char **reason)
{
    const struct type *t = &types[p->type];
    const int sm = 10 * g->device.major + g->device.minor;
    const bool narrow = t->kind >= MATRIX_E4M3, blocks = t->kind > MATRIX_E4M3;
    *reason = NULL;
    if (t->operand < 0 || (t->least_version && (int)cublasLtGetVersion() < t->least_version))
        *reason = "this cuBLASLt has no such type (12.8 has)";
    else if (sm < t->least_sm)
        *reason = "this GPU has no such type";
    else if (p->fast && sm >= 100)
        *reason = "fast accumulation is for Ada and Hopper: this GPU always has the long accumulator";
    else if (narrow && strcmp(p->layout, "TN") != 0 && (blocks || sm < 100 || sm >= 120))
        *reason =
            "cuBLASLt multiplies fp8 and fp4 in layout TN only (on B200 and B300, fp8 with one scale in "
            "others too)";
    else if (narrow && (p->m % 16 || p->n % 16 || p->k % (blocks ? 32 : 16)))
        *reason = "fp8 and fp4 need sizes that are multiples of 16 (mxfp8 and nvfp4: k of 32)";
    return *reason ? STATUS_UNSUPPORTED : STATUS_OK;
}

static size_t lt_free_bytes(struct gemm *g)
{
    return device_free_bytes(&g->device, 1);
}

/* ---- operands ---- */

static size_t aligned(uint64_t bytes)
{
    return (size_t)((bytes + 255) / 256 * 256);
}

static size_t matrix_bytes(const struct matrix *m)
{
    return aligned(matrix_data_bytes(m->kind, m->inner * m->outer)) +
           aligned(matrix_scale_bytes(m->kind, m->inner, m->outer));
}

static struct matrix shaped(enum matrix_kind kind, char turned, int64_t rows, int64_t columns)
{
    bool t = turned == 'T';
    return (struct matrix){.kind = kind,
                           .turned = t,
                           .inner = (uint64_t)(t ? columns : rows),
                           .outer = (uint64_t)(t ? rows : columns)};
}

static char *place(struct matrix *m, char *at)
{
    m->data = (unsigned char *)at;
    if (matrix_block(m->kind) > 1)
        m->scales = m->data + aligned(matrix_data_bytes(m->kind, m->inner * m->outer));
    return at + matrix_bytes(m);
}

/* Allocates the sets of operands; with --cache cold, as many as fill twice the L2 cache. */
static enum status take_memory(struct gemm_work *w)
{
    const struct gemm_problem *p = &w->problem;
    const struct type *t = &types[p->type];
    struct matrix a = shaped(t->kind, p->layout[0], p->m, p->k),
                  b = shaped(t->kind, p->layout[1], p->k, p->n);
    struct matrix c = shaped(t->output_kind, 'N', p->m, p->n);
    size_t set = matrix_bytes(&a) + matrix_bytes(&b) + matrix_bytes(&c),
           v = (size_t)p->k * MATRIX_GROUP * sizeof(double);
    size_t room = lt_free_bytes(w->gemm), extra = v + 4096;
    if (room < set + extra) return STATUS_TOO_LARGE;
    w->slots = w->gemm->options.cold ? 2 * w->gemm->device.l2_bytes / set + 1 : 1;
    if (w->slots > MOST_SLOTS) w->slots = MOST_SLOTS;
    if (w->gemm->options.cold && w->slots < 2) w->slots = 2;
    while (w->slots > 1 && w->slots * set + extra > room) w->slots--;
    cudaError_t error = cudaMalloc((void **)&w->memory, w->slots * set + extra);
    if (error == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        w->memory = NULL;
        return STATUS_TOO_LARGE;
    }
    char *at = w->memory;
    for (size_t s = 0; s < w->slots && !error; s++) {
        w->a[s] = a, w->b[s] = b, w->c[s] = c;
        at = place(&w->c[s], place(&w->b[s], place(&w->a[s], at)));
    }
    return cuda_status(error, "cudaMalloc");
}

static enum status fill_slot(struct gemm_work *w, size_t slot)
{
    cudaStream_t stream = w->gemm->stream;
    enum status status = STATUS_OK;
    for (int i = 0; i < 2 && !status; i++) {
        struct matrix *m = i ? &w->b[slot] : &w->a[slot];
        if (m->scales)
            status = cuda_status(
                cudaMemsetAsync(m->scales, 0, matrix_scale_bytes(m->kind, m->inner, m->outer), stream),
                "cudaMemsetAsync");
        if (!status)
            status = cuda_status(device_matrix_fill(m, gaussian_seed(w->problem.seed, slot, i), stream),
                                 "the matrix fill kernel");
    }
    return status;
}

static enum status poison(struct gemm_work *w, size_t slot) /* NaN in every float type */
{
    const struct matrix *c = &w->c[slot];
    return cuda_status(
        cudaMemsetAsync(c->data, 0xff, matrix_data_bytes(c->kind, c->inner * c->outer), w->gemm->stream),
        "cudaMemsetAsync");
}

/* ---- descriptors ---- */

static cublasStatus_t set_scales(cublasLtMatmulDesc_t operation, const struct type *t, const void *a,
                                 const void *b)
{
    cublasStatus_t r = CUBLAS_STATUS_SUCCESS;
#if CUDART_VERSION >= 12080 && CUBLAS_VERSION >= 120800
    cublasLtMatmulMatrixScale_t mode = (cublasLtMatmulMatrixScale_t)t->scale_mode;
    if (t->scale_mode > 0)
        r = cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_A_SCALE_MODE, &mode, sizeof mode);
    if (t->scale_mode > 0 && !r)
        r = cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_B_SCALE_MODE, &mode, sizeof mode);
#else
    (void)t;
#endif
    if (!r) r = cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, &a, sizeof a);
    if (!r) r = cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, &b, sizeof b);
    return r;
}

static cublasStatus_t describe(struct gemm_work *w)
{
    const struct gemm_problem *p = &w->problem;
    const struct type *t = &types[p->type];
    cublasOperation_t a = p->layout[0] == 'T' ? CUBLAS_OP_T : CUBLAS_OP_N,
                      b = p->layout[1] == 'T' ? CUBLAS_OP_T : CUBLAS_OP_N;
    const int8_t fast = p->fast;
    cublasStatus_t r = CUBLAS_STATUS_SUCCESS;
    for (size_t s = 0; s < w->slots && !r; s++) {
        r = cublasLtMatmulDescCreate(&w->operation[s], (cublasComputeType_t)t->compute,
                                     (cudaDataType_t)t->scale);
        if (!r)
            r = cublasLtMatmulDescSetAttribute(w->operation[s], CUBLASLT_MATMUL_DESC_TRANSA, &a, sizeof a);
        if (!r)
            r = cublasLtMatmulDescSetAttribute(w->operation[s], CUBLASLT_MATMUL_DESC_TRANSB, &b, sizeof b);
        const void *a_scale = w->a[s].scales ? (const void *)w->a[s].scales : w->gemm->tensor_scale;
        const void *b_scale = w->b[s].scales ? (const void *)w->b[s].scales : w->gemm->tensor_scale;
        if (!r && t->scale_mode >= 0) r = set_scales(w->operation[s], t, a_scale, b_scale);
        if (!r && fast)
            r = cublasLtMatmulDescSetAttribute(w->operation[s], CUBLASLT_MATMUL_DESC_FAST_ACCUM, &fast,
                                               sizeof fast);
    }
    const cudaDataType_t operand = (cudaDataType_t)t->operand, output = (cudaDataType_t)t->output;
    if (!r)
        r = cublasLtMatrixLayoutCreate(&w->a_layout, operand, w->a[0].inner, w->a[0].outer,
                                       (int64_t)w->a[0].inner);
    if (!r)
        r = cublasLtMatrixLayoutCreate(&w->b_layout, operand, w->b[0].inner, w->b[0].outer,
                                       (int64_t)w->b[0].inner);
    if (!r)
        r = cublasLtMatrixLayoutCreate(&w->c_layout, output, w->c[0].inner, w->c[0].outer,
                                       (int64_t)w->c[0].inner);
    return r;
}

/* ---- multiplying ---- */

cublasStatus_t lt_multiply(struct gemm_work *w, const cublasLtMatmulAlgo_t *algorithm, size_t slot)
{
    const double one = 1, zero = 0;
    const float one_f = 1, zero_f = 0;
    const bool wide = types[w->problem.type].scale == CUDA_R_64F;
    struct gemm *g = w->gemm;
    return cublasLtMatmul(g->handle, w->operation[slot], wide ? (const void *)&one : &one_f, w->a[slot].data,
                          w->a_layout, w->b[slot].data, w->b_layout, wide ? (const void *)&zero : &zero_f,
                          w->c[slot].data, w->c_layout, w->c[slot].data, w->c_layout, algorithm, g->workspace,
                          WORKSPACE, g->stream);
}

static void lt_finish(struct gemm_work *w)
{
    cudaStreamSynchronize(w->gemm->stream);
    for (size_t s = 0; s < MOST_SLOTS; s++)
        if (w->operation[s]) cublasLtMatmulDescDestroy(w->operation[s]);
    if (w->a_layout) cublasLtMatrixLayoutDestroy(w->a_layout);
    if (w->b_layout) cublasLtMatrixLayoutDestroy(w->b_layout);
    if (w->c_layout) cublasLtMatrixLayoutDestroy(w->c_layout);
    cudaFree(w->memory);
    free(w);
}

static enum status lt_prepare(struct gemm *g, const struct gemm_problem *problem, struct gemm_work **work)
{
    struct gemm_work *w = allocate(1, sizeof *w);
    w->gemm = g;
    w->problem = *problem;
    w->first_us = NAN;
    enum status status = take_memory(w);
    for (size_t s = 0; s < w->slots && !status; s++) {
        status = fill_slot(w, s);
        if (!status) status = poison(w, s);
    }
    if (!status) status = cuda_status(cudaStreamSynchronize(g->stream), "filling the operands");
    if (!status) status = lt_status(describe(w), "describing the matrices to cuBLASLt");
    if (!status) status = lt_tune(w);
    if (status)
        lt_finish(w);
    else
        *work = w;
    return status;
}

static void lt_choice(const struct gemm_work *w, struct gemm_choice *choice)
{
    *choice = (struct gemm_choice){w->algorithm_text, w->heuristics, w->first_us, w->slots};
}

static enum status lt_run(struct gemm_work *w, int batch, double *elapsed_s)
{
    cublasStatus_t result;
    bool spoiled;
    enum status status = lt_time_batch(w, &w->algorithm, batch, &w->next, elapsed_s, &spoiled, &result);
    if (spoiled) *elapsed_s = NAN;
    return status ? status : lt_status(result, "cublasLtMatmul");
}

/* ---- checking ---- */

static enum status damage(struct gemm_work *w, size_t slot)
{
    struct matrix *c = &w->c[slot];
    size_t size = matrix_data_bytes(c->kind, 1), at = (size_t)(c->inner * c->outer / 2) * size + size - 1;
    unsigned char byte = 0;
    enum status status =
        cuda_status(cudaMemcpy(&byte, c->data + at, 1, cudaMemcpyDeviceToHost), "cudaMemcpy");
    byte = (unsigned char)((byte & 0x80) | 0x7e); /* a very large value, or a NaN, in every type */
    return status ? status
                  : cuda_status(cudaMemsetAsync(c->data + at, byte, 1, w->gemm->stream), "cudaMemsetAsync");
}

static enum status run_check(struct gemm_work *w, size_t slot, uint64_t seed,
                             struct matrix_verdict *on_device, double *v)
{
    const struct gemm_problem *p = &w->problem;
    struct matrix_check check = {.a = w->a[slot],
                                 .b = w->b[slot],
                                 .c = w->c[slot],
                                 .m = (uint64_t)p->m,
                                 .n = (uint64_t)p->n,
                                 .k = (uint64_t)p->k,
                                 .seed = seed,
                                 .v = v};
    check.width = (uint64_t)freivalds_columns(p->m, p->n, p->k);
    check.tolerance = freivalds_bound(p->type, p->k, 1, 1);
    uint64_t blocks = (check.n + check.width - 1) / check.width;
    enum status status = STATUS_OK;
    for (; check.first < blocks && !status; check.first += MATRIX_GROUP) {
        check.blocks = blocks - check.first < MATRIX_GROUP ? (int)(blocks - check.first) : MATRIX_GROUP;
        status = cuda_status(device_matrix_check_group(&check, on_device, w->gemm->stream),
                             "the matrix check kernels");
    }
    return status;
}

static enum status lt_check(struct gemm_work *w, uint64_t seed, struct gemm_verdict *verdict)
{
    struct matrix_verdict found = {0, 0}, *on_device = NULL;
    double *v = NULL, seconds;
    bool spoiled;
    cublasStatus_t result;
    size_t slot = w->next, at = slot;
    enum status status = poison(w, slot);
    if (!status) status = lt_time_batch(w, &w->algorithm, 1, &at, &seconds, &spoiled, &result);
    if (!status) status = lt_status(result, "cublasLtMatmul");
    if (!status && same(w->gemm->options.fault, "wrong")) status = damage(w, slot);
    if (!status) status = cuda_status(cudaMalloc((void **)&on_device, sizeof found), "cudaMalloc");
    if (!status)
        status = cuda_status(cudaMalloc((void **)&v, (size_t)w->problem.k * MATRIX_GROUP * sizeof *v),
                             "cudaMalloc");
    if (!status) /* not cudaMemcpy(): it is not ordered with this stream, and may return before it is done */
        status = cuda_status(cudaMemsetAsync(on_device, 0, sizeof found, w->gemm->stream), "cudaMemsetAsync");
    if (!status) status = run_check(w, slot, seed, on_device, v);
    if (!status) status = cuda_status(cudaStreamSynchronize(w->gemm->stream), "the matrix check kernels");
    if (!status)
        status =
            cuda_status(cudaMemcpy(&found, on_device, sizeof found, cudaMemcpyDeviceToHost), "cudaMemcpy");
    cudaFree(v);
    cudaFree(on_device);
    verdict->wrong = found.wrong;
    memcpy(&verdict->worst, &found.worst, sizeof verdict->worst);
    return status;
}

/* ---- facts, telemetry ---- */

static int find_library(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    if (strstr(info->dlpi_name, "libcublasLt.so"))
        json_object_set_new(data, "library", json_string(info->dlpi_name));
    return 0;
}

static void lt_facts(struct gemm *g, struct launch_header *header)
{
    json_t *gpu = device_facts(&g->device), *library = json_object();
    if (*nvml_driver(g->nvml)) json_object_set_new(gpu, "driver", json_string(nvml_driver(g->nvml)));
    json_object_set_new(library, "version", json_integer((json_int_t)cublasLtGetVersion()));
    json_object_set_new(library, "built_with", json_integer(CUBLAS_VERSION));
    dl_iterate_phdr(find_library, library);
    json_object_set_new(header->facts, "cublaslt", library);
    json_object_set_new(header->facts, "gpu", gpu);
    if (g->device.emulated) device_provenance(header->provenance);
}

static const char *lt_device(struct gemm *g)
{
    return g->device.name;
}

static void lt_watch_start(struct gemm *g)
{
    if (g->nvml) nvml_watch_start(g->nvml);
}

static json_t *lt_watch_stop(struct gemm *g)
{
    struct nvml_window window;
    if (!g->nvml) return NULL;
    nvml_watch_stop(g->nvml, &window);
    return nvml_window_json(&window);
}

static const struct gemm_engine gemm_cublaslt = {
    .name = "cublaslt",
    .about = "cuBLASLt on GPUs, one rank for each",
    .memory = MEMORY_DEVICE,
    .open = lt_open,
    .supports = lt_supports,
    .free_bytes = lt_free_bytes,
    .prepare = lt_prepare,
    .choice = lt_choice,
    .run = lt_run,
    .check = lt_check,
    .finish = lt_finish,
    .facts = lt_facts,
    .device = lt_device,
    .watch_start = lt_watch_start,
    .watch_stop = lt_watch_stop,
    .close = lt_close,
};

extern const struct plugin busbar_plugin;
const struct plugin busbar_plugin = {PLUGIN_ABI, &gemm_plugin, build_name, &gemm_cublaslt, device_choose};
