#include "launch/driver.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "launch/launcher.h"
#include "launch/refusal.h"
#include "launch/world.h"
#include "record/flags.h"

#include <unistd.h>

#define AT(member) offsetof(struct driver_settings, member)

const struct option driver_options[] = {
    FLAG_OUTPUT(.argument = "DIR", .at = AT(output), .initial = "results",
                .help = "write the record to DIR/RUN/LAUNCH.jsonl; none: write no record"),
    FLAG_RUN(.at = AT(run), .help = "name of the run; the launches of a run are repetitions of each other"),
    {.kind = OPTION_TEXT,
     .name = "launch",
     .argument = "NAME",
     .at = AT(launch),
     .help = "name of this launch within the run"},
    {.kind = OPTION_FLAG,
     .name = "progress",
     .at = AT(progress),
     .help = "print progress and first figures on stderr, even if it is not a terminal"},
    FLAG_LABEL(.at = AT(label)),
    FLAG_CLOUD(.at = AT(cloud)),
    FLAG_INSTANCE(.at = AT(instance), .help = "instance type, for the record"),
    {.kind = OPTION_INTEGER,
     .letter = 'g',
     .name = "ngpus",
     .argument = "N",
     .at = AT(start.gpus),
     .initial = "-1",
     .least = START_NOT_ASKED,
     .most = 4096,
     .group = "starting without mpirun",
     .help = "start N ranks on this machine, each with its own GPU if GPUs are used; 0: one for each visible "
             "GPU;\n"
             "-1: start none: this process is a rank"},
    {.kind = OPTION_INTEGER,
     .letter = 't',
     .name = "nthreads",
     .argument = "N",
     .at = AT(start.threads),
     .initial = "1",
     .least = 1,
     .most = 4096,
     .help = "start N times as many ranks as -g says (threads in nccl-tests, processes here)"},
    {.kind = OPTION_END},
};

static void end_from_watchdog(void *state, enum end_status how)
{
    struct driver *d = state;
    if (d->world.rank == 0) journal_end(&d->journal, how);
}

static void abort_from_watchdog(void *state)
{
    struct driver *d = state;
    d->parts->abort(d);
}

static void add_facts(void *state, struct launch_header *header)
{
    struct driver *d = state;
    if (d->crowding.ranks)
        json_object_set_new(header->facts, "oversubscribed",
                            json_pack("{ss si sf}", "host", d->crowding.host, "ranks", d->crowding.ranks,
                                      "processors", d->crowding.processors));
    d->parts->add_facts(d, header);
}

static enum status open_journal(struct driver *d)
{
    const struct driver_settings *s = d->settings;
    const struct launch_description known = {.run = s->run,
                                             .launch = s->launch,
                                             .driver = d->name,
                                             .backend = d->backend,
                                             .argc = d->argc,
                                             .argv = d->argv,
                                             .cloud = s->cloud,
                                             .instance = s->instance,
                                             .label = s->label,
                                             .domains = ABSENT};
    return journal_open(&d->journal, &d->world, &d->machine, s->output, s->format, known, add_facts, d);
}

/* Warns that a program started alone measures one GPU only: users of nccl-tests may expect it to use all. */
static void tell_of_other_gpus(const struct driver *d)
{
    const char *variable;
    if (d->world.ranks > 1 || d->settings->start.gpus != START_NOT_ASKED || early_ranks(&variable)) return;
    int visible = d->parts->devices(d, -1);
    if (visible > 1) warn("this measures 1 of %d GPUs; -g %d starts a rank for each", visible, visible);
}

static enum status open_launch(struct driver *d)
{
    enum status status = world_open(MPI_COMM_WORLD, &d->world);
    if (status) return status;
    watch_join(d->watch, &d->world);
    silence(d->world.rank != 0);
    status = check_expected(&d->world, d->settings->expect_ranks, d->settings->expect_hosts);
    if (!status) status = agree_over(d->world.comm, machine_read(&d->machine));
    if (!status) tell_of_other_gpus(d);
    if (!status) crowding_find(&d->world, &d->machine, &d->crowding);
    if (!status) status = d->parts->open(d);
    if (status) return status;
    silence(0);
    return open_journal(d);
}

/* Warns above the table if ranks share processors: their times depend on the scheduler. */
static void print_crowding(const struct crowding *c, FILE *out)
{
    if (c->ranks)
        fprintf(out, "# %d ranks share %g processor%s on %s: times hold waits for a turn there\n", c->ranks,
                c->processors, c->processors == 1 ? "" : "s", c->host);
}

/* Ends the record and prints the table. A launch without any figure counts as failed. */
static enum status close_launch(struct driver *d)
{
    enum status status = STATUS_OK;
    if (d->world.rank == 0) {
        const char *why = d->parts->why_nothing(d);
        status = why ? journal_fail(&d->journal, why) : journal_end(&d->journal, END_COMPLETE);
        if (d->settings->format == FORMAT_TEXT) {
            print_crowding(&d->crowding, stdout);
            d->parts->print(d, stdout);
            if (d->journal.writer.path) printf("\nrecords: %s\n", d->journal.writer.path);
            if (!all_written(stdout)) status = fail(STATUS_ENVIRONMENT, "cannot print the table");
        }
        enum status closed = record_close(&d->journal.writer);
        if (!status) status = closed;
        if (why && !status) status = fail(STATUS_ENVIRONMENT, "nothing was measured: %s", why);
    }
    status = d->parts->close(d, agree_over(d->world.comm, status));
    return status ? status : agree_over(d->world.comm, d->journal.wrong ? STATUS_WRONG : STATUS_OK);
}

/* Called before MPI_Abort on a rank that may have failed alone while the others wait for it in MPI. */
static void end_failed(void *state)
{
    struct driver *d = state;
    watch_fail(d->watch);
    end_from_watchdog(d, END_FAILED);
}

static enum status run_launch(struct driver *d)
{
    progress_open(&d->progress, d->world.rank ? PROGRESS_NONE : progress_here(d->settings->progress));
    enum status status = d->parts->measure(d);
    if (!status) return close_launch(d);
    end_failed(d);
    MPI_Abort(MPI_COMM_WORLD, (int)status);
    return status;
}

/* Returns STATUS_OK if this process is itself a rank, or an error; otherwise start_ranks() replaces it by the
   launcher. */
static enum status start_own_ranks(struct driver *d)
{
    const struct start_settings *s = &d->settings->start;
    if (s->gpus == START_NOT_ASKED && s->threads == 1) return STATUS_OK;
    return start_ranks(&d->command, d->argc, d->argv, s, d->parts->devices(d, -1));
}

/* Drivers that need no threads call MPI_Init(), as most applications do. */
static int start_mpi(void *state)
{
    struct driver *d = state;
    int argc = d->argc, wanted = d->thread_level;
    char **argv = d->argv;
    return wanted == MPI_THREAD_SINGLE ? MPI_Init(&argc, &argv)
                                       : MPI_Init_thread(&argc, &argv, wanted, &d->thread_level);
}

/* Before version 5, Open MPI's launcher sometimes assumes that a rank that exits right after MPI_Finalize has
   not called it, and then ends a complete launch with status 1 (issue 7833 of Open MPI, not fixed in version
   4). */
static void wait_for_launcher(void)
{
#if defined OMPI_MAJOR_VERSION && OMPI_MAJOR_VERSION < 5
    usleep(20000);
#endif
}

/* Under a launcher, makes the commands that messages suggest complete: they begin with the launcher's
   command. */
static void name_launcher(void)
{
    static char words[64];
    const char *variable;
    int ranks = early_ranks(&variable);
    if (ranks > 1) snprintf(words, sizeof words, "%s %d", launcher_command(variable), ranks);
    options_started_by(words);
}

int driver_main(struct driver *d)
{
    int rank = early_rank();
    use_decimal_point();
    journal_start(&d->journal, clock_s());
    name_program(d->name);
    name_launcher();
    silence(rank != 0);
    if (rank && !freopen("/dev/null", "w", stdout)) return STATUS_ENVIRONMENT;
    enum status status = d->parts->read(d);
    if (!status) status = start_own_ranks(d);
    if (status) return (int)end_refused(status);
    silence(0);
    const struct watch_settings watch = {d->settings->timeout_s,
                                         same(d->settings->output, "none") ? NULL : d->settings->output,
                                         end_from_watchdog, abort_from_watchdog, d};
    d->watch = watch_open(&watch);
    if (early_local_rank() >= 0) d->parts->devices(d, early_local_rank());
    watch_arrive(d->watch);
    if (quiet_init(start_mpi, d)) return (int)fail(STATUS_ENVIRONMENT, "MPI_Init failed");
    mpi_return_errors(end_failed, d);
    status = open_launch(d);
    if (!status) status = run_launch(d);
    d->parts->free_settings(d);
    watch_conclude(d->watch, status);
    if (status && status != STATUS_WRONG && ends_quietly()) {
        watch_close(d->watch);
        end_agreed(status);
    }
    if (MPI_Finalize() && !status) status = fail(STATUS_ENVIRONMENT, "MPI_Finalize failed");
    watch_close(d->watch);
    world_close(&d->world);
    wait_for_launcher();
    return (int)status;
}
