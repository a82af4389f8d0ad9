/* Launches the device code (*.cu) on a stream: a C interface to nvcc's objects. Every function returns a CUDA
   error code. The kernels' names and arguments are fixed (extern "C"), because the emulated device of the
   tests runs the host code under these names. */
#ifndef BUSBAR_DEVICE_H
#define BUSBAR_DEVICE_H

#include "kernels/kernels.h"

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The result of a check, in memory that the device can access. Initialise it to {0, UINT64_MAX}; several
   checks accumulate. */
struct device_verdict {
    unsigned long long wrong, first;
};

/* Scratch memory on the device for one period of the pattern, aligned to PATTERN_UNIT bytes. Calls that use
   the same one must be on the same stream. */
struct device_period {
    unsigned char bytes[PATTERN_UNITS * PATTERN_UNIT];
};

/* The gate of device_delay(), in mapped host memory. */
struct device_gate {
    uint32_t opened;  /* the host writes the ticket that may pass */
    uint32_t expired; /* the device writes the last ticket whose wait timed out */
};

/* pattern_fill() and pattern_check() for device memory. position: the index of received[0], from which
   verdict->first counts. */
cudaError_t device_fill(const struct pattern *, int rank, uint64_t from, uint64_t count, void *buffer,
                        struct device_period *, cudaStream_t);
cudaError_t device_check(const struct pattern *, int source, uint64_t from, uint64_t count,
                         const void *received, uint64_t position, struct device_period *,
                         struct device_verdict *verdict, cudaStream_t);

/* matrix_fill_unit() for every unit of a matrix; matrix_check_v() and matrix_check_row() for every row of a
   group of blocks (matrix.h). The v of struct matrix_check is scratch memory on the device. */
struct matrix;
struct matrix_check;
struct matrix_verdict;
cudaError_t device_matrix_fill(const struct matrix *, uint64_t seed, cudaStream_t);
cudaError_t device_matrix_check_group(const struct matrix_check *, struct matrix_verdict *, cudaStream_t);

/* Holds the stream until gate->opened == ticket, or for bound_ns; then sets gate->expired to the ticket. */
cudaError_t device_delay(struct device_gate *gate, uint32_t ticket, uint64_t bound_ns, cudaStream_t);

#ifdef __cplusplus
}
#endif

#endif
