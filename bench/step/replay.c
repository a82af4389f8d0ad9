/* Runs a step, or a part of it, on this rank. */
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "step/step.h"

static enum status run_call(struct step_launch *l, size_t index, int count)
{
    struct pair_call *c = &l->calls[index];
    struct timing timing;
    enum status status = c->backend->run(c->comm, &c->call, count, &c->slot, &timing);
    sleep_s(l->delay_s * count);
    return status;
}

static enum status run_product(struct step_launch *l, size_t index, int count)
{
    double seconds;
    enum status status = l->engine->run(l->products[index].work, count, &seconds);
    sleep_s(l->delay_s * count);
    return status;
}

/* Runs the section's collectives on one side, and its matmuls on the other. Each collective continues with
   the buffer slot after the one that it used last. */
static enum status run_overlap(struct step_launch *l, const struct step_section *section, enum part part)
{
    const struct step_item *items = l->schedule.items;
    size_t calls = 0, products = 0;
    for (size_t i = section->first; i < section->last; i++)
        if (items[i].is_call) {
            l->side_calls[calls] = l->calls[items[i].index];
            l->side_calls[calls++].count = items[i].count;
        } else {
            l->side_products[products] = l->products[items[i].index];
            l->side_products[products++].count = items[i].count;
        }
    pair_set_calls(l->pair, l->side_calls, calls);
    pair_set_products(l->pair, l->side_products, products);
    enum status status = pair_do(l->pair, part);
    calls = 0;
    for (size_t i = section->first; i < section->last; i++)
        if (items[i].is_call) l->calls[items[i].index].slot = l->side_calls[calls++].slot;
    return status;
}

static enum status run_section(struct step_launch *l, const struct step_section *section,
                               bool computation_alone)
{
    const struct step_item *item = &l->schedule.items[section->first];
    if (section->overlap) return run_overlap(l, section, computation_alone ? COMPUTATION : BOTH);
    if (!item->is_call) return run_product(l, item->index, item->count);
    return computation_alone ? STATUS_OK : run_call(l, item->index, item->count);
}

static enum status run_step(struct step_launch *l, bool computation_alone)
{
    const struct schedule *s = &l->schedule;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < s->loop_count; i++)
        for (int64_t time = 0; time < s->loops[i].times; time++)
            for (size_t k = s->loops[i].first; k < s->loops[i].last && !status; k++) {
                status = run_section(l, &s->sections[k], computation_alone);
                pulse_step(watch_pulse(l->driver.watch), STAGE_STARTING);
            }
    return status;
}

static enum status run(struct step_launch *l, const struct timed *t)
{
    enum status status = STATUS_OK;
    switch (t->what) {
    case REPLAY_STEP:
    case REPLAY_COMPUTATION:
        return run_step(l, t->what == REPLAY_COMPUTATION);
    case REPLAY_CALL:
        return run_call(l, t->index, t->batch);
    case REPLAY_PRODUCT:
        return run_product(l, t->index, t->batch);
    case REPLAY_SECTION:
        for (int i = 0; i < t->batch && !status; i++)
            status = run_section(l, &l->schedule.sections[t->index], false);
    }
    return status;
}

enum status step_replay(struct step_launch *l, const struct timed *t, double *us)
{
    pulse_step(watch_pulse(l->driver.watch), STAGE_BARRIER);
    mpi_must(MPI_Barrier(l->driver.world.comm));
    pulse_step(watch_pulse(l->driver.watch), STAGE_STARTING);
    const double start_s = clock_s();
    enum status status = run(l, t);
    *us = (clock_s() - start_s) * 1e6 / t->batch;
    pulse_step(watch_pulse(l->driver.watch), STAGE_BETWEEN);
    return status;
}
