#include "measure/common.h"
#include "base/cgroup.h"
#include "measure/clock.h"
#include "measure/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

int early_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID",
                                        NULL};
    for (int i = 0; names[i]; i++)
        if (getenv(names[i])) return atoi(getenv(names[i]));
    return 0;
}

enum status agree_over(MPI_Comm comm, enum status own)
{
    enum { FAILURE = 1000 }; /* above all that a case can come to */
    bool failed = own && own < STATUS_UNSUPPORTED;
    int rank, ranks, worst[2];
    if (MPI_Comm_rank(comm, &rank) || MPI_Comm_size(comm, &ranks))
        return fail(STATUS_ENVIRONMENT, "MPI_Comm_rank failed");
    int mine[2] = {(int)own + (failed ? FAILURE : 0), failed ? ranks - rank : 0};
    if (MPI_Allreduce(mine, worst, 2, MPI_INT, MPI_MAX, comm))
        return fail(STATUS_ENVIRONMENT, "MPI_Allreduce failed");
    if (failed && mine[1] == worst[1])
        say_silenced(); /* where rank 0 is well, the first that is not speaks */
    return (enum status)(worst[0] % FAILURE);
}

const char *case_status_name(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_WRONG:
        return "wrong";
    case STATUS_TIMEOUT:
        return "timeout";
    case STATUS_UNSUPPORTED:
        return "unsupported";
    case STATUS_TOO_LARGE:
        return "too_large";
    case STATUS_SKIPPED:
        return "skipped";
    default:
        return "error";
    }
}

enum status check_expected(const struct world *world, int64_t ranks, int64_t hosts)
{
    if (ranks && ranks != world->ranks)
        return fail(STATUS_ENVIRONMENT, "--expect-ranks %lld: the launch has %d", (long long)ranks,
                    world->ranks);
    if (hosts && hosts != world->nodes)
        return fail(STATUS_ENVIRONMENT, "--expect-hosts %lld: the launch has %d", (long long)hosts,
                    world->nodes);
    return STATUS_OK;
}

enum status crowding_find(const struct world *world, const struct host_machine *machine, struct crowding *c)
{
    uint64_t mine[2] = {(uint64_t)world->node, machine->binding},
             *all = allocate((size_t)world->ranks, sizeof mine);
    int error = MPI_Allgather(mine, 2, MPI_UINT64_T, all, 2, MPI_UINT64_T, world->comm), alike = 0;
    for (int rank = 0; rank < world->ranks && !error; rank++)
        alike += memcmp(&all[2 * rank], mine, sizeof mine) == 0;
    free(all);
    /* Of both limits, the one that more ranks meet for each processor. */
    double worst[2] = {alike, machine->bound_pus}, quota = cgroup_processors("");
    if (world->local_ranks / quota > worst[0] / worst[1]) worst[0] = world->local_ranks, worst[1] = quota;
    struct {
        double for_each;
        int rank;
    } own = {worst[0] / worst[1], world->rank}, most = {0, 0};
    if (!error) error = MPI_Allreduce(&own, &most, 1, MPI_DOUBLE_INT, MPI_MAXLOC, world->comm);
    if (!error) error = MPI_Bcast(worst, 2, MPI_DOUBLE, most.rank, world->comm);
    if (error) return fail(STATUS_ENVIRONMENT, "gathering the ranks' bindings failed (MPI error %d)", error);
    *c = (struct crowding){.alike = alike};
    if (most.for_each <= 1) return STATUS_OK;
    c->ranks = (int)worst[0], c->processors = worst[1];
    c->host = world->hosts[world->node_of_rank[most.rank]];
    return STATUS_OK;
}

void launch_names(const char *driver, int ranks, const char *given_run, const char *given_launch,
                  char run[LAUNCH_NAME], char launch[LAUNCH_NAME])
{
    char when[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(when, sizeof when, "%Y%m%d-%H%M%S", &utc);
    snprintf(run, LAUNCH_NAME, "%s-%s", when, driver);
    snprintf(launch, LAUNCH_NAME, "%s-%s-r%d-%ld", driver, when, ranks, (long)getpid());
    if (given_run) snprintf(run, LAUNCH_NAME, "%s", given_run);
    if (given_launch) snprintf(launch, LAUNCH_NAME, "%s", given_launch);
}

enum status header_write(struct record_writer *writer, const struct world *world,
                         const struct host_machine *machine, struct launch_description known,
                         void (*add_facts)(void *state, struct launch_header *), void *state)
{
    char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length;
    struct arena arena = {0};
    struct launch_header header;
    struct world_host *hosts = world_host_list(world);
    MPI_Get_library_version(library, &length);
    known.nodes = world->nodes;
    known.ranks = world->ranks;
    known.hosts = hosts;
    known.hosts_renamed = world->renamed;
    known.mpi_library = library;
    known.environment = environ;
    if (!known.placement)
        known.placement = getenv("BUSBAR_PLACEMENT"); /* scripts/sweep: over NVLink domains */
    launch_header_fill(&header, &arena, &known);
    machine_facts(machine, header.facts);
    json_object_set_new(header.facts, "timer_cost_ns", json_real(clock_cost_s() * 1e9));
    add_facts(state, &header);
    enum status status = world->rank == 0 ? record_launch(writer, &header) : STATUS_OK;
    launch_header_release(&header);
    arena_free(&arena);
    free(hosts);
    return status;
}
