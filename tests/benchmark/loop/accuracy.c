/* Compares busbar's sampler with the bare loop, in alternating blocks of one run. Prints one line per size:
   bytes, both medians, the median ratio of neighbouring blocks, the bare loop's scatter. */
#include "bare_loop.h"
#include "grouped.h"
#include "measure/sampler.h"
#include "launch/world.h"
#include "stats/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 100, WARM = 10 };

struct bench {
    struct world world;
    struct comm *comm;
    struct sampler *sampler;
    double tick_us; /* resolution of the clock */
};

static void stop(const char *what)
{
    fprintf(stderr, "accuracy: %s failed\n", what);
    MPI_Abort(MPI_COMM_WORLD, 5);
}

struct result {
    double ours_us, bare_us;
    double ratio;   /* busbar's median over the bare loop's */
    double scatter; /* of the bare loop: interquartile range over median within a block */
};

static float *buffer(size_t bytes)
{
    size_t page = 4096;
    float *b = aligned_alloc(page, (bytes + page - 1) / page * page);
    if (!b) stop("memory");
    memset(b, 0, bytes);
    return b;
}

/* Measures alternating blocks of both; returns the medians over the blocks of their medians and ratios. Even
   on a machine whose speed changes from second to second, neighbouring blocks run at the same speed. */
static struct result compare(struct bench *b, size_t bytes, size_t samples)
{
    struct buffers buffers;
    struct measured m = {.call = {.collective = collective_find("all_reduce"),
                                  .aggregate = 1,
                                  .dtype = DTYPE_FLOAT,
                                  .op = OP_SUM,
                                  .count = bytes / 4,
                                  .mode = MODE_ISOLATED,
                                  .buffers = &buffers}};
    struct visit visit;
    const int count = (int)(bytes / 4), each = (int)(samples / BLOCKS);
    double *us = allocate((size_t)each, sizeof *us), ours[BLOCKS], bare[BLOCKS], ratios[BLOCKS],
           scatter[BLOCKS];
    float *send = buffer(bytes), *recv = buffer(bytes);
    if (backend_mpi.alloc(b->comm, bytes, bytes, 1, &buffers)) stop("memory");
    if (backend_mpi.fill(b->comm, &m.call, 0, 1)) stop("fill");
    b->sampler->stopping = (struct stopping){0.01, samples, BLOCKS};
    for (size_t block = 0; block < BLOCKS; block++) {
        if (sampler_visit(b->sampler, &m, block, INFINITY, &visit)) stop("the sampler");
        bare_loop(b->world.comm, send, recv, count, WARM, us);
        bare_loop(b->world.comm, send, recv, count, each, us);
        if (b->world.rank != 0) continue;
        ours[block] = grouped_median(b->tick_us, m.us + visit.first, visit.count);
        bare[block] = grouped_median(b->tick_us, us, (size_t)each); /* sorts */
        ratios[block] = ours[block] / bare[block];
        scatter[block] = (us[each * 3 / 4] - us[each / 4]) / bare[block];
    }
    backend_mpi.free(b->comm, &buffers);
    free(m.us);
    free(us);
    free(send);
    free(recv);
    if (b->world.rank != 0) return (struct result){0};
    return (struct result){median(ours, BLOCKS), median(bare, BLOCKS), median(ratios, BLOCKS),
                           median(scatter, BLOCKS)};
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {8, 1 << 10, 64 << 10, 1 << 20, 4 << 20},
                        samples[] = {100000, 100000, 10000, 4000, 1000};
    struct bench b;
    struct backend_options options = {0};
    MPI_Init(&argc, &argv);
    b.tick_us = clock_tick_us();
    if (world_open(MPI_COMM_WORLD, &b.world)) stop("world");
    if (backend_mpi.open(&b.world, &options, &b.comm)) stop("backend");
    b.sampler = sampler_open(&b.world, &backend_mpi, b.comm);
    b.sampler->warmup = -1;
    b.sampler->sets_aside = true;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct result r = compare(&b, sizes[i], samples[i]);
        if (b.world.rank == 0)
            printf("%8zu %10.4f %10.4f %8.4f %8.4f\n", sizes[i], r.ours_us, r.bare_us, r.ratio, r.scatter),
                fflush(stdout);
    }
    sampler_close(b.sampler);
    backend_mpi.close(b.comm);
    world_close(&b.world);
    MPI_Finalize();
    return 0;
}
