#include "analysis/common/table.h"
#include "analysis/compare/aggregate.h"
#include "analysis/compare/study.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Launches of one case with constant samples, so that the launch medians are exactly the given times. */
static struct archive archive_of(const double *times_us, size_t n, const char *run)
{
    struct archive archive = {.launches = allocate(n, sizeof(struct launch)), .count = n};
    for (size_t i = 0; i < n; i++) {
        struct launch *launch = &archive.launches[i];
        char name[64];
        snprintf(name, sizeof name, "l%02zu", i);
        launch->path = "results/r/l.jsonl";
        launch->header = launch_header_absent();
        launch->header.run = run;
        launch->header.launch = arena_string(&archive.arena, name);
        launch->header.allocation_id = i % 2 ? "b" : "a";
        launch->end.status = END_COMPLETE;
        launch->cases = allocate(1, sizeof *launch->cases);
        launch->case_count = 1;
        struct case_row *row = &launch->cases[0];
        *row = case_row_absent();
        row->key = arena_string(&archive.arena, "all_reduce/float/sum/1000000");
        row->collective = "all_reduce", row->dtype = "float", row->op = "sum", row->mode = MODE_PIPELINED,
        row->status = CASE_OK;
        row->bytes = row->requested_bytes = 1000000;
        row->ranks = 4, row->nodes = 1, row->pass = 0, row->wrong = 0, row->bound_us = 50;
        row->samples_us.count = 3;
        row->samples_us.us = arena_memory(&archive.arena, 3 * sizeof(double));
        for (int s = 0; s < 3; s++) row->samples_us.us[s] = times_us[i];
    }
    archive_make_comparable(&archive);
    return archive;
}

static void near(double value, double expected)
{
    cr_assert(fabs(value - expected) <= 1e-12 * fabs(expected), "%.17g, expected %.17g", value, expected);
}

/* Six launches: the exact interval at 96.9 % is the 1st to the 6th (measurement rules; tables of Le Boudec
 * 2010, appendix A). */
Test(aggregate, six_launches_have_an_exact_interval)
{
    const double times[] = {104, 100, 102, 98, 101, 110};
    struct archive archive = archive_of(times, 6, "r");
    struct aggregate aggregate = aggregate_archive(&archive, false);
    cr_assert_eq(aggregate.count, 1);
    cr_assert_eq(aggregate.runs[0].case_count, 1);
    const struct case_summary *line = &aggregate.runs[0].cases[0];
    cr_assert_eq(line->launches, 6);
    cr_assert_eq(line->allocations, 2);
    cr_assert_eq(line->time_us.kind, INTERVAL_EXACT);
    near(line->time_us.point, 101.5);
    near(line->time_us.lo, 98);
    near(line->time_us.hi, 110);
    /* rates are bytes / time, never means of rates: 1e6 B in 101.5 us; bus factor of four ranks 2 * 3 / 4 */
    near(line->algbw_gbps.point, 1e6 / 101.5e-6 * 1e-9);
    near(line->busbw_gbps.lo, 1.5 * 1e6 / 110e-6 * 1e-9);
    near(line->busbw_gbps.hi, 1.5 * 1e6 / 98e-6 * 1e-9);
    near(line->bound_percent.point, 100 * 50 / 101.5);
    cr_assert_eq(line->wrong, 0);
    aggregate_free(&aggregate);
    archive_free(&archive);
}

Test(aggregate, few_launches_say_so)
{
    const double times[] = {104, 100, 102, 98, 101};
    for (size_t n = 1; n <= 5; n++) {
        struct archive archive = archive_of(times, n, "r");
        struct aggregate aggregate = aggregate_archive(&archive, false);
        cr_assert_eq(aggregate.runs[0].cases[0].time_us.kind, n == 1 ? INTERVAL_NONE : INTERVAL_RANGE);
        aggregate_free(&aggregate);
        archive_free(&archive);
    }
}

/* Two launches of alltoallv with imbalances of their own: two curves, and two tracks, each named. */
Test(aggregate, unlike_imbalances_and_groups_never_join)
{
    const double times[] = {100, 200, 300};
    struct archive archive = archive_of(times, 3, "r");
    for (size_t i = 0; i < 3; i++) {
        struct case_row *row = &archive.launches[i].cases[0];
        struct text key = {0};
        row->collective = "alltoallv", row->imbalance = i == 1 ? "1.5" : "2", row->aggregate = i == 2 ? 4 : 1;
        case_key(row, &key);
        row->key = arena_string(&archive.arena, text_get(&key));
        text_free(&key);
    }
    struct study study;
    study_of(&study, &archive, NULL, STUDY_PLAIN);
    cr_assert(study.aggregate.count == 1 && study.aggregate.runs[0].case_count == 3);
    const struct case_summary *cases = study.aggregate.runs[0].cases;
    cr_expect(!same_curve(&cases[0], &cases[1]) && !same_curve(&cases[1], &cases[2]));
    struct tracks tracks = study_tracks(&study, "alltoallv", FOR_BANDWIDTH);
    static const char *const words[] = {"imbalance 1.5", "imbalance 2",
                                        "groups of 4 operations, imbalance 2"};
    cr_assert_eq(tracks.count, 3);
    for (size_t i = 0; i < 3; i++) {
        struct text text = {0};
        track_case(&tracks.list[i], &text);
        cr_expect_str_eq(text_get(&text), words[i]);
        cr_expect(track_in_world(&tracks, &tracks.list[i]) == &tracks.list[i]);
        text_free(&text);
    }
    free(tracks.list);
    study_free(&study);
    archive_free(&archive);
}

Test(aggregate, allocations_can_be_kept_apart)
{
    const double times[] = {100, 200, 100, 200};
    struct archive archive = archive_of(times, 4, "r");
    struct aggregate aggregate = aggregate_archive(&archive, true);
    cr_assert_eq(aggregate.count, 2);
    near(aggregate.runs[0].cases[0].time_us.point, 100);
    near(aggregate.runs[1].cases[0].time_us.point, 200);
    cr_assert_str_neq(aggregate.runs[0].label, aggregate.runs[1].label);
    aggregate_free(&aggregate);
    archive_free(&archive);
}

Test(aggregate, a_wrong_launch_has_no_speed)
{
    const double times[] = {100, 10};
    struct archive archive = archive_of(times, 2, "r");
    archive.launches[1].cases[0].status = CASE_WRONG;
    archive.launches[1].cases[0].wrong = 7;
    struct aggregate aggregate = aggregate_archive(&archive, false);
    const struct case_summary *line = &aggregate.runs[0].cases[0];
    cr_assert_eq(line->launches, 1);
    cr_assert_eq(line->attempts, 2);
    near(line->time_us.point, 100);
    cr_assert_eq(line->wrong, 7);
    cr_assert_eq(line->status, CASE_WRONG);
    aggregate_free(&aggregate);
    archive_free(&archive);
}

Test(aggregate, an_imported_mean_is_never_mixed_with_medians)
{
    const double times[] = {100, 102};
    struct archive archive = archive_of(times, 2, "r");
    struct case_row *row = &archive.launches[1].cases[0];
    row->samples_us = (struct samples){0};
    row->median_us = NAN;
    row->time_us = 50, row->statistic = STATISTIC_MEAN, row->rank_reduction = "mean";
    struct aggregate aggregate = aggregate_archive(&archive, false);
    cr_assert_eq(aggregate.runs[0].case_count, 2);
    for (int i = 0; i < 2; i++) {
        const struct case_summary *line = &aggregate.runs[0].cases[i];
        near(line->time_us.point, line->statistic == STATISTIC_MEAN ? 50 : 100);
    }
    cr_assert_not(same_curve(&aggregate.runs[0].cases[0], &aggregate.runs[0].cases[1]));
    aggregate_free(&aggregate);
    archive_free(&archive);
}

Test(table, hostile_cells_stay_data)
{
    struct table table = {0};
    struct text out = {0};
    table_column(&table, "name", true);
    table_column(&table, "n", false);
    table_cell(&table, "%s", "<script>alert('1')</script> & \"x\", `id`\nnext|cell");
    table_cell(&table, "%d", 3);
    table_print(&table, TABLE_HTML, &out);
    cr_assert_null(strstr(text_get(&out), "<script"));
    cr_assert_not_null(strstr(text_get(&out), "&#60;script&#62;alert(&#39;1&#39;)"));
    text_clear(&out);
    table_print(&table, TABLE_CSV, &out);
    cr_assert_str_eq(text_get(&out),
                     "name,n\n\"<script>alert('1')</script> & \"\"x\"\", `id`\nnext|cell\",3\n");
    text_clear(&out);
    table_print(&table, TABLE_MARKDOWN, &out);
    cr_assert_not_null(
        strstr(text_get(&out),
               "| &#60;script&#62;alert('1')&#60;/script&#62; &#38; \"x\", \\`id\\` next\\|cell | 3 |\n"));
    text_free(&out);
    table_free(&table);
}

/* Formulas that a spreadsheet would run and terminal escapes become text; numbers stay numbers. */
Test(table, csv_cells_are_text)
{
    static const struct {
        const char *cell, *csv;
    } rows[] = {
        {"=1+1", "\"'=1+1\""},
        {"@SUM(A1)", "\"'@SUM(A1)\""},
        {"-cmd|' /C calc'!A0", "\"'-cmd|' /C calc'!A0\""},
        {"+x", "\"'+x\""},
        {"-1.5", "-1.5"},
        {"+2e3", "+2e3"},
        {"a\x1b[31mb", "a?[31mb"},
        {"a\xc2\x9b"
         "b",
         "a?b"},
        {"a\x9b"
         "b",
         "a?b"},
        {"\xc3\xa4", "\xc3\xa4"},
        {"", ""},
        {"a\nb", "\"a\nb\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct table table = {0};
        struct text out = {0}, expected = {0};
        table_column(&table, "c", true);
        table_cell(&table, "%s", rows[i].cell);
        table_print(&table, TABLE_CSV, &out);
        text_add(&expected, "c\n%s\n", rows[i].csv);
        cr_expect_str_eq(text_get(&out), text_get(&expected));
        text_free(&out);
        text_free(&expected);
        table_free(&table);
    }
}

Test(table, text_of_any_bytes)
{
    struct text out = {0};
    plain_text(&out,
               "a\x1b[31m\xff\xc3(\xe2\x80\xae"
               "b",
               100);
    cr_assert_str_eq(text_get(&out), "a [31m?"
                                     "?( b");
    text_clear(&out);
    plain_text(&out, "abcdef", 4);
    cr_assert_str_eq(text_get(&out), "abc…");
    text_clear(&out);
    plain_text(&out, "abcd", 4);
    cr_assert_str_eq(text_get(&out), "abcd");
    text_clear(&out);
    html_text(&out, "\xf0\x9f\x9a\x80\xf8\xed\xa0\x80");
    cr_assert_str_eq(text_get(&out), "\xf0\x9f\x9a\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    text_free(&out);
}

Test(table, numbers)
{
    char text[32];
    cr_assert_str_eq(number_text(1.23456, text), "1.235");
    cr_assert_str_eq(number_text(0.00123456, text), "0.001235");
    cr_assert_str_eq(number_text(123456.7, text), "123457");
    cr_assert_str_eq(number_text(0, text), "0.000");
    cr_assert_str_eq(number_text(NAN, text), "");
    cr_assert_str_eq(number_text(2.5e300, text), "2.500e+300"); /* not the first 31 digits of 301 */
    cr_assert_str_eq(number_text(3e-13, text), "3.000e-13");    /* not 0 */
    cr_assert_str_eq(number_text(-1234567890123.4, text), "-1234567890123");
}

Test(table, lists)
{
    cr_expect(list_has("8 | 16", " | ", "16") && list_has("8 | 16", " | ", "8"));
    cr_expect_not(list_has("8 | 16", " | ", "1")); /* a part of an item does not match */
    cr_expect_not(list_has("", ", ", "x"));
    cr_expect_not(list_has(NULL, ", ", "x"));
}
