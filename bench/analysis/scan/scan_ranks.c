#include "analysis/scan/scan.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>

enum { ENOUGH_FOR_SIGMA = 6, SIGMAS = 5 };

static bool stands_out(double value, double typical, double sigma, double threshold, size_t count)
{
    if (!(value <= (1 - threshold) * typical)) return false;
    return count < ENOUGH_FOR_SIGMA || !isfinite(sigma) || typical - value > SIGMAS * sigma;
}

/* Compares the slowest with all others, then the slowest of these with the rest, and so on: otherwise two bad
   ones among six would enlarge the sigma by which they are judged. */
void scan_judge_ranks(const double *rate, size_t ranks, double threshold, struct judgement *judgement)
{
    double *known = allocate(ranks, sizeof *known);
    bool *bad = allocate(ranks, sizeof *bad);
    *judgement = (struct judgement){0};
    for (;;) {
        size_t n = 0, worst = ranks;
        for (size_t r = 0; r < ranks; r++)
            if (!bad[r] && isfinite(rate[r]) && (worst == ranks || rate[r] < rate[worst])) worst = r;
        for (size_t r = 0; r < ranks; r++)
            if (!bad[r] && r != worst && isfinite(rate[r])) known[n++] = rate[r];
        double typical = median(known, n);
        if (worst == ranks || !stands_out(rate[worst], typical, robust_sigma(known, n), threshold, ranks))
            break;
        bad[worst] = true;
        judgement->list = reallocate(judgement->list, judgement->count + 1, sizeof *judgement->list);
        judgement->list[judgement->count++] = (struct suspect){worst, rate[worst], typical};
    }
    free(bad);
    free(known);
}
