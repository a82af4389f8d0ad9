/* Chooses the statistical units, which the permutation test relabels: launches, or whole allocations.

   Launches of one allocation share its hosts, its place in the network and its neighbours, so they resemble
   each other more than launches of different allocations do. A test that takes them as independent detects
   differences between allocations: where these were 2 %, it raised a false regression in 33 to 78 % of
   comparisons. Therefore the unit is the highest level that was repeated (Kalibera & Jones 2013, section 5:
   an effect at a level that was not repeated cannot be separated from the effect under test). */
#include "analysis/gate/comparison.h"
#include "analysis/compare/launches.h"
#include "stats/order.h"
#include "stats/relabel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_ALLOCATIONS = 4 }; /* per side: 3 + 3 have only 20 relabellings, so p is never below 0.05 */

struct placed {
    const char *allocation;
    size_t place;
};

static int by_allocation(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->allocation != y->allocation) return x->allocation < y->allocation ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* The allocation of each launch of one group and side. The caller frees the list. */
static struct placed *placed_of(struct comparison *comparison, enum side side, size_t group, size_t count)
{
    struct placed *placed = allocate(count + 1, sizeof *placed);
    for (size_t i = 0; i < comparison->launch_count[side]; i++) {
        size_t place = comparison->place_of[side][i];
        if (comparison->group_of[side][i] == group)
            placed[place] = (struct placed){
                launch_allocation(&comparison->launches[side][i]->header, &comparison->archive.arena), place};
    }
    return placed;
}

/* Numbers the allocations of a side in the order of their first launch: unit[i] is the number for launch i.
   Returns how many allocations there are; 0 if that of some launch is not recorded. */
static size_t number_allocations(const struct placed *placed, size_t count, size_t *unit)
{
    size_t units = 0;
    struct placed *sorted = allocate(count + 1, sizeof *sorted);
    memcpy(sorted, placed, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_allocation);
    for (size_t i = 0, next; i < count; i = next) /* the place of the allocation's first launch */
        for (next = i; next < count && sorted[next].allocation == sorted[i].allocation; next++)
            unit[sorted[next].place] = sorted[i].place;
    bool known = !count || sorted[0].allocation;
    free(sorted);
    for (size_t i = 0; i < count; i++) unit[i] = unit[i] == i ? units++ : unit[unit[i]];
    return known ? units : 0;
}

static void every_launch(struct units *units, const struct relabelled_group *group)
{
    units->count[BASE] = group->base;
    units->count[FRESH] = group->fresh;
    for (int side = BASE; side <= FRESH; side++)
        for (size_t i = 0; i < units->count[side]; i++) units->of[side][i] = i;
}

struct units units_of(struct comparison *comparison, size_t group)
{
    const struct relabelled_group *launches = &comparison->groups[group];
    size_t counts[2] = {launches->base, launches->fresh};
    struct units units = {0};
    const char *one[2] = {NULL, NULL};
    for (int side = BASE; side <= FRESH; side++) {
        struct placed *placed = placed_of(comparison, (enum side)side, group, counts[side]);
        units.of[side] = allocate(counts[side] + 1, sizeof(size_t));
        units.count[side] = number_allocations(placed, counts[side], units.of[side]);
        if (counts[side]) one[side] = placed[0].allocation;
        free(placed);
    }
    bool known = units.count[BASE] && units.count[FRESH];
    bool single = units.count[BASE] == 1 && units.count[FRESH] == 1;
    units.confounded = known && single && one[BASE] != one[FRESH];
    /* Launches that took turns on the same hosts are compared within their allocation, so its effect
       cancels. */
    units.by_allocation = known && !single && !comparison->interleaved && !launches->paired;
    if (!units.by_allocation) every_launch(&units, launches);
    return units;
}

void units_free(struct units *units)
{
    for (int side = BASE; side <= FRESH; side++) free(units->of[side]);
    *units = (struct units){0};
}

double *unit_values(struct comparison *comparison, const struct units *units, enum side side, size_t launches,
                    const double *values)
{
    double *result = arena_memory(&comparison->archive.arena, (units->count[side] + 1) * sizeof *result);
    double *present = allocate(launches + 1, sizeof *present);
    for (size_t u = 0; u < units->count[side]; u++) {
        size_t n = 0;
        for (size_t i = 0; i < launches; i++)
            if (units->of[side][i] == u && !isnan(values[i])) present[n++] = values[i];
        result[u] = median(present, n);
    }
    free(present);
    return result;
}

void check_allocations(struct comparison *comparison, const struct comparison_rules *rules)
{
    size_t base = comparison->allocations[BASE], fresh = comparison->allocations[FRESH];
    if (!rules->strict || comparison->interleaved ||
        (base >= LEAST_ALLOCATIONS && fresh >= LEAST_ALLOCATIONS))
        return;
    comparison_failure(
        comparison,
        "--strict wants launches that take turns on identical hosts (scripts/sweep --against), or four "
        "allocations a side at least; base has %zu, new has %zu",
        base, fresh);
}
