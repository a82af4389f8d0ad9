#include "overlap/overlap.h"
#include "backend/memory.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "launch/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct overlap_launch *state_of(struct driver *d)
{
    return (struct overlap_launch *)d;
}

static enum status agree(const struct overlap_launch *l, enum status own)
{
    return agree_over(l->driver.world.comm, own);
}

static bool on_device(const struct overlap_launch *l)
{
    return l->engine->memory == MEMORY_DEVICE;
}

/* Preparing the matrices may take long: shows the watchdog that this rank has done a part of it. */
static void mark(const struct overlap_launch *l)
{
    pulse_step(watch_pulse(l->driver.watch), STAGE_BETWEEN);
}

static enum status read_settings(struct driver *d)
{
    struct overlap_launch *l = state_of(d);
    d->command = overlap_command();
    d->settings = &l->settings.driver;
    return overlap_settings_read(&d->command, d->argc, d->argv, &l->settings);
}

static int devices(const struct driver *d, int local_rank)
{
    return backend_devices(((const struct overlap_launch *)d)->settings.backend, MEMORY_ABSENT, local_rank);
}

static void free_settings(struct driver *d)
{
    overlap_settings_free(&state_of(d)->settings);
}

static enum status open_gemm(struct overlap_launch *l)
{
    const struct overlap_settings *s = &l->settings;
    enum status status =
        sides_open_engine(&l->driver, l->backend, &s->sides, s->max_seconds, &l->engine, &l->gemm);
    mark(l);
    return status;
}

static void set_problem(struct overlap_launch *l)
{
    const struct overlap_settings *s = &l->settings;
    int64_t edge = on_device(l) ? 4096 : 256;
    struct shape shape = s->shape.m ? s->shape : (struct shape){edge, edge, edge};
    enum gemm_type usual = on_device(l) ? GEMM_BFLOAT16 : GEMM_FLOAT;
    l->problem = (struct gemm_problem){.type = s->gemm_type < 0 ? usual : (enum gemm_type)s->gemm_type,
                                       .m = shape.m,
                                       .n = shape.n,
                                       .k = shape.k,
                                       .seed = (uint64_t)s->seed};
    strcpy(l->problem.layout, on_device(l) ? "TN" : "NN");
}

/* The largest size comes first, so that the backend does not have to take, and register, more memory
   later. */
static void make_cases(struct overlap_launch *l)
{
    size_t usual = on_device(l) ? (size_t)64 << 20 : (size_t)1 << 20;
    const struct overlap_settings *s = &l->settings;
    size_t sizes = s->size_count ? s->size_count : 1, of_policy = sizes * (size_t)s->collective_count,
           cases = of_policy * s->policy_count;
    l->cases = allocate(cases * s->ratio_count, sizeof *l->cases);
    for (size_t i = 0; i < cases; i++) {
        size_t bytes = s->size_count ? s->sizes[i % of_policy / (size_t)s->collective_count] : usual;
        const struct collective *collective = s->collectives[i % (size_t)s->collective_count];
        size_t divisor = collective->divisor(l->driver.world.ranks);
        for (size_t r = 0; r < s->ratio_count; r++)
            l->cases[l->case_count++] =
                (struct overlap_case){.collective = collective,
                                      .policy = i / of_policy,
                                      .requested_bytes = bytes,
                                      .count = bytes / dtypes[s->dtype].size / divisor * divisor,
                                      .ratio = s->ratios[r],
                                      .wrong = ABSENT,
                                      .gemm_wrong = ABSENT};
    }
}

static enum status open_both(struct driver *d)
{
    struct overlap_launch *l = state_of(d);
    struct overlap_settings *s = &l->settings;
    if (s->fault.delays && s->fault.rank >= d->world.ranks)
        return fail(STATUS_USAGE, "--fault: there is no rank %lld among %d", (long long)s->fault.rank,
                    d->world.ranks);
    enum status status = overlap_policy_open(l, 0);
    if (!status) status = open_gemm(l);
    if (!status) status = sides_check(d, l->backend, &s->sides);
    if (status) return status;
    d->backend = l->backend->name;
    sides_warn_of_sharing(d, &s->sides);
    set_problem(l);
    make_cases(l);
    const struct pair_parts parts = {.world = &d->world,
                                     .backend = l->backend->name,
                                     .engine = l->engine,
                                     .progress = s->sides.progress,
                                     .pulse = watch_pulse(d->watch)};
    return agree(l, pair_open(&parts, &l->pair));
}

static void add_facts(struct driver *d, struct launch_header *header)
{
    struct overlap_launch *l = state_of(d);
    l->backend->facts(l->comm, header);
    l->engine->facts(l->gemm, header);
    if (l->settings.fault.delays) launch_add_provenance(header, PROVENANCE_FAULTED);
    if (d->world.rank == 0) overlap_label_cases(l, header);
}

static void abort_both(struct driver *d)
{
    struct overlap_launch *l = state_of(d);
    struct comm *comm = atomic_exchange(&l->endable, NULL);
    if (comm && l->backend->abort) l->backend->abort(comm);
    if (l->gemm && l->engine->abort) l->engine->abort(l->gemm);
}

/* ---- measuring ---- */

/* Collective. Prepares the matrices, which all cases share. Returns an error only if the launch cannot go
   on. */
static enum status prepare_matrices(struct overlap_launch *l)
{
    enum status status = l->engine->supports(l->gemm, &l->problem, &l->gemm_reason);
    if (!status) {
        status = l->engine->prepare(l->gemm, &l->problem, &l->work);
        if (status == STATUS_UNSUPPORTED) l->gemm_reason = "the library offers no algorithm for the matmul";
        if (status == STATUS_TOO_LARGE) l->gemm_reason = "the matrices do not fit into free memory";
    }
    mark(l);
    l->gemm_status = agree(l, status);
    if (!l->gemm_status) {
        struct gemm_choice choice;
        l->engine->choice(l->work, &choice);
        snprintf(l->algorithm, sizeof l->algorithm, "%s", choice.algorithm);
        l->product.work = l->work;
        pair_set_products(l->pair, &l->product, 1);
        return STATUS_OK;
    }
    if (!l->gemm_reason) l->gemm_reason = "another rank cannot multiply these matrices";
    return l->gemm_status < STATUS_UNSUPPORTED ? l->gemm_status : STATUS_OK;
}

/* Collective. The buffers of a case, filled. STATUS_UNSUPPORTED or STATUS_TOO_LARGE with a reason. */
static enum status take_buffers(struct overlap_launch *l, struct call *call, struct buffers *buffers,
                                const char **reason)
{
    const struct driver *d = &l->driver;
    const struct layout layout = call_layout(call, &d->world);
    struct extent e = call->collective->extent(&layout);
    size_t size = dtypes[call->dtype].size, send = e.send * size, recv = e.recv * size,
           needed = send + recv + 2 * memory_stride(1), room = l->backend->free_bytes(l->comm) / 10 * 9;
    size_t slots =
        l->settings.sides.cache == CACHE_COLD
            ? memory_cold_slots(on_device(l), d->machine.last_level_bytes, d->world.local_ranks, send + recv)
            : 1;
    if (slots > room / 4 / needed) slots = room / 4 / needed;
    uint64_t least = slots ? slots : 1;
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, &least, 1, MPI_UINT64_T, MPI_MIN, d->world.comm));
    *buffers = (struct buffers){.slots = (size_t)least};
    bool runs = collective_runs(call->collective, d->world.ranks);
    enum status status = !runs || call->count == 0 ? STATUS_UNSUPPORTED
                         : needed > room           ? STATUS_TOO_LARGE
                                                   : l->backend->supports(l->comm, call, reason);
    if (!runs)
        *reason = "the number of ranks must be a power of two";
    else if (call->count == 0)
        *reason = "fewer bytes than one element for each rank";
    status = agree(l, status);
    if (!status) status = agree(l, l->backend->alloc(l->comm, send, recv, buffers->slots, buffers));
    if (status == STATUS_TOO_LARGE) *reason = "the collective's buffers do not fit into free memory";
    if (status && !*reason) *reason = "another rank cannot do this";
    if (status && buffers->memory) l->backend->free(l->comm, buffers);
    call->buffers = buffers;
    for (size_t slot = 0; slot < buffers->slots && !status; slot++)
        status = l->backend->fill(l->comm, call, slot, (uint64_t)l->settings.seed);
    return status;
}

static enum status write_row(struct overlap_launch *l, const struct overlap_case *c)
{
    if (l->driver.world.rank) return STATUS_OK;
    struct overlap_row row = overlap_row_of(l, c);
    return journal_overlap(&l->driver.journal, &row);
}

static void say_case(struct overlap_launch *l, const struct overlap_case *c)
{
    char what[160], size[UNIT_TEXT];
    const bool many = l->settings.policy_count > 1;
    snprintf(what, sizeof what, "%s %s beside matmul, ratio %g%s%.40s", c->collective->name,
             format_size(c->requested_bytes, size), c->ratio, many ? ", --cta " : "",
             many ? l->settings.policies[c->policy] : "");
    watch_say(l->driver.watch, what);
    progress_show(&l->driver.progress, (size_t)(c - l->cases), l->case_count, 0, what);
}

/* The time for a case's rounds by --max-seconds, which does not limit a fixed number of rounds, and by its
   share of what is left of --time-budget. INFINITY: no limit. */
static double time_for(const struct overlap_launch *l, const struct overlap_case *c)
{
    const struct overlap_settings *s = &l->settings;
    double most_s = s->rounds ? INFINITY : s->max_seconds;
    double left_s = s->time_budget_s - (clock_s() - l->driver.journal.start_s);
    double cases_left = (double)(l->case_count - (size_t)(c - l->cases));
    return s->time_budget_s > 0 ? fmin(most_s, left_s / cases_left) : most_s;
}

/* Measures the ratios of one collective and size. `cannot`: why they have no figure. */
static enum status measure_size(struct overlap_launch *l, struct overlap_case *cases)
{
    const struct overlap_settings *s = &l->settings;
    size_t count = s->ratio_count;
    struct buffers buffers = {0};
    const char *reason = l->gemm_reason;
    struct call call = {.collective = cases[0].collective,
                        .dtype = s->dtype,
                        .op = OP_SUM,
                        .count = cases[0].count,
                        .aggregate = 1,
                        .nonblocking = s->sides.progress == OVERLAP_NONBLOCKING,
                        .mode = MODE_NCCL_TESTS}; /* by the host's clock, and without the device's barrier */
    say_case(l, &cases[0]);
    enum status cannot = l->gemm_status, status = STATUS_OK;
    if (!cannot) cannot = take_buffers(l, &call, &buffers, &reason);
    if (cannot && cannot < STATUS_UNSUPPORTED) return cannot;
    if (!cannot) {
        l->call = (struct pair_call){l->backend, l->comm, call, 1, 0};
        pair_set_calls(l->pair, &l->call, 1);
        if (l->backend->prepare) status = l->backend->prepare(l->comm, &call, 1);
        if (!status) status = overlap_calibrate(l, cases, count);
    }
    for (size_t i = 0; i < count && !status; i++) {
        struct overlap_case *c = &cases[i];
        say_case(l, c);
        c->status = cannot;
        if (cannot) snprintf(c->reason, sizeof c->reason, "%s", reason);
        l->most_s = time_for(l, c);
        if (!cannot) status = overlap_sample(l, c);
        if (!status) status = agree(l, write_row(l, c));
    }
    if (buffers.memory) l->backend->free(l->comm, &buffers);
    return status;
}

static enum status measure(struct driver *d)
{
    struct overlap_launch *l = state_of(d);
    enum status status = prepare_matrices(l);
    for (size_t i = 0; i < l->case_count && !status; i += l->settings.ratio_count) {
        struct overlap_case *cases = &l->cases[i];
        mpi_must(MPI_Bcast(&cases->repeated, 1, MPI_C_BOOL, 0, d->world.comm));
        if (cases->repeated) continue;
        if (cases->policy != l->policy) status = overlap_policy_open(l, cases->policy);
        if (!status) status = measure_size(l, cases);
    }
    progress_clear(&d->progress);
    return status;
}

static const char *why_nothing(struct driver *d)
{
    const struct overlap_launch *l = state_of(d);
    for (size_t i = 0; i < l->case_count; i++)
        if (l->cases[i].rounds.count) return NULL;
    return l->case_count ? l->cases[0].reason : "there is no case";
}

static void print_table(struct driver *d, FILE *out)
{
    overlap_table(state_of(d), out);
}

static enum status close_both(struct driver *d, enum status status)
{
    struct overlap_launch *l = state_of(d);
    pair_close(l->pair);
    if (l->work) l->engine->finish(l->work);
    l->engine->close(l->gemm);
    if (atomic_exchange(&l->endable, NULL)) l->backend->close(l->comm);
    for (size_t i = 0; i < l->case_count; i++)
        for (int t = 0; t < TIMES; t++) free(l->cases[i].rounds.times_us[t]);
    free(l->cases);
    return status;
}

int overlap_main(int argc, char **argv)
{
    static const struct driver_parts parts = {read_settings, free_settings, devices,     open_both,
                                              add_facts,     measure,       why_nothing, print_table,
                                              close_both,    abort_both};
    struct overlap_launch l = {.driver = {.parts = &parts,
                                          .name = "overlap",
                                          .thread_level = MPI_THREAD_SERIALIZED,
                                          .argc = argc,
                                          .argv = argv}};
    return driver_main(&l.driver);
}
