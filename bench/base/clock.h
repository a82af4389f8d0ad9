/* Time on this host. */
#ifndef BUSBAR_CLOCK_H
#define BUSBAR_CLOCK_H

#include <stdint.h>

double clock_s(void); /* CLOCK_MONOTONIC */
int64_t clock_boot_s(
    void); /* seconds since the host started, those of a suspended host included: budgets and costs */
double clock_cost_s(void); /* what reading it takes: the smallest of many differences of successive readings,
                              averaged in blocks */
long involuntary_switches(void); /* of this thread so far: how often it was scheduled away */

#endif
