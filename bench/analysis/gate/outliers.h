/* Finds launches whose times differ from the others of their side, and what was special about them. */
#ifndef BUSBAR_OUTLIERS_H
#define BUSBAR_OUTLIERS_H

#include "record/record.h"

/* A launch is an outlier in a case if its median differs from the median of all launches by more than this
   many robust sigmas (1.4826 MAD, Rousseeuw & Croux 1993) and by more than 3 %. Needs five launches: with
   fewer the estimate of sigma is too uncertain. */
enum { OUTLYING_SIGMAS = 5, OUTLYING_LAUNCHES = 5 };

/* Calls `say` with one line for each outlying launch, the one with the most outlying cases first. Passes must
   have been merged. For example
     "launch launch-000 (runs/a/launch-000.jsonl) stands apart in 12 of 40 cases, at most 1.95 times the
      launches' median: all_reduce/…; it ran on h3 (others: h1, …); 12 % of its samples set aside (others
      1 %); started 2026-11-27 03:12 (others 2026-11-26 14:00 to 2026-11-26 15:10)"
   Returns the number of outlying launches. The launches may be in any order. */
size_t describe_outliers(const struct launch *const *launches, size_t count,
                         void (*say)(void *context, const char *line), void *context);

/* The robust sigma from launch to launch, about each side's median; ignores NAN. 0: too few values. */
double launch_scatter(const double *base, size_t base_count, const double *fresh, size_t fresh_count);

#endif
