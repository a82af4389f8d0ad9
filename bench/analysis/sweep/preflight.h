/* Do the hosts of an allocation fit together? What each says of itself (scripts/hostfacts), put side by
   side. */
#ifndef BUSBAR_PREFLIGHT_H
#define BUSBAR_PREFLIGHT_H

#include "analysis/sweep/sweep.h"

struct preflight {
    const char **differences; /* one line each, which names the host */
    size_t difference_count;
    int64_t grave;      /* of them: the ranks would differ in what they run, or on what */
    const char *silent; /* names, separated by spaces; "": all hosts have answered */
    struct preflight_domain {
        const char *name, *hosts; /* of an NVLink domain, by the hosts' own word */
    } * domains;
    size_t domain_count;
    struct arena arena;
};

/* Reads lines "fact<tab>HOST<tab>NAME<tab>VALUE", with or without a launcher's tag in front; others are
   skipped. */
void preflight_compare(const struct sweep_hosts *, FILE *facts, struct preflight *);
void preflight_free(struct preflight *);
/* STATUS_OK: they fit; STATUS_GATE: they differ; STATUS_ENVIRONMENT: they fit, but a host is silent. */
enum status preflight_status(const struct preflight *);

#endif
