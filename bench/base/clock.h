/* Clocks of this host, in seconds. */
#ifndef BUSBAR_CLOCK_H
#define BUSBAR_CLOCK_H

#include <stdint.h>

double clock_s(void); /* CLOCK_MONOTONIC */
/* CLOCK_BOOTTIME: since the host started, including time in suspend. For time budgets and costs. */
int64_t clock_boot_s(void);
/* How long one reading of clock_s() takes: the smallest of the averages of many blocks of readings. */
double clock_cost_s(void);
/* Sleeps. Returns at once if `seconds` is not above 0. */
void sleep_s(double seconds);
/* How often the kernel has preempted this thread so far. */
long involuntary_switches(void);

#endif
