/* What measuring a case has given so far. */
#ifndef BUSBAR_MEASURED_H
#define BUSBAR_MEASURED_H

#include "backend/backend.h"
#include "collective/bounds.h"
#include "measure/group.h"
#include "stats/stopping.h"

/* What one rank's own times were: a bounded, evenly thinned selection, so that memory does not grow with the
 * samples. */
struct thinned {
    double *us; /* THINNED_MOST */
    size_t count, stride, seen;
};

/* One case, kept over the passes. Rank 0 has the samples. */
struct measured {
    struct call call;
    const struct split *split; /* the groups that it runs on; NULL: all ranks together */
    struct thinned
        group_us;          /* this rank's group's own samples, over all passes; only where there are groups */
    bool groups_disturbed; /* group_us are disturbed samples */
    size_t requested_bytes;
    double *us, *global_us; /* global_us: only with a window, as many */
    size_t count, capacity;
    enum kept_rule rule; /* of its samples */
    struct choice choice;
    const char *cta; /* labels of its rows (measure/labels.h) */
    enum registration registration;
    int batch;      /* operations in a sample, chosen in the first pass */
    size_t slot;    /* next to use */
    int64_t warmup; /* calls, of the visit that had most */
    int64_t preempted;
    double spent_s;              /* in all passes */
    double overhead_s, sample_s; /* of the last visit: all but the samples; a sample with its barrier */
    int visits;
    enum status status; /* OK, WRONG, UNSUPPORTED, TOO_LARGE, SKIPPED */
    char reason[256];   /* why not OK, or not to be checked */
    bool undefined;     /* what is received is: not to be checked */
    enum stop_reason why;
    int64_t wrong; /* over all ranks; ABSENT: unchecked */
    bool filled;
    double bound_us;        /* no run can take less; 0: not known */
    char bound[BOUND_TEXT]; /* its formula and inputs */
};

/* What a visit (one pass over one case) gave; on rank 0. */
struct visit {
    size_t first; /* index of its first sample in measured->us, if its samples are kept there */
    const double *us, *global_us; /* its samples; global_us: NULL without a window */
    size_t count;
    enum kept_rule rule; /* of these samples */
    int64_t warmup, preempted, wrong;
    enum stop_reason why;
    double sampling_s, away_s; /* away_s: struct sampler */
    size_t taken;
    double line_ns;              /* measure/distance.h; NAN: not measured */
    double drift;                /* drift_within(); NAN: none */
    struct spread wait, arrival; /* arrival and skew: absent without a window */
    double skew_us;
    json_t *telemetry; /* the caller's; NULL: none */
    json_t *groups;    /* so too */
};

#endif
