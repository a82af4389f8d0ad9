/* Rule 1 of comparability (README.md): launches are combined into one figure only if they are repetitions of
   one case. The point is the median of the launches' medians. The interval counts launches, never samples,
   because consecutive samples of a launch depend on each other. Imported figures keep the statistic of their
   source and are never combined with measured medians. */
#ifndef BUSBAR_AGGREGATE_H
#define BUSBAR_AGGREGATE_H

#include "analysis/compare/conditions.h"
#include "analysis/compare/launches.h"

#include <stdbool.h>
#include <stddef.h>

enum interval_kind {
    INTERVAL_NONE,  /* one launch: nothing can be said */
    INTERVAL_RANGE, /* two to five launches: min and max, no confidence can be stated */
    INTERVAL_EXACT, /* six and more: order statistics, at least 95 % (stats/order.h) */
};

/* point, lo, hi are NAN where there is no figure. lo <= point <= hi. */
struct figure {
    double point, lo, hi;
    enum interval_kind kind;
};

/* One launch's part in a case. */
struct launch_point {
    const struct launch *launch;
    const struct case_row *row;
    double time_us; /* NAN: the source gives a rate only */
};

/* One case of one run, over its launches. Launches with wrong results have no speed: they count in `wrong`,
 * not in figures. */
struct case_summary {
    const struct case_row *row;   /* the independent variables, from the first launch that has the case */
    const struct launch *launch;  /* that launch; all launches of the line agree in the conditions */
    struct conditions conditions; /* what the launches add to the identity of the case */
    const char *key;
    enum statistic statistic; /* median when recomputed from samples, else what the source says, or unknown */
    const char *rank_reduction;  /* "max", …; NULL: not said */
    struct launch_point *points; /* the launches with a figure, by their start */
    size_t launches;             /* of points */
    size_t attempts;             /* launches that have a row for this case, whatever became of it */
    size_t allocations;          /* distinct ones among points; 0: not said */
    struct figure time_us, algbw_gbps, busbw_gbps, tflops;
    struct figure bound_percent; /* of the physical bound on time, or of the peak for matmul */
    double bound_us, peak_tflops;
    const char *bound;
    int64_t wrong;           /* elements over all launches; ABSENT: no launch checked */
    size_t unchecked;        /* launches with a figure that nobody verified */
    enum case_status status; /* the worst of all launches */
    const char *error;       /* of the worst; may be NULL */
};

struct run_summary {
    const char *run, *folder;
    const char *label; /* what readers should see: the cloud's label, else provider and instance, else the
                          run's name */
    const char *allocation;                              /* when split by allocation; else NULL */
    const char *provider, *instance, *gpu, *given_label; /* of all its launches; NULL: not said */
    const char *provenance; /* of all its launches: "measured", "imported", "measured+faulted", … */
    bool imported;
    struct shortfall shortfall;           /* launches that its plan holds and nobody measured */
    const struct launch *const *launches; /* by their start */
    size_t launch_count, allocations, died, unfinished, broken_lines;
    struct case_summary *cases; /* by collective, type, …, bytes; matmul last */
    size_t case_count;
};

struct aggregate {
    struct run_summary *runs; /* in the archive's order */
    size_t count;
    struct arena arena;
};

/* After archive_make_comparable(). The archive must outlive the aggregate. */
struct aggregate aggregate_archive(struct archive *, bool by_allocation);
void aggregate_free(struct aggregate *);

/* Median and interval of the values of launches; sorts `values`. n == 0: no figure. */
struct figure figure_of_launches(double *values, size_t n);
/* numerator / figure: rates from times. The interval's ends swap. */
struct figure figure_inverse(double numerator, struct figure);
struct figure figure_scaled(struct figure, double factor);
struct figure figure_absent(void);
bool figure_present(struct figure);
/* "95 % interval over launches" | "min-max of launches" | "one launch, no interval" */
const char *interval_name(enum interval_kind);

/* The bound on time, or the peak of a matmul line, and with it the percentage. */
void case_set_bound(struct case_summary *, double bound_us, const char *bound);
void case_set_peak(struct case_summary *, double peak_tflops);

/* Do two lines differ in nothing but their size (or shape)? Those make one curve. */
bool same_curve(const struct case_summary *, const struct case_summary *);

/* Do two rows ask the same of different groups of ranks (pairs of hosts in the rounds of a scan)? Collective,
   size, type and every setting agree; group, nodes and ranks need not. */
bool same_question(const struct case_row *, const struct case_row *);

/* The order in which people read cases: by collective, type, operation, …, then bytes or shape; matmul last.
 * As strcmp. */
int case_order(const struct case_row *, const struct case_row *);

#endif
