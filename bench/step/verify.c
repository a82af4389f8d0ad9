/* Verifies every collective and product of a step, each by itself. */
#include "backend/mpi_status.h"
#include "step/step.h"

#include <stdio.h>

/* Makes the call in the same way as the step: non-blocking if it overlaps with matmuls by such calls. */
static enum status call_once(struct pair_call *c, struct timing *timing)
{
    bool done;
    if (!c->call.nonblocking) return c->backend->run(c->comm, &c->call, 1, &c->slot, timing);
    enum status status = c->backend->begin(c->comm, &c->call, 1, &c->slot);
    return status ? status : c->backend->complete(c->comm, true, &done);
}

static enum status verify_call(struct step_launch *l, struct pair_call *c, uint64_t *wrong)
{
    const uint64_t seed = (uint64_t)l->settings.seed + 1;
    const size_t slot = c->slot;
    struct verdict verdict = {0};
    struct timing timing;
    pulse_step(watch_pulse(l->driver.watch), STAGE_WORKING);
    enum status status = c->backend->fill(c->comm, &c->call, slot, seed);
    pulse_step(watch_pulse(l->driver.watch), STAGE_BARRIER);
    mpi_must(MPI_Barrier(l->driver.world.comm));
    pulse_step(watch_pulse(l->driver.watch), STAGE_STARTING);
    if (!status) status = call_once(c, &timing);
    pulse_step(watch_pulse(l->driver.watch), STAGE_WORKING);
    if (!status) status = c->backend->check(c->comm, &c->call, slot, seed, &verdict);
    pulse_step(watch_pulse(l->driver.watch), STAGE_BETWEEN);
    *wrong = verdict.wrong;
    return status;
}

static enum status verify_product(struct step_launch *l, const struct pair_product *p, uint64_t *wrong)
{
    struct gemm_verdict verdict = {0};
    pulse_step(watch_pulse(l->driver.watch), STAGE_WORKING);
    enum status status =
        l->engine->check(p->work, (uint64_t)(l->settings.seed + 1 + l->driver.world.rank), &verdict);
    pulse_step(watch_pulse(l->driver.watch), STAGE_BETWEEN);
    *wrong = verdict.wrong;
    return status;
}

/* Collective. Adds up the errors of all ranks. l->reason names the first row that has errors, and its first
   rank. */
static int64_t add_up(struct step_launch *l, const struct workload_row *row, uint64_t own)
{
    const struct world *world = &l->driver.world;
    int64_t wrong = (int64_t)own;
    int first = own ? world->rank : world->ranks;
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, &wrong, 1, MPI_INT64_T, MPI_SUM, world->comm));
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, world->comm));
    if (first == world->ranks || l->status == STATUS_WRONG) return wrong;
    l->status = STATUS_WRONG;
    snprintf(l->reason, sizeof l->reason,
             "%lld %s of %.40s (line %zu of the workloads) are wrong, first on rank %d (%.100s)",
             (long long)wrong, row->collective ? "elements" : "checked sums", row->part, row->line, first,
             world->hosts[world->node_of_rank[first]]);
    return wrong;
}

enum status step_verify(struct step_launch *l)
{
    const struct schedule *s = &l->schedule;
    enum status status = STATUS_OK;
    uint64_t wrong;
    for (size_t i = 0; i < s->call_count && !status; i++) {
        status = verify_call(l, &l->calls[i], &wrong);
        if (!status) l->call_wrong[i] = add_up(l, s->calls[i].row, wrong);
    }
    for (size_t i = 0; i < s->product_count && !status; i++) {
        status = verify_product(l, &l->products[i], &wrong);
        if (!status) l->product_wrong[i] = add_up(l, s->products[i].row, wrong);
    }
    return status;
}
