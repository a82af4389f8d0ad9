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
    const size_t *sizes; /* message sizes of the summary in bytes, ascending */
    size_t size_count;
};

/* Each writes a part of the page; the numbers are those of the page's sections. */
void report_summary(struct page *, const struct report *);      /* 1. clouds by scope; matmul and its price */
void report_workload(struct page *, const struct report *);     /* 1. the ranking */
enum status report_plots(struct page *, const struct report *); /* 2. plots */
void report_differences(struct page *, const struct report *);  /* 3. environments side by side */
void report_warnings(struct page *, const struct report *);     /* 4. warnings */
void report_method(struct page *, const struct report *);       /* 5. method, formulas, glossary */
void report_data(struct page *, const struct report *);         /* 6. every line */

/* The headline figures as one long table, for --format csv. */
void report_csv(const struct report *, struct text *out);

/* Adds "483\n[478–490]\n69 % of bound" and the note (NULL: none); nothing if there is no figure. */
void report_figure(struct text *out, struct figure figure, struct figure percent, const char *percent_of,
                   const char *note);
void report_matmul(struct page *, const struct report *);   /* rates and their price, as a table */
void report_cheapest(struct page *, const struct report *); /* the lowest of these prices, in words */
/* Adds a cell such as "14.24\non-demand, unverified\n2026-09-19\nclouds.tsv:5". The instance must have a
   price. */
void report_price_cell(struct table *, const struct instance *);
/* Is this the fastest of the run's matmul shapes with the same type, phase and number of GPUs? */
bool report_best_shape(const struct run_summary *, const struct case_summary *);
/* Adds a cell with the run's label and, below it, its name. */
void report_run_cell(struct table *, const struct run_summary *);
/* "measured\n6 launches\nmedian\nmax over ranks" */
void report_origin(struct text *out, const struct run_summary *, const struct case_summary *);

#endif
