/* busbar's sampler and the bare loop, alternating in blocks in one run; one line for each size: bytes, both medians, their ratio. */
#include "bare_loop.h"
#include "measure/sampler.h"
#include "measure/world.h"
#include "stats/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 20 };

struct bench {
    struct world world;
    struct comm *comm;
    struct sampler *sampler;
};

static void stop(const char *what)
{
    fprintf(stderr, "accuracy: %s failed\n", what);
    MPI_Abort(MPI_COMM_WORLD, 5);
}

/* The median of values that the clock has rounded to ticks, as for grouped data: within the tick that holds the middle, by the
   share of the tick's values below the middle. At 0.2 us one tick of 10 ns is 5 %. */
static double grouped_median(double *us, size_t n)
{
    const double tick = 0.010;
    if (n == 0) return NAN; /* not rank 0 */
    sort_doubles(us, n);
    double middle = us[n / 2];
    size_t below = 0, within = 0;
    for (size_t i = 0; i < n; i++) {
        below += us[i] < middle - tick / 2;
        within += fabs(us[i] - middle) <= tick / 2;
    }
    return middle + tick * (((double)n / 2 - (double)below) / (double)within - 0.5);
}

/* Medians of `samples` of each, taken in turns. */
static void compare(struct bench *b, size_t bytes, size_t samples, double *ours, double *bare)
{
    struct buffers buffers;
    struct measured m = {.call = {.collective = collective_find("all_reduce"), .dtype = DTYPE_FLOAT, .op = OP_SUM, .count = bytes / 4,
                                  .isolated = true, .buffers = &buffers}};
    struct visit visit;
    double *us = allocate(samples, sizeof *us);
    float *send = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096), *recv = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!send || !recv || backend_mpi.alloc(b->comm, bytes, bytes, 1, &buffers)) stop("memory");
    memset(send, 0, bytes);
    memset(recv, 0, bytes);
    if (backend_mpi.fill(b->comm, &m.call, 0, 1)) stop("fill");
    b->sampler->stopping = (struct stopping){0.01, samples, BLOCKS};
    for (size_t block = 0; block < BLOCKS; block++) {
        if (sampler_visit(b->sampler, &m, block, INFINITY, &visit)) stop("the sampler");
        bare_loop(b->world.comm, send, recv, (int)(bytes / 4), 5, us); /* warm: overwritten */
        bare_loop(b->world.comm, send, recv, (int)(bytes / 4), (int)(samples / BLOCKS), us + block * (samples / BLOCKS));
    }
    *ours = grouped_median(m.us, m.count);
    *bare = grouped_median(us, samples);
    backend_mpi.free(b->comm, &buffers);
    free(m.us);
    free(us);
    free(send);
    free(recv);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {8, 1 << 10, 64 << 10, 1 << 20, 4 << 20}, samples[] = {20000, 20000, 8000, 2000, 600};
    struct bench b;
    struct backend_options options = {0};
    MPI_Init(&argc, &argv);
    if (world_open(MPI_COMM_WORLD, &b.world)) stop("world");
    if (backend_mpi.open(&b.world, &options, &b.comm)) stop("backend");
    b.sampler = sampler_open(&b.world, &backend_mpi, b.comm);
    b.sampler->warmup = -1;
    b.sampler->sets_aside = true;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double ours, bare;
        compare(&b, sizes[i], samples[i], &ours, &bare);
        if (b.world.rank == 0) printf("%8zu %10.4f %10.4f %8.4f\n", sizes[i], ours, bare, ours / bare), fflush(stdout);
    }
    sampler_close(b.sampler);
    backend_mpi.close(b.comm);
    world_close(&b.world);
    MPI_Finalize();
    return 0;
}
