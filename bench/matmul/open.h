/* Opens a GEMM engine on all ranks alike. */
#ifndef BUSBAR_MATMUL_OPEN_H
#define BUSBAR_MATMUL_OPEN_H

#include "launch/world.h"
#include "matmul/gemm.h"

/* Collective. Opens the engine on rank 0 first, and then on the others, with the CPU library and kernel that
   rank 0 chose, so that all ranks of a launch multiply with the same. A rank whose CPU cannot run that kernel
   takes its fastest; rank 0 then warns, and its facts and algorithm name what the other ranks use. Returns
   the worst status of all ranks. */
enum status gemm_open(const struct world *, const struct gemm_engine *, const struct gemm_place *,
                      const struct gemm_options *, struct gemm **gemm);

#endif
