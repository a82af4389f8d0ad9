#include "measure/launch.h"
#include "backend/backend.h"
#include "base/text.h"
#include "base/units.h"
#include "measure/cases.h"
#include "measure/ceiling.h"
#include "measure/clock.h"
#include "measure/common.h"
#include "measure/journal.h"
#include "measure/nccl_format.h"
#include "measure/schedule.h"
#include "measure/table.h"
#include "stats/order.h"
#include "measure/watch.h"
#include "measure/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct launch_state {
    struct settings settings;
    const char *driver;
    int argc;
    char **argv;
    struct world world;
    struct host_machine machine;
    const struct backend *backend;
    struct comm *comm;
    _Atomic(struct comm *) endable; /* the same: whoever takes it ends it, the launch or the watchdog */
    struct sampler *sampler;
    struct splits splits;
    struct window window;
    struct cases cases;
    struct watch *watch;
    struct journal journal;
    size_t filled_group; /* type and operation that buffers were filled for last */
    struct progress_line progress;
};

static enum status agree(struct launch_state *l, enum status own)
{
    return agree_over(l->world.comm, own);
}

static void add_facts(void *state, struct launch_header *header)
{
    struct launch_state *l = state;
    l->backend->facts(l->comm, header);
    if (l->world.rank == 0) ceiling_set(&l->cases, header, l->settings.network_gbit);
}

static enum status open_journal(struct launch_state *l)
{
    const struct settings *s = &l->settings;
    const struct launch_description known = {.run = s->run,
                                             .launch = s->launch,
                                             .driver = l->driver,
                                             .backend = l->backend->name,
                                             .argc = l->argc,
                                             .argv = l->argv,
                                             .cloud = s->cloud,
                                             .instance = s->instance,
                                             .label = s->label,
                                             .domains = ABSENT};
    return journal_open(&l->journal, &l->world, &l->machine, s->output, s->format, known, add_facts, l);
}

static enum status open_launch(struct launch_state *l)
{
    const struct settings *s = &l->settings;
    enum status status = world_open(MPI_COMM_WORLD, &l->world);
    if (status) return status;
    status = watch_join(l->watch, &l->world);
    if (status) return status;
    silence(l->world.rank != 0);
    if (s->root >= l->world.ranks)
        return fail(STATUS_USAGE, "--root: there is no rank %lld among %d", (long long)s->root,
                    l->world.ranks);
    status = check_expected(&l->world, s->expect_ranks, s->expect_hosts);
    if (status) return status;
    status = machine_read(&l->machine);
    if (status) return agree(l, status);
    const struct backend *plain =
        backend_find(s->backend); /* without the fault that opening may put around it */
    l->backend = plain;
    status = agree(l, l->backend ? STATUS_OK : STATUS_ENVIRONMENT);
    if (status) return status;
    struct backend_options options = {.memory = s->memory,
                                      .cold = same(s->cache, "cold"),
                                      .seed = (uint64_t)s->seed,
                                      .graph = (int)s->graph,
                                      .registration = (int)s->registration,
                                      .cta = s->cta,
                                      .expect_domain = (int)s->expect_domain,
                                      .fault = s->fault,
                                      .steps = l->watch ? &watch_pulse(l->watch)->steps : NULL};
    status = backend_open(&l->backend, &l->world, &options, &l->comm);
    if (!status) atomic_store(&l->endable, l->comm);
    status = agree(l, status);
    if (status) return status;
    if (same(s->sync, "window") && !(l->backend->capabilities & CAN_HOST_CLOCK))
        return fail(STATUS_USAGE,
                    "--sync window needs times of the host's clock; the %s backend takes them on the device",
                    l->backend->name);
    status = agree(l, splits_open(s->group, &l->world, plain, l->backend, l->comm, &options, &l->splits));
    if (status) return status;
    silence(0);
    cases_make(&l->settings, &l->splits, &l->cases);
    return open_journal(l);
}

static void end_from_watchdog(void *state, const char *how)
{
    struct launch_state *l = state;
    if (l->world.rank == 0) journal_end(&l->journal, how);
}

static void abort_from_watchdog(void *state)
{
    struct launch_state *l = state;
    struct comm *comm = atomic_exchange(&l->endable, NULL);
    if (comm && l->backend->abort) l->backend->abort(comm);
}

static enum status open_sampler(struct launch_state *l)
{
    const struct settings *s = &l->settings;
    l->sampler = sampler_open(&l->world, l->backend, l->comm);
    l->sampler->stopping =
        (struct stopping){s->precision_percent / 100, (size_t)s->samples, (size_t)s->passes};
    l->sampler->warmup = s->warmup;
    l->sampler->check_every = s->check_every;
    l->sampler->seed = (uint64_t)s->seed;
    l->sampler->pulse = watch_pulse(l->watch);
    /* With more ranks than cores, being scheduled away is the rule. */
    l->sampler->sets_aside = l->world.local_ranks <= l->machine.cores;
    l->filled_group = SIZE_MAX;
    if (!same(s->sync, "window") || !s->isolated) return STATUS_OK;
    enum status status = window_open(&l->window, &l->world, !l->sampler->sets_aside);
    l->sampler->window = &l->window;
    return status;
}

/* Slots such that the buffers of all ranks of the host rotate through twice the last-level cache. */
static size_t slots_wanted(const struct launch_state *l, size_t bytes)
{
    enum { MOST_SLOTS = 4096, DEVICE_FOOTPRINT = 256 << 20 };
    if (!same(l->settings.cache, "cold")) return 1;
    size_t footprint = l->backend->capabilities & CAN_DEVICE_MEMORY && !same(l->settings.memory, "host")
                           ? (size_t)DEVICE_FOOTPRINT
                           : 2 * l->machine.last_level_bytes / (size_t)l->world.local_ranks;
    size_t slots = footprint / (bytes ? bytes : 1) + 1;
    return slots > MOST_SLOTS ? MOST_SLOTS : slots;
}

static void refuse(struct measured *m, enum status status, const char *reason)
{
    m->status = status;
    snprintf(m->reason, sizeof m->reason, "%s", reason);
}

/* Decides alike on all ranks whether the case can be had, and gives it its buffers. A case that cannot keeps
 * its status. */
static enum status give_buffers(struct launch_state *l, struct measured *m, struct buffers *buffers)
{
    size_t send, recv;
    const char *reason = "the backend cannot do this";
    const struct split *split = m->split;
    bool idle = !split->comm; /* sits out, and agrees to everything */
    send = recv = 0;
    if (!idle) cases_buffer_bytes(&m->call, split->ranks, split->world.rank, &send, &recv);
    uint64_t own[2] = {UINT64_MAX - (send + recv),
                       idle ? UINT64_MAX : split->backend->free_bytes(split->comm) / 10 * 9},
             least[2];
    if (MPI_Allreduce(own, least, 2, MPI_UINT64_T, MPI_MIN, l->world.comm))
        return fail(STATUS_ENVIRONMENT, "MPI_Allreduce failed");
    uint64_t needed = UINT64_MAX - least[0];
    enum status status = needed + 8192 > least[1] ? STATUS_TOO_LARGE
                         : idle                   ? STATUS_OK
                                                  : split->backend->supports(split->comm, &m->call, &reason);
    if (!same(split->name, "world")) status = agree(l, status);
    if (!status) {
        size_t slots = slots_wanted(l, needed), most = least[1] / 4 / (needed + 8192);
        if (slots > most) slots = most ? most : 1;
        *buffers = (struct buffers){.slots = slots};
        status = agree(l, idle ? STATUS_OK : split->backend->alloc(split->comm, send, recv, slots, buffers));
    }
    if (status == STATUS_UNSUPPORTED) {
        refuse(m, status, reason);
        return STATUS_OK;
    }
    if (status == STATUS_TOO_LARGE) {
        char a[UNIT_TEXT], b[UNIT_TEXT], text[200];
        snprintf(text, sizeof text, "%s of buffers for each rank, %s free", format_size(needed, a),
                 format_size(least[1], b));
        refuse(m, status, text);
        return STATUS_OK;
    }
    m->call.buffers = buffers;
    if (m->slot >= buffers->slots) m->slot = 0;
    return status;
}

/* All slots hold data of the case's type: leftovers of another may be denormal floats, which are slow. */
static enum status fill_all(struct launch_state *l, struct measured *m)
{
    const struct split *split = m->split;
    size_t group =
        ((size_t)split->index * DTYPE_COUNT + (size_t)m->call.dtype) * OP_COUNT + (size_t)m->call.op;
    if (!split->comm || (m->filled && group == l->filled_group)) return STATUS_OK;
    struct pulse *pulse = watch_pulse(l->watch);
    atomic_store(&pulse->stage, STAGE_WORKING);
    for (size_t slot = 0; slot < m->call.buffers->slots; slot++) {
        enum status status = split->backend->fill(split->comm, &m->call, slot, (uint64_t)l->settings.seed);
        if (status) return status;
    }
    atomic_store(&pulse->stage, STAGE_BETWEEN);
    m->filled = true;
    l->filled_group = group;
    return STATUS_OK;
}

static enum status write_row(struct launch_state *l, const struct measured *m, size_t pass,
                             const struct visit *visit)
{
    if (l->world.rank != 0) return STATUS_OK;
    struct case_row row = cases_row(m, &l->settings, l->backend->capabilities);
    row.pass = (int64_t)pass;
    if (visit && visit->count) {
        row.samples_us = (struct samples){m->us + visit->first, visit->count};
        row.batch = m->batch;
        row.warmup = visit->warmup;
        row.preempted = visit->preempted;
        row.stopped_by = stop_reason_name(visit->why);
        row.statistic = "median";
        row.rank_reduction = "max";
        row.rank_wait_us = visit->wait;
        row.arrival_us = visit->arrival;
        row.skew_us = visit->skew_us;
        if (m->global_us) row.global_us = (struct samples){m->global_us + visit->first, visit->count};
        case_row_summarise(&row);
        row.time_us = row.median_us;
    }
    if (visit) row.wrong = visit->wrong, row.telemetry = visit->telemetry, row.groups = visit->groups;
    return journal_case(&l->journal, &row);
}

static void say_case(struct launch_state *l, const struct measured *m)
{
    char what[160], size[UNIT_TEXT];
    snprintf(what, sizeof what, "%s %s %s %s %s", m->call.collective->name,
             format_size(m->requested_bytes, size), dtypes[m->call.dtype].name,
             m->call.in_place ? "in place" : "out of place", m->call.isolated ? "isolated" : "pipelined");
    watch_say(l->watch, what);
}

static enum status visit_case(struct launch_state *l, struct measured *m, size_t pass, double share_s)
{
    struct buffers buffers = {0};
    struct visit visit = {.wrong = ABSENT};
    double start = clock_s();
    say_case(l, m);
    enum status status = give_buffers(l, m, &buffers);
    if (status) return status;
    if (!m->call.buffers) return agree(l, write_row(l, m, pass, NULL));
    status = fill_all(l, m);
    l->sampler->split = same(m->split->name, "world") ? NULL : m->split;
    if (m->split->backend) l->sampler->backend = m->split->backend;
    l->sampler->comm = m->split->comm;
    if (l->backend->watch_start) l->backend->watch_start(l->comm);
    if (!status) status = sampler_visit(l->sampler, m, pass, share_s, &visit);
    if (!status && l->backend->watch_stop) visit.telemetry = l->backend->watch_stop(l->comm);
    if (!status && l->settings.check && pass == 0)
        status = sampler_verify(l->sampler, m, (uint64_t)l->settings.seed + 1, &visit);
    if (m->split->comm) m->split->backend->free(m->split->comm, &buffers);
    m->call.buffers = NULL;
    if (status) return status;
    double factor = m->call.collective->bus_factor(m->split->ranks),
           own = median(m->group_us.us, m->group_us.count);
    visit.groups = split_figures(&l->splits, m->split, own,
                                 (int64_t)(m->call.count * dtypes[m->call.dtype].size), factor);
    double took = clock_s() - start;
    m->visits++;
    m->spent_s += took;
    m->overhead_s = took - visit.sampling_s;
    m->sample_s = visit.taken ? visit.sampling_s / (double)visit.taken : 0;
    status = write_row(l, m, pass, &visit);
    json_decref(visit.telemetry);
    json_decref(visit.groups);
    return agree(l, status);
}

/* Rank 0 chooses what becomes of a visit, all obey. */
static enum status choose(struct launch_state *l, const struct schedule *schedule, size_t at, size_t pass,
                          size_t left)
{
    struct measured *m = &l->cases.list[at];
    if (m->status != STATUS_OK && m->status != STATUS_WRONG)
        return pass == 0 ? agree(l, write_row(l, m, pass, NULL)) : STATUS_OK;
    double plan[2] = {0, 0}; /* choice, share */
    if (l->world.rank == 0)
        plan[0] =
            schedule_visit(schedule, &l->cases, at, pass, left, clock_s() - l->journal.start_s, &plan[1]);
    if (MPI_Bcast(plan, 2, MPI_DOUBLE, 0, l->world.comm)) return fail(STATUS_ENVIRONMENT, "MPI_Bcast failed");
    if (plan[0] == VISIT) return visit_case(l, m, pass, plan[1]);
    if (plan[0] == PASS_OVER) return STATUS_OK;
    m->status = STATUS_SKIPPED;
    snprintf(m->reason, sizeof m->reason, "the time budget was spent before this case");
    return agree(l, write_row(l, m, pass, NULL));
}

static enum status measure_pass(struct launch_state *l, const struct schedule *schedule, size_t pass,
                                size_t *order)
{
    size_t n = l->cases.count, visits = n * (schedule->passes > pass ? schedule->passes - pass : 1);
    enum status status = STATUS_OK;
    cases_order(&l->cases, (uint64_t)l->settings.seed, pass, pass == 0 && schedule->budget_s > 0, order);
    for (size_t i = 0; !status && i < n; i++) {
        progress_show(&l->progress, pass * n + i, visits + pass * n, schedule->budget_s,
                      &l->cases.list[order[i]]);
        status = choose(l, schedule, order[i], pass, visits - i);
    }
    return status;
}

static enum status measure(struct launch_state *l)
{
    const struct settings *s = &l->settings;
    const struct schedule schedule = {s->max_seconds, s->time_budget_s, s->precision_percent / 100,
                                      (size_t)s->passes, s->samples > 0};
    size_t *order = allocate(l->cases.count, sizeof *order);
    enum status status = STATUS_OK;
    int more = 1;
    for (size_t pass = 0; !status && more; pass++) {
        status = measure_pass(l, &schedule, pass, order);
        more = pass + 1 < schedule.passes ||
               schedule_another(&schedule, &l->cases, clock_s() - l->journal.start_s);
        if (!status && MPI_Bcast(&more, 1, MPI_INT, 0, l->world.comm))
            status = fail(STATUS_ENVIRONMENT, "MPI_Bcast failed");
    }
    progress_clear(&l->progress);
    free(order);
    return status;
}

static enum status verdict(const struct cases *cases)
{
    for (size_t i = 0; i < cases->count; i++)
        if (cases->list[i].status == STATUS_WRONG) return STATUS_WRONG;
    return STATUS_OK;
}

static enum status close_launch(struct launch_state *l)
{
    enum status status = STATUS_OK;
    if (l->world.rank == 0) {
        status = journal_end(&l->journal, "complete");
        if (same(l->settings.format, "text")) {
            table_print(&l->cases, &l->settings, &l->world, l->backend->capabilities, stdout);
            if (l->journal.writer.path) printf("\nrecords: %s\n", l->journal.writer.path);
            if (fflush(stdout)) status = fail(STATUS_ENVIRONMENT, "cannot print the table");
        }
        enum status closed = record_close(&l->journal.writer);
        if (!status) status = closed;
    }
    status = agree(l, status);
    if (!status && same(l->settings.format, "nccl-tests"))
        status = agree(l, nccl_format_print(&l->cases, &l->settings, &l->world, l->backend, l->comm, stdout));
    sampler_close(l->sampler);
    splits_close(&l->splits);
    window_close(&l->window);
    if (atomic_exchange(&l->endable, NULL)) l->backend->close(l->comm);
    if (!status) status = verdict(&l->cases);
    int worst = (int)status; /* rank 0 alone knows of wrong data's place, all of its number */
    MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_INT, MPI_MAX, l->world.comm);
    cases_free(&l->cases);
    return (enum status)worst;
}

static enum status run_launch(struct launch_state *l)
{
    enum status status = open_sampler(l);
    progress_open(&l->progress, l->world.rank == 0 && isatty(STDERR_FILENO));
    if (!status) status = measure(l);
    if (!status) return close_launch(l);
    /* One rank may have failed alone: the others wait for it in MPI. */
    watch_fail(l->watch);
    end_from_watchdog(l, "failed");
    MPI_Abort(MPI_COMM_WORLD, (int)status);
    return status;
}

int collective_main(const char *name, const char *summary, int argc, char **argv)
{
    struct launch_state l = {.driver = name, .argc = argc, .argv = argv};
    const struct command command = collective_command(name, summary);
    int rank = early_rank();
    journal_start(&l.journal, clock_s());
    name_program(name);
    silence(rank != 0);
    if (rank && !freopen("/dev/null", "w", stdout)) return STATUS_ENVIRONMENT;
    enum status status = settings_read(&command, argc, argv, &l.settings);
    if (status) return (int)status;
    silence(0);
    const struct watch_settings watch = {l.settings.timeout_s,
                                         same(l.settings.output, "none") ? NULL : l.settings.output,
                                         end_from_watchdog, abort_from_watchdog, &l};
    l.watch = watch_open(&watch);
    if (MPI_Init(&argc, &argv)) return (int)fail(STATUS_ENVIRONMENT, "MPI_Init failed");
    status = open_launch(&l);
    if (!status) status = run_launch(&l);
    settings_free(&l.settings);
    MPI_Finalize();
    watch_close(l.watch);
    world_close(&l.world);
    return (int)status;
}
