/* An isolated time includes what timing the operation takes, which is not subtracted: one reading of the
   host's clock, or with NCCL two events on the device. This says how much, where it matters. */
#ifndef BUSBAR_TIMING_COST_H
#define BUSBAR_TIMING_COST_H

#include "base/text.h"

#include <jansson.h>

enum timing_kind { TIMING_UNKNOWN, TIMING_CLOCK, TIMING_EVENTS, TIMING_KINDS };

struct timing_cost {
    enum timing_kind kind;
    double us;
};

/* By the facts of a launch: event_pair_us with NCCL, else timer_cost_ns. */
struct timing_cost timing_cost_of(const json_t *facts);

/* Adds one line, if the cost is at least 2 % of the shortest isolated time; INFINITY: there is none. */
void timing_cost_line(struct timing_cost, double shortest_us, struct text *);

#endif
