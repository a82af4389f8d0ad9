/* The labels of a row state what NCCL did rather than what was asked for, if NCCL's source code leaves no
   doubt. */
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

/* Sets *label to what NCCL does. Returns the reason if that is not what was asked for; else NULL. */
const char *cta_unused(const struct label_question *, const char **label);
/* The same for registration; also if NCCL does more than was asked for. */
const char *registration_limited(const struct label_question *, enum registration *label);

/* If no rule for this release of NCCL is known, so that the labels are what was asked for: says so, and marks
   the record: facts.nccl.labels is "as asked for". Once per launch. */
void labels_mark(const struct label_question *, const struct launch_header *);

/* The reasons that have been printed, {0} at first. There are fewer than MOST_REASONS different ones. */
enum { MOST_REASONS = 16 };
struct label_reasons {
    const char *list[MOST_REASONS];
    size_t count;
};

/* Sets the labels of one case; prints a warning for each reason that `told` does not have yet. */
void labels_of_case(struct label_question *, enum collective_id, const char **cta, enum registration *,
                    struct label_reasons *told);
/* On rank 0, when the facts are known: sets the labels of all cases, and warns once of each reason. */
void labels_set(struct cases *, const struct settings *, const struct launch_header *);

#endif
