#include "measure/distance.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "stats/order.h"

#include <math.h>
#include <string.h>

/* A preempted partner spoils a trial or two; the median over trials ignores them. */
enum { TRIALS = 15, ROUND_TRIPS = 20, LINE_BYTES = 128 };

static void pass_on(_Atomic uint32_t *line, uint32_t turn)
{
    atomic_store_explicit(line, turn, memory_order_release);
}

static void await(_Atomic uint32_t *line, uint32_t turn)
{
    while (atomic_load_explicit(line, memory_order_acquire) != turn) {
    }
}

double round_trip_ns(_Atomic uint32_t *line, enum distance_role role, uint32_t *turn)
{
    double ns[TRIALS];
    for (int trial = 0; trial < TRIALS; trial++) {
        double start = clock_s();
        for (int i = 0; i < ROUND_TRIPS; i++, *turn += 2) {
            if (role == DISTANCE_FIRST) {
                pass_on(line, *turn + 1);
                await(line, *turn + 2);
            } else {
                await(line, *turn + 1);
                pass_on(line, *turn + 2);
            }
        }
        ns[trial] = (clock_s() - start) / ROUND_TRIPS * 1e9;
    }
    return median(ns, TRIALS);
}

/* Gives each pair of ranks a cache line in memory of the pair's first rank. Returns an MPI error code. */
static int share_lines(struct distance *d, int rank, int ranks)
{
    char *base = NULL;
    MPI_Aint size = rank % 2 == 0 ? 2 * LINE_BYTES : 0;
    int unit, error = MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, d->host, &base, &d->window);
    if (!error) error = MPI_Win_set_errhandler(d->window, MPI_ERRORS_RETURN);
    if (!error) error = MPI_Win_shared_query(d->window, rank / 2 * 2, &size, &unit, &base);
    if (error) return error;
    d->line = (_Atomic uint32_t *)(((uintptr_t)base + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES);
    if (rank % 2)
        d->role = DISTANCE_SECOND;
    else if (rank + 1 < ranks)
        d->role = DISTANCE_FIRST;
    if (rank % 2 == 0) pass_on(d->line, 0);
    return 0;
}

void distance_open(struct distance *d, MPI_Comm comm)
{
    int rank, ranks;
    *d = (struct distance){.comm = comm, .host = MPI_COMM_NULL, .window = MPI_WIN_NULL};
    d->least_ns = d->most_ns = NAN;
    mpi_must(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &d->host));
    mpi_must(MPI_Comm_rank(d->host, &rank));
    mpi_must(MPI_Comm_size(d->host, &ranks));
    if (ranks < 2) return;
    int own = share_lines(d, rank, ranks) != 0, any; /* no rank spins before all lines are 0 */
    mpi_must(MPI_Allreduce(&own, &any, 1, MPI_INT, MPI_MAX, d->host));
    if (any) d->role = DISTANCE_ALONE;
}

void distance_close(struct distance *d)
{
    if (d->window != MPI_WIN_NULL) mpi_must(MPI_Win_free(&d->window));
    if (d->host != MPI_COMM_NULL) mpi_must(MPI_Comm_free(&d->host));
}

double distance_measure(struct distance *d)
{
    double own = d->role == DISTANCE_ALONE ? -1 : round_trip_ns(d->line, d->role, &d->turn), most = -1;
    mpi_must(MPI_Reduce(&own, &most, 1, MPI_DOUBLE, MPI_MAX, 0, d->comm));
    double round_trip = most > 0 ? most : NAN;
    d->least_ns = fmin(d->least_ns, round_trip); /* fmin and fmax ignore NAN */
    d->most_ns = fmax(d->most_ns, round_trip);
    return round_trip;
}

/* If the longest round trip of a launch is at least MOVED times the shortest, the processors have moved: a
   far processor takes 3 to 7 times as long as a near one. From DISTURBED times on, other work has taken the
   processors during a measurement. */
static const double MOVED = 1.6, DISTURBED = 10;

void distance_print(const struct distance *d, FILE *out)
{
    if (isnan(d->most_ns)) return;
    if (d->most_ns < MOVED * d->least_ns)
        fprintf(out, "round trip of a cache line between neighbouring ranks: %.0f ns\n",
                d->least_ns / 2 + d->most_ns / 2);
    else if (d->most_ns < DISTURBED * d->least_ns)
        fprintf(out,
                "the processors moved: a cache line's round trip between neighbouring ranks was\n"
                "%.0f to %.0f ns, so these figures mix two states of the machine (line_ns in the\n"
                "record has each pass's)\n",
                d->least_ns, d->most_ns);
    else
        fprintf(out,
                "other work took the processors: a cache line's round trip between neighbouring\n"
                "ranks was %.0f to %.0f ns (line_ns in the record has each pass's)\n",
                d->least_ns, d->most_ns);
}
