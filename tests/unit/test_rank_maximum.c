/* How much the maximum over ranks grows with their number (bench/measure/README.md), where ranks' times are
   independent: the worst case. Each time is exp(0.05 z) times the same. The expected values are SciPy's:
   exp(0.05 * scipy.stats.norm.ppf(0.5 ** (1 / ranks))). */
#include "stats/order.h"
#include "tests/random_normal.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { SAMPLES = 2001 };

/* Of simulated samples: the median of the maximum over ranks, as cases report it, and the median over ranks
   of each rank's own median, as rank_wait_us has it. */
static void simulate(int ranks, double *of_maximum, double *of_ranks)
{
    struct random_state random;
    double *times = malloc((size_t)ranks * SAMPLES * sizeof *times),
           *own = malloc((size_t)ranks * sizeof *own);
    double largest[SAMPLES] = {0};
    random_seed(&random, (uint64_t)ranks);
    for (int r = 0; r < ranks; r++) {
        double *of_rank = times + (size_t)r * SAMPLES;
        for (int i = 0; i < SAMPLES; i++) {
            of_rank[i] = exp(0.05 * random_normal(&random));
            largest[i] = fmax(largest[i], of_rank[i]);
        }
        own[r] = median(of_rank, SAMPLES);
    }
    *of_maximum = median(largest, SAMPLES);
    *of_ranks = median(own, (size_t)ranks);
    free(times);
    free(own);
}

Test(rank_maximum, grows_with_the_ranks)
{
    static const struct {
        int ranks;
        double expected;
    } rows[] = {{1, 1.00000},   {8, 1.07171},   {72, 1.12425},  {144, 1.13825},
                {288, 1.15140}, {576, 1.16387}, {1152, 1.17575}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double of_maximum, of_ranks;
        simulate(rows[i].ranks, &of_maximum, &of_ranks);
        cr_expect(fabs(of_maximum - rows[i].expected) < 0.004, "%d ranks: %g, expected %g", rows[i].ranks,
                  of_maximum, rows[i].expected);
        cr_expect(fabs(of_ranks - 1) < 0.004, "%d ranks: median over ranks %g", rows[i].ranks, of_ranks);
    }
}
