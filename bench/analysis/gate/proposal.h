/* A contract before anything is measured: what may be asked of an instance, and what may not. */
#ifndef BUSBAR_PROPOSAL_H
#define BUSBAR_PROPOSAL_H

#include "analysis/compare/study.h"
#include "analysis/gate/gatefile.h"

struct proposal {
    const char *instance;
    int64_t domains;
    double allowance; /* share of a published figure that a limit lies below it */
};

/* Writes a gate file with a reason above each rule. Limits come from the bounds of the instance and the shares
   of their bounds that published figures (published.tsv) and those of the study reach on the same GPU. Where
   there is nothing to start from, a comment says so, and no limit is made up. STATUS_USAGE after one line for
   an unknown instance. */
enum status contract_propose(const struct proposal *, const struct study *, struct text *out);

/* STATUS_USAGE after one line for the first limit that is beyond the bound of the instance: on as many GPUs as
   the rule's conditions ranks= and domains= say, else on `domains` whole domains. */
enum status contract_check_limits(const struct gate *, const struct catalog *, const char *instance,
                                  int64_t domains);

#endif
