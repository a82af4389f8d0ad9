/* Finds how the environments of two sides differ, and whether their launches may be compared. */
#include "analysis/gate/comparison.h"
#include "analysis/compare/launches.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status refuse_other_machines(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->difference_count; i++) {
        const struct difference *difference = &comparison->differences[i];
        if (!difference->both || !names_machine(difference)) continue;
        return fail(STATUS_USAGE,
                    "the sides ran on different %s (base: %s, new: %s): --allow-different compares them "
                    "anyway",
                    same(difference->name, "instance") ? "instances" : "GPUs", difference->base,
                    difference->fresh);
    }
    return STATUS_OK;
}

static enum status list_differences(struct comparison *comparison, bool allow_different)
{
    comparison->differences = launches_differ(comparison->launches[BASE], comparison->launch_count[BASE],
                                              comparison->launches[FRESH], comparison->launch_count[FRESH],
                                              &comparison->archive.arena, &comparison->difference_count);
    return allow_different ? STATUS_OK : refuse_other_machines(comparison);
}

/* ---- allocations and interleaving ---- */

static int by_pointer(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    return (x > y) - (x < y);
}

/* Lists the launches of one group and side, by start time; returns how many. */
static size_t launches_of(const struct comparison *comparison, enum side side, size_t group,
                          const struct launch **into)
{
    size_t n = 0;
    for (size_t i = 0; i < comparison->launch_count[side]; i++)
        if (comparison->group_of[side][i] == group) into[n++] = comparison->launches[side][i];
    return n;
}

/* The number of different allocations of a group and side (0: not recorded). Stores one of them in *any;
   NULL: none. Equal strings of the arena are equal pointers. */
static size_t count_allocations(struct comparison *comparison, enum side side, size_t group, const char **any)
{
    const struct launch **launches = allocate(comparison->launch_count[side], sizeof *launches);
    const char **seen = allocate(comparison->launch_count[side], sizeof *seen);
    size_t count = launches_of(comparison, side, group, launches), n = 0, distinct = 0;
    for (size_t i = 0; i < count; i++) {
        const char *allocation = launch_allocation(&launches[i]->header, &comparison->archive.arena);
        if (allocation) seen[n++] = allocation;
    }
    qsort(seen, n, sizeof *seen, by_pointer);
    for (size_t i = 0; i < n; i++) distinct += i == 0 || seen[i] != seen[i - 1];
    *any = n ? seen[0] : NULL;
    free(launches);
    free(seen);
    return distinct;
}

/* Do the launches take turns? The k-th base and the k-th new launch form a pair. Both must run on the same
   hosts, and a pair must not start before both launches of the previous pair have started. It may start in
   the same second as the later one of them, because start times have a resolution of 1 s. Needs two pairs. */
static bool take_turns(struct comparison *comparison, const struct launch **base, const struct launch **fresh,
                       size_t n)
{
    const char *last_earlier = "", *last_later = "";
    for (size_t k = 0; k < n; k++) {
        const char *a = base[k]->header.started, *b = fresh[k]->header.started;
        const char *hosts = launch_hosts(&base[k]->header, &comparison->archive.arena);
        if (!a || !b || !hosts || !same(hosts, launch_hosts(&fresh[k]->header, &comparison->archive.arena)))
            return false;
        if (launch_has_provenance(&base[k]->header, PROVENANCE_IMPORTED) ||
            launch_has_provenance(&fresh[k]->header, PROVENANCE_IMPORTED))
            return false;
        const char *earlier = strcmp(a, b) < 0 ? a : b, *later = strcmp(a, b) < 0 ? b : a;
        if (strcmp(earlier, last_earlier) <= 0 || strcmp(earlier, last_later) < 0) return false;
        last_earlier = earlier;
        last_later = later;
    }
    return n >= 2;
}

static bool is_interleaved(struct comparison *comparison)
{
    size_t most = comparison->launch_count[BASE] + comparison->launch_count[FRESH];
    const struct launch **base = allocate(most, sizeof *base), **fresh = allocate(most, sizeof *fresh);
    bool turns = true, any = false;
    for (size_t g = 0; turns && g < comparison->group_count; g++) {
        const struct relabelled_group *group = &comparison->groups[g];
        if (!group->base || !group->fresh) continue;
        any = true;
        turns = group->base == group->fresh;
        if (!turns) break;
        launches_of(comparison, BASE, g, base);
        turns = take_turns(comparison, base, fresh, launches_of(comparison, FRESH, g, fresh));
    }
    free(base);
    free(fresh);
    return turns && any;
}

/* Notes if the same side ran first in every pair of a group. With five pairs or more, chance makes such an
   order in at most one of 16 comparisons. Call it only if the launches took turns. */
static void note_order(struct comparison *comparison)
{
    enum { LEAST_PAIRS = 5 };
    size_t most = comparison->launch_count[BASE] + comparison->launch_count[FRESH];
    const struct launch **base = allocate(most, sizeof *base), **fresh = allocate(most, sizeof *fresh);
    for (size_t g = 0; g < comparison->group_count; g++) {
        if (!comparison->groups[g].base || !comparison->groups[g].fresh) continue;
        size_t n = launches_of(comparison, BASE, g, base), first[2] = {0, 0};
        launches_of(comparison, FRESH, g, fresh);
        for (size_t k = 0; k < n; k++) {
            int order = strcmp(base[k]->header.started, fresh[k]->header.started);
            if (order) first[order < 0 ? BASE : FRESH]++;
        }
        if (n < LEAST_PAIRS || (first[BASE] < n && first[FRESH] < n)) continue;
        comparison_note(comparison,
                        "%s ran first in all %zu pairs: a drift of the machine looks like a difference; let "
                        "chance decide the order (scripts/sweep --against does)",
                        first[BASE] == n ? "base" : "new", n);
        break;
    }
    free(base);
    free(fresh);
}

/* Decides for each group whether to compare pairs. Pairs cancel effects that both launches share, but have
   few relabellings: p is a multiple of 1 / 2^n. With six pairs a single outlying launch already raises p to 7
   / 64, while the unpaired test of 6 + 6 launches still finds a 38 % slowdown. By default pairs are used from
   seven on (at alpha 0.05: 6 of the 128 possible p are below it). */
static enum status choose_pairing(struct comparison *comparison, const struct comparison_rules *rules)
{
    if (rules->pairing == PAIRING_YES && !comparison->interleaved)
        return fail(STATUS_USAGE, "--paired yes: the launches did not take turns on identical hosts (by "
                                  "their start times and hosts)");
    for (size_t g = 0; g < comparison->group_count; g++) {
        struct relabelled_group *group = &comparison->groups[g];
        bool enough = 3 * 2 / exp2((double)group->base) <= rules->alpha;
        group->paired = comparison->interleaved && group->base == group->fresh && group->base &&
                        (rules->pairing == PAIRING_YES || (rules->pairing == PAIRING_AUTO && enough));
    }
    return STATUS_OK;
}

/* The smallest number of allocations of any group decides: launches of other node counts, which are other
   groups, repeat nothing of this one. */
static void note_confounding(struct comparison *comparison)
{
    const char *base = NULL, *fresh = NULL;
    bool first = true;
    for (size_t g = 0; g < comparison->group_count; g++) {
        const char *any[2];
        if (!comparison->groups[g].base || !comparison->groups[g].fresh) continue;
        for (int side = BASE; side <= FRESH; side++) {
            size_t count = count_allocations(comparison, (enum side)side, g, &any[side]);
            if (first || count < comparison->allocations[side]) comparison->allocations[side] = count;
        }
        if (first) base = any[BASE], fresh = any[FRESH];
        first = false;
    }
    bool few = comparison->allocations[BASE] <= 1 && comparison->allocations[FRESH] <= 1;
    if (comparison->interleaved)
        comparison_note(comparison, "base and new took turns on identical hosts");
    else if (few && base && base == fresh)
        comparison_note(
            comparison,
            "one allocation, base and new one after the other: a difference may come from the time between "
            "them; launches that take turns would exclude that");
    else if (few && (!base || !fresh))
        comparison_note(comparison,
                        "the allocation is not recorded: a difference may come from it (hosts, placement, "
                        "neighbours), which alone can move figures by some per cent");
    else if (few)
        comparison_note(
            comparison,
            "one allocation a side: a difference is confounded with the allocation (hosts, placement, "
            "neighbours), which alone can move figures by some per cent; a p would not hold, so none is "
            "shown");
}

enum status compare_environments(struct comparison *comparison, const struct comparison_rules *rules)
{
    enum status status = list_differences(comparison, rules->allow_different);
    if (status) return status;
    comparison->interleaved = !comparison->common && is_interleaved(comparison);
    note_confounding(comparison);
    if (comparison->interleaved) note_order(comparison);
    check_allocations(comparison, rules);
    return choose_pairing(comparison, rules);
}
