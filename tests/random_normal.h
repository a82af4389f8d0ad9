/* Normal random numbers for simulations. */
#ifndef TESTS_RANDOM_NORMAL_H
#define TESTS_RANDOM_NORMAL_H

#include "stats/random.h"

#include <math.h>

/* Mean 0, variance 1 (Marsaglia's polar method). */
static inline double random_normal(struct random_state *state)
{
    double x, y, square;
    do {
        x = 2 * random_unit(state) - 1;
        y = 2 * random_unit(state) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square == 0);
    return x * sqrt(-2 * log(square) / square);
}

#endif
