/* Operands with a standard normal distribution. Each value is a pure function of seed and index, so that any
   thread or device can fill any part. */
#ifndef BUSBAR_GAUSSIAN_H
#define BUSBAR_GAUSSIAN_H

#include <math.h>
#include <stdint.h>

#ifdef __CUDACC__
#define GAUSSIAN_INLINE static __host__ __device__ inline
#else
#define GAUSSIAN_INLINE static inline
#endif

/* splitmix64's finaliser (S. Vigna, public domain): every input bit affects every output bit. */
GAUSSIAN_INLINE uint64_t gaussian_hash(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Elements 2 * pair and 2 * pair + 1, by the Box-Muller transform. The radius is made from 40 random bits, a
   number in (0, 1], the angle from 24 bits. */
GAUSSIAN_INLINE void gaussian_pair(uint64_t seed, uint64_t pair, double *first, double *second)
{
    uint64_t bits = gaussian_hash(seed, pair);
    double u = (double)((bits >> 24) + 1) * 0x1p-40,
           angle = (double)(bits & 0xffffff) * (6.283185307179586 * 0x1p-24);
    double radius = sqrt(-2 * log(u));
    *first = radius * cos(angle);
    *second = radius * sin(angle);
}

/* The seed of an operand (0 or 1) of a slot: all slots have different data. */
GAUSSIAN_INLINE uint64_t gaussian_seed(uint64_t seed, uint64_t slot, int operand)
{
    return gaussian_hash(seed ^ 0x6d61746d756c2e00u, slot * 2 + (uint64_t)operand);
}

#endif
