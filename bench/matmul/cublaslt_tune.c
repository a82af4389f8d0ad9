/* Chooses an algorithm. The fastest of many timings is partly luck, so the winner is timed again,
   together with cuBLASLt's first offer. */
#include "matmul/cublaslt.h"
#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { HEURISTICS = 32 };

static void lessen_hold(struct hold *hold, int queued)
{
    if (hold_less(hold, queued))
        warn("a multiplication waited for the device that was held for it, so such samples do not count: is "
             "CUDA_LAUNCH_BLOCKING set, or a debugger at work?");
}

enum status lt_time_batch(struct gemm_work *w, const cublasLtMatmulAlgo_t *algorithm, int batch, size_t *slot,
                          double *seconds, bool *spoiled, cublasStatus_t *result)
{
    struct gemm *g = w->gemm;
    float ms = 0;
    *result = CUBLAS_STATUS_SUCCESS;
    enum status status = hold_close(&g->hold, g->stream);
    if (!status) status = cuda_status(cudaEventRecord(g->start, g->stream), "cudaEventRecord");
    for (int i = 0; i < batch && !status && !*result; i++) {
        hold_queued(&g->hold, i);
        *result = lt_multiply(w, algorithm, *slot);
        if (++*slot >= w->slots) *slot = 0;
    }
    if (!status) status = cuda_status(cudaEventRecord(g->stop, g->stream), "cudaEventRecord");
    hold_open(&g->hold);
    if (!status) status = cuda_status(cudaStreamSynchronize(g->stream), "cublasLtMatmul");
    if (!status) status = cuda_status(cudaEventElapsedTime(&ms, g->start, g->stop), "cudaEventElapsedTime");
    *seconds = *result ? NAN : (double)ms * 1e-3;
    *spoiled = !status && hold_expired(&g->hold);
    if (*spoiled) lessen_hold(&g->hold, batch);
    return status;
}

/* The time that tuning may take and has taken on the device, s. */
struct purse {
    double most_s, spent_s, end_s; /* end_s: by the host's clock */
};

/* Whether a call takes so long that it is not repeated: on some GPUs an fp64 call takes seconds (GB300: 1.3
   TFLOP/s). */
static bool is_long(const struct purse *purse, double seconds)
{
    return seconds > purse->most_s / 4;
}

/* *us: the mean time of a call, over about share_s after two first calls, or of a single long call; NAN if
   the algorithm does not work. A long call may have waited for its kernel to be loaded if its hold expired:
   then it is repeated. Apart from that, a time that includes launches is good enough to compare algorithms
   by. */
static enum status time_algorithm(struct gemm_work *w, const cublasLtMatmulAlgo_t *algorithm, double share_s,
                                  struct purse *purse, double *us)
{
    size_t slot = 0;
    int calls = 1;
    *us = NAN;
    for (int round = 0; round < 3; round++) {
        double seconds;
        bool spoiled;
        cublasStatus_t result;
        enum status status = lt_time_batch(w, algorithm, calls, &slot, &seconds, &spoiled, &result);
        *us = result ? NAN : seconds / calls * 1e6;
        if (status || result) return status;
        purse->spent_s += seconds;
        if (is_long(purse, seconds) && !spoiled) return STATUS_OK;
        if (round == 1) calls = seconds > 0 ? (int)fmin(fmax(share_s / seconds, 3), 200) : 3;
    }
    return STATUS_OK;
}

static int algorithm_fact(const cublasLtMatmulAlgo_t *algorithm, cublasLtMatmulAlgoConfigAttributes_t which)
{
    int value = -1;
    size_t written;
    return cublasLtMatmulAlgoConfigGetAttribute(algorithm, which, &value, sizeof value, &written) ? -1
                                                                                                  : value;
}

/* Whether there is time to try another algorithm, which takes at least as long as the fastest so far. */
static bool has_time(const struct purse *purse, double best_us)
{
    return clock_s() <= purse->end_s && purse->spent_s + best_us * 1e-6 <= purse->most_s;
}

/* Times all offers within the time limit for tuning, then the fastest and the first once more, alternating,
   unless a call takes too long for that. */
static enum status choose(struct gemm_work *w, const cublasLtMatmulHeuristicResult_t *offers, int count)
{
    const double tune_s = w->gemm->options.tune_s > 0 ? w->gemm->options.tune_s : 1;
    struct purse purse = {tune_s, 0, clock_s() + tune_s};
    double best = INFINITY, first = NAN;
    int winner = -1, timed = 0;
    enum status status = STATUS_OK;
    for (int i = 0; i < count && !status; i++) {
        double us;
        if (offers[i].state || (winner >= 0 && !has_time(&purse, best))) continue;
        status = time_algorithm(w, &offers[i].algo, tune_s / (2 * count), &purse, &us);
        timed += !isnan(us);
        if (i == 0) first = us;
        if (us < best) best = us, winner = i;
    }
    if (status) return status;
    if (winner < 0) return fail(STATUS_ENVIRONMENT, "none of cuBLASLt's %d algorithms works", count);
    const bool again = !is_long(&purse, best * 1e-6) && !is_long(&purse, first * 1e-6);
    for (int i = 0; again && i < 2 && !status && winner != 0;
         i++) { /* the winner first: it brings the clocks up for the other */
        status = time_algorithm(w, &offers[winner].algo, tune_s / 4, &purse, &best);
        if (!status) status = time_algorithm(w, &offers[0].algo, tune_s / 4, &purse, &first);
    }
    if (again && winner == 0) status = time_algorithm(w, &offers[0].algo, tune_s / 4, &purse, &first);
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
