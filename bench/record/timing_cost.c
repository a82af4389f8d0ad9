#include "record/timing_cost.h"
#include "base/units.h"

#include <math.h>

struct timing_cost timing_cost_of(const json_t *facts)
{
    const json_t *events = json_object_get(facts, "event_pair_us"),
                 *clock = json_object_get(facts, "timer_cost_ns");
    if (json_is_number(events)) return (struct timing_cost){TIMING_EVENTS, json_number_value(events)};
    /* Without that figure NCCL's operations are still timed by events, not by the host's clock. */
    if (json_object_get(facts, "nccl") || !json_is_number(clock)) return (struct timing_cost){0};
    return (struct timing_cost){TIMING_CLOCK, json_number_value(clock) * 1e-3};
}

void timing_cost_line(struct timing_cost cost, double shortest_us, struct text *out)
{
    static const double MATTERS = 0.02;
    char us[UNIT_TEXT];
    if (!cost.kind || !(shortest_us > 0) || !isfinite(shortest_us) || cost.us < MATTERS * shortest_us) return;
    text_add(out,
             cost.kind == TIMING_EVENTS
                 ? "isolated times include what the two events around an operation take: %s us with none "
                   "between them, %.0f %% of the shortest time\n"
                 : "isolated times include reading the clock once, %s us: %.0f %% of the shortest\n",
             figure_text(cost.us, us), 100 * cost.us / shortest_us);
}
