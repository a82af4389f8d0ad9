/* Which plots results make, and what is in them. */
#ifndef BUSBAR_CHARTS_H
#define BUSBAR_CHARTS_H

#include "analysis/compare/study.h"
#include "analysis/plot/drawing.h"

/* Each adds the plots that the study has data for; names begin as said. */
void chart_curves(struct drawings *,
                  const struct study *); /* "bandwidth-…", "latency-…": figure against size */
void chart_scaling(struct drawings *, const struct study *); /* "scaling-…", "efficiency-…": against nodes */
void chart_matmul(struct drawings *, const struct study *); /* "matmul" */
void chart_edge(struct drawings *, const struct study *);   /* "edge": inside a domain against across */
void chart_scan(struct drawings *, const struct study *);   /* "scan": pairs of hosts */
void chart_series(struct drawings *, const struct study *); /* "series": launches over time */

void chart_all(struct drawings *, const struct study *);

/* A caption and the provenance of all runs, as text of the drawings' arena. */
const char *caption_with_provenance(struct drawings *, const struct study *, const char *caption);

#endif
