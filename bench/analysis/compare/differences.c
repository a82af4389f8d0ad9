#include "analysis/compare/differences.h"
#include "record/traits.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* One statement of a launch about its environment. The facts of a group are the set of those of its
   launches. */
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

static struct facts facts_of(const struct launch *const *launches, size_t count, struct arena *arena)
{
    struct facts facts = {.arena = arena};
    for (size_t i = 0; i < count; i++) launch_traits(&launches[i]->header, (size_t)-1, add_fact, &facts);
    if (facts.count) qsort(facts.list, facts.count, sizeof *facts.list, by_name);
    size_t kept = 0;
    for (size_t i = 0; i < facts.count; i++)
        if (!kept || by_name(&facts.list[i], &facts.list[kept - 1]) != 0) facts.list[kept++] = facts.list[i];
    facts.count = kept;
    return facts;
}

/* The values of one name: successive elements of the sorted list. */
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

static const char *joined(struct arena *arena, struct stretch stretch)
{
    struct text text = {0};
    for (size_t i = 0; i < stretch.count && i < 4; i++)
        text_add(&text, "%s%s", i ? " | " : "", i == 3 ? "…" : stretch.first[i].value);
    const char *result = stretch.count ? arena_string(arena, text_get(&text)) : "(not given)";
    text_free(&text);
    return result;
}

/* Does the trait vary from launch to launch anyway? So do numbers that differ within a group: they are
   measured. */
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

bool names_machine(const struct difference *difference)
{
    return same(difference->name, "instance") || is_gpu_model(difference->name);
}

struct difference *launches_differ(const struct launch *const *base, size_t base_count,
                                   const struct launch *const *fresh, size_t fresh_count, struct arena *arena,
                                   size_t *count)
{
    struct facts before = facts_of(base, base_count, arena), after = facts_of(fresh, fresh_count, arena);
    struct difference *list = NULL;
    *count = 0;
    for (size_t i = 0, j = 0; i < before.count || j < after.count;) {
        int order = i == before.count  ? 1
                    : j == after.count ? -1
                                       : strcmp(before.list[i].name, after.list[j].name);
        const char *name = order <= 0 ? before.list[i].name : after.list[j].name;
        struct stretch a = stretch_at(&before, i, name), b = stretch_at(&after, j, name);
        i += a.count;
        j += b.count;
        if (equal_sets(a, b) || is_passing(name, a, b)) continue;
        list = reallocate(list, *count + 1, sizeof *list);
        list[(*count)++] =
            (struct difference){name, joined(arena, a), joined(arena, b), a.count > 0 && b.count > 0};
    }
    free(before.list);
    free(after.list);
    return list;
}
