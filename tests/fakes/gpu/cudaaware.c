/* For LD_PRELOAD: an MPI library that says that it is CUDA-aware. On the emulated device, whose memory is the
 * host's, it is. */
#include "fake.h"

EXPORTED int MPIX_Query_cuda_support(void);
int MPIX_Query_cuda_support(void)
{
    return 1;
}
