/* A small seeded generator: the same seed gives the same numbers on every machine. Not for secrets.
   xoshiro256++ seeded by splitmix64 (Blackman & Vigna, "Scrambled linear pseudorandom number generators", ACM
   TOMS 47(4), 2021; reference code in the public domain at prng.di.unimi.it). */
#ifndef BUSBAR_RANDOM_H
#define BUSBAR_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_state {
    uint64_t s[4];
};

uint64_t splitmix64(uint64_t *state); /* the next number; updates the state */

void random_seed(struct random_state *, uint64_t seed);
uint64_t random_next(struct random_state *);
double random_unit(struct random_state *); /* uniform in [0, 1), 53 bits */
/* Uniform in [0, limit), without bias; limit >= 1. */
uint64_t random_below(struct random_state *, uint64_t limit);
/* Fisher-Yates: every order is equally likely. */
void random_shuffle(struct random_state *, size_t *values, size_t n);

#endif
