/* Makes the launch header: which program ran, where, and in which environment. Uses neither MPI nor hwloc,
   because the analysis links it too: the caller passes in the facts from those libraries. Facts about the
   machine are those of rank 0's host. */
#ifndef BUSBAR_FACTS_H
#define BUSBAR_FACTS_H

#include "record/record.h"

/* The facts that the caller provides. NULL or ABSENT: unknown; the header omits them. */
struct launch_description {
    const char *run, *launch, *driver, *backend;
    int argc;
    char **argv;
    const char *cloud, *instance, *label; /* --cloud, --instance, --label: untrusted text */
    const char *placement; /* packed | spread | …, as requested by the scheduler or the sweep */
    int64_t nodes, ranks, domains;
    struct world_host *hosts; /* from world_host_list(); owned by the caller, must outlive the header */
    bool hosts_renamed;       /* BUSBAR_HOST set the host names (struct world) */
    const char *mpi_library;  /* MPI_Get_library_version(); may hold several lines */
    char **environment;       /* environ */
};

/* Fills the whole header: started = now (UTC), provenance ["measured"], allocation, facts of this host,
   allowed environment. The arena owns the strings; launch_header_release() frees
   provenance, args, facts and env. */
void launch_header_fill(struct launch_header *, struct arena *, const struct launch_description *);
void launch_header_release(struct launch_header *);

/* The variables of the environment ("NAME=value") that a record may contain: those with the prefixes NCCL_
   FI_ UCX_ OMPI_MCA_ CUDA_ OMP_ OPENBLAS_ BLIS_, and those SLURM_ ones that describe the shape of the job.
   Omits the variables that Open MPI's launcher sets for each launch (contact addresses, job numbers).
   Replaces values of variables that look like credentials, and user:password@ in any value, by "(masked)". */
json_t *allowed_environment(char **environment);

/* Identifies the allocation: BUSBAR_ALLOCATION or the job number of the scheduler (Slurm, PBS, LSF, SGE,
   Flux, …); NULL: none. */
const char *allocation_id(char **environment);

/* The first 16 hex digits of the SHA-256 of the sorted, distinct host names: equal for equal sets of
   hosts. */
const char *hosts_hash(struct arena *, const struct world_host *hosts, size_t count);

/* Adds facts from uname and from /proc and /sys below `root` ("" on a real machine; tests pass a recorded
   copy): kernel, architecture, CPU model, memory, clock source, frequency governor, system model, network
   devices and rates. */
void host_facts(json_t *facts, const char *root);

#endif
