#include "step/step.h"
#include "backend/mpi_status.h"
#include "launch/world.h"
#include "measure/labels.h"

#include <stdlib.h>
#include <string.h>

static struct step_launch *state_of(struct driver *d)
{
    return (struct step_launch *)d;
}

static enum status agree(const struct step_launch *l, enum status own)
{
    return agree_over(l->driver.world.comm, own);
}

static enum status read_settings(struct driver *d)
{
    struct step_launch *l = state_of(d);
    d->command = step_command();
    d->settings = &l->settings.driver;
    return step_settings_read(&d->command, d->argc, d->argv, &l->settings);
}

static void free_settings(struct driver *d)
{
    step_settings_free(&state_of(d)->settings);
}

static int devices(const struct driver *d, int local_rank)
{
    return backend_devices(((const struct step_launch *)d)->settings.backend, MEMORY_ABSENT, local_rank);
}

/* Collective. Every rank has read the table from its own host. Fails unless all schedules are the same. */
static enum status compare_schedules(const struct step_launch *l)
{
    const struct world *w = &l->driver.world;
    char label[256];
    snprintf(label, sizeof label, "%s", l->schedule.label);
    mpi_must(MPI_Bcast(label, sizeof label, MPI_CHAR, 0, w->comm));
    return agree(l, strncmp(label, l->schedule.label, sizeof label - 1) == 0
                        ? STATUS_OK
                        : fail(STATUS_ENVIRONMENT, "--workload: %s on %s says %s, rank 0 on %s has read %s",
                               l->settings.workloads.path, w->host, l->schedule.label, w->hosts[0], label));
}

static enum status make_schedule(struct step_launch *l)
{
    const struct step_settings *s = &l->settings;
    enum status status = agree(
        l, schedule_make(&l->schedule, s->workload, s->workloads.path, l->driver.world.ranks, &s->options));
    if (!status) status = compare_schedules(l);
    l->call_wrong = allocate(l->schedule.call_count, sizeof *l->call_wrong);
    l->product_wrong = allocate(l->schedule.product_count, sizeof *l->product_wrong);
    for (size_t i = 0; i < l->schedule.call_count; i++) l->call_wrong[i] = ABSENT;
    for (size_t i = 0; i < l->schedule.product_count; i++) l->product_wrong[i] = ABSENT;
    return status;
}

static enum status open_all(struct driver *d)
{
    enum { TUNE_S = 1 };
    struct step_launch *l = state_of(d);
    struct step_settings *s = &l->settings;
    if (s->fault.delays && s->fault.rank >= d->world.ranks)
        return fail(STATUS_USAGE, "--fault: there is no rank %lld among %d", (long long)s->fault.rank,
                    d->world.ranks);
    enum status status = make_schedule(l);
    if (!status) status = step_open_channels(l);
    if (!status) status = sides_open_engine(d, l->backend, &s->sides, TUNE_S, &l->engine, &l->gemm);
    if (!status) status = sides_check(d, l->backend, &s->sides);
    if (status) return status;
    d->backend = l->backend->name;
    sides_warn_of_sharing(d, &s->sides);
    const struct pair_parts parts = {.world = &d->world,
                                     .backend = l->backend->name,
                                     .engine = l->engine,
                                     .progress = s->sides.progress,
                                     .pulse = watch_pulse(d->watch)};
    return agree(l, pair_open(&parts, &l->pair));
}

/* The rows have the labels that were asked for if NCCL honours them in at least one of the collectives. */
static void set_labels(struct step_launch *l, const struct launch_header *header)
{
    const struct sides_flags *f = &l->settings.sides;
    const enum registration asked = (enum registration)(REGISTRATION_NONE + f->registration);
    struct label_question q = label_question_of(header, f->cta, asked, 0);
    const char *unused = NULL, *limited = NULL;
    for (size_t i = 0; i < l->schedule.call_count; i++) {
        const char *cta;
        enum registration registration;
        q.collective = l->schedule.calls[i].row->collective->id;
        const char *why = cta_unused(&q, &cta);
        if (i == 0 || !why) l->cta = cta, unused = why;
        why = registration_limited(&q, &registration);
        if (i == 0 || !why) l->registration = registration, limited = why;
    }
    labels_mark(&q, header);
    if (unused) warn("--cta %s: %s; the rows say '%s'", f->cta, unused, l->cta);
    if (limited) warn("-R 1: %s; the rows say '%s'", limited, registration_name(l->registration));
}

static void add_facts(struct driver *d, struct launch_header *header)
{
    struct step_launch *l = state_of(d);
    l->backend->facts(l->comm, header);
    l->engine->facts(l->gemm, header);
    if (l->settings.fault.delays) launch_add_provenance(header, PROVENANCE_FAULTED);
    if (d->world.rank == 0) set_labels(l, header);
}

static enum status measure(struct driver *d)
{
    struct step_launch *l = state_of(d);
    enum status status = step_prepare(l);
    if (!status) status = agree(l, step_sample(l));
    progress_clear(&d->progress);
    return status;
}

static const char *why_nothing(struct driver *d)
{
    const struct step_launch *l = state_of(d);
    return l->rounds || l->status == STATUS_WRONG ? NULL
           : *l->reason                           ? l->reason
                                                  : "there was no time for a round";
}

static void print_table(struct driver *d, FILE *out)
{
    step_table(state_of(d), out);
}

static void abort_all(struct driver *d)
{
    step_abort_parts(state_of(d));
}

static enum status close_all(struct driver *d, enum status status)
{
    struct step_launch *l = state_of(d);
    pair_close(l->pair);
    step_close_parts(l);
    for (size_t i = 0; i < l->timed_count; i++) free(l->timed[i].us);
    free(l->timed);
    free(l->call_wrong);
    free(l->product_wrong);
    json_decref(l->telemetry);
    schedule_free(&l->schedule);
    return status;
}

int step_main(int argc, char **argv)
{
    static const struct driver_parts parts = {read_settings, free_settings, devices,     open_all,
                                              add_facts,     measure,       why_nothing, print_table,
                                              close_all,     abort_all};
    struct step_launch l = {.driver = {.parts = &parts,
                                       .name = "step",
                                       .thread_level = MPI_THREAD_SERIALIZED,
                                       .argc = argc,
                                       .argv = argv}};
    return driver_main(&l.driver);
}
