/* The parts of `busbar report`, in the order of the page. */
#ifndef BUSBAR_REPORT_H
#define BUSBAR_REPORT_H

#include "analysis/compare/ranking.h"
#include "analysis/report/page.h"
#include "analysis/report/workload.h"
#include "catalog/published.h"

struct report {
    const struct study *study;
    const struct workloads *workloads;
    const struct workload *workload; /* NULL: none chosen or none known */
    const struct drawings *drawings;
    struct report_trends *trends; /* of machines that were measured on many nights */
    const struct published *published;
    const char *candidates; /* GPU classes, "gb200,gb300"; "none"; NULL: all whose NVLink domain is a rack */
    const char *left_out;   /* runs that are not shown, in words; NULL: none */
    const char *today;      /* "2026-11-28": ages of prices are as of it */
    double now;             /* the same, seconds since 1970 */
    const size_t *sizes;    /* of the summary, ascending */
    size_t size_count;
};

/* The first screen: the question, a sentence per extent and beside them the chart of the same figures. */
enum status report_answer(struct page *, const struct report *);
void report_answer_chart(struct drawings *, const struct report *); /* adds the drawing "answer" */
/* Every instance that a buyer may choose, measured or not. */
enum status report_candidates_known(const struct report *); /* STATUS_USAGE for an unknown GPU class */
bool report_is_of_candidate(const struct report *, const struct published_figure *);
void report_candidates(struct page *, const struct report *);
void report_published(struct page *, const struct report *); /* their published figures with sources */

void report_summary(struct page *, const struct report *);         /* the clouds, extent by extent */
void report_edge(struct page *, const struct report *);            /* what crossing the rack's edge costs */
void report_edge_answer(struct page *, const struct report *);     /* the same in a sentence */
void report_workload(struct page *, const struct report *);        /* the ranking */
void report_workload_answer(struct page *, const struct report *); /* the same in a sentence */
void report_differences(struct page *, const struct report *);     /* of the environments, in short */
void report_warnings(struct page *, const struct report *);
void report_method(struct page *, const struct report *); /* how it was measured, in short */

/* The trend over nights. Finds the machines that were measured on enough nights, and judges them with the
   defaults of `busbar history`. acknowledged: the file of known changes; NULL: none. catalog: as for
   study_read(). The caller frees the trends, also after a failure. */
enum status report_trends_find(struct report *, const char *acknowledged, const char *catalog);
void report_trends_free(struct report *);
/* Removes earlier nights from the study, so that the nights of one machine are not ranked like different
   clouds. A night stays if it has a case that the newest night lacks. */
void report_drop_older(const struct report *, struct study *);
bool report_has_trends(const struct report *);
void report_trend_charts(struct drawings *, const struct report *);
void report_trend_answer(struct page *, const struct report *); /* a sentence for each machine */
enum status report_trend(struct page *, const struct report *);

/* The appendix. */
void report_environments(struct page *, const struct report *); /* side by side */
void report_formulas(struct page *, const struct report *);     /* and a glossary */

/* The figures as one long table (report_figures.h). sections: those of the page (struct page), for what it
   says in words. */
void report_csv(const struct report *, const json_t *sections, struct text *out);
void report_json(const struct report *, json_t *sections, struct text *out);

/* Adds "483\n[478–490]\n69 % of bound" and the note (NULL: none); nothing if there is no figure. */
void report_figure(struct text *out, struct figure figure, struct figure percent, const char *percent_of,
                   const char *note);
void report_matmul(struct page *, const struct report *);   /* rates and their price, as a table */
void report_cheapest(struct page *, const struct report *); /* the lowest of these prices, in words */

/* ---- prices (report_price.c) ---- */
bool report_priced(const struct instance *); /* NULL-safe */
/* Whether the price is unverified, has no date or is older than 90 days. It is then marked wherever it is
   used. */
bool report_price_doubtful(const struct report *, const struct instance *);
/* "on-demand, 2026-08-01, 119 days old, OUT OF DATE" */
void report_price_words(struct text *, const struct report *, const struct instance *);
/* "14.24\non-demand\n2026-09-19\n70 days old\nUNVERIFIED\nclouds.tsv:5", then the price of the other kind;
   empty without a price. */
void report_price_cell(struct table *, const struct report *, const struct instance *);
/* Adds " NAME leads up to US$ 4.21 per GPU-hour". ratio: the leader's value for money divided by that of the
   next one. */
void report_lead_words(struct text *, const char *name, double usd_per_gpu_hour, double ratio);
/* ---- energy (report_energy.c): of one GPU, in J; absent unless all launches have their power ---- */
struct figure report_joule_per_gb(const struct case_summary *);    /* of bus bandwidth */
struct figure report_joule_per_tflop(const struct case_summary *); /* of a matmul */
/* Of a step in which nothing overlaps; NAN: the power of a part is not known. */
double report_step_joule(const struct step *, const struct workload *);

/* Adds a cell with the run's label and, below it, its name. */
void report_run_cell(struct table *, const struct run_summary *);
/* "measured\n6 launches\nmedian\nmax over ranks" */
void report_origin(struct text *out, const struct run_summary *, const struct case_summary *);

#endif
