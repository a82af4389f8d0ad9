#include "measure/collectives.h"
#include "backend/backend.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "launch/world.h"
#include "measure/case_buffers.h"
#include "measure/ceiling.h"
#include "measure/labels.h"
#include "measure/nccl_format.h"
#include "measure/problems.h"
#include "measure/schedule.h"
#include "measure/table.h"
#include "stats/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct launch_state *state_of(struct driver *d)
{
    return (struct launch_state *)d;
}

static enum status agree(struct launch_state *l, enum status own)
{
    return agree_over(l->driver.world.comm, own);
}

static enum status read_settings(struct driver *d)
{
    struct launch_state *l = state_of(d);
    d->command = collective_command(d->name, l->summary);
    d->settings = &l->settings.driver;
    return settings_read(&d->command, d->argc, d->argv, &l->settings);
}

static int devices(const struct driver *d, int local_rank)
{
    const struct settings *s = &((const struct launch_state *)d)->settings;
    return backend_devices(s->backend, s->memory, local_rank);
}

static void free_settings(struct driver *d)
{
    settings_free(&state_of(d)->settings);
}

static void add_facts(struct driver *d, struct launch_header *header)
{
    struct launch_state *l = state_of(d);
    l->backend->facts(l->comm, header);
    if (d->world.rank) return;
    l->cases.timing_cost = timing_cost_of(header->facts);
    ceiling_set(&l->cases, &d->world, header, settings_only_network(&l->settings), l->settings.network_gbit);
    labels_set(&l->cases, &l->settings, header);
    problems_tell(&l->cases, &l->settings, header);
}

/* Refuses flags that this backend does not support; none is silently ignored. */
static enum status check_wishes(const struct settings *s, const struct backend *backend)
{
    const unsigned can = backend->capabilities;
    const char *name = backend->name;
    if (s->sync == SYNC_WINDOW && !(can & CAN_HOST_CLOCK))
        return fail(STATUS_USAGE,
                    "--sync window needs times of the host's clock; the %s backend takes them on the device",
                    name);
    if (s->graph && !(can & CAN_GRAPH))
        return fail(STATUS_USAGE, "-G: the %s backend has no CUDA graphs; use --backend nccl", name);
    if (s->aggregate > 1 && !(can & CAN_AGGREGATE))
        return fail(STATUS_USAGE,
                    "-m: the %s backend has no groups of operations; use --backend nccl, or --mode "
                    "pipelined; OSU's -m MAX is -e MAX",
                    name);
    if (s->registration && !(can & CAN_REGISTER))
        return fail(STATUS_USAGE, "-R: the %s backend registers no buffers; use --backend nccl", name);
    if (s->cta && !(can & CAN_GRAPH))
        return fail(STATUS_USAGE, "--cta: the %s backend has no thread blocks; use --backend nccl", name);
    if (s->show_algorithm && !(can & CAN_TELL_CHOICE))
        return fail(STATUS_USAGE, "--show-algorithm: the %s backend does not tell its algorithms", name);
    if (s->expect_domain && !(can & CAN_DOMAINS))
        return fail(STATUS_ENVIRONMENT, "--expect-domain %lld: the %s backend knows of no NVLink domains",
                    (long long)s->expect_domain, name);
    if (s->expect_transports && !(can & CAN_TELL_TRANSPORT))
        return fail(STATUS_ENVIRONMENT, "--expect-transport %s: the %s backend does not tell what it uses",
                    s->transports_text, name);
    if (s->sync == SYNC_WINDOW && !is_world(s->group))
        warn("--sync window holds for the world; groups start after a barrier");
    return STATUS_OK;
}

/* Each rank reads --matrix on its own host. All must have read the same, or they would wait for data that
   nobody sends. */
static enum status compare_matrices(struct launch_state *l)
{
    const struct settings *s = &l->settings;
    const struct world *w = &l->driver.world;
    struct {
        char label[IMBALANCE_LABEL], counts;
    } first;
    if (!s->matrix) return STATUS_OK;
    memcpy(first.label, s->imbalances->label, sizeof first.label);
    first.counts = (char)s->imbalances->counts;
    mpi_must(MPI_Bcast(&first, sizeof first, MPI_CHAR, 0, w->comm));
    return agree(l,
                 same(first.label, s->imbalances->label) && first.counts == (char)s->imbalances->counts
                     ? STATUS_OK
                     : fail(STATUS_ENVIRONMENT, "--matrix: %s on %s is not the file that rank 0 read on %s",
                            s->matrix, w->host, w->hosts[0]));
}

static enum status open_backend(struct driver *d)
{
    struct launch_state *l = state_of(d);
    const struct settings *s = &l->settings;
    if (s->root >= d->world.ranks)
        return fail(STATUS_USAGE, "--root: there is no rank %lld among %d", (long long)s->root,
                    d->world.ranks);
    enum status status = compare_matrices(l);
    if (status) return status;
    const struct backend *plain =
        backend_find(s->backend); /* not wrapped: backend_open() may wrap l->backend to inject a fault */
    l->backend = plain;
    status = agree(l, l->backend ? STATUS_OK : STATUS_ENVIRONMENT);
    if (status) return status;
    struct backend_options options = {.memory = s->memory,
                                      .cold = s->cache == CACHE_COLD,
                                      .seed = (uint64_t)s->seed,
                                      .graph = (int)s->graph,
                                      .registration = settings_registration(s),
                                      .cta = s->cta,
                                      .expect_domain = (int)s->expect_domain,
                                      .expect_transports = s->expect_transports,
                                      .fault = s->fault,
                                      .steps = &watch_pulse(d->watch)->steps};
    if (same(plain->name, "nccl")) watch_asks_ras(d->watch);
    status = backend_open(&l->backend, &d->world, &options, &l->comm);
    if (!status) atomic_store(&l->endable, l->comm);
    status = agree(l, status);
    if (status) return status;
    status = check_wishes(s, l->backend);
    if (status) return status;
    if (s->beside.collective)
        status = beside_open(&l->beside, &s->beside, &d->world, plain, &options, &l->splits, d->watch);
    else
        splits_make(s->group, &d->world, plain, l->backend, l->comm, &options, &l->splits);
    if (status) return status;
    d->backend = l->backend->name;
    cases_make(s, &l->splits, &l->cases);
    return STATUS_OK;
}

static void abort_backend(struct driver *d)
{
    struct launch_state *l = state_of(d);
    struct comm *comm = atomic_exchange(&l->endable, NULL);
    if (comm && l->backend->abort) l->backend->abort(comm);
}

static void open_sampler(struct launch_state *l)
{
    const struct settings *s = &l->settings;
    struct driver *d = &l->driver;
    const bool beside = s->beside.collective != NULL;
    /* With a load, only the ranks that measure wait for each other. */
    const struct world *world = beside ? &l->splits.list->world : &d->world;
    if (l->beside.loads) return;
    l->sampler = sampler_open(world, l->backend, l->comm);
    l->sampler->numbers = l->beside.measuring;
    l->sampler->stopping =
        (struct stopping){.precision = s->precision_percent / 100, .passes = (size_t)s->passes};
    l->sampler->operations = (size_t)s->operations;
    l->sampler->warmup = s->warmup;
    l->sampler->check_every = s->check_every;
    l->sampler->seed = (uint64_t)s->seed;
    l->sampler->asks = s->show_algorithm;
    l->sampler->pulse = watch_pulse(d->watch);
    /* A time budget is never exceeded; without one, a disturbed case may take longer. */
    l->sampler->patience = s->time_budget_s > 0 ? 1 : 3;
    /* If ranks share processors, nearly every sample is disturbed. */
    l->sampler->sets_aside = !d->crowding.ranks;
    /* The distance between processors matters only for messages in host memory. To measure it, each rank
       needs a processor to itself. */
    if (l->backend->capabilities & CAN_HOST_CLOCK && !d->crowding.ranks) {
        distance_open(&l->distance, world->comm);
        l->sampler->distance = &l->distance;
    }
    if (s->sync != SYNC_WINDOW || !settings_measure(s, MODE_ISOLATED)) return;
    window_open(&l->window, world, d->crowding.ranks > 0);
    l->sampler->window = &l->window;
}

/* A loaded case is compared with the same case idle, which is the one before it, and was visited just
   before. */
static void compare_idle(struct measured *m, struct case_row *row)
{
    static const double WHOLE = 0.95;
    if (!m->loaded) {
        m->idle = *row;
        return;
    }
    case_row_compare_idle(row, &m[-1].idle);
    load_add(&m->load, &row->load);
    if (row->load.share < WHOLE && !row->error) {
        snprintf(m->reason, sizeof m->reason, "the load ran in %.0f %% of the time only",
                 100 * row->load.share);
        row->error = m->reason;
    }
}

static enum status write_row(struct launch_state *l, struct measured *m, size_t pass,
                             const struct visit *visit)
{
    /* Write no row for a later pass whose time was up before its first sample. */
    if (l->driver.world.rank != 0 || (visit && pass > 0 && !visit->taken)) return STATUS_OK;
    struct case_row row = cases_row(m, &l->settings, l->backend->capabilities);
    row.pass = (int64_t)pass;
    if (visit && visit->count) {
        row.samples_us = (struct samples){(double *)visit->us, visit->count};
        row.kept = visit->rule;
        row.batch = cases_operations(m);
        row.warmup = visit->warmup;
        row.preempted = visit->preempted;
        row.statistic = sampled_statistic(&row);
        row.rank_reduction = row.mode == MODE_NCCL_TESTS ? "mean" : "max";
        if (row.mode == MODE_NCCL_TESTS) row.includes_launch = 1;
        row.rank_wait_us = visit->wait;
        if (visit->global_us) row.global_us = (struct samples){(double *)visit->global_us, visit->count};
        struct pulse *pulse = watch_pulse(l->driver.watch);
        atomic_store(&pulse->stage, STAGE_WORKING); /* millions of samples take seconds to sort */
        case_row_summarise(&row);
        atomic_store(&pulse->stage, STAGE_BETWEEN);
        row.time_us = sampled_time_us(&row);
    }
    if (visit) {
        row.wrong = visit->wrong;
        row.telemetry = visit->telemetry;
        row.groups = visit->groups;
        /* These also if every sample started too late to count. */
        row.stopped_by = stop_reason_name(visit->why);
        row.arrival_us = visit->arrival;
        row.skew_us = visit->skew_us;
        row.line_ns = visit->line_ns;
        row.drift = visit->drift;
        row.load = visit->load;
        if (l->settings.beside.collective) compare_idle(m, &row);
    }
    return journal_case(&l->driver.journal, &row);
}

static void say_case(struct launch_state *l, const struct measured *m)
{
    char what[160], size[UNIT_TEXT];
    snprintf(what, sizeof what, "%s %s %s %s %s%s%s", m->call.collective->name,
             format_size(m->requested_bytes, size), dtypes[m->call.dtype].name,
             m->call.in_place ? "in place" : "out of place", mode_name(m->call.mode),
             m->loaded ? " beside " : "", m->loaded ? l->settings.beside.label : "");
    watch_say(l->driver.watch, what);
}

/* Prints the first pass's figure as progress; the final table has those of all passes. */
static void show_first(struct launch_state *l, struct measured *m, const struct visit *visit)
{
    if (l->driver.world.rank || !l->driver.progress.kind || !visit->count) return;
    char size[UNIT_TEXT], time[UNIT_TEXT], bus[UNIT_TEXT], row[200];
    double us = cases_figure_us(&m->call, visit->us, visit->count);
    double gbps = busbw_gbps(m->call.collective, m->split->ranks, (double)m->bytes, us);
    /* 80 columns; a launch has one load at most, so "beside" is enough */
    snprintf(row, sizeof row, "%-14s %7s %-8s %-12s %-9s %8s us %7s GB/s", m->call.collective->name,
             format_size(m->requested_bytes, size), dtypes[m->call.dtype].name,
             m->call.in_place ? "in place" : "out of place", m->loaded ? "beside" : mode_name(m->call.mode),
             figure_text(us, time), m->split->ranks > 1 ? figure_text(gbps, bus) : "-");
    progress_row(&l->driver.progress, row);
}

static enum status verify(struct launch_state *l, struct measured *m, size_t pass, struct visit *visit)
{
    if (!l->settings.check || pass > 0 || m->undefined) return STATUS_OK;
    return sampler_verify(l->sampler, m, (uint64_t)l->settings.seed + 1, visit);
}

static void point_sampler(struct launch_state *l, const struct measured *m)
{
    l->sampler->split = is_world(m->split->name) || l->settings.beside.collective ? NULL : m->split;
    if (m->split->backend) l->sampler->backend = m->split->backend;
    l->sampler->comm = m->split->comm;
}

static enum status sample_alone(struct launch_state *l, struct measured *m, size_t pass, double share_s,
                                struct visit *visit)
{
    point_sampler(l, m);
    if (l->backend->watch_start) l->backend->watch_start(l->comm);
    enum status status = sampler_visit(l->sampler, m, pass, share_s, visit);
    if (!status) rank_medians_add(&m->ranks, visit->wait.median, visit->rule == KEPT_DISTURBED);
    if (!status && l->backend->watch_stop) visit->telemetry = l->backend->watch_stop(l->comm);
    return status ? status : verify(l, m, pass, visit);
}

/* The call is verified beside the load, too. */
static enum status measure_beside(struct launch_state *l, struct measured *m, size_t pass, double share_s,
                                  struct visit *visit)
{
    point_sampler(l, m);
    enum status status = beside_start(&l->beside, m->loaded);
    if (!status) status = sampler_visit(l->sampler, m, pass, share_s, visit);
    if (!status) status = verify(l, m, pass, visit);
    return status ? status : beside_stop(&l->beside, m->loaded);
}

/* --beside. The load is verified in the same pass as the case. */
static enum status sample_beside(struct launch_state *l, struct measured *m, size_t pass, double share_s,
                                 struct visit *visit)
{
    if (l->backend->watch_start) l->backend->watch_start(l->comm);
    enum status status = l->beside.loads ? beside_serve(&l->beside, m->loaded, l->settings.check && pass == 0)
                                         : measure_beside(l, m, pass, share_s, visit);
    if (status) return status;
    if (l->backend->watch_stop) visit->telemetry = l->backend->watch_stop(l->comm);
    if (!m->loaded) return STATUS_OK;
    visit->load = beside_done(&l->beside);
    if (visit->load.wrong <= 0 || m->status) return STATUS_OK;
    m->status = STATUS_WRONG;
    snprintf(m->reason, sizeof m->reason, "%lld wrong elements in the load", (long long)visit->load.wrong);
    return STATUS_OK;
}

static enum status visit_case(struct launch_state *l, struct measured *m, size_t pass, double share_s)
{
    struct buffers buffers = {0};
    struct visit visit = {.wrong = ABSENT, .load = load_absent()};
    say_case(l, m);
    enum status status = case_buffers_open(l, m);
    if (status) return status;
    double start = clock_s();
    status = case_buffers_give(l, m, &buffers);
    if (status) return status;
    if (!m->call.buffers) return agree(l, write_row(l, m, pass, NULL));
    status = case_buffers_fill(l, m);
    if (!status)
        status = (l->settings.beside.collective ? sample_beside : sample_alone)(l, m, pass, share_s, &visit);
    if (m->split->comm) m->split->backend->free(m->split->comm, &buffers);
    m->call.buffers = NULL;
    if (status) return status;
    if (!l->settings.beside.collective)
        visit.groups = split_figures(&l->splits, m->split, median(m->group_us.us, m->group_us.count),
                                     m->call.collective, m->bytes);
    double took = clock_s() - start;
    m->visits++;
    m->spent_s += took - visit.away_s;
    m->overhead_s = took - visit.sampling_s;
    m->sample_s = visit.taken ? visit.sampling_s / (double)visit.taken : 0;
    if (pass == 0) show_first(l, m, &visit);
    status = write_row(l, m, pass, &visit);
    json_decref(visit.telemetry);
    json_decref(visit.groups);
    return agree(l, status);
}

/* Collective. Rank 0 decides whether to visit case `at`; then all ranks do so, or skip it. left: remaining
   visits, including this one. */
static enum status choose(struct launch_state *l, const struct schedule *schedule, size_t at, size_t pass,
                          size_t left)
{
    struct measured *m = &l->cases.list[at];
    if (m->status != STATUS_OK && m->status != STATUS_WRONG)
        return pass == 0 ? agree(l, write_row(l, m, pass, NULL)) : STATUS_OK;
    double plan[2] = {0, 0}; /* choice, share */
    if (l->driver.world.rank == 0)
        plan[0] = schedule_visit(schedule, &l->cases, at, pass, left, clock_s() - l->driver.journal.start_s,
                                 &plan[1]);
    mpi_must(MPI_Bcast(plan, 2, MPI_DOUBLE, 0, l->driver.world.comm));
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
    /* By size if the budget may be too small for all cases, and with nccl-tests' format, whose readers expect
       the first figures in that order. */
    bool by_size = pass == 0 && (schedule->budget_s > 0 || l->settings.driver.format == FORMAT_NCCL_TESTS);
    cases_order(&l->cases, (uint64_t)l->settings.seed, pass, by_size, order);
    for (size_t i = 0; !status && i < n; i++) {
        const struct measured *next = &l->cases.list[order[i]];
        char size[UNIT_TEXT], what[200];
        snprintf(what, sizeof what, "%s %s %s", next->call.collective->name,
                 format_size(next->requested_bytes, size), dtypes[next->call.dtype].name);
        progress_show(&l->driver.progress, pass * n + i, visits + pass * n, schedule->budget_s, what);
        status = choose(l, schedule, order[i], pass, visits - i);
    }
    return status;
}

/* Prints the largest size of which all cases fit, for scripts/sweep. */
static void print_largest(const struct launch_state *l, FILE *out)
{
    const struct settings *s = &l->settings;
    bool device = l->backend->capabilities & CAN_DEVICE_MEMORY && s->memory != MEMORY_HOST;
    size_t largest = 0;
    for (size_t i = 0; i < s->size_count; i++) {
        bool fits = true;
        for (size_t c = 0; c < l->cases.count; c++)
            fits &= l->cases.list[c].requested_bytes != s->sizes[i] ||
                    l->cases.list[c].status != STATUS_TOO_LARGE;
        if (fits && s->sizes[i] > largest) largest = s->sizes[i];
    }
    fprintf(out, "largest: %zu bytes in %s memory\n", largest, device ? "device" : "host");
}

static void warn_untold(const struct launch_state *l)
{
    bool told = false;
    for (size_t i = 0; i < l->cases.count; i++) told |= *l->cases.list[i].choice.algorithm != 0;
    if (!told && l->driver.world.rank == 0)
        warn("--show-algorithm: NCCL reported no algorithm. It reports them from 2.27 on, not for sends and "
             "receives, "
             "and not if NCCL_DEBUG is set without NCCL_DEBUG_SUBSYS=TUNING");
}

static enum status measure(struct driver *d)
{
    struct launch_state *l = state_of(d);
    const struct settings *s = &l->settings;
    if (s->largest) return case_buffers_ask(l);
    const struct schedule schedule = {s->max_seconds, s->time_budget_s, s->precision_percent / 100,
                                      (size_t)s->passes, (size_t)s->operations};
    size_t *order = allocate(l->cases.count, sizeof *order);
    enum status status = STATUS_OK;
    int more = 1;
    l->filled_group = SIZE_MAX;
    open_sampler(l);
    progress_row(&l->driver.progress, "first figures, of one pass:");
    for (size_t pass = 0; !status && more; pass++) {
        status = measure_pass(l, &schedule, pass, order);
        more = pass + 1 < schedule.passes ||
               schedule_another(&schedule, &l->cases, clock_s() - l->driver.journal.start_s);
        if (!status) mpi_must(MPI_Bcast(&more, 1, MPI_INT, 0, l->driver.world.comm));
    }
    progress_clear(&l->driver.progress);
    if (!status && s->show_algorithm) warn_untold(l);
    free(order);
    return status;
}

static void print_table(struct driver *d, FILE *out)
{
    struct launch_state *l = state_of(d);
    if (l->settings.largest) {
        print_largest(l, out);
        return;
    }
    collective_table(&l->cases, &l->settings, &d->world, l->backend->capabilities, out);
    if (l->sampler->distance) distance_print(&l->distance, out);
}

/* If no case has a figure: the reason of the first case; else NULL. */
static const char *why_nothing(struct driver *d)
{
    const struct launch_state *l = state_of(d);
    const struct cases *cases = &l->cases;
    if (l->settings.largest) return NULL;
    for (size_t i = 0; i < cases->count; i++)
        if (cases->list[i].count) return NULL;
    if (!cases->count) return "there is no case";
    return *cases->list[0].reason ? cases->list[0].reason : "every sample was set aside";
}

static enum status close_backend(struct driver *d, enum status status)
{
    struct launch_state *l = state_of(d);
    if (!status && d->settings->format == FORMAT_NCCL_TESTS)
        status = agree(l, nccl_format_print(&l->cases, &l->settings, &d->world, l->backend, l->comm, stdout));
    if (l->sampler && l->sampler->distance) distance_close(&l->distance);
    if (l->sampler) sampler_close(l->sampler);
    splits_close(&l->splits);
    beside_close(&l->beside);
    window_close(&l->window);
    if (atomic_exchange(&l->endable, NULL)) l->backend->close(l->comm);
    cases_free(&l->cases);
    return status;
}

int collective_main(const char *name, const char *summary, int argc, char **argv)
{
    static const struct driver_parts parts = {read_settings, free_settings, devices,     open_backend,
                                              add_facts,     measure,       why_nothing, print_table,
                                              close_backend, abort_backend};
    struct launch_state l = {.driver = {.parts = &parts, .name = name, .argc = argc, .argv = argv},
                             .summary = summary};
    return driver_main(&l.driver);
}
