/* The results of measuring a case so far. */
#ifndef BUSBAR_MEASURED_H
#define BUSBAR_MEASURED_H

#include "backend/backend.h"
#include "collective/bounds.h"
#include "measure/group.h"
#include "measure/thinned.h"
#include "measure/traffic.h"
#include "record/rank_medians.h"
#include "stats/stopping.h"

/* One case, over all passes. Only rank 0 has the samples. */
struct measured {
    struct call call;
    const struct split *split; /* the groups that it runs on */
    struct thinned group_us;   /* samples of this rank's group, over all passes; only if split into groups */
    bool groups_disturbed;     /* group_us are disturbed samples */
    size_t requested_bytes, bytes;     /* bytes: as run, in whole elements; of alltoallv the busiest rank's */
    struct extent most;                /* the longest buffers of any rank */
    const struct imbalance *imbalance; /* of alltoallv; else NULL */
    bool loaded;          /* --beside: sampled beside the load; the case before it is the same, idle */
    struct load load;     /* what the load did in all visits */
    struct case_row idle; /* --beside, not loaded: figures of the last visit */
    /* The samples, µs. global_us: latest end - earliest start over ranks, on the global clock; NULL without a
       window. */
    double *us, *global_us;
    size_t count, capacity;
    enum kept_rule rule;  /* which samples count, see aside.h */
    struct choice choice; /* how the library does the call, if it was asked */
    const char *cta;      /* labels of its rows (labels.h) */
    enum registration registration;
    int batch;                   /* operations in a sample, chosen in the first pass */
    size_t slot;                 /* the next one to use */
    struct rank_medians ranks;   /* of the passes */
    int64_t warmup;              /* warm-up calls, the most of any visit */
    int64_t preempted;           /* disturbed samples in all passes */
    double spent_s;              /* time of all visits, without that of disturbed samples */
    double overhead_s, sample_s; /* last visit's time outside sampling; time per sample with its barrier */
    int visits;
    enum status status; /* OK, WRONG, UNSUPPORTED, TOO_LARGE, SKIPPED */
    char reason[256];   /* why it is not OK, or cannot be checked */
    bool undefined;     /* the received data are undefined: do not check them */
    enum stop_reason why;
    int64_t wrong;          /* wrong elements over all ranks; ABSENT: not checked */
    bool filled;            /* fill_all() has filled the buffers for it once */
    double bound_us;        /* no run can take less; 0: not known */
    char bound[BOUND_TEXT]; /* its formula and inputs */
};

/* The result of a visit (one pass over one case); complete on rank 0 only. */
struct visit {
    size_t first; /* index of its first sample in measured->us, if its samples are kept there */
    const double *us, *global_us; /* its samples, µs; global_us: NULL without a window */
    size_t count;
    enum kept_rule rule;              /* which of its samples count, see aside.h */
    int64_t warmup, preempted, wrong; /* as in struct measured, of this visit */
    enum stop_reason why;
    double sampling_s, away_s;   /* sampling_s: duration of the sampling; away_s: see struct sampler */
    size_t taken;                /* samples, including those that do not count */
    double line_ns;              /* see distance.h; NAN: not measured */
    double drift;                /* drift_within(); NAN: none */
    struct spread wait, arrival; /* arrival and skew_us: absent without a window */
    double skew_us;
    json_t *telemetry; /* owned by the caller of sampler_visit(); NULL: none */
    json_t *groups;    /* likewise */
    struct load load;  /* absent without a load */
};

#endif
