/* Medians of times that a coarse clock has rounded. */
#ifndef BUSBAR_BENCHMARK_GROUPED_H
#define BUSBAR_BENCHMARK_GROUPED_H

#include <stddef.h>

/* What the clock counts in: the smallest step between two readings. */
double clock_tick_us(void);

/* The median of values that the clock has rounded to ticks, as for grouped data: within the tick that holds
   the middle, by the share of the tick's values below the middle. At 0.2 us a tick of 10 ns, as virtual
   machines have, is 5 %. Sorts. */
double grouped_median(double tick_us, double *us, size_t n);

#endif
