/* Starting the device code (*.cu) on a stream. C interface over nvcc's objects; every function returns CUDA's
   own error. The kernels' names and arguments are fixed (extern "C"): the emulated device of the tests runs
   the host twins under them. */
#ifndef BUSBAR_DEVICE_H
#define BUSBAR_DEVICE_H

#include "kernels/kernels.h"

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a check found; in memory that both sides can reach. Start from {0, UINT64_MAX}: several checks add up.
 */
struct device_verdict {
    unsigned long long wrong, first;
};

/* How the host lets a held device go, and how the device says that it did not wait: in mapped host memory. */
struct device_gate {
    uint32_t opened;  /* the host writes the ticket that may pass */
    uint32_t expired; /* the device writes the last ticket whose wait ran out of time */
};

/* As pattern_fill and pattern_check, for device memory. `verdict->first` counts from `position`, the place of
 * received[0]. */
cudaError_t device_fill(const struct pattern *, int rank, uint64_t from, uint64_t count, void *buffer,
                        cudaStream_t);
cudaError_t device_check(const struct pattern *, int source, uint64_t from, uint64_t count,
                         const void *received, uint64_t position, struct device_verdict *verdict,
                         cudaStream_t);

/* matrix_fill_unit for every unit; matrix_check_v and matrix_check_row for every row of the group (matrix.h).
   The group's v is scratch memory on the device. */
struct matrix;
struct matrix_check;
struct matrix_verdict;
cudaError_t device_matrix_fill(const struct matrix *, uint64_t seed, cudaStream_t);
cudaError_t device_matrix_check_group(const struct matrix_check *, struct matrix_verdict *, cudaStream_t);

/* Holds the stream until gate->opened == ticket, at most bound_ns. */
cudaError_t device_delay(struct device_gate *gate, uint32_t ticket, uint64_t bound_ns, cudaStream_t);

#ifdef __cplusplus
}
#endif

#endif
