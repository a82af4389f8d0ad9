/* What a step costs: US$ and J, per step and per token. */
#ifndef BUSBAR_REPORT_STEP_COST_H
#define BUSBAR_REPORT_STEP_COST_H

#include "analysis/report/report.h"

/* ---- steps computed from their parts ---- */

/* US$ per step for each second that it takes; NAN: no price. */
double step_cost_factor(const struct report *, const struct step *);
/* The same per million tokens; NAN: no price, or the workload's row has no tokens. */
double step_token_cost_factor(const struct report *, const struct step *);
/* J per token, if nothing overlaps; NAN: not known. */
double step_token_joule(const struct report *, const struct step *);
/* Adds a cell with US$ per step, with full overlap and with none, and the kind and age of the price. */
void step_price_cell(struct table *, const struct report *, const struct step *);
/* Adds the cheapest of n whole steps, and how far its price may rise before the next one is as cheap. Only
   steps whose price is of the same kind as that of the first priced step take part. Compares by the time
   without overlap, the same rule for all. */
void cheapest_step(struct text *, const struct report *, const struct step *steps, size_t n);

/* ---- measured steps ---- */

/* US$ per million tokens; absent: no price, or no number of tokens. */
struct figure measured_token_cost(const struct report *, size_t run, const struct case_summary *);
/* Adds "; US$ per million tokens 0.31, at US$ 4.20 per GPU-hour (on-demand, 12 days old)"; nothing without a
   cost. */
void measured_cost_words(struct text *, const struct report *, size_t run, const struct case_summary *);

#endif
