/* The machine of a run, as far as its records and the catalog (results/clouds.tsv, gpus.tsv) state it:
   bounds, peaks, prices. */
#ifndef BUSBAR_SITE_H
#define BUSBAR_SITE_H

#include "analysis/compare/aggregate.h"
#include "catalog/catalog.h"

/* The extent of a case: the largest boundary that its ranks cross. */
enum scope {
    SCOPE_NODE,    /* GPUs of one host */
    SCOPE_DOMAIN,  /* GPUs of several hosts in one NVLink domain (a rack) */
    SCOPE_DOMAINS, /* GPUs in several NVLink domains: over the network */
    SCOPE_HOST,    /* host memory of one host */
    SCOPE_HOSTS,   /* host memory of several hosts */
    SCOPE_UNKNOWN, /* the records do not determine it */
    SCOPE_COUNT
};
extern const char *const scope_names[SCOPE_COUNT]; /* "one GPU host" … */

struct site {
    const struct instance *instance; /* NULL: not in clouds.tsv */
    const struct gpu_facts *gpu;     /* NULL: not in gpus.tsv, or no GPU */
    const char *gpu_name;            /* as in the records; NULL: not stated */
};

struct site site_of(const struct catalog *, const struct run_summary *);

/* Sets the machine of a case (one rank per GPU). false: it is not known, or the case ran in host memory. */
bool site_machine(const struct site *, const struct case_summary *, struct machine *);
/* The extent by the case's own launch, because launches of one run may fill one domain or several. */
enum scope site_scope(const struct site *, const struct case_summary *);

/* Sets the bounds and peaks that the records lack and the catalog has. */
void site_bounds(const struct site *, struct run_summary *, struct arena *);

#endif
