/* What a run ran on, as far as its records and the catalog (results/clouds.tsv, gpus.tsv) tell: bounds,
 * peaks, prices. */
#ifndef BUSBAR_SITE_H
#define BUSBAR_SITE_H

#include "analysis/aggregate.h"
#include "collective/catalog.h"

/* How far a case reaches. People buy these three apart. */
enum scope {
    SCOPE_NODE,    /* one node */
    SCOPE_DOMAIN,  /* several nodes inside one NVLink domain (a rack) */
    SCOPE_DOMAINS, /* several NVLink domains: the network is in the way */
    SCOPE_UNKNOWN, /* the records do not say */
    SCOPE_COUNT
};
extern const char *const scope_names[SCOPE_COUNT]; /* "one node" … */

struct site {
    const struct instance *instance; /* NULL: not in clouds.tsv */
    const struct gpu_facts *gpu;     /* NULL: not in gpus.tsv, or no GPU */
    const char *gpu_name;            /* as the records say; NULL */
};

struct site site_of(const struct catalog *, const struct run_summary *);

/* The machine of a case (one rank per GPU); false: not known, or the case ran in host memory. */
bool site_machine(const struct site *, const struct run_summary *, const struct case_row *, struct machine *);
enum scope site_scope(const struct site *, const struct run_summary *, const struct case_row *);

/* Fills bounds and peaks where the records have none and the catalog knows them. */
void site_bounds(const struct site *, struct run_summary *, struct arena *);

/* A fact by its dotted path ("gpu.model", "gpus.0.name"); NULL when it is not there or no string. */
const char *fact_text(const json_t *facts, const char *path);

#endif
