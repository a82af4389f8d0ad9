/* Rule 1 of comparability (README.md): launches are combined into one figure only if they are repetitions of
   one case. The point estimate is the median of the launches' medians. The unit of the interval is the
   launch, not the sample, because consecutive samples of a launch depend on each other. Imported figures keep
   the statistic of their source, and are never combined with measured medians. */
#ifndef BUSBAR_AGGREGATE_H
#define BUSBAR_AGGREGATE_H

#include "analysis/compare/conditions.h"
#include "analysis/compare/figure.h"
#include "analysis/compare/launches.h"
#include "analysis/compare/repetitions.h"

#include <stdbool.h>
#include <stddef.h>

/* One launch's contribution to a case. */
struct launch_point {
    const struct launch *launch;
    const struct case_row *row;
    double time_us; /* NAN: the source states only a rate */
};

/* One case of one run, over its launches: one line of a table. Launches with wrong results count in `wrong`,
   but contribute no figure. */
struct case_summary {
    const struct case_row *row;   /* the settings of the case, from the first launch that has it */
    const struct launch *launch;  /* that launch; all launches of the line agree in the conditions */
    struct conditions conditions; /* the launches' part of the case's identity */
    const char *key;
    enum statistic statistic;    /* median if recomputed from samples, else the source's, or unknown */
    const char *rank_reduction;  /* "max", …; NULL: not stated */
    struct launch_point *points; /* the launches with a figure, by start time */
    size_t launches;             /* number of points */
    size_t attempts;             /* launches that have a row for this case, with any status */
    struct turnout turnout;      /* launches that should have a figure of this case, of any statistic */
    size_t allocations;          /* distinct allocations of the points; 0: not stated */
    struct figure time_us, algbw_gbps, busbw_gbps, tflops;
    struct figure rank_median_us; /* over launches, of the median over ranks of each rank's own median */
    struct figure bound_percent;  /* % of the physical bound, or of the peak for matmul */
    double bound_us, peak_tflops; /* NAN: not known */
    const char *bound;            /* its formula; NULL: not known */
    int64_t wrong;                /* wrong elements, sum over launches; ABSENT: no launch checked */
    size_t unchecked;             /* launches with a figure whose results were not checked */
    enum case_status status;      /* the worst status of all launches */
    const char *error;            /* of the launch with that status; may be NULL */
};

struct run_summary {
    const char *run, *folder;
    const char *label;      /* for readers: the launches' label, else provider and instance, else the run's
                          name */
    const char *allocation; /* if runs are split by allocation; else NULL */
    const char *provider, *instance, *gpu, *given_label; /* of all its launches; NULL: not stated */
    const char *provenance; /* of all its launches: "measured", "imported", "measured+faulted", … */
    bool imported;
    struct shortfall shortfall;           /* launches of its plan that were not measured */
    const struct launch *const *launches; /* by start time */
    size_t launch_count, allocations, died, unfinished, broken_lines;
    struct case_summary *cases; /* by collective, type, …, size; matmul last */
    size_t case_count;
};

struct aggregate {
    struct run_summary *runs; /* in the archive's order */
    size_t count;
    struct arena arena;
};

/* Call after archive_make_comparable(). The archive must outlive the aggregate. */
struct aggregate aggregate_archive(struct archive *, bool by_allocation);
void aggregate_free(struct aggregate *);

/* Median and interval of one value per launch with a figure; sorts `values`. Absent if any is not finite. */
struct figure case_figure(const struct case_summary *, double *values);

/* Sets the bound on time, or the peak of a matmul line, and the percentage. */
void case_set_bound(struct case_summary *, double bound_us, const char *bound);
void case_set_peak(struct case_summary *, double peak_tflops);

/* Do two lines differ only in size (or shape)? Such lines form one curve. */
bool same_curve(const struct case_summary *, const struct case_summary *);

/* Do two rows measure the same, on any groups of ranks (pairs of hosts in the rounds of a scan)? Collective,
   size, type and every setting must agree; group, nodes and ranks need not. */
bool same_question(const struct case_row *, const struct case_row *);

/* The order of cases in tables: by collective, type, operation, …, then size or shape; matmul last. Returns a
   value like strcmp(). */
int case_order(const struct case_row *, const struct case_row *);

#endif
