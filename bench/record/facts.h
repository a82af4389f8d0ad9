/* The launch header: who ran what, where, with which environment. Links neither MPI nor hwloc (analysis
   carries it too): what those know comes in as arguments. All facts about a machine are those of the host
   that calls (rank 0's). */
#ifndef BUSBAR_FACTS_H
#define BUSBAR_FACTS_H

#include "record/record.h"

/* What only the program knows. NULL or ABSENT: not known, left out. */
struct launch_description {
    const char *run, *launch, *driver, *backend;
    int argc;
    char **argv;
    const char *cloud, *instance, *label; /* --cloud, --instance, --label: untrusted text */
    const char *placement;                /* packed | spread | … as the scheduler or the sweep asked */
    int64_t nodes, ranks, domains;
    struct world_host *hosts; /* world_host_list(); stays the caller's and must outlive the header */
    bool hosts_renamed;       /* struct world's `renamed` */
    const char *mpi_library;  /* MPI_Get_library_version(); may hold several lines */
    char **environment;       /* environ */
};

/* Fills the whole header: started = now (UTC), provenance ["measured"], allocation, facts of this host,
   allowed environment. Strings live in the arena; provenance, args, facts and env are the header's own:
   launch_header_release() frees them. */
void launch_header_fill(struct launch_header *, struct arena *, const struct launch_description *);
void launch_header_release(struct launch_header *);

/* RFC 3339, UTC, whole seconds: "2026-11-22T01:46:23Z". */
const char *time_now(struct arena *);

/* "NAME=value" lines → the allowed ones: prefixes NCCL_ FI_ UCX_ OMPI_MCA_ CUDA_ OMP_ OPENBLAS_ BLIS_, and of
   SLURM_ only what tells the shape of the job. Values of names that look like credentials, and user:password@
   inside any value, become
   "(masked)". What Open MPI's own launcher sets anew for each launch (contact addresses, job numbers) is left
   out. */
json_t *allowed_environment(char **environment);

/* From the scheduler's job number (Slurm, PBS, LSF, SGE, Flux, …) or BUSBAR_ALLOCATION; NULL: none. */
const char *allocation_id(char **environment);

/* SHA-256 (16 hex digits) of the sorted, distinct host names: equal sets of hosts, equal text, whatever their
 * order. */
const char *hosts_hash(struct arena *, const struct world_host *hosts, size_t count);

/* Adds what /proc and /sys below `root` ("" on a real machine, a recorded copy in tests) and uname tell:
   kernel, architecture, CPU model, memory, clock source, frequency governor, system model, network devices
   and rates. */
void host_facts(json_t *facts, const char *root);

#endif
