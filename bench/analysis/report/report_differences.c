/* The environments and settings of the runs: what matters most in short, and all of it side by side. */
#include "analysis/report/report.h"
#include "record/traits.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ITEMS = 16 /* in a list */, MOST_FACTS = 400, MOST_COLUMNS = 6, LONGEST_VALUE = 160 };

/* The values of a fact from the launches of a run, unsorted and with duplicates. */
struct said {
    const char **list;
    size_t count, capacity;
};

/* One fact of all runs; values[run] is NULL if the run does not have it. */
struct fact {
    const char *name;
    struct said *said;
    const char **values;
};

struct facts {
    struct fact *list;
    size_t count, capacity, runs, run; /* run: the one whose facts are being added */
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
                          arena_memory(&facts->arena, facts->runs * sizeof *fact->said),
                          arena_memory(&facts->arena, facts->runs * sizeof *fact->values)};
    return fact;
}

static void add_value(void *context, const char *name, const char *value, bool is_number)
{
    struct facts *facts = context;
    if (strncmp(name, "facts.", 6) == 0) name += 6;
    struct fact *fact = *value && !trait_is_passing(name) ? fact_of(facts, name) : NULL;
    struct text text = {0};
    (void)is_number;
    if (!fact) return;
    struct said *said = &fact->said[facts->run];
    plain_text(&text, value, LONGEST_VALUE);
    if (!said->count || !same(said->list[said->count - 1], text_get(&text))) {
        if (said->count == said->capacity) {
            said->capacity = said->capacity ? 2 * said->capacity : 4;
            said->list = reallocate(said->list, said->capacity, sizeof *said->list);
        }
        said->list[said->count++] = arena_string(&facts->arena, text_get(&text));
    }
    text_free(&text);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Joins the different values of a run's launches with " | ". Sorted by text, so that the order of the
   launches does not matter. */
static const char *joined(struct arena *arena, struct said *said)
{
    struct text text = {0};
    size_t more = 0;
    if (!said->count) return NULL;
    qsort(said->list, said->count, sizeof *said->list, by_text);
    for (size_t i = 0; i < said->count; i++) {
        if (i && same(said->list[i], said->list[i - 1])) continue;
        if (text.length < LONGEST_VALUE)
            text_add(&text, "%s%s", i ? " | " : "", said->list[i]);
        else
            more++;
    }
    if (more) text_add(&text, " | and %zu more", more);
    const char *result = arena_string(arena, text_get(&text));
    text_free(&text);
    return result;
}

static void join_values(struct facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        for (size_t r = 0; r < facts->runs; r++) {
            facts->list[i].values[r] = joined(&facts->arena, &facts->list[i].said[r]);
            free(facts->list[i].said[r].list);
        }
}

static bool differs(const struct fact *fact, size_t runs)
{
    for (size_t r = 1; r < runs; r++)
        if (!same(fact->values[r], fact->values[0])) return true;
    return false;
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
        if (differs(fact, facts->runs) != different) continue;
        table_cell(&table, different ? "≠ %s" : "%s", fact->name);
        for (size_t r = 0; r < facts->runs; r++)
            table_cell(&table, "%s", fact->values[r] ? fact->values[r] : "–");
    }
    if (table_rows(&table))
        page_table(page, &table, different ? "≠: differs. –: the run does not say." : NULL);
    table_free(&table);
}

/* For many runs: one row per fact and value, with the names of the runs that have it. */
static void by_value(struct page *page, const struct study *study, const struct facts *facts)
{
    struct table table = {0};
    struct text who = {0};
    table_column(&table, "", true);
    table_column(&table, "value", true);
    table_column(&table, "runs", true);
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->list[i];
        if (!differs(fact, facts->runs)) continue;
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

static struct facts facts_of(const struct study *study)
{
    struct facts facts = {.runs = study->aggregate.count};
    for (facts.run = 0; facts.run < facts.runs; facts.run++)
        for (size_t i = 0; i < study->aggregate.runs[facts.run].launch_count; i++)
            launch_traits(&study->aggregate.runs[facts.run].launches[i]->header, MOST_ITEMS, add_value,
                          &facts);
    join_values(&facts);
    return facts;
}

static void facts_free(struct facts *facts)
{
    free(facts->list);
    arena_free(&facts->arena);
}

static size_t count_different(const struct facts *facts)
{
    size_t different = 0;
    for (size_t i = 0; i < facts->count; i++) different += differs(&facts->list[i], facts->runs);
    return different;
}

/* ---- in short ---- */

/* Does the fact often explain why one run is faster than another? What the tables of figures show is left
   out. */
static bool matters(const char *name)
{
    static const char *const first[] = {"backend",    "nccl", "rccl", "cuda",   "gpu.cuda",
                                        "gpu.driver", "hip",  "rocm", "kernel", "mpi",
                                        "cpu",        "blas", "nic",  "env.",   NULL};
    for (const char *const *word = first; *word; word++)
        if (strncmp(name, *word, strlen(*word)) == 0) return true;
    return false;
}

/* "2.26.2 (2 runs), 2.26.6": the values of a fact, each with the number of runs that have it. */
static void values_cell(struct table *table, const struct fact *fact, size_t runs)
{
    struct text text = {0};
    size_t more = 0;
    for (size_t r = 0; r < runs; r++) {
        size_t count = 0;
        bool seen = !fact->values[r];
        for (size_t q = 0; q < r && !seen; q++) seen = same(fact->values[q], fact->values[r]);
        if (seen) continue;
        for (size_t q = r; q < runs; q++) count += same(fact->values[q], fact->values[r]);
        if (text.length > 2 * LONGEST_VALUE) {
            more++;
            continue;
        }
        text_add(&text, "%s%s", text.length ? ", " : "", fact->values[r]);
        if (count > 1) text_add(&text, " (%zu runs)", count);
    }
    if (more) text_add(&text, ", and %zu more", more);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

void report_differences(struct page *page, const struct report *report)
{
    enum { MOST_ROWS = 12 };
    struct facts facts = facts_of(report->study);
    struct table table = {0};
    size_t different = count_different(&facts), listed = 0;
    page_heading(page, 2, NULL, "What differs between the environments");
    table_column(&table, "", true);
    table_column(&table, "values", true);
    for (size_t i = 0; i < facts.count && listed < MOST_ROWS; i++) {
        const struct fact *fact = &facts.list[i];
        if (!differs(fact, facts.runs) || !matters(fact->name)) continue;
        table_cell(&table, "%s", fact->name);
        values_cell(&table, fact, facts.runs);
        listed++;
    }
    if (facts.runs < 2)
        page_paragraph(page, "There is one run only; its environment is in the appendix.");
    else if (!different)
        page_paragraph(page, "Nothing that the records tell differs.");
    if (listed) page_table(page, &table, NULL);
    if (different)
        page_paragraph(page,
                       "%zu of %zu facts and settings differ%s. The appendix has all, with the runs that "
                       "have each value.",
                       different, facts.count,
                       listed < different ? "; above are those that often explain figures" : "");
    table_free(&table);
    facts_free(&facts);
}

/* ---- all of it ---- */

void report_environments(struct page *page, const struct report *report)
{
    const struct study *study = report->study;
    struct facts facts = facts_of(study);
    page_heading(page, 3, "environments", "The environments");
    if (facts.runs > 1 && !count_different(&facts))
        page_paragraph(page, "Nothing that the records tell differs.");
    if (facts.runs > MOST_COLUMNS) {
        by_value(page, study, &facts);
    } else {
        if (facts.runs > 1) side_by_side(page, study, &facts, true);
        page_heading(page, 4, NULL, facts.runs > 1 ? "The same in all runs" : "The environment");
        side_by_side(page, study, &facts, false);
    }
    facts_free(&facts);
}
