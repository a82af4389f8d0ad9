/* The rows of `busbar report --format csv`: one figure each, with all that is needed to read it alone. JSON
   has the same rows as objects. */
#ifndef BUSBAR_REPORT_FIGURES_H
#define BUSBAR_REPORT_FIGURES_H

#include "analysis/report/report.h"

/* Left out, 0 or NULL: not known, or does not apply. Without a unit there is no figure, only the note. */
struct report_row {
    const char *run, *cloud, *extent, *figure, *unit, *statistic, *provenance, *mode, *cache, *note;
    int64_t ranks, bytes, domains;
    size_t launches, place;
    double bound_percent;
    struct figure value;
    const struct instance *instance; /* whose price stands in the row */
};

/* Adds a row. One with a unit but without a figure is left out. */
void report_row_add(struct table *, const struct report *, const struct report_row *);
/* Adds a row on an instance with this value and no interval; sets its cloud. */
void report_instance_row_add(struct table *, const struct report *, const struct instance *,
                             struct report_row, double value);
/* Returns a row with what is known from a run's line; the caller adds figure, value and unit. The extent of a
   matmul is one GPU. */
struct report_row report_row_of(const struct report *, size_t run, enum scope, const struct case_summary *);

/* Each part of the report adds its figures. */
void report_edge_rows(struct table *, const struct report *);
void report_matmul_rows(struct table *, const struct report *);
void report_workload_rows(struct table *, const struct report *);
void report_candidate_rows(struct table *, const struct report *);
void report_published_rows(struct table *, const struct report *);
void report_trend_rows(struct table *, const struct report *);
void report_price_cells(struct table *, const struct report *, const struct instance *);

#endif
