/* Freivalds' check (R. Freivalds, "Probabilistic machines can use less running time", IFIP 1977): instead of
   multiplying again, it compares C x with op(A) (op(B) x) for a random x of signs +-1, for blocks of W
   columns at a time.

   Residual. For row i and column block J, with x_j = +-1 drawn after the multiplication:
       r_i = sum_{j in J} (C_ij - (op(A) op(B))_ij) x_j
   A single wrong element changes r_i by its whole error, since |x_j| = 1. Only another error in the same row
   and block can cancel it (for two equal errors, with probability 1/2). The rest of r_i is rounding.

   Tolerance. op(B) has independent Gaussian elements of variance 1 (rounded to the type), so for a given row
   a_i of op(A) each exact element c_ij is N(0, |a_i|^2), with |a_i| the Euclidean norm. The error of a
   computed element has two parts:
   - Rounding of the output: at most u_out |c_ij|.
   - Rounding in the accumulator: after s of k products the partial sum is N(0, |a_i|^2 s/k). Each of the k/g
     roundings (g products per step) has an error of at most u_acc times that sum. With rounding to nearest,
     the errors have random signs and grow as sqrt(k/g) (N. Higham and T. Mary, "A new approach to
     probabilistic rounding error analysis", SISC 41, 2019). With truncation, all errors go towards zero and
     grow as k/g.
   Together e = u_out + u_acc growth(k), in units of |a_i|: gemm_tolerance(). The signs x_j are independent of
   these errors, so r_i is a sum of W independent terms of that size. By Hoeffding's inequality, |r_i| > 8 e
   |a_i| sqrt(W) has a probability below 2 exp(-32) if the errors are e |a_i| in quadratic mean, and the
   Gaussian tails of |c_ij| are too thin to matter at 8 sigma. So the tolerance is 8 sqrt(W) |a_i| e. It does
   not depend on C: wrong data cannot make it larger. */
#ifndef BUSBAR_FREIVALDS_H
#define BUSBAR_FREIVALDS_H

#include "matmul/gemm.h"

/* The width of a block: 64 columns, or more (at most n) so that the check needs about 2^31 multiplications at
   most. */
int64_t freivalds_columns(int64_t m, int64_t n, int64_t k);

/* The tolerance for |r_i|, for a block of `columns` columns and a row of norm row_norm. */
double freivalds_bound(enum gemm_type, int64_t k, int64_t columns, double row_norm);

/* The whole check, for column-major matrices in host memory: GEMM_FLOAT (computed in double) or GEMM_DOUBLE
   (computed in double-double). */
void freivalds_check(const struct gemm_problem *, int threads, const void *a, const void *b, const void *c,
                     uint64_t seed, struct gemm_verdict *);

#endif
