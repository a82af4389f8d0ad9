#include "launch/crowding.h"
#include "backend/mpi_status.h"
#include "base/cgroup.h"

#include <stdlib.h>
#include <string.h>

void crowding_find(const struct world *world, const struct host_machine *machine, struct crowding *c)
{
    uint64_t mine[2] = {(uint64_t)world->node, machine->binding},
             *all = allocate((size_t)world->ranks, sizeof mine);
    int alike = 0;
    mpi_must(MPI_Allgather(mine, 2, MPI_UINT64_T, all, 2, MPI_UINT64_T, world->comm));
    for (int rank = 0; rank < world->ranks; rank++) alike += memcmp(&all[2 * rank], mine, sizeof mine) == 0;
    free(all);
    /* Of the two limits, affinity mask and CPU quota, the one that leaves more ranks per processor. */
    double worst[2] = {alike, machine->bound_pus}, quota = cgroup_processors("");
    if (world->local_ranks / quota > worst[0] / worst[1]) worst[0] = world->local_ranks, worst[1] = quota;
    struct {
        double for_each;
        int rank;
    } own = {worst[0] / worst[1], world->rank}, most = {0, 0};
    mpi_must(MPI_Allreduce(&own, &most, 1, MPI_DOUBLE_INT, MPI_MAXLOC, world->comm));
    mpi_must(MPI_Bcast(worst, 2, MPI_DOUBLE, most.rank, world->comm));
    *c = (struct crowding){.alike = alike};
    if (most.for_each <= 1) return;
    c->ranks = (int)worst[0], c->processors = worst[1];
    c->host = world->hosts[world->node_of_rank[most.rank]];
}
