/* Which functions of the drivers are which phase. */
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "launch/crowding.h"
#include "launch/journal.h"
#include "launch/progress.h"
#include "launch/world.h"
#include "measure/aside.h"
#include "measure/case_buffers.h"
#include "measure/sampler.h"
#include "measure/table.h"
#include "record/record.h"
#include "simulate/account.h"

#include <simgrid/actor.h>

/* Wraps a function: `which` is the phase while it runs. Then the phase that it interrupted goes on. */
#define DURING(which, type, name, parameters, arguments)                                                     \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        enum account_phase before = account_enter(which);                                                    \
        type result = __real_##name arguments;                                                               \
        account_enter(before);                                                                               \
        return result;                                                                                       \
    }

/* Wraps a function that returns nothing. Then the phase `after` begins: `before`, which is the one that it
   interrupted, or another. */
#define DURING_VOID(which, after, name, parameters, arguments)                                               \
    void __real_##name parameters;                                                                           \
    void __wrap_##name parameters;                                                                           \
    void __wrap_##name parameters                                                                            \
    {                                                                                                        \
        enum account_phase before = account_enter(which);                                                    \
        __real_##name arguments;                                                                             \
        account_enter(after);                                                                                \
        (void)before;                                                                                        \
    }

DURING(IN_NAMES, enum status, world_open, (MPI_Comm comm, struct world *w), (comm, w))
DURING_VOID(IN_CROWDING, before, crowding_find,
            (const struct world *w, const struct host_machine *m, struct crowding *c), (w, m, c))
DURING(IN_BACKEND, enum status, backend_open,
       (const struct backend **b, const struct world *w, const struct backend_options *o, struct comm **c),
       (b, w, o, c))
DURING(IN_HEADER, enum status, journal_open,
       (struct journal * j, const struct world *w, const struct host_machine *m, const char *output,
        enum format format, struct launch_description known, void (*add)(void *, struct launch_header *),
        void *state),
       (j, w, m, output, format, known, add, state))
DURING_VOID(IN_FIRST_CLOCKS, before, window_open, (struct window * w, const struct world *world, bool yields),
            (w, world, yields))
DURING_VOID(IN_CLOCKS, before, window_sync, (struct window * w), (w))
DURING(IN_CLOCKS, double, window_skew, (struct window * w), (w))
DURING(IN_BUFFERS, enum status, case_buffers_give,
       (struct launch_state * l, struct measured *m, struct buffers *b), (l, m, b))
DURING(IN_BUFFERS, enum status, case_buffers_fill, (struct launch_state * l, struct measured *m), (l, m))
DURING(IN_WARM_UP, enum status, sampler_visit,
       (struct sampler * s, struct measured *m, size_t pass, double share_s, struct visit *v),
       (s, m, pass, share_s, v))
DURING(IN_VERIFICATION, enum status, sampler_verify,
       (struct sampler * s, struct measured *m, uint64_t seed, struct visit *v), (s, m, seed, v))
DURING_VOID(IN_WRITING, before, case_row_summarise, (struct case_row * r), (r))
DURING(IN_WRITING, enum status, journal_case, (struct journal * j, struct case_row *r), (j, r))
DURING(IN_WRITING, enum status, record_close, (struct record_writer * w), (w))
DURING_VOID(IN_WRITING, before, collective_table,
            (struct cases * c, const struct settings *s, const struct world *w, unsigned capabilities,
             FILE *out),
            (c, s, w, capabilities, out))
/* sampler_visit() calls thinned_start() after the warm-up, and settle_visit() after the last sample. */
DURING_VOID(IN_SAMPLING, IN_SAMPLING, thinned_start, (struct thinned * t), (t))
DURING_VOID(IN_WRITING, IN_MEDIANS, settle_visit,
            (struct measured * m, const struct disturbed *d, bool aside, size_t wanted, struct visit *v),
            (m, d, aside, wanted, v))
/* The drivers call it first after start-up. */
DURING_VOID(IN_BETWEEN, IN_BETWEEN, progress_open, (struct progress_line * p, enum progress_kind kind),
            (p, kind))

/* As window_wait() in window.c; but a rank that spins on the simulated clock would wait forever. */
bool __wrap_window_wait(struct window *w);
bool __wrap_window_wait(struct window *w)
{
    double start = window_time(w, clock_s()) + w->lead_s;
    mpi_must(MPI_Bcast(&start, 1, MPI_DOUBLE, 0, w->comm));
    double left = start - window_time(w, clock_s());
    if (left > 0) sg_actor_sleep_until(clock_s() + left);
    return left < 0;
}

/* The drivers call it last before the end. */
enum status __real_journal_end(struct journal *j, enum end_status how);
enum status __wrap_journal_end(struct journal *j, enum end_status how);
enum status __wrap_journal_end(struct journal *j, enum end_status how)
{
    account_enter(IN_WRITING);
    enum status status = __real_journal_end(j, how);
    account_enter(IN_END);
    return status;
}
