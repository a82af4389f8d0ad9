/* The parts of `busbar report`, in the order of the page. */
#ifndef BUSBAR_REPORT_H
#define BUSBAR_REPORT_H

#include "analysis/compare/ranking.h"
#include "analysis/report/page.h"
#include "analysis/report/workload.h"

struct report {
    const struct study *study;
    const struct workloads *workloads;
    const struct workload *workload; /* NULL: none chosen or none known */
    const struct drawings *drawings;
    const size_t *sizes; /* of the summary, ascending */
    size_t size_count;
};

void report_summary(struct page *,
                    const struct report *); /* 1. the clouds, scope by scope; matmul and its price */
void report_workload(struct page *, const struct report *);     /* 1. the ranking */
enum status report_plots(struct page *, const struct report *); /* 2. */
void report_differences(struct page *, const struct report *);  /* 3. environments side by side */
void report_warnings(struct page *, const struct report *);     /* 4. */
void report_method(struct page *, const struct report *); /* 5. how it was measured, formulas, glossary */
void report_data(struct page *, const struct report *);   /* 6. every line */

/* The headline figures as one long table, for --format csv. */
void report_csv(const struct report *, struct text *out);

/* "483\n[478–490]\n69 % of bound"; empty for no figure. `note` NULL: none. */
void report_figure(struct text *out, struct figure figure, struct figure percent, const char *percent_of,
                   const char *note);
void report_matmul(struct page *, const struct report *);   /* rates and their price, as a table */
void report_cheapest(struct page *, const struct report *); /* the lowest of these prices, in words */
/* "14.24\non-demand, unverified\n2026-09-19\nclouds.tsv:5" of an instance that has a price. */
void report_price_cell(struct table *, const struct instance *);
/* Whether no other shape of the run's type, phase and number of GPUs is faster. */
bool report_best_shape(const struct run_summary *, const struct case_summary *);
/* The run's label, its name under it. */
void report_run_cell(struct table *, const struct run_summary *);
/* "measured\n6 launches\nmedian\nmax over ranks" */
void report_origin(struct text *out, const struct run_summary *, const struct case_summary *);

#endif
