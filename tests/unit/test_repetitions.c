#include "analysis/compare/aggregate.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* Launches of up to four cases named by letters. A capital has a figure, a small letter was skipped. */
struct plan {
    int64_t nodes;
    const char *cases;
    bool died;
};

static struct archive archive_of(const struct plan *plans, size_t n)
{
    struct archive archive = {.launches = allocate(n, sizeof(struct launch)), .count = n};
    for (size_t i = 0; i < n; i++) {
        struct launch *launch = &archive.launches[i];
        launch->path = "results/r/l.jsonl";
        launch->header = launch_header_absent();
        launch->header.run = "r";
        launch->header.nodes = plans[i].nodes;
        launch->header.ranks = 4 * plans[i].nodes;
        launch->end.status = plans[i].died ? END_ABSENT : END_COMPLETE;
        launch->cases = allocate(5, sizeof *launch->cases);
        for (const char *c = plans[i].cases; *c; c++) {
            struct case_row *row = &launch->cases[launch->case_count++];
            bool skipped = *c >= 'a';
            char key[] = {(char)(skipped ? *c - 'a' + 'A' : *c), 0};
            *row = case_row_absent();
            row->key = arena_string(&archive.arena, key);
            row->collective = "all_reduce";
            row->status = skipped ? CASE_SKIPPED : CASE_OK;
            if (!skipped) row->time_us = 100 + (double)i;
        }
    }
    return archive;
}

static void expect(const struct plan *plans, size_t n, const char *key, size_t without, size_t launches)
{
    struct archive archive = archive_of(plans, n);
    const struct launch **list = allocate(n, sizeof *list);
    for (size_t i = 0; i < n; i++) list[i] = &archive.launches[i];
    struct repetitions repetitions = repetitions_of(list, n);
    struct turnout turnout = repetitions_turnout(&repetitions, key);
    cr_expect(turnout.without == without && turnout.launches == launches, "%s: %zu of %zu, not %zu of %zu",
              key, turnout.without, turnout.launches, without, launches);
    repetitions_free(&repetitions);
    free(list);
    archive_free(&archive);
}

Test(repetitions, a_case_that_some_launches_skipped_or_do_not_have)
{
    const struct plan plans[] = {{1, "ABC", false}, {1, "AbC", false}, {1, "AB", false}, {1, "Ab", false}};
    expect(plans, 4, "A", 0, 4);
    expect(plans, 4, "B", 2, 4);
    expect(plans, 4, "C", 2, 4);
    expect(plans, 4, "D", 0, 0);
}

/* Other programs of a sweep, other numbers of nodes: their launches need not have the case. G is a case of
   every node on its own, which launches on any number of nodes have. */
Test(repetitions, launches_of_other_cases_and_worlds_lack_nothing)
{
    const struct plan plans[] = {
        {1, "A", false}, {1, "A", false}, {1, "B", false}, {2, "CG", false}, {4, "DG", false}};
    expect(plans, 5, "A", 0, 2);
    expect(plans, 5, "B", 0, 1);
    expect(plans, 5, "C", 0, 1);
    expect(plans, 5, "G", 0, 2);
}

/* Launches that no single case joins: the first and the third have none in common. */
Test(repetitions, reach_over_a_third_launch)
{
    const struct plan plans[] = {{1, "A", false}, {1, "AB", false}, {1, "B", false}};
    expect(plans, 3, "A", 1, 3);
    expect(plans, 3, "B", 1, 3);
}

/* A launch that died lacks only the cases that it began. */
Test(repetitions, a_launch_that_died_says_so_itself)
{
    const struct plan plans[] = {{1, "AB", false}, {1, "AB", false}, {1, "Aa", true}, {1, "Ab", true}};
    expect(plans, 4, "A", 0, 4);
    expect(plans, 4, "B", 1, 3);
}

/* Eight launches, two without a figure: the six others are no sample of all. */
Test(repetitions, the_rest_has_no_confidence_interval)
{
    struct plan plans[8] = {{1, "AB", false}, {1, "AB", false}, {1, "AB", false}, {1, "AB", false},
                            {1, "AB", false}, {1, "AB", false}, {1, "Ab", false}, {1, "A", false}};
    struct archive archive = archive_of(plans, 8);
    struct aggregate aggregate = aggregate_archive(&archive, false);
    cr_assert_eq(aggregate.count, 1);
    cr_assert_eq(aggregate.runs[0].case_count, 2);
    for (size_t c = 0; c < 2; c++) {
        const struct case_summary *line = &aggregate.runs[0].cases[c];
        bool whole = *line->key == 'A';
        cr_expect_eq(line->launches, whole ? 8 : 6);
        cr_expect_eq(line->turnout.without, whole ? 0 : 2);
        cr_expect_eq(line->time_us.kind, whole ? INTERVAL_EXACT : INTERVAL_RANGE);
        if (!whole) cr_expect(line->time_us.lo == 100 && line->time_us.hi == 105);
    }
    aggregate_free(&aggregate);
    archive_free(&archive);
}
