/* A library for LD_PRELOAD that makes the MPI library claim to be CUDA-aware, which is true on the emulated
   device, whose memory is host memory. With FAKEGPU_TELL_DEVICE it prints to stderr the process's current
   device when MPI starts, since a CUDA-aware MPI library uses that one. */
#include "fake.h"

#include <dlfcn.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

EXPORTED int MPIX_Query_cuda_support(void);
int MPIX_Query_cuda_support(void)
{
    return 1;
}

static int current_device(void)
{
    static const char *const names[] = {"libcudart.so.13", "libcudart.so.12"};
    int device = -1;
    for (int i = 0; i < 2; i++) {
        void *runtime = dlopen(names[i], RTLD_NOW | RTLD_NOLOAD);
        int (*get)(int *) = runtime ? (int (*)(int *))dlsym(runtime, "cudaGetDevice") : NULL;
        if (get) get(&device);
    }
    return device;
}

EXPORTED int MPI_Init(int *argc, char ***argv)
{
    if (getenv("FAKEGPU_TELL_DEVICE")) fprintf(stderr, "MPI_Init on device %d\n", current_device());
    return PMPI_Init(argc, argv);
}
