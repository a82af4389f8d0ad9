/* A figure: the median of its launches and their interval. How to compute it, and how to print it. */
#ifndef BUSBAR_FIGURE_H
#define BUSBAR_FIGURE_H

#include "analysis/common/table.h"

#include <jansson.h>

enum interval_kind {
    INTERVAL_NONE,  /* one launch: the spread is not known */
    INTERVAL_RANGE, /* two to five launches, or others lack the figure: min and max, no confidence level */
    INTERVAL_EXACT, /* six or more: order statistics, at least 95 % (stats/order.h) */
};

/* lo <= point <= hi; all three are NAN if there is no figure. */
struct figure {
    double point, lo, hi;
    enum interval_kind kind;
};

/* Median and interval of one value per launch; sorts `values`. n == 0: no figure. */
struct figure figure_of_launches(double *values, size_t n);
/* The same for the rest of launches of which others lost their value, and not by chance: no confidence
   level. */
struct figure figure_of_rest(double *values, size_t n);
/* numerator / figure, for rates from times: the ends of the interval swap. */
struct figure figure_inverse(double numerator, struct figure);
struct figure figure_scaled(struct figure, double factor);
struct figure figure_absent(void);
bool figure_present(struct figure);
/* "95 % interval over launches" | "min-max of launches" | "one launch, no interval" */
const char *interval_name(enum interval_kind);

/* ---- in words, tables and JSON ---- */

/* Adds "483 [478–490]", or "483" if there is no interval. `before` stands before the bracket. Adds nothing if
   the figure is absent. */
void figure_words(struct text *, struct figure, const char *before);
/* Adds two cells for readers: "483" and "478–490". */
void figure_cells(struct table *, struct figure);
/* Adds the columns NAME, NAME_lo and NAME_hi for programs, and three cells for them. */
void figure_exact_columns(struct table *, const char *name);
void figure_exact_cells(struct table *, struct figure);
/* Adds the members `key`, "lo", "hi" and "interval" to the object. Omits lo and hi if there is no interval;
   adds nothing if the figure is absent. */
void put_figure_members(json_t *object, const char *key, struct figure);
/* Adds a member {"value", "lo", "hi", "interval"} in the same way. */
void put_figure(json_t *object, const char *key, struct figure);

#endif
