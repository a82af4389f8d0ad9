#include "launch/world.h"
#include "backend/mpi_status.h"
#include "base/host.h"
#include "launch/launcher.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A launcher of another MPI library starts N processes that each see only themselves. They would run as N
   separate jobs and report N results. */
static enum status refuse_strays(int ranks)
{
    const char *variable;
    int started = early_ranks(&variable);
    if (ranks != 1 || started <= 1) return STATUS_OK;
    if (early_rank()) return STATUS_ENVIRONMENT; /* rank 0 prints the error */
    return fail(
        STATUS_ENVIRONMENT,
        "the launcher started %d processes (%s), but this program's MPI library sees one: start it with "
        "the mpirun that belongs to the MPI library it was built with, or srun --mpi=pmix",
        started, variable);
}

/* Index of `name` in hosts; `nodes` if it is not there. */
static int node_of(const char *name, const char *const *hosts, int nodes)
{
    for (int node = nodes - 1; node >= 0; node--)
        if (strcmp(hosts[node], name) == 0) return node;
    return nodes;
}

/* names: `ranks` 0-terminated names of `width` bytes each. The world takes ownership. */
static void number_nodes(struct world *world, char *names, int width)
{
    const char **hosts = allocate((size_t)world->ranks, sizeof *hosts);
    int *nodes = allocate((size_t)world->ranks, sizeof *nodes);
    int *ranks_on = allocate((size_t)world->ranks, sizeof *ranks_on);
    int *locals = allocate((size_t)world->ranks, sizeof *locals);
    world->nodes = 0;
    for (int rank = 0; rank < world->ranks; rank++) {
        const char *name = names + (size_t)rank * (size_t)width;
        int node =
            rank && strcmp(name, name - width) == 0 ? nodes[rank - 1] : node_of(name, hosts, world->nodes);
        if (node == world->nodes) hosts[world->nodes++] = name;
        nodes[rank] = node;
        locals[rank] = ranks_on[node]++;
    }
    world->node = nodes[world->rank];
    world->local_rank = locals[world->rank];
    world->local_ranks = ranks_on[world->node];
    world->host = hosts[world->node];
    world->hosts = hosts;
    world->node_of_rank = nodes;
    world->ranks_on_node = ranks_on;
    world->local_rank_of_rank = locals;
    world->names = names;
}

enum status world_open(MPI_Comm comm, struct world *world)
{
    struct world opened = {.comm = comm};
    mpi_must(MPI_Comm_rank(comm, &opened.rank));
    mpi_must(MPI_Comm_size(comm, &opened.ranks));
    enum status status = refuse_strays(opened.ranks);
    if (status) return status;
    char name[HOST_NAME_MAX + 1];
    int own[2], most[2];
    own[1] = host_name(name);
    own[0] = (int)strlen(name) + 1;
    mpi_must(MPI_Allreduce(own, most, 2, MPI_INT, MPI_MAX, comm));
    char *names = allocate((size_t)opened.ranks, (size_t)most[0]);
    mpi_must(MPI_Allgather(name, most[0], MPI_CHAR, names, most[0], MPI_CHAR, comm));
    opened.renamed = most[1] != 0;
    number_nodes(&opened, names, most[0]);
    *world = opened;
    return STATUS_OK;
}

void world_close(struct world *world)
{
    free(world->hosts);
    free(world->node_of_rank);
    free(world->ranks_on_node);
    free(world->local_rank_of_rank);
    free(world->names);
    *world = (struct world){.comm = MPI_COMM_NULL};
}

struct world_host *world_host_list(const struct world *world)
{
    struct world_host *list = allocate((size_t)world->nodes, sizeof *list);
    for (int node = 0; node < world->nodes; node++)
        list[node] = (struct world_host){
            .name = world->hosts[node], .ranks = world->ranks_on_node[node], .gpus = ABSENT};
    return list;
}

enum status agree_over(MPI_Comm comm, enum status own)
{
    enum { FAILURE = 1000 }; /* above every status of a case */
    bool failed = own && own < STATUS_UNSUPPORTED;
    int rank, ranks, worst[2];
    mpi_must(MPI_Comm_rank(comm, &rank));
    mpi_must(MPI_Comm_size(comm, &ranks));
    int mine[2] = {(int)own + (failed ? FAILURE : 0), failed ? ranks - rank : 0};
    mpi_must(MPI_Allreduce(mine, worst, 2, MPI_INT, MPI_MAX, comm));
    if (failed && mine[1] == worst[1])
        say_silenced(); /* the first rank that failed prints its error; rank 0 has printed its own already */
    return (enum status)(worst[0] % FAILURE);
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
