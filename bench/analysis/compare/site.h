/* What a run ran on, as far as its records and the catalog (results/clouds.tsv, gpus.tsv) tell: bounds,
 * peaks, prices. */
#ifndef BUSBAR_SITE_H
#define BUSBAR_SITE_H

#include "analysis/compare/aggregate.h"
#include "catalog/catalog.h"

/* How far a case reaches. People buy these three apart. */
enum scope {
    SCOPE_NODE,    /* GPUs of one host */
    SCOPE_DOMAIN,  /* of several hosts inside one NVLink domain (a rack) */
    SCOPE_DOMAINS, /* across NVLink domains: over the network */
    SCOPE_HOST,    /* host memory of one host: no NVLink is involved */
    SCOPE_HOSTS,   /* of several */
    SCOPE_UNKNOWN, /* the records do not say */
    SCOPE_COUNT
};
extern const char *const scope_names[SCOPE_COUNT]; /* "one GPU host" … */

struct site {
    const struct instance *instance; /* NULL: not in clouds.tsv */
    const struct gpu_facts *gpu;     /* NULL: not in gpus.tsv, or no GPU */
    const char *gpu_name;            /* as the records say; NULL */
};

struct site site_of(const struct catalog *, const struct run_summary *);

/* The machine of a case (one rank per GPU); false: not known, or the case ran in host memory. */
bool site_machine(const struct site *, const struct case_summary *, struct machine *);
/* By the case's own launch: launches of one run may fill one domain or several. */
enum scope site_scope(const struct site *, const struct case_summary *);

/* Fills bounds and peaks where the records have none and the catalog knows them. */
void site_bounds(const struct site *, struct run_summary *, struct arena *);

#endif
