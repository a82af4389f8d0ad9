/* Tells whether this core is free: prints the time of independent operations divided by the time of a chain
   of dependent operations, times 1000.

   If the core's other hardware thread is busy (with another guest of the host, for example), this thread gets
   fewer operations per cycle: the independent ones take longer; the chain does not, because it waits for its
   own results. The clock frequency cancels. The figure of a free core depends on the CPU model, so compare
   figures only on the same machine. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STEPS = 200000, ROUNDS = 21 };

static double clock_us(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t)) abort();
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static uint64_t independent(uint64_t seed)
{
    uint64_t v[6] = {seed, seed + 1, seed + 2, seed + 3, seed + 4, seed + 5};
    for (uint64_t i = 0; i < STEPS; i++) {
        v[0] += (v[0] >> 1) ^ i;
        v[1] += (v[1] >> 2) ^ i;
        v[2] += (v[2] >> 3) ^ i;
        v[3] += (v[3] >> 1) ^ i;
        v[4] += (v[4] >> 2) ^ i;
        v[5] += (v[5] >> 3) ^ i;
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3] ^ v[4] ^ v[5];
}

/* Knuth's linear congruential generator (MMIX): each step needs the one before. */
static uint64_t chain(uint64_t v)
{
    for (int i = 0; i < STEPS; i++) v = v * 6364136223846793005u + 1442695040888963407u;
    return v;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    double ratio[ROUNDS];
    volatile uint64_t kept = 1;
    for (int i = 0; i < ROUNDS; i++) {
        double start = clock_us();
        kept = independent(kept);
        double middle = clock_us();
        kept = chain(kept);
        ratio[i] = (middle - start) / (clock_us() - middle);
    }
    qsort(ratio, ROUNDS, sizeof *ratio, ascending);
    return printf("%.0f\n", ratio[ROUNDS / 2] * 1000) < 0;
}
