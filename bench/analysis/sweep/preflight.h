/* Checks that the hosts of an allocation have the same software and hardware: compares what each host reports
   about itself (scripts/hostfacts). */
#ifndef BUSBAR_PREFLIGHT_H
#define BUSBAR_PREFLIGHT_H

#include "analysis/sweep/sweep.h"

struct preflight {
    const char **differences; /* one line each, with the name of the host */
    size_t difference_count;
    int64_t grave;      /* number of differences that make the hosts unfit to measure together */
    const char *silent; /* hosts that did not answer, separated by spaces; "": all have answered */
    struct preflight_domain {
        const char *name, *hosts; /* an NVLink domain and its hosts, as the hosts report it */
    } * domains;
    size_t domain_count;
    struct arena arena;
};

/* Reads and compares lines "fact<tab>HOST<tab>NAME<tab>VALUE", which may have a launcher's tag in front.
   Skips other lines. */
void preflight_compare(const struct sweep_hosts *, FILE *facts, struct preflight *);
void preflight_free(struct preflight *);
/* STATUS_OK: no grave difference; STATUS_GATE: a grave difference; STATUS_ENVIRONMENT: no grave difference,
   but a host did not answer. */
enum status preflight_status(const struct preflight *);

#endif
