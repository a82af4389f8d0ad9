#include "matmul/matmul.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "base/text.h"
#include "launch/world.h"
#include "matmul/open.h"
#include "stats/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct matmul_launch {
    struct driver driver; /* must be first: driver_main() passes a pointer to it */
    struct matmul_settings settings;
    const struct gemm_engine *engine;
    struct gemm *gemm;
    struct matmul_sampler sampler;
    struct matmul_cases cases; /* the burst and sustained cases of a problem are adjacent */
    int cores;                 /* this rank's share */
};

static struct matmul_launch *state_of(struct driver *d)
{
    return (struct matmul_launch *)d;
}

static enum status agree(const struct matmul_launch *l, enum status own)
{
    return agree_over(l->driver.world.comm, own);
}

static enum status read_settings(struct driver *d)
{
    struct matmul_launch *l = state_of(d);
    d->command = matmul_command();
    d->settings = &l->settings.driver;
    return matmul_settings_read(&d->command, d->argc, d->argv, &l->settings);
}

static int devices(const struct driver *d, int local_rank)
{
    return gemm_engine_devices(((const struct matmul_launch *)d)->settings.engine, local_rank);
}

static void free_settings(struct driver *d)
{
    matmul_settings_free(&state_of(d)->settings);
}

/* Warns if the ranks of rank 0's host are bound to fewer cores than it has. With one rank per host, mpirun
   may bind that rank to a single core, which would limit what is measured. */
static void warn_of_binding(const struct matmul_launch *l)
{
    int used = l->cores * l->driver.world.local_ranks;
    if (l->driver.world.rank == 0 && l->engine->memory == MEMORY_HOST && !l->settings.threads &&
        used < l->driver.machine.cores)
        warn("this host's ranks are bound to %d of its %d cores; mpirun --bind-to none gives them all", used,
             l->driver.machine.cores);
}

static enum status open_engine(struct driver *d)
{
    struct matmul_launch *l = state_of(d);
    const struct matmul_settings *s = &l->settings;
    bool wrong_here = s->fault == FAULT_WRONG && s->fault_rank == d->world.rank;
    struct gemm_options options = {.library = s->library,
                                   .kernel = s->kernel,
                                   .threads = (int)s->threads,
                                   .cold = s->cache == CACHE_COLD,
                                   .fault = wrong_here ? "wrong" : NULL,
                                   .tune_s = s->max_seconds};
    if (s->fault && s->fault_rank >= d->world.ranks)
        return fail(STATUS_USAGE, "--fault: there is no rank %lld among %d", (long long)s->fault_rank,
                    d->world.ranks);
    l->engine = gemm_engine_find(s->engine);
    enum status status = agree(l, l->engine ? STATUS_OK : STATUS_ENVIRONMENT);
    if (status) return status;
    /* The cores that this rank is bound to, divided among the ranks of its host with the same binding. */
    l->cores = d->machine.bound_cores / d->crowding.alike;
    if (l->cores < 1) l->cores = 1;
    warn_of_binding(l);
    struct gemm_place place = {d->world.local_rank, d->world.local_ranks, l->cores,
                               d->machine.last_level_bytes};
    status = gemm_open(&d->world, l->engine, &place, &options, &l->gemm);
    matmul_mark(watch_pulse(d->watch));
    d->backend = l->engine->name;
    return status;
}

static void add_facts(struct driver *d, struct launch_header *header)
{
    struct matmul_launch *l = state_of(d);
    l->engine->facts(l->gemm, header);
    if (l->settings.fault) launch_add_provenance(header, PROVENANCE_FAULTED);
}

static void abort_engine(struct driver *d)
{
    struct matmul_launch *l = state_of(d);
    if (l->gemm && l->engine->abort) l->engine->abort(l->gemm);
}

static void open_sampler(struct matmul_launch *l)
{
    bool device = l->engine->memory == MEMORY_DEVICE;
    l->sampler = (struct matmul_sampler){
        .world = &l->driver.world, .settings = &l->settings, .engine = l->engine, .gemm = l->gemm};
    l->sampler.pulse = watch_pulse(l->driver.watch);
    l->sampler.sustain_s = l->settings.sustain_s > 0 ? l->settings.sustain_s : device ? 30 : 1;
    l->sampler.sets_aside = !device && l->cores * l->driver.world.local_ranks <= l->driver.machine.cores;
}

static void add_case(struct matmul_launch *l, enum gemm_type type, const struct shape *shape,
                     const char *layout, bool sustained)
{
    struct matmul_cases *cases = &l->cases;
    cases->list = reallocate(cases->list, cases->count + 1, sizeof *cases->list);
    struct matmul_case *c = &cases->list[cases->count++];
    *c = (struct matmul_case){
        .problem = {type, shape->m, shape->n, shape->k, "", (uint64_t)l->settings.seed,
                    type == GEMM_FP8_E4M3 && l->settings.accumulator == ACCUMULATOR_FAST},
        .sustained = sustained,
        .batch = ABSENT,
        .wrong = ABSENT,
        .first_us = NAN};
    memcpy(c->problem.layout, layout, 3);
    c->peak_tflops = matmul_peak_tflops(l->engine->device(l->gemm), type);
}

static void add_problem(struct matmul_launch *l, enum gemm_type type, const struct shape *shape,
                        const char *layout)
{
    if (l->settings.phase != PHASE_SUSTAINED) add_case(l, type, shape, layout, false);
    if (l->settings.phase != PHASE_BURST) add_case(l, type, shape, layout, true);
}

/* Whether to measure a type: it was asked for or, if none was, the engine supports it. The shape does not
   matter here: a problem that the engine cannot run becomes a case with a reason. */
static bool is_wanted(const struct matmul_launch *l, enum gemm_type type, const char *layout)
{
    const char *reason;
    struct gemm_problem problem = {type, 1024, 1024, 1024, "", 0, false};
    memcpy(problem.layout, layout, 3);
    for (size_t i = 0; i < l->settings.type_count; i++)
        if (l->settings.types[i] == type) return true;
    return l->settings.type_count == 0 && l->engine->supports(l->gemm, &problem, &reason) == STATUS_OK;
}

static void make_cases(struct matmul_launch *l)
{
    static const struct shape host[] = {{512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}};
    static const struct shape device[] = {{4096, 4096, 4096}, {8192, 8192, 8192}, {16384, 16384, 16384}};
    const struct matmul_settings *s = &l->settings;
    bool on_host = l->engine->memory == MEMORY_HOST;
    const struct shape *shapes = s->shapes ? s->shapes : on_host ? host : device;
    size_t count = s->shapes ? s->shape_count : 3;
    for (int type = 0; type < GEMM_TYPE_COUNT; type++)
        for (int i = 0; i < (s->layout_count ? s->layout_count : 1); i++)
            for (size_t j = 0; j < count; j++) {
                const char *layout = s->layout_count ? s->layouts[i] : on_host ? "NN" : "TN";
                if (is_wanted(l, (enum gemm_type)type, layout))
                    add_problem(l, (enum gemm_type)type, &shapes[j], layout);
            }
}

static enum status write_row(struct matmul_launch *l, const struct matmul_case *c, size_t pass, size_t first,
                             int64_t wrong)
{
    if (l->driver.world.rank != 0) return STATUS_OK;
    struct case_row row = matmul_row(c, &l->sampler);
    row.pass = (int64_t)pass;
    row.wrong = wrong;
    if (c->count > first) {
        row.samples_us = (struct samples){c->us + first, c->count - first};
        row.batch = c->batch;
        row.warmup = c->warmup;
        row.preempted = c->preempted;
        row.stopped_by = stop_reason_name(c->why);
        row.statistic = STATISTIC_MEDIAN;
        row.rank_reduction = "max";
        row.rank_time_us = c->rank_us;
        row.groups = c->ranks;
        row.telemetry = c->telemetry;
        row.first_us = c->first_us;
        if (c->heuristics) row.heuristics = c->heuristics;
        case_row_summarise(&row);
        row.time_us = row.median_us;
    }
    return journal_case(&l->driver.journal, &row);
}

static enum status measure_phase(struct matmul_launch *l, struct gemm_work *work, struct matmul_case *c,
                                 size_t pass, double most_s)
{
    size_t first = 0;
    int64_t before = c->wrong == ABSENT ? 0 : c->wrong;
    /* No agreement on failures here: a rank that fails ends the launch (run_launch), because the others are
       in different collective calls. */
    enum status status = matmul_sample(&l->sampler, work, c, most_s, &first);
    if (!status && l->settings.check)
        status = matmul_verify(&l->sampler, work, c,
                               (uint64_t)l->settings.seed * 1000003 + pass * 2 + c->sustained);
    if (status) return status;
    return agree(l, write_row(l, c, pass, first, c->wrong == ABSENT ? ABSENT : c->wrong - before));
}

static void note_choice(struct matmul_launch *l, const struct gemm_work *work, struct matmul_case *c)
{
    struct gemm_choice choice;
    l->engine->choice(work, &choice);
    c->first_us = choice.first_us;
    c->heuristics = choice.heuristics;
    snprintf(c->algorithm, sizeof c->algorithm, "%s", choice.algorithm);
}

/* Collective. Prepares the problem on every rank. If any rank cannot, returns the worst status on all ranks
   and sets *reason. */
static enum status prepare(struct matmul_launch *l, const struct gemm_problem *problem,
                           struct gemm_work **work, const char **reason)
{
    enum status status = l->engine->supports(l->gemm, problem, reason);
    if (!status) {
        status = l->engine->prepare(l->gemm, problem, work);
        if (status == STATUS_UNSUPPORTED) *reason = "the library offers no algorithm for it";
    }
    matmul_mark(watch_pulse(l->driver.watch));
    if (status == STATUS_TOO_LARGE) *reason = "the operands do not fit into free memory";
    enum status all = agree(l, status);
    if (all && !status) {
        l->engine->finish(*work);
        *reason = "another rank cannot do it";
    }
    return all;
}

/* The time limit of a phase: that of its flag, or share_s, its share of the remaining budget, if that is
   shorter. */
static double phase_limit_s(const struct matmul_launch *l, const struct matmul_case *c, double share_s)
{
    double own = c->sustained ? l->sampler.sustain_s : l->settings.max_seconds;
    return share_s < own ? share_s : own;
}

/* Measures the phases of one problem, the cases from..from+phases-1, in one pass. */
static enum status visit(struct matmul_launch *l, size_t from, size_t phases, size_t pass, double share_s)
{
    struct gemm_work *work = NULL;
    const char *reason = "";
    struct matmul_case *cases = &l->cases.list[from];
    if (cases->status && cases->status != STATUS_WRONG) return STATUS_OK; /* an earlier pass wrote its row */
    enum status status = share_s > 0 ? prepare(l, &cases->problem, &work, &reason) : STATUS_SKIPPED;
    if (status == STATUS_SKIPPED) reason = "the time budget was spent before this case";
    if (status && status < STATUS_UNSUPPORTED) return status;
    enum status done = STATUS_OK;
    for (size_t i = 0; i < phases && !done; i++) {
        struct matmul_case *c = &cases[i];
        if (status && (status != STATUS_SKIPPED || c->count == 0)) {
            c->status = status;
            snprintf(c->reason, sizeof c->reason, "%s", reason);
            done = agree(l, write_row(l, c, pass, c->count, ABSENT));
        } else if (!status) {
            note_choice(l, work, c);
            done = measure_phase(l, work, c, pass, phase_limit_s(l, c, share_s / (double)phases));
        }
    }
    if (!status) l->engine->finish(work);
    return done;
}

static double flop(const struct matmul_case *c)
{
    return (double)c->problem.m * (double)c->problem.n * (double)c->problem.k *
           (c->problem.type == GEMM_DOUBLE ? 2 : 1);
}

/* Sets the order of the problems in a pass: cheap ones first if there is a time budget, else random but
   seeded. */
static void order_of(const struct matmul_launch *l, size_t phases, size_t pass, size_t *order)
{
    size_t n = l->cases.count / phases;
    struct random_state random;
    for (size_t i = 0; i < n; i++) order[i] = i;
    random_seed(&random, (uint64_t)l->settings.seed * 0x9e3779b97f4a7c15u + pass);
    random_shuffle(&random, order, n);
    for (size_t i = 1; i < n && l->settings.time_budget_s > 0; i++)
        for (size_t j = i;
             j > 0 && flop(&l->cases.list[order[j] * phases]) < flop(&l->cases.list[order[j - 1] * phases]);
             j--) {
            size_t t = order[j];
            order[j] = order[j - 1], order[j - 1] = t;
        }
}

static void show_progress(struct matmul_launch *l, size_t done, size_t all, const struct gemm_problem *p)
{
    char what[200];
    snprintf(what, sizeof what, "matmul %s %lldx%lldx%lld", gemm_type_name(p->type), (long long)p->m,
             (long long)p->n, (long long)p->k);
    watch_say(l->driver.watch, what);
    progress_show(&l->driver.progress, done, all, l->settings.time_budget_s, what);
}

/* Collective. An equal share of the remaining budget for each remaining visit, by rank 0's clock; INFINITY:
   no budget. */
static double share_of_budget(const struct matmul_launch *l, size_t visits_left)
{
    double left_s = l->settings.time_budget_s - (clock_s() - l->driver.journal.start_s);
    double share_s = l->settings.time_budget_s > 0 ? left_s / (double)visits_left : INFINITY;
    mpi_must(MPI_Bcast(&share_s, 1, MPI_DOUBLE, 0, l->driver.world.comm));
    return share_s;
}

static enum status measure(struct driver *d)
{
    struct matmul_launch *l = state_of(d);
    make_cases(l);
    open_sampler(l);
    size_t phases = l->settings.phase == PHASE_BOTH ? 2 : 1, problems = l->cases.count / phases;
    size_t all = problems * (size_t)l->settings.passes, *order = allocate(problems, sizeof *order);
    enum status status = STATUS_OK;
    for (size_t done = 0; !status && done < all; done++) {
        size_t pass = done / problems;
        if (done % problems == 0) order_of(l, phases, pass, order);
        size_t from = order[done % problems] * phases;
        show_progress(l, done, all, &l->cases.list[from].problem);
        status = visit(l, from, phases, pass, share_of_budget(l, all - done));
    }
    progress_clear(&l->driver.progress);
    free(order);
    return status;
}

static void free_cases(struct matmul_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++) {
        free(cases->list[i].us);
        json_decref(cases->list[i].telemetry);
        json_decref(cases->list[i].ranks);
    }
    free(cases->list);
}

static const char *why_nothing(struct driver *d)
{
    const struct matmul_cases *cases = &state_of(d)->cases;
    for (size_t i = 0; i < cases->count; i++)
        if (cases->list[i].count) return NULL;
    if (!cases->count) return "there is no case";
    return *cases->list[0].reason ? cases->list[0].reason : "every sample was set aside";
}

static void print_table(struct driver *d, FILE *out)
{
    const struct matmul_launch *l = state_of(d);
    matmul_table(&l->cases, &l->sampler, out);
}

static enum status close_engine(struct driver *d, enum status status)
{
    struct matmul_launch *l = state_of(d);
    l->engine->close(l->gemm);
    free_cases(&l->cases);
    return status;
}

int matmul_main(int argc, char **argv)
{
    static const struct driver_parts parts = {read_settings, free_settings, devices,     open_engine,
                                              add_facts,     measure,       why_nothing, print_table,
                                              close_engine,  abort_engine};
    struct matmul_launch l = {.driver = {.parts = &parts, .name = "matmul", .argc = argc, .argv = argv}};
    return driver_main(&l.driver);
}
