/* Medians of times from a clock with a coarse resolution. */
#ifndef BUSBAR_BENCHMARK_GROUPED_H
#define BUSBAR_BENCHMARK_GROUPED_H

#include <stddef.h>

/* Returns the resolution of the clock: the smallest step between two readings, in µs. */
double clock_tick_us(void);

/* Returns the median of values that the clock rounded to ticks, by the formula for grouped data: interpolates
   within the tick of the middle value, by the share of that tick's values below the middle. This matters for
   short times: of 0.2 µs, a tick of 10 ns, as in virtual machines, is 5 %. Sorts `us`. */
double grouped_median(double tick_us, double *us, size_t n);

#endif
