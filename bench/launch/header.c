#include "launch/header.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "launch/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

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
    mpi_must(MPI_Get_library_version(library, &length));
    known.nodes = world->nodes;
    known.ranks = world->ranks;
    known.hosts = hosts;
    known.hosts_renamed = world->renamed;
    known.mpi_library = library;
    known.environment = environ;
    if (!known.placement) known.placement = getenv("BUSBAR_PLACEMENT"); /* set by scripts/sweep */
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
