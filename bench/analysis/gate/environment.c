/* What differs between the environments of two sides, and whether their launches may be compared. */
#include "analysis/gate/comparison.h"
#include "record/traits.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One thing that a launch says of its environment; a side's facts are the set of these over its launches. */
struct fact {
    const char *name, *value;
    bool is_number;
};

struct facts {
    struct fact *list;
    size_t count, capacity;
    struct arena *arena;
};

static void add_fact(void *context, const char *name, const char *value, bool is_number)
{
    struct facts *facts = context;
    if (facts->count == facts->capacity) {
        facts->capacity = facts->capacity ? 2 * facts->capacity : 256;
        facts->list = reallocate(facts->list, facts->capacity, sizeof *facts->list);
    }
    facts->list[facts->count++] =
        (struct fact){arena_string(facts->arena, name), arena_string(facts->arena, value), is_number};
}

static int by_name(const void *a, const void *b)
{
    const struct fact *x = a, *y = b;
    int order = x->name == y->name ? 0 : strcmp(x->name, y->name);
    return order ? order : x->value == y->value ? 0 : strcmp(x->value, y->value);
}

static struct facts facts_of(struct comparison *comparison, enum side side)
{
    struct facts facts = {.arena = &comparison->archive.arena};
    for (size_t i = 0; i < comparison->launch_count[side]; i++)
        launch_traits(&comparison->launches[side][i]->header, (size_t)-1, add_fact, &facts);
    if (facts.count) qsort(facts.list, facts.count, sizeof *facts.list, by_name);
    size_t kept = 0;
    for (size_t i = 0; i < facts.count; i++)
        if (!kept || by_name(&facts.list[i], &facts.list[kept - 1]) != 0) facts.list[kept++] = facts.list[i];
    facts.count = kept;
    return facts;
}

/* The values of one name: a stretch of the sorted list. */
struct stretch {
    const struct fact *first;
    size_t count;
};

static struct stretch stretch_at(const struct facts *facts, size_t at, const char *name)
{
    struct stretch stretch = {facts->list ? facts->list + at : NULL, 0};
    while (at + stretch.count < facts->count && same(facts->list[at + stretch.count].name, name))
        stretch.count++;
    return stretch;
}

static bool equal_sets(struct stretch a, struct stretch b)
{
    if (a.count != b.count) return false;
    for (size_t i = 0; i < a.count; i++)
        if (!same(a.first[i].value, b.first[i].value)) return false;
    return true;
}

static const char *joined(struct comparison *comparison, struct stretch stretch)
{
    struct text text = {0};
    for (size_t i = 0; i < stretch.count && i < 4; i++)
        text_add(&text, "%s%s", i ? " | " : "", i == 3 ? "…" : stretch.first[i].value);
    const char *result =
        stretch.count ? arena_string(&comparison->archive.arena, text_get(&text)) : "(not given)";
    text_free(&text);
    return result;
}

/* Numbers that a side's own launches do not agree on are measured ones. */
static bool is_passing(const char *name, struct stretch base, struct stretch fresh)
{
    return trait_is_passing(name) || (base.count > 1 && base.first[0].is_number) ||
           (fresh.count > 1 && fresh.first[0].is_number);
}

static bool is_gpu_model(const char *name)
{
    static const char *const patterns[] = {
        "facts.gpu",       "facts.gpu_model",      "facts.gpu_name",      "facts.gpu*.model",
        "facts.gpu*.name", "facts.devices*.model", "facts.devices*.name", NULL};
    for (size_t i = 0; patterns[i]; i++)
        if (fnmatch(patterns[i], name, 0) == 0) return true;
    return false;
}

static enum status refuse_other_machine(const struct difference *difference, bool known, bool allowed)
{
    bool instance = same(difference->name, "instance");
    if (allowed || !known || !(instance || is_gpu_model(difference->name))) return STATUS_OK;
    return fail(
        STATUS_USAGE,
        "the sides ran on different %s (base: %s, new: %s): --allow-different compares them all the same",
        instance ? "instances" : "GPUs", difference->base, difference->fresh);
}

static enum status list_differences(struct comparison *comparison, bool allow_different)
{
    struct facts base = facts_of(comparison, BASE), fresh = facts_of(comparison, FRESH);
    enum status status = STATUS_OK;
    for (size_t i = 0, j = 0; !status && (i < base.count || j < fresh.count);) {
        int order = i == base.count    ? 1
                    : j == fresh.count ? -1
                                       : strcmp(base.list[i].name, fresh.list[j].name);
        const char *name = order <= 0 ? base.list[i].name : fresh.list[j].name;
        struct stretch a = stretch_at(&base, i, name), b = stretch_at(&fresh, j, name);
        i += a.count;
        j += b.count;
        if (equal_sets(a, b) || is_passing(name, a, b)) continue;
        struct difference difference = {name, joined(comparison, a), joined(comparison, b)};
        status = refuse_other_machine(&difference, a.count && b.count, allow_different);
        comparison->differences = reallocate(comparison->differences, comparison->difference_count + 1,
                                             sizeof *comparison->differences);
        comparison->differences[comparison->difference_count++] = difference;
    }
    free(base.list);
    free(fresh.list);
    return status;
}

/* ---- allocations, and taking turns ---- */

static const char *hosts_of(struct comparison *comparison, const struct launch_header *header)
{
    if (header->allocation_hosts_hash) return header->allocation_hosts_hash;
    struct text names = {0};
    for (size_t i = 0; i < header->host_count; i++)
        text_add(&names, "%s ", header->hosts[i].name ? header->hosts[i].name : "?");
    const char *hosts =
        header->host_count ? arena_string(&comparison->archive.arena, text_get(&names)) : NULL;
    text_free(&names);
    return hosts;
}

const char *allocation_of(struct comparison *comparison, const struct launch_header *header)
{
    const char *hosts = hosts_of(comparison, header);
    if (!header->allocation_id && !hosts) return NULL;
    return comparison_text(comparison, "%s on %s", header->allocation_id ? header->allocation_id : "?",
                           hosts ? hosts : "?");
}

static int by_pointer(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    return (x > y) - (x < y);
}

/* Distinct allocations of a side; strings of the arena are equal when their pointers are. One of them is
 * stored in *any. */
static size_t count_allocations(struct comparison *comparison, enum side side, const char **any)
{
    const char **seen = allocate(comparison->launch_count[side], sizeof *seen);
    size_t n = 0, distinct = 0;
    for (size_t i = 0; i < comparison->launch_count[side]; i++) {
        const char *allocation = allocation_of(comparison, &comparison->launches[side][i]->header);
        if (allocation) seen[n++] = allocation;
    }
    qsort(seen, n, sizeof *seen, by_pointer);
    for (size_t i = 0; i < n; i++) distinct += i == 0 || seen[i] != seen[i - 1];
    *any = n ? seen[0] : NULL;
    free(seen);
    return distinct;
}

/* The launches of one group and side, by start. */
static size_t launches_of(const struct comparison *comparison, enum side side, size_t group,
                          const struct launch **into)
{
    size_t n = 0;
    for (size_t i = 0; i < comparison->launch_count[side]; i++)
        if (comparison->group_of[side][i] == group) into[n++] = comparison->launches[side][i];
    return n;
}

/* In the order of their starts, the launches must form pairs of one base and one new on the same hosts. The
   k-th base and the k-th new launch are a pair when neither begins after the next pair has begun; times have
   a resolution of a second. */
static bool take_turns(struct comparison *comparison, const struct launch **base, const struct launch **fresh,
                       size_t n)
{
    const char *last_earlier = "", *last_later = "";
    for (size_t k = 0; k < n; k++) {
        const char *a = base[k]->header.started, *b = fresh[k]->header.started;
        const char *hosts = hosts_of(comparison, &base[k]->header);
        if (!a || !b || !hosts || !same(hosts, hosts_of(comparison, &fresh[k]->header))) return false;
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

/* Pairs remove what the sides share, but have few relabellings: the p of the one-sided test are multiples of 1 / 2^n. With
   six pairs one outlying launch already leaves p at 7 / 64, where 6 + 6 still find a 38 % slowdown. By default pairs are
   used from seven on (six of the 128 p are below alpha 0.05). */
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

static void note_confounding(struct comparison *comparison)
{
    const char *base, *fresh;
    comparison->allocations[BASE] = count_allocations(comparison, BASE, &base);
    comparison->allocations[FRESH] = count_allocations(comparison, FRESH, &fresh);
    bool few = comparison->allocations[BASE] <= 1 && comparison->allocations[FRESH] <= 1;
    comparison->one_allocation = few && !comparison->interleaved;
    if (comparison->interleaved)
        comparison_note(comparison, "base and new took turns on identical hosts");
    else if (few && base && base == fresh)
        comparison_note(
            comparison,
            "one allocation, base and new one after the other: a difference may come from the time between "
            "them; launches that take turns would exclude that");
    else if (few)
        comparison_note(
            comparison,
            "one allocation a side: a difference is confounded with the allocation (hosts, placement, "
            "neighbours), which alone can move figures by some per cent");
}

enum status compare_environments(struct comparison *comparison, const struct comparison_rules *rules)
{
    enum status status = list_differences(comparison, rules->allow_different);
    if (status) return status;
    comparison->interleaved = !comparison->common && is_interleaved(comparison);
    note_confounding(comparison);
    check_allocations(comparison, rules);
    return choose_pairing(comparison, rules);
}
