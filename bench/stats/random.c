#include "stats/random.h"

uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void random_seed(struct random_state *state, uint64_t seed)
{
    for (int i = 0; i < 4; i++) state->s[i] = splitmix64(&seed);
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

uint64_t random_next(struct random_state *state)
{
    uint64_t *s = state->s, result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double random_unit(struct random_state *state)
{
    return (double)(random_next(state) >> 11) * 0x1p-53;
}

uint64_t random_below(struct random_state *state, uint64_t limit)
{
    /* threshold: 2^64 mod limit; rejecting numbers below it removes the bias of the remainder */
    uint64_t threshold = -limit % limit, x;
    do x = random_next(state);
    while (x < threshold);
    return x % limit;
}

void random_shuffle(struct random_state *state, size_t *values, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = random_below(state, i), swapped = values[i - 1];
        values[i - 1] = values[j];
        values[j] = swapped;
    }
}
