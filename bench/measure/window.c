#include "measure/window.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "stats/order.h"

#include <math.h>
#include <sched.h>
#include <string.h>
#include <time.h>

enum { PING_PONGS = 15, FIRST_LESSONS = 8, CHECKED_MOST = 32, TAG = 17 };

void clock_model_learn(struct clock_model *m, double at_s, double offset_s)
{
    int n = m->lessons < LESSONS_MOST ? m->lessons + 1 : LESSONS_MOST;
    m->at_s[m->lessons % LESSONS_MOST] = at_s;
    m->offset_s[m->lessons % LESSONS_MOST] = offset_s;
    m->lessons++;
    double t = 0, o = 0, tt = 0, to = 0, rest = 0;
    for (int i = 0; i < n; i++) t += m->at_s[i] / n, o += m->offset_s[i] / n;
    for (int i = 0; i < n; i++) {
        tt += (m->at_s[i] - t) * (m->at_s[i] - t);
        to += (m->at_s[i] - t) * (m->offset_s[i] - o);
    }
    double slope = tt > 0 ? to / tt : 0;
    for (int i = 0; i < n; i++) {
        double e = m->offset_s[i] - o - slope * (m->at_s[i] - t);
        rest += e * e;
    }
    double error = n > 2 && tt > 0 ? sqrt(rest / (n - 2) / tt) : INFINITY;
    m->drift = fabs(slope) > 3 * error ? slope : 0;
    m->origin_s = t;
    /* Without a significant drift, use the median of the newest offsets: older ones are wrong if a clock is
       being slewed. */
    double newest[3];
    int k = 0;
    for (; k < 3 && k < n; k++) newest[k] = m->offset_s[(m->lessons - 1 - k) % LESSONS_MOST];
    m->offset = m->drift != 0 ? o : median(newest, (size_t)k);
}

double clock_model_global(const struct clock_model *m, double local_s)
{
    return local_s + m->offset + m->drift * (local_s - m->origin_s);
}

double window_time(const struct window *w, double local_s)
{
    return clock_model_global(&w->model, local_s) - w->base_s;
}

/* The pupil's side. *offset_s: median of the teacher's global time minus this rank's clock; *at_s: this
   rank's clock at the last answer. */
static void ask(struct window *w, int teacher, double *at_s, double *offset_s)
{
    double offsets[PING_PONGS];
    for (int i = 0; i < PING_PONGS; i++) {
        double global = 0, sent = clock_s(), back;
        mpi_must(MPI_Sendrecv(&sent, 1, MPI_DOUBLE, teacher, TAG, &global, 1, MPI_DOUBLE, teacher, TAG,
                              w->comm, MPI_STATUS_IGNORE));
        back = clock_s();
        offsets[i] = global - (sent + back) / 2;
        *at_s = back;
    }
    *offset_s = median(offsets, PING_PONGS);
}

static void teach(struct window *w, int pupil)
{
    for (int i = 0; i < PING_PONGS; i++) {
        double theirs, global;
        mpi_must(MPI_Recv(&theirs, 1, MPI_DOUBLE, pupil, TAG, w->comm, MPI_STATUS_IGNORE));
        global = clock_model_global(&w->model, clock_s());
        mpi_must(MPI_Send(&global, 1, MPI_DOUBLE, pupil, TAG, w->comm));
    }
}

void window_sync(struct window *w)
{
    int rank = w->world->rank, ranks = w->world->ranks;
    for (int step = 1; step < ranks; step *= 2) {
        double at_s, offset_s;
        if (rank < step && rank + step < ranks) {
            teach(w, rank + step);
        } else if (rank >= step && rank < 2 * step) {
            ask(w, rank - step, &at_s, &offset_s);
            clock_model_learn(&w->model, at_s, offset_s);
        }
    }
}

double window_skew(struct window *w)
{
    int ranks = w->world->ranks, stride = (ranks + CHECKED_MOST - 1) / CHECKED_MOST;
    double own = 0, worst = 0;
    for (int rank = stride; rank < ranks; rank += stride) {
        double at_s, offset_s;
        if (w->world->rank == 0) teach(w, rank);
        if (w->world->rank != rank) continue;
        ask(w, 0, &at_s, &offset_s);
        own = fabs(at_s + offset_s - clock_model_global(&w->model, at_s));
    }
    mpi_must(MPI_Reduce(&own, &worst, 1, MPI_DOUBLE, MPI_MAX, 0, w->comm));
    return worst * 1e6;
}

/* The time of the slowest of a few broadcasts, from rank 0's send to the last receipt, on the global
   clock. */
static double time_broadcast(struct window *w)
{
    enum { TRIES = 10 };
    double seconds = 0;
    for (int i = 0; i < TRIES; i++) {
        double sent = window_time(w, clock_s()), took, slowest;
        mpi_must(MPI_Bcast(&sent, 1, MPI_DOUBLE, 0, w->comm));
        took = window_time(w, clock_s()) - sent;
        mpi_must(MPI_Allreduce(&took, &slowest, 1, MPI_DOUBLE, MPI_MAX, w->comm));
        if (slowest > seconds) seconds = slowest;
    }
    return seconds;
}

void window_open(struct window *w, const struct world *world, bool yields)
{
    *w = (struct window){.world = world, .yields = yields};
    mpi_must(MPI_Comm_dup(world->comm, &w->comm));
    for (int i = 0; i < FIRST_LESSONS; i++) {
        const struct timespec pause = {0, 5000000};
        window_sync(w);
        nanosleep(&pause, NULL); /* the drift is more precise if the lessons are further apart */
    }
    w->base_s = clock_model_global(&w->model, clock_s());
    mpi_must(MPI_Bcast(&w->base_s, 1, MPI_DOUBLE, 0, w->comm));
    double broadcast_s = time_broadcast(w);
    w->lead_s = broadcast_s < 1e-6 ? 3e-6 : broadcast_s > 1e-3 ? 3e-3 : 3 * broadcast_s;
}

void window_close(struct window *w)
{
    if (w->world) mpi_must(MPI_Comm_free(&w->comm));
    w->world = NULL;
}

void window_lengthen(struct window *w)
{
    if (w->lead_s < 0.1) w->lead_s *= 2;
}

bool window_wait(struct window *w)
{
    double start = window_time(w, clock_s()) + w->lead_s; /* rank 0's value replaces it */
    mpi_must(MPI_Bcast(&start, 1, MPI_DOUBLE, 0, w->comm));
    bool late = window_time(w, clock_s()) > start;
    while (window_time(w, clock_s()) < start)
        if (w->yields) sched_yield();
    return late;
}
