/* Cases that ran beside a load (--beside), with the same cases idle, over the launches of a run. A launch
   measures both in turn, so the ratio is each launch's own. */
#ifndef BUSBAR_LOADED_H
#define BUSBAR_LOADED_H

#include "analysis/compare/aggregate.h"

struct loaded_summary {
    const struct case_summary *loaded, *idle; /* of one run */
    struct figure idle_p99_us, loaded_p99_us, slowdown, p99_slowdown;
    struct load load; /* over all launches; its share is the least of any */
};

/* The line with the load and the same line without one. Returns false if the line has no load, or the run no
   such line. */
bool loaded_of(const struct run_summary *, const struct case_summary *, struct loaded_summary *);

#endif
