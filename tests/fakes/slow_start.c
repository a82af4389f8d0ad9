/* A library for LD_PRELOAD (tests/e2e/warm_up.sh): an all-reduce of 1000 floats takes SLOW_US microseconds
   more (scattered by 0.5 %), and at first SLOW_PERCENT longer than that, which decline to nothing over
   SLOW_CALLS calls, in a straight line. */
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

int MPI_Allreduce(const void *s, void *r, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c)
{
    static double calls;
    static unsigned random = 1;
    int status = PMPI_Allreduce(s, r, n, t, op, c);
    if (n != 1000 || t != MPI_FLOAT) return status;
    double left = 1 - calls++ / atof(getenv("SLOW_CALLS"));
    random = random * 1664525u + 1013904223u; /* Numerical Recipes' generator */
    double scatter = 0.01 * ((double)(random >> 8) / (1 << 24) - 0.5),
           more = 0.01 * atof(getenv("SLOW_PERCENT")) * (left > 0 ? left : 0),
           end = now_us() + atof(getenv("SLOW_US")) * (1 + scatter + more);
    while (now_us() < end) continue;
    return status;
}
