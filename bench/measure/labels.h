/* Labels say what NCCL did, not what was asked for, where its source leaves no doubt. */
#ifndef BUSBAR_LABELS_H
#define BUSBAR_LABELS_H

#include "measure/cases.h"

/* What is asked for, and what decides whether NCCL does it. */
struct label_question {
    enum collective_id collective;
    const char *cta; /* --cta; NULL: not asked for */
    enum registration registration;
    int64_t graph;
    int version;                /* 22809 */
    int64_t domains;            /* NVLink domains that the ranks are in; ABSENT: not known */
    bool mnnvl, lacks_nvls;     /* NCCL says so */
    bool algorithm_is_forced;   /* NCCL_ALGO or NCCL_PROTO is set */
    const char *graph_register; /* NCCL_GRAPH_REGISTER; NULL: not set */
};

/* The part of the question that the launch answers. The caller sets the collective. */
struct label_question label_question_of(const struct launch_header *, const char *cta, enum registration,
                                        int64_t graph);

/* Returns NULL if NCCL does what was asked for, so that *label stays right. Else returns the reason and sets
   *label to what NCCL does. */
const char *cta_unused(const struct label_question *, const char **label);
/* The same for registration; also if NCCL does more than was asked for. */
const char *registration_limited(const struct label_question *, enum registration *label);

/* On rank 0, when the facts are known: sets the labels of all cases, and warns once of each reason. */
void labels_set(struct cases *, const struct settings *, const struct launch_header *);

#endif
