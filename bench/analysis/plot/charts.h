/* Makes the plots of a study. */
#ifndef BUSBAR_CHARTS_H
#define BUSBAR_CHARTS_H

#include "analysis/compare/study.h"
#include "analysis/plot/drawing.h"

/* Each adds the plots for which the study has data. Quoted: the names of the drawings. */
void chart_curves(struct drawings *, const struct study *); /* "bandwidth-…", "latency-…": against size */
void chart_scaling(struct drawings *, const struct study *); /* "scaling-…", "efficiency-…": against nodes */
void chart_matmul(struct drawings *, const struct study *); /* "matmul" */
void chart_edge(struct drawings *, const struct study *); /* "edge": inside a domain against across domains */
void chart_overlap(struct drawings *, const struct study *); /* "overlap-…": slowdowns against the ratio */
void chart_steps(struct drawings *, const struct study *);   /* "step-…": measured beside computed */
void chart_scan(struct drawings *, const struct study *);    /* "scan": pairs of hosts */
void chart_series(struct drawings *, const struct study *);  /* "series": launches over time */

void chart_all(struct drawings *, const struct study *);

/* The colour of a run's only curve in a plot, which has `position` curves before it. The run has the same
   colour in all plots if there are enough colours; else colours follow the order of the curves, which are
   dashed from the ninth on. */
int chart_colour(const struct study *, size_t run, size_t position);

/* The colour of a run's bars. Their labels name the run, so colours may repeat. */
int bar_colour(size_t run);

/* Returns the caption with the provenance of all runs appended; the drawings' arena owns it. */
const char *caption_with_provenance(struct drawings *, const struct study *, const char *caption);

#endif
