#include "matmul/freivalds.h"
#include "kernels/gaussian.h"
#include "matmul/parallel.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The sign x_j, +1 or -1: a hash of seed and column j, the same on host and device. */
static double freivalds_sign(uint64_t seed, int64_t column)
{
    return gaussian_hash(seed, (uint64_t)column) >> 63 ? -1 : 1;
}

static int64_t columns_for(int64_t m, int64_t n, int64_t k, double most)
{
    double columns = (double)m * (double)n * (double)k / most;
    if (columns < 64) columns = 64;
    return columns < (double)n ? (int64_t)columns : n;
}

int64_t freivalds_columns(int64_t m, int64_t n, int64_t k)
{
    return columns_for(m, n, k, 0x1p31);
}

double freivalds_bound(enum gemm_type type, int64_t k, int64_t columns, double row_norm)
{
    return 8 * sqrt((double)columns) * row_norm * gemm_tolerance(type, k);
}

enum { GROUP = 8, TILE = 32 }; /* column blocks, and rows, that are processed together */

/* Double-double sums, high + low with |low| at most half an ulp of high: about 106 bits (T. Dekker 1971; D.
   Knuth's TwoSum). */
struct sums {
    double high[GROUP], low[GROUP];
};

static inline void add(double *high, double *low, double x)
{
    double s = *high + x, t = s - *high;
    *low += (*high - (s - t)) + (x - t);
    *high = s;
}

static inline double product_error(double a, double b, double p)
{
#ifdef __FP_FAST_FMA
    return fma(a, b, -p);
#else /* Veltkamp's splitting: the partial products are exact */
    double ca = 134217729.0 * a, ah = ca - (ca - a), al = a - ah;
    double cb = 134217729.0 * b, bh = cb - (cb - b), bl = b - bh;
    return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
#endif
}

struct check {
    const struct gemm_problem *problem;
    const char *a, *b, *c;
    bool exact, a_turned, b_turned; /* exact: in double-double, else in double; turned: stored transposed */
    uint64_t seed;
    int64_t width, first, blocks; /* columns of a block; this group has the blocks first, first + 1 … */
    struct sums *v;               /* op(B) x of each block: k elements */
    pthread_mutex_t lock;
    struct gemm_verdict verdict;
};

static inline double element(const char *matrix, bool exact, int64_t index)
{
    return exact ? ((const double *)(const void *)matrix)[index]
                 : (double)((const float *)(const void *)matrix)[index];
}

static int64_t block_end(const struct check *check, int64_t block)
{
    int64_t end = (block + 1) * check->width;
    return end < check->problem->n ? end : check->problem->n;
}

/* Computes rows from..to-1 of V = op(B) x. */
static void fill_v(void *context, int64_t from, int64_t to)
{
    struct check *check = context;
    int64_t k = check->problem->k, n = check->problem->n;
    memset(check->v + from, 0, (size_t)(to - from) * sizeof *check->v);
    for (int64_t t = 0; t < check->blocks; t++)
        for (int64_t j = (check->first + t) * check->width; j < block_end(check, check->first + t); j++) {
            double sign = freivalds_sign(check->seed, j);
            for (int64_t p = from; p < to; p++)
                add(&check->v[p].high[t], &check->v[p].low[t],
                    sign * element(check->b, check->exact, check->b_turned ? p * n + j : j * k + p));
        }
}

/* u: `rows` rows of op(A) from i on, times V. norms: of these rows. */
static void times_v(const struct check *check, int64_t i, int rows, struct sums u[TILE], double norms[TILE])
{
    int64_t m = check->problem->m, k = check->problem->k;
    memset(u, 0, TILE * sizeof *u);
    memset(norms, 0, TILE * sizeof *norms);
    for (int64_t p = 0; p < k; p++) {
        const struct sums *v = &check->v[p];
        for (int r = 0; r < rows; r++) {
            double a = element(check->a, check->exact, check->a_turned ? (i + r) * k + p : p * m + i + r);
            norms[r] += a * a;
            if (!check->exact) {
                for (int t = 0; t < GROUP; t++) u[r].high[t] += a * v->high[t];
                continue;
            }
            for (int t = 0; t < GROUP; t++) {
                double product = a * v->high[t];
                u[r].low[t] += product_error(a, v->high[t], product) + a * v->low[t];
                add(&u[r].high[t], &u[r].low[t], product);
            }
        }
    }
    for (int r = 0; r < rows; r++) norms[r] = sqrt(norms[r]);
}

/* Subtracts from u the sum of C_ij x_j over the columns of block t: the rest is rounding, or an error in
   C. */
static void subtract_c(const struct check *check, int64_t i, int rows, int64_t t, struct sums u[TILE])
{
    for (int64_t j = (check->first + t) * check->width; j < block_end(check, check->first + t); j++) {
        double sign = freivalds_sign(check->seed, j);
        for (int r = 0; r < rows; r++)
            add(&u[r].high[t], &u[r].low[t],
                -sign * element(check->c, check->exact, j * check->problem->m + i + r));
    }
}

static void judge(const struct check *check, int64_t t, double off, double norm, struct gemm_verdict *verdict)
{
    int64_t columns = block_end(check, check->first + t) - (check->first + t) * check->width;
    double bound = freivalds_bound(check->problem->type, check->problem->k, columns, norm);
    if (off <= bound) {
        if (bound > 0 && off / bound > verdict->worst) verdict->worst = off / bound;
        return;
    }
    verdict->wrong++; /* also for NaN */
    double ratio = isnan(off) ? INFINITY : off / bound;
    if (ratio > verdict->worst) verdict->worst = ratio;
}

static void check_rows(void *context, int64_t from, int64_t to)
{
    struct check *check = context;
    struct gemm_verdict found = {0, 0};
    for (int64_t i = from; i < to; i += TILE) {
        struct sums u[TILE];
        double norms[TILE];
        int rows = to - i < TILE ? (int)(to - i) : TILE;
        times_v(check, i, rows, u, norms);
        for (int64_t t = 0; t < check->blocks; t++) {
            subtract_c(check, i, rows, t, u);
            for (int r = 0; r < rows; r++)
                judge(check, t, fabs(u[r].high[t] + u[r].low[t]), norms[r], &found);
        }
    }
    pthread_mutex_lock(&check->lock);
    check->verdict.wrong += found.wrong;
    if (found.worst > check->verdict.worst) check->verdict.worst = found.worst;
    pthread_mutex_unlock(&check->lock);
}

void freivalds_check(const struct gemm_problem *problem, int threads, const void *a, const void *b,
                     const void *c, uint64_t seed, struct gemm_verdict *verdict)
{
    bool exact = problem->type == GEMM_DOUBLE; /* double-double is ten times slower: wider blocks */
    struct check check = {.problem = problem,
                          .a = a,
                          .b = b,
                          .c = c,
                          .exact = exact,
                          .a_turned = problem->layout[0] == 'T',
                          .b_turned = problem->layout[1] == 'T',
                          .seed = seed,
                          .lock = PTHREAD_MUTEX_INITIALIZER};
    check.width = columns_for(problem->m, problem->n, problem->k, exact ? 0x1p28 : 0x1p31);
    check.v = allocate((size_t)problem->k, sizeof *check.v);
    int64_t blocks = (problem->n + check.width - 1) / check.width;
    for (; check.first < blocks; check.first += GROUP) {
        check.blocks = blocks - check.first < GROUP ? blocks - check.first : GROUP;
        parallel_for(threads, problem->k, fill_v, &check);
        parallel_for(threads, problem->m, check_rows, &check);
    }
    free(check.v);
    *verdict = check.verdict;
}
