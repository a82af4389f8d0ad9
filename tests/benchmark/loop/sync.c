/* Measures the effect of two features of the sampler, each on and off in alternating blocks of one launch:
     sync start   starts the ranks at a set time on synchronised clocks, or after a barrier. Prints for each
                  size: bytes, both medians, the median ratio of neighbouring blocks, and how far apart the
                  ranks started in both, in µs
     sync aside   sets aside the samples during which a thread was preempted, or keeps them. Prints for each
                  size: bytes; for both the median, the 99th percentile, the longest sample and the relative
                  half-width of the median's interval; the share that was set aside
     sync series BYTES COUNT   prints COUNT samples in measured order, one per line
   All ranks must run on one host, so that they have the same clock. */
#include "grouped.h"
#include "measure/sampler.h"
#include "launch/world.h"
#include "stats/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 20, LOG_MOST = 1 << 17 };

/* Wraps the MPI backend and records the start time of each sample. */
struct comm {
    struct comm *inner;
    double *start_s;
    size_t noted;
};

struct bench {
    struct world world;
    struct comm comm;
    struct sampler *sampler;
    struct window window;
    double tick_us;
};

/* Results of the blocks with, or without, the feature; on rank 0. */
struct side {
    double *us; /* all kept samples */
    size_t count, taken;
    int64_t preempted;
    double block_us[BLOCKS], apart_us[BLOCKS];
};

static void stop(const char *what)
{
    fprintf(stderr, "sync: %s failed\n", what);
    MPI_Abort(MPI_COMM_WORLD, 5);
}

static enum status noting_run(struct comm *c, const struct call *call, int batch, size_t *slot,
                              struct timing *timing)
{
    enum status status = backend_mpi.run(c->inner, call, batch, slot, timing);
    c->start_s[c->noted++ % LOG_MOST] = timing->start_s;
    return status;
}

static const struct backend noting = {.name = "noting", .capabilities = CAN_HOST_CLOCK, .run = noting_run};

/* Returns the median over the last `n` samples of the latest minus the earliest start, in µs. */
static double apart_us(struct bench *b, size_t n)
{
    double *own = allocate(2 * n, sizeof *own), *most = allocate(2 * n, sizeof *most), middle;
    for (size_t i = 0; i < n; i++) {
        own[i] = b->comm.start_s[(b->comm.noted - n + i) % LOG_MOST];
        own[n + i] = -own[i];
    }
    if (MPI_Allreduce(own, most, (int)(2 * n), MPI_DOUBLE, MPI_MAX, b->world.comm)) stop("MPI_Allreduce");
    for (size_t i = 0; i < n; i++) own[i] = (most[i] + most[n + i]) * 1e6;
    middle = median(own, n);
    free(own);
    free(most);
    return middle;
}

static void add_block(struct bench *b, struct side *side, struct measured *m, size_t block)
{
    struct visit visit;
    if (sampler_visit(b->sampler, m, 0, INFINITY, &visit)) stop("the sampler");
    side->apart_us[block] = apart_us(b, visit.taken < LOG_MOST ? visit.taken : LOG_MOST);
    if (b->world.rank != 0) return;
    side->us = reallocate(side->us, side->count + visit.count, sizeof *side->us);
    memcpy(side->us + side->count, m->us + visit.first, visit.count * sizeof *m->us);
    side->count += visit.count;
    side->taken += visit.taken;
    side->preempted += visit.preempted;
    side->block_us[block] = grouped_median(b->tick_us, m->us + visit.first, visit.count);
}

static struct measured case_of(struct bench *b, size_t bytes, struct buffers *buffers)
{
    struct measured m = {.call = {.collective = collective_find("all_reduce"),
                                  .aggregate = 1,
                                  .dtype = DTYPE_FLOAT,
                                  .op = OP_SUM,
                                  .count = bytes / 4,
                                  .mode = MODE_ISOLATED,
                                  .buffers = buffers}};
    if (backend_mpi.alloc(b->comm.inner, bytes, bytes, 1, buffers)) stop("memory");
    if (backend_mpi.fill(b->comm.inner, &m.call, 0, 1)) stop("fill");
    return m;
}

/* Measures all blocks of one case: sides[0] with the feature, sides[1] without. */
static void measure(struct bench *b, size_t bytes, size_t each, struct side sides[2],
                    void (*choose)(struct bench *, bool with))
{
    struct buffers buffers;
    const struct measured fresh = case_of(b, bytes, &buffers);
    b->sampler->stopping = (struct stopping){0.01, each, 1};
    for (size_t block = 0; block < BLOCKS; block++)
        for (size_t k = 0; k < 2; k++) {
            size_t which = (block + k) % 2; /* each goes first equally often */
            struct measured m = fresh;
            choose(b, which == 0);
            add_block(b, &sides[which], &m, block);
            free(m.global_us);
            free(m.us);
        }
    backend_mpi.free(b->comm.inner, &buffers);
}

static void with_window(struct bench *b, bool with)
{
    b->sampler->window = with ? &b->window : NULL;
}

static void with_aside(struct bench *b, bool with)
{
    b->sampler->sets_aside = with;
}

static void print_start(size_t bytes, const struct side *sides)
{
    double ratios[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) ratios[i] = sides[1].block_us[i] / sides[0].block_us[i];
    printf("%8zu %10.4f %10.4f %8.4f %8.4f %8.4f\n", bytes, median(sides[0].block_us, BLOCKS),
           median(sides[1].block_us, BLOCKS), median(ratios, BLOCKS), median(sides[0].apart_us, BLOCKS),
           median(sides[1].apart_us, BLOCKS));
}

static void print_aside(size_t bytes, const struct side *sides)
{
    printf("%8zu", bytes);
    for (int k = 0; k < 2; k++) {
        double lo, hi, error = relative_error(sides[k].us, sides[k].count, &lo, &hi);
        sort_doubles(sides[k].us, sides[k].count);
        printf(" %10.4f %10.4f %10.1f %7.4f", median_sorted(sides[k].us, sides[k].count),
               percentile_sorted(sides[k].us, sides[k].count, 0.99), sides[k].us[sides[k].count - 1], error);
    }
    printf(" %7.4f\n", (double)sides[0].preempted / (double)sides[0].taken);
}

static void compare(struct bench *b, bool starts, size_t bytes, size_t each)
{
    struct side sides[2] = {{0}};
    measure(b, bytes, each, sides, starts ? with_window : with_aside);
    if (b->world.rank != 0) return;
    (starts ? print_start : print_aside)(bytes, sides);
    fflush(stdout);
    for (int k = 0; k < 2; k++) free(sides[k].us);
}

static void print_series(struct bench *b, size_t bytes, size_t count)
{
    struct buffers buffers;
    struct visit visit;
    struct measured m = case_of(b, bytes, &buffers);
    b->sampler->stopping = (struct stopping){0.01, count, 1};
    if (sampler_visit(b->sampler, &m, 0, INFINITY, &visit)) stop("the sampler");
    for (size_t i = 0; i < m.count; i++) printf("%.4f\n", m.us[i]);
    backend_mpi.free(b->comm.inner, &buffers);
    free(m.us);
}

int main(int argc, char **argv)
{
    static const size_t start_sizes[] = {8, 1 << 10, 64 << 10, 1 << 20}, start_each[] = {1000, 1000, 200, 40},
                        aside_sizes[] = {8, 64 << 10, 1 << 20, 4 << 20},
                        aside_each[] = {20000, 2000, 200, 50};
    struct bench b = {0};
    struct backend_options options = {0};
    bool starts = argc == 2 && strcmp(argv[1], "start") == 0,
         series = argc == 4 && strcmp(argv[1], "series") == 0;
    if (!starts && !series && (argc != 2 || strcmp(argv[1], "aside")))
        return fprintf(stderr, "usage: sync start|aside|series BYTES COUNT\n"), 2;
    MPI_Init(&argc, &argv);
    b.tick_us = clock_tick_us();
    b.comm.start_s = allocate(LOG_MOST, sizeof *b.comm.start_s);
    if (world_open(MPI_COMM_WORLD, &b.world) || b.world.nodes != 1) stop("world on one host");
    if (backend_mpi.open(&b.world, &options, &b.comm.inner)) stop("backend");
    b.sampler = sampler_open(&b.world, &noting, &b.comm);
    b.sampler->warmup = -1;
    b.sampler->sets_aside = true;
    if (starts) window_open(&b.window, &b.world, false);
    if (series) print_series(&b, strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    for (size_t i = 0; i < 4 && !series; i++)
        compare(&b, starts, (starts ? start_sizes : aside_sizes)[i], (starts ? start_each : aside_each)[i]);
    sampler_close(b.sampler);
    if (starts) window_close(&b.window);
    backend_mpi.close(b.comm.inner);
    free(b.comm.start_s);
    world_close(&b.world);
    MPI_Finalize();
    return 0;
}
