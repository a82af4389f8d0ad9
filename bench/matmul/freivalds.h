/* Freivalds' check (R. Freivalds, "Probabilistic machines can use less running time", IFIP 1977): instead of
   multiplying again, compare C x with op(A) (op(B) x) for a random x, here of signs +-1, for blocks of W
   columns at a time.

   What is looked at. For row i and column block J, with x_j = +-1 drawn after the multiplication:
       r_i = sum_{j in J} (C_ij - (op(A) op(B))_ij) x_j
   A single wrong element changes r_i by its whole error, since |x_j| = 1: nothing cancels it but another
   error in the same row and block (then with probability 1/2 for any pair of equal errors). The rest of r_i
   is rounding.

   Tolerance. op(B) holds independent Gaussians of variance 1 (rounded to the type), so for a given row a_i of
   op(A) each exact element c_ij is N(0, |a_i|^2), |a_i| the Euclidean norm. A computed element is off by
   - the rounding of the output: at most u_out |c_ij|,
   - the accumulator: after s of k products the partial sum is N(0, |a_i|^2 s/k); each of the k/g roundings (g
     products a step) errs by at most u_acc times it. Rounding to nearest: errors of random sign add up as
     sqrt(k/g)  (N. Higham and T. Mary, "A new approach to probabilistic rounding error analysis", SISC 41,
     2019). Truncation: always towards zero, as k/g.
   So e = u_out + u_acc growth(k), in units of |a_i|: gemm_tolerance(). The signs x_j are independent of these
   errors, so r_i is a sum of W independent terms of that size: by Hoeffding, |r_i| > 8 e |a_i| sqrt(W) has a
   probability below 2 exp(-32) for errors as large as e |c_ij| / |a_i| allows on average, and the Gaussian
   tails of |c_ij| are far thinner than 8 sigma. So the tolerance is   8 sqrt(W) |a_i| e. It does not depend
   on C: wrong data cannot loosen it. */
#ifndef BUSBAR_FREIVALDS_H
#define BUSBAR_FREIVALDS_H

#include "matmul/gemm.h"

/* +1 or -1 for column j: a hash of seed and j. The same on host and device. */
double freivalds_sign(uint64_t seed, int64_t column);

/* Columns of a block: 64 where the check costs at most 2^31 multiplications, else as many more. */
int64_t freivalds_columns(int64_t m, int64_t n, int64_t k);

/* Bound for |r_i| of a block of `columns` columns and a row with the norm |a_i|. */
double freivalds_bound(enum gemm_type, int64_t k, int64_t columns, double row_norm);

/* The whole check for matrices in host memory, GEMM_FLOAT (float A, B, C; computed in double) or GEMM_DOUBLE
   (double; computed in double-double), column-major, by problem->layout. */
void freivalds_check(const struct gemm_problem *, int threads, const void *a, const void *b, const void *c,
                     uint64_t seed, struct gemm_verdict *);

#endif
