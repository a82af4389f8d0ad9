/* A contract before anything is measured: what may be asked of an instance, and what may not. */
#ifndef BUSBAR_PROPOSAL_H
#define BUSBAR_PROPOSAL_H

#include "analysis/compare/study.h"
#include "analysis/gate/gatefile.h"

struct proposal {
    const char *instance;
    int64_t domains;
    double allowance; /* share of a published figure that a limit lies below it */
    bool shipped;     /* the study has the records that ship as reference */
    bool given;       /* the study has results that the user named */
};

/* Writes a gate file with a reason above each rule. Limits come from the bounds of the instance, and from the
   shares of their bounds that published figures (published.tsv) and figures of the study reach on the same
   GPU. Where neither exists, it writes a comment instead of a limit, which says where it looked. Returns
   STATUS_USAGE after printing one line if the instance is unknown. */
enum status contract_propose(const struct proposal *, const struct study *, struct text *out);

/* Checks that no limit is beyond the bound of the instance in the world that its rule selects with ranks,
   nodes and domains; a rule without them: `domains` whole domains. A time is checked at the least size that
   the rule selects, a rate of a matmul against the highest peak of the rule's types. Returns STATUS_USAGE
   after printing one line for each limit that is beyond it. */
enum status contract_check_limits(const struct gate *, const struct catalog *, const char *instance,
                                  int64_t domains);

#endif
