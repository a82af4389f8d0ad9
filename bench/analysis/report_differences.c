/* 3. What differs between the environments: facts and settings of the runs side by side, differences first.
 */
#include "analysis/report.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_FACTS = 400, MOST_COLUMNS = 6, LONGEST_VALUE = 160 };

/* One fact over the runs; values are NULL where a run does not have it. */
struct fact {
    const char *name;
    const char **values;
};

struct facts {
    struct fact *list;
    size_t count, capacity, runs;
    struct arena arena;
};

static struct fact *fact_of(struct facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++)
        if (same(facts->list[i].name, name)) return &facts->list[i];
    if (facts->count == MOST_FACTS) return NULL;
    if (facts->count == facts->capacity) {
        facts->capacity = facts->capacity ? 2 * facts->capacity : 32;
        facts->list = reallocate(facts->list, facts->capacity, sizeof *facts->list);
    }
    struct fact *fact = &facts->list[facts->count++];
    *fact = (struct fact){arena_string(&facts->arena, name),
                          arena_memory(&facts->arena, facts->runs * sizeof *fact->values)};
    return fact;
}

/* Values that differ between the launches of a run are all kept, divided by bars. */
static void add_value(struct facts *facts, size_t run, const char *name, const char *value)
{
    struct fact *fact = value && *value ? fact_of(facts, name) : NULL;
    struct text text = {0};
    if (!fact) return;
    plain_text(&text, value, LONGEST_VALUE);
    const char *old = fact->values[run], *found = old ? strstr(old, text_get(&text)) : NULL;
    if (!old) {
        fact->values[run] = arena_string(&facts->arena, text_get(&text));
    } else if (!found && strlen(old) < LONGEST_VALUE) {
        struct text both = {0};
        text_add(&both, "%s | %s", old, text_get(&text));
        fact->values[run] = arena_string(&facts->arena, text_get(&both));
        text_free(&both);
    }
    text_free(&text);
}

static void add_json(struct facts *facts, size_t run, struct text *path, json_t *value, int depth)
{
    char number[64];
    size_t length = path->length, i;
    const char *key;
    json_t *member;
    if (json_is_string(value)) {
        add_value(facts, run, text_get(path), json_string_value(value));
    } else if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        add_value(facts, run, text_get(path), number);
    } else if (json_is_real(value)) {
        snprintf(number, sizeof number, "%.6g", json_real_value(value));
        add_value(facts, run, text_get(path), number);
    } else if (json_is_boolean(value)) {
        add_value(facts, run, text_get(path), json_is_true(value) ? "yes" : "no");
    } else if (json_is_object(value) && depth < 5) {
        json_object_foreach(value, key, member)
        {
            text_add(path, "%s%s", path->length ? "." : "", key);
            add_json(facts, run, path, member, depth + 1);
            path->length = length;
            if (path->data) path->data[length] = 0;
        }
    } else if (json_is_array(value) && depth < 5) {
        json_array_foreach(value, i, member)
        {
            if (i >= 16) break;
            text_add(path, ".%zu", i);
            add_json(facts, run, path, member, depth + 1);
            path->length = length;
            if (path->data) path->data[length] = 0;
        }
    }
}

static void add_number(struct facts *facts, size_t run, const char *name, int64_t value)
{
    char number[32];
    if (value == ABSENT) return;
    snprintf(number, sizeof number, "%lld", (long long)value);
    add_value(facts, run, name, number);
}

static void add_launch(struct facts *facts, size_t run, const struct launch_header *header)
{
    struct text path = {0};
    add_value(facts, run, "backend", header->backend);
    add_value(facts, run, "cloud", header->cloud_provider);
    add_value(facts, run, "instance", header->cloud_instance);
    add_value(facts, run, "placement", header->allocation_placement);
    add_number(facts, run, "world.nodes", header->nodes);
    add_number(facts, run, "world.ranks", header->ranks);
    add_number(facts, run, "world.ranks_per_node", header->ranks_per_node);
    add_number(facts, run, "world.domains", header->domains);
    add_json(facts, run, &path, header->facts, 0);
    text_add(&path, "env");
    add_json(facts, run, &path, header->env, 0);
    text_clear(&path);
    text_free(&path);
}

static bool differs(const struct fact *fact, size_t runs)
{
    for (size_t r = 1; r < runs; r++)
        if (!same(fact->values[r], fact->values[0])) return true;
    return false;
}

/* Timer costs and the like are measured anew each time: not what a reader looks for among differences. */
static bool is_noise(const char *name)
{
    return same(name, "timer_cost_ns") || strstr(name, "uptime");
}

static void add_columns(struct table *table, const struct study *study)
{
    table_column(table, "", true);
    for (size_t r = 0; r < study->aggregate.count; r++)
        table_column(table, study->aggregate.runs[r].label, true);
}

static void side_by_side(struct page *page, const struct study *study, const struct facts *facts,
                         bool different)
{
    struct table table = {0};
    add_columns(&table, study);
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->list[i];
        if (differs(fact, facts->runs) != different || is_noise(fact->name)) continue;
        table_cell(&table, different ? "≠ %s" : "%s", fact->name);
        for (size_t r = 0; r < facts->runs; r++)
            table_cell(&table, "%s", fact->values[r] ? fact->values[r] : "–");
    }
    if (table_rows(&table))
        page_table(page, &table, different ? "≠: differs. –: the run does not say." : NULL);
    table_free(&table);
}

/* Many runs: a line per fact and value, with the runs that have it. */
static void by_value(struct page *page, const struct study *study, const struct facts *facts)
{
    struct table table = {0};
    struct text who = {0};
    table_column(&table, "", true);
    table_column(&table, "value", true);
    table_column(&table, "runs", true);
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->list[i];
        if (!differs(fact, facts->runs) || is_noise(fact->name)) continue;
        bool named = false;
        for (size_t r = 0; r < facts->runs; r++) {
            bool seen = !fact->values[r];
            for (size_t q = 0; q < r && !seen; q++) seen = same(fact->values[q], fact->values[r]);
            if (seen) continue;
            text_clear(&who);
            for (size_t q = r; q < facts->runs; q++)
                if (same(fact->values[q], fact->values[r]))
                    text_add(&who, "%s%s", who.length ? ", " : "", study->aggregate.runs[q].label);
            if (named)
                table_cell(&table, "%s", "");
            else
                table_cell(&table, "≠ %s", fact->name);
            named = true;
            table_cell(&table, "%s", fact->values[r]);
            table_cell(&table, "%s", text_get(&who));
        }
    }
    if (table_rows(&table)) page_table(page, &table, "≠: differs. Runs that do not say are left out.");
    table_free(&table);
    text_free(&who);
}

void report_differences(struct page *page, const struct report *report)
{
    const struct study *study = report->study;
    struct facts facts = {.runs = study->aggregate.count};
    size_t different = 0;
    for (size_t r = 0; r < facts.runs; r++)
        for (size_t i = 0; i < study->aggregate.runs[r].launch_count; i++)
            add_launch(&facts, r, &study->aggregate.runs[r].launches[i]->header);
    for (size_t i = 0; i < facts.count; i++)
        different += differs(&facts.list[i], facts.runs) && !is_noise(facts.list[i].name);
    page_heading(page, 2, "environments", "What differs between the environments");
    if (facts.runs > 1 && !different) page_paragraph(page, "Nothing that the records tell differs.");
    if (facts.runs > MOST_COLUMNS) {
        by_value(page, study, &facts);
    } else {
        if (facts.runs > 1) side_by_side(page, study, &facts, true);
        page_heading(page, 3, NULL, facts.runs > 1 ? "The same in all runs" : "The environment");
        side_by_side(page, study, &facts, false);
    }
    free(facts.list);
    arena_free(&facts.arena);
}
