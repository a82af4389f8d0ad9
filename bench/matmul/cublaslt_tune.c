/* Chooses an algorithm. The fastest of many timings is partly luck, so the winner is timed again,
   together with cuBLASLt's first offer. */
#include "matmul/cublaslt.h"
#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { HEURISTICS = 32 };

enum status lt_time_batch(struct gemm_work *w, const cublasLtMatmulAlgo_t *algorithm, int batch, size_t *slot,
                          double *seconds, cublasStatus_t *result)
{
    struct gemm *g = w->gemm;
    float ms = 0;
    *result = CUBLAS_STATUS_SUCCESS;
    enum status status = cuda_status(cudaEventRecord(g->start, g->stream), "cudaEventRecord");
    for (int i = 0; i < batch && !status && !*result; i++) {
        *result = lt_multiply(w, algorithm, *slot);
        if (++*slot >= w->slots) *slot = 0;
    }
    if (!status) status = cuda_status(cudaEventRecord(g->stop, g->stream), "cudaEventRecord");
    if (!status) status = cuda_status(cudaStreamSynchronize(g->stream), "cublasLtMatmul");
    if (!status) status = cuda_status(cudaEventElapsedTime(&ms, g->start, g->stop), "cudaEventElapsedTime");
    *seconds = *result ? NAN : (double)ms * 1e-3;
    return status;
}

/* *us: the mean time of a call, over about share_s after two first calls; NAN if the algorithm does not
   work. */
static enum status time_algorithm(struct gemm_work *w, const cublasLtMatmulAlgo_t *algorithm, double share_s,
                                  double *us)
{
    cublasStatus_t result;
    double seconds;
    size_t slot = 0;
    enum status status = lt_time_batch(w, algorithm, 1, &slot, &seconds, &result);
    *us = NAN;
    if (status || result) return status;
    status = lt_time_batch(w, algorithm, 1, &slot, &seconds, &result);
    int batch = seconds > 0 ? (int)fmin(fmax(share_s / seconds, 3), 200) : 3;
    if (!status && !result) status = lt_time_batch(w, algorithm, batch, &slot, &seconds, &result);
    if (!status && !result) *us = seconds / batch * 1e6;
    return status;
}

static int algorithm_fact(const cublasLtMatmulAlgo_t *algorithm, cublasLtMatmulAlgoConfigAttributes_t which)
{
    int value = -1;
    size_t written;
    return cublasLtMatmulAlgoConfigGetAttribute(algorithm, which, &value, sizeof value, &written) ? -1
                                                                                                  : value;
}

/* Times all offers within the time limit for tuning, then the fastest and the first once more,
   alternating. */
static enum status choose(struct gemm_work *w, const cublasLtMatmulHeuristicResult_t *offers, int count)
{
    double tune_s = w->gemm->options.tune_s > 0 ? w->gemm->options.tune_s : 1, best = INFINITY,
           end_s = clock_s() + tune_s;
    int winner = -1, timed = 0;
    enum status status = STATUS_OK;
    for (int i = 0; i < count && !status; i++) {
        double us;
        if (offers[i].state || (winner >= 0 && clock_s() > end_s)) continue;
        status = time_algorithm(w, &offers[i].algo, tune_s / (2 * count), &us);
        timed += !isnan(us);
        if (us < best) best = us, winner = i;
    }
    if (status) return status;
    if (winner < 0) return fail(STATUS_ENVIRONMENT, "none of cuBLASLt's %d algorithms works", count);
    double first = NAN;
    for (int i = 0; i < 2 && !status && winner != 0;
         i++) { /* the winner first: it brings the clocks up for the other */
        status = time_algorithm(w, &offers[winner].algo, tune_s / 4, &best);
        if (!status) status = time_algorithm(w, &offers[0].algo, tune_s / 4, &first);
    }
    if (winner == 0) status = time_algorithm(w, &offers[0].algo, tune_s / 4, &first);
    w->algorithm = offers[winner].algo;
    w->first_us = first;
    w->heuristics = timed;
    snprintf(w->algorithm_text, sizeof w->algorithm_text,
             "cublasLt %zu heuristic %d of %d: algorithm %d tile %d stages %d split-k %d%s",
             cublasLtGetVersion(), winner + 1, count, algorithm_fact(&w->algorithm, CUBLASLT_ALGO_CONFIG_ID),
             algorithm_fact(&w->algorithm, CUBLASLT_ALGO_CONFIG_TILE_ID),
             algorithm_fact(&w->algorithm, CUBLASLT_ALGO_CONFIG_STAGES_ID),
             algorithm_fact(&w->algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM),
             w->problem.fast ? ", fast accumulation" : "");
    return status;
}

enum status lt_tune(struct gemm_work *w)
{
    cublasLtMatmulPreference_t preference = NULL;
    cublasLtMatmulHeuristicResult_t *offers = allocate(HEURISTICS, sizeof *offers);
    const size_t workspace = WORKSPACE;
    int count = 0;
    cublasStatus_t r = cublasLtMatmulPreferenceCreate(&preference);
    if (!r)
        r = cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                 &workspace, sizeof workspace);
    if (!r)
        r = cublasLtMatmulAlgoGetHeuristic(w->gemm->handle, w->operation[0], w->a_layout, w->b_layout,
                                           w->c_layout, w->c_layout, preference, HEURISTICS, offers, &count);
    enum status status = r == CUBLAS_STATUS_NOT_SUPPORTED || (!r && count == 0)
                             ? STATUS_UNSUPPORTED
                             : lt_status(r, "cublasLtMatmulAlgoGetHeuristic");
    if (preference) cublasLtMatmulPreferenceDestroy(preference);
    if (!status) status = choose(w, offers, count);
    free(offers);
    return status;
}
