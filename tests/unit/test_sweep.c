/* The decisions of a sweep; expected values are computed by hand. */
#include "analysis/sweep/sweep.h"
#include "record/record.h"
#include "tests/unit/folder.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- money and time ---- */

Test(sweep, price_and_budget)
{
    char text[64];
    cr_expect_float_eq(price_per_hour(6.88, 32), 220.16, 1e-9); /* 6.88 x 32 */
    cr_expect(isnan(price_per_hour(6.88, 0)));
    cr_expect(isnan(price_per_hour(NAN, 8)));
    /* 50 USD at 100 USD an hour are half an hour */
    cr_expect_eq(affordable_seconds(50, 100, 0), 1800);
    cr_expect_eq(affordable_seconds(50, 100, 600), 600);
    cr_expect_eq(affordable_seconds(50, 100, 3600), 1800);
    cr_expect_eq(affordable_seconds(1, 761.904, 0), 4); /* 3600 / 761.904 = 4.725 */
    cr_expect_eq(affordable_seconds(1e9, 1e-9, 0), 1000000000, "bounded");
    cr_expect_eq(affordable_seconds(5, 0, 0), 1000000000);
    cr_expect_float_eq(cost_usd(90, 40), 1, 1e-12); /* a fortieth of an hour */
    cr_expect_str_eq(cost_text(5400, 2, text), ", 3.00 USD");
    cr_expect_str_eq(cost_text(5400, NAN, text), "");
}

/* Sums of what several dry runs wrote: 10.2 s are 11 whole seconds, 11 + 50 = 61; 61 s at 360 USD an hour. */
Test(sweep, estimates_add_up, WITH_FOLDER)
{
    struct text said = {0};
    const struct sweep_estimate one = {1, 1, 10.2, NAN, 0}, many = {4, 288, 50, 360, 30};
    struct sweep_estimate sum;
    estimate_text(&one, &said);
    cr_expect_str_eq(text_get(&said), "1 launch on 1 host, at most about 10 s");
    cr_assert_eq(estimate_append(path("estimates"), &one), STATUS_OK);
    cr_assert_eq(estimate_append(path("estimates"), &many), STATUS_OK);
    cr_assert_eq(estimates_sum(path("estimates"), &sum), STATUS_OK);
    text_clear(&said);
    estimate_text(&sum, &said);
    cr_expect_str_eq(text_get(&said),
                     "5 launches on 288 hosts, at most about 1 min 01 s, 6.10 USD; the budget "
                     "ends it after 30 s, 3.00 USD");
    text_free(&said);
}

Test(sweep, shares_and_deadlines)
{
    /* 100 s for 4 launches, each of which takes 5 s to start and end: (100 - 20) / 4 */
    cr_expect_eq(share_of_budget(100, 4, 5), 20);
    cr_expect_eq(share_of_budget(10, 4, 3), 2, "at least two seconds");
    cr_expect_eq(share_of_budget(-5, 1, 0), 2);
    cr_expect_eq(launch_deadline(0, 30.9, 0), 120); /* 60 + 2 x 30 */
    cr_expect_eq(launch_deadline(0, 30.9, 10), 80); /* 60 + 2 x 10 */
    cr_expect_eq(launch_deadline(0, 5, 10), 70);
    cr_expect_eq(launch_deadline(7, 30, 10), 7, "what the user says");
    cr_expect_eq(launch_deadline(0, 1e17, 0), 2000060, "estimates of strangers are bounded");
}

Test(sweep, durations)
{
    char text[64];
    cr_expect_str_eq(duration_text(0, text), "0 s");
    cr_expect_str_eq(duration_text(59, text), "59 s");
    cr_expect_str_eq(duration_text(60, text), "1 min 00 s");
    cr_expect_str_eq(duration_text(3599, text), "59 min 59 s");
    cr_expect_str_eq(duration_text(3600, text), "1 h 00 min");
    cr_expect_str_eq(duration_text(-4, text), "0 s");
}

/* The time is an argument: a jump of the wall clock changes nothing. */
Test(sweep, time_left)
{
    struct sweep_state state = {.begun_s = 1000, .left = 3, .estimate_left_s = 45};
    cr_expect_eq(time_left(&state, 1000), 45, "by the plan");
    state.measured = 2, state.spent_s = 50;
    cr_expect_eq(time_left(&state, 1050), 75, "three more of 25 s");
    state.budget_s = 100;
    cr_expect_eq(time_left(&state, 1050), 50, "what is left of the budget");
    cr_expect_eq(time_left(&state, 1200), 0);
    cr_expect_not(grew_by_half(50, 75));
    cr_expect(grew_by_half(50, 76));
    cr_expect_not(grew_by_half(0, 1), "a second more is rounding");
    cr_expect(grew_by_half(0, 2));
    cr_expect_not(grew_by_half(50, 20));
}

/* ---- outcome of a launch ---- */

static void expect_reason(const char *log, size_t length, const char *wanted)
{
    char reason[REASON_BYTES + 1];
    FILE *file = length ? fmemopen((void *)(uintptr_t)log, length, "r") : fopen("/dev/null", "r");
    cr_assert(file);
    reason_of(file, reason);
    fclose(file);
    cr_expect_str_eq(reason, wanted);
}
#define EXPECT_REASON(log, wanted) expect_reason(log, sizeof(log) - 1, wanted)

Test(sweep, reason_of_a_log)
{
    EXPECT_REASON("", "");
    EXPECT_REASON("\n  \n----\n", "");
    EXPECT_REASON("first\nlast\n\n", "last");
    EXPECT_REASON("no newline", "no newline");
    EXPECT_REASON("all_reduce: backend mpi\nall_reduce: cannot open x\nmore\n", "all_reduce: cannot open x");
    EXPECT_REASON("all_reduce: backend mpi\nsome text\nall_reduce: backend mpi\n", "some text");
    EXPECT_REASON("all_reduce: cannot\nrank 3 on t3 has lost its peer\n", "rank 3 on t3 has lost its peer");
    EXPECT_REASON("bash: line 1: 77 Killed   all_reduce\n", "bash: line 1: 77 Killed   all_reduce");
}

/* Headings as bench/measure/table.c, bench/matmul/table.c and nccl-tests print them. */
Test(sweep, a_heading_is_no_reason)
{
    EXPECT_REASON("      size        count      type     op   to    time us      95%     p99 us     algbw    "
                  " busbw  wrong\n"
                  "all_reduce: cannot connect\n",
                  "all_reduce: cannot connect");
    EXPECT_REASON(
        "shape layout type phase time us 95% TFLOP/s peak wrong spread slowest\nmatmul: rank 1 died\n",
        "matmul: rank 1 died");
    EXPECT_REASON(
        "#  (B) (elements) type redop root time algbw busbw #wrong time algbw busbw #wrong\nthe end\n",
        "the end");
    EXPECT_REASON("  size  time us  busbw  wrong\n", "");
    EXPECT_REASON("all_reduce: 7 elements are wrong on rank 1\n",
                  "all_reduce: 7 elements are wrong on rank 1");
}

Test(sweep, hostile_bytes_of_a_log)
{
    EXPECT_REASON("all_reduce: \033[31m\"red\\\"\t\x9b"
                  "31m\xc3\xa4\n",
                  "all_reduce:  [31mred  31m  ");
    EXPECT_REASON("a\0b: x\nall_reduce: \0zero\n", "all_reduce:  zero");
    static char log[100000];
    memset(log, 'x', sizeof log);
    char wanted[REASON_BYTES + 1];
    memset(wanted, 'x', REASON_BYTES);
    wanted[REASON_BYTES] = 0;
    expect_reason(log, sizeof log, wanted);
}

static void expect_judged(struct ending ending, enum outcome outcome, const char *wanted)
{
    struct text reason = {0};
    ending.log_says = "m";
    if (!ending.limit_s) ending.limit_s = 120;
    cr_expect_eq(judge(&ending, &reason), outcome, "%s", wanted);
    cr_expect_str_eq(text_get(&reason), wanted);
    text_free(&reason);
}

Test(sweep, judges_every_ending)
{
    expect_judged((struct ending){.complete = true}, OUTCOME_COMPLETE, "");
    expect_judged((struct ending){.complete = true, .status = 3}, OUTCOME_WRONG, "wrong data: m");
    expect_judged((struct ending){.complete = true, .status = 4}, OUTCOME_HUNG, "ended with status 4: m");
    expect_judged((struct ending){.complete = true, .status = 124}, OUTCOME_HUNG, "ended with status 124: m");
    expect_judged((struct ending){.complete = true, .status = 139}, OUTCOME_COMPLETE,
                  "ended with status 139: m");
    expect_judged((struct ending){.status = 0}, OUTCOME_FAILED, "status 0, but no complete record");
    expect_judged((struct ending){.status = 3}, OUTCOME_WRONG, "m");
    expect_judged((struct ending){.status = 4}, OUTCOME_HUNG, "m");
    expect_judged((struct ending){.status = 5}, OUTCOME_FAILED, "status 5: m");
    expect_judged((struct ending){.status = 124}, OUTCOME_HUNG, "no end within 2 min 00 s; m");
    expect_judged((struct ending){.status = 137, .took_s = 120}, OUTCOME_HUNG, "no end within 2 min 00 s; m");
    expect_judged((struct ending){.status = 137, .took_s = 119}, OUTCOME_FAILED,
                  "status 137: m"); /* killed by something else */
    expect_judged((struct ending){.status = 143, .signal = 15}, OUTCOME_INTERRUPTED, "signal 15");
    expect_judged((struct ending){.complete = true, .signal = 2}, OUTCOME_INTERRUPTED, "signal 2");
}

/* Counts a failed launch of a driver, with its duration and reason, for the number of equal failures. */
static void count(struct sweep_state *state, const char *launch, const char *driver, int64_t took_s,
                  const char *reason)
{
    state->measured++;
    count_alike(state, launch, driver, OUTCOME_FAILED, reason, took_s);
}

Test(sweep, counts_failures_that_look_alike)
{
    struct sweep_state state = {.driver_count = 1};
    count(&state, "l-1", "all_reduce", 0, "status 9: l-1: pid 100");
    count(&state, "l-2", "all_reduce", 10, "status 9: l-2: pid 2");
    cr_expect_eq(state.alike, 2);
    cr_expect_not(all_fail_alike(&state), "two are too few");
    count(&state, "l-3", "all_reduce", 3, "status 9: l-3: pid 31");
    cr_expect_eq(state.alike, 3);
    cr_expect(all_fail_alike(&state));
    cr_expect_str_eq(state.first_failed, "l-1");
    state_free(&state);

    state.driver_count = 2; /* every driver must have failed */
    count(&state, "l-1", "all_reduce", 0, "all_reduce: x");
    count(&state, "l-2", "all_reduce", 0, "all_reduce: x");
    count(&state, "l-3", "all_reduce", 0, "all_reduce: x");
    cr_expect_not(all_fail_alike(&state));
    count(&state, "l-4", "matmul", 0, "matmul: x");
    cr_expect(all_fail_alike(&state));
    state_free(&state);

    state.driver_count = 1;
    count(&state, "l-1", "all_reduce", 0, "x");
    count(&state, "l-2", "all_reduce", 11, "x");
    cr_expect_eq(state.alike, -1, "a failure that takes its time");
    count(&state, "l-3", "all_reduce", 0, "x");
    cr_expect_eq(state.alike, -1, "and it stays so");
    state_free(&state);

    count(&state, "l-1", "all_reduce", 0, "x");
    count(&state, "l-2", "all_reduce", 0, "y");
    cr_expect_eq(state.alike, -1, "another reason");
    state_free(&state);

    count_alike(&state, "l-1", "all_reduce", OUTCOME_FAILED, "needs 4 hosts; lost: b",
                0); /* not started: not measured */
    cr_expect_eq(state.alike, -1);
    state_free(&state);

    state.measured = 1;
    count_alike(&state, "l-1", "all_reduce", OUTCOME_COMPLETE, "", 0);
    cr_expect_eq(state.alike, -1, "a launch that is complete");
    state_free(&state);
}

/* ---- files ---- */

Test(sweep, state_comes_back, WITH_FOLDER)
{
    struct sweep_state state = {.run = "r",
                                .lost = "a b",
                                .begun_s = 123456789012,
                                .alike = -1,
                                .largest = ABSENT,
                                .usd_per_gpu_hour = 6.88,
                                .usd_per_hour = NAN},
                       back;
    cr_assert_eq(state_write(folder, &state), STATUS_OK);
    cr_assert_eq(state_read(folder, &back), STATUS_OK);
    cr_expect_str_eq(back.run, "r");
    cr_expect_str_eq(back.lost, "a b");
    cr_expect_null(back.folder);
    cr_expect_eq(back.begun_s, 123456789012);
    cr_expect_eq(back.alike, -1);
    cr_expect_eq(back.largest, ABSENT);
    cr_expect_float_eq(back.usd_per_gpu_hour, 6.88, 1e-12);
    cr_expect(isnan(back.usd_per_hour));
    state_free(&back);
    put("state", "{\"run\": ");
    cr_expect_eq(state_read(folder, &back), STATUS_ENVIRONMENT);
}

Test(sweep, notes_a_row_for_each_attempt, WITH_FOLDER)
{
    put("sweep.tsv", "heading\n");
    cr_expect_eq(note_outcome(folder, "l", OUTCOME_HUNG, 124, 90, 2, 40, "no end"), STATUS_OK);
    cr_expect_eq(note_outcome(folder, "m", OUTCOME_COMPLETE, 0, 5, 1, NAN, ""), STATUS_OK);
    char *table = content_of("sweep.tsv");
    /* 90 s at 40 USD an hour are 1 USD; the first 21 bytes of a row are the time and a tab */
    char *second = strchr(table, '\n') + 1, *third = strchr(second, '\n') + 1;
    cr_expect_str_eq(third + 21, "m\tcomplete\t0\t5\t1\t-\t-\n");
    *strchr(second, '\n') = 0;
    cr_expect_str_eq(second + 21, "l\thung\t124\t90\t2\t1.0000\tno end");
    free(table);
}

Test(sweep, sets_earlier_tries_aside, WITH_FOLDER)
{
    put("l.jsonl", "1");
    put("l.log", "first");
    cr_expect_eq(set_aside(folder, "l"), STATUS_OK);
    put("l.log", "second");
    cr_expect_eq(set_aside(folder, "l"), STATUS_OK);
    cr_expect_eq(set_aside(folder, "l"), STATUS_OK, "nothing there");
    cr_expect(access(path("l.jsonl"), F_OK) && access(path("l.log"), F_OK));
    cr_expect_eq(access(path("failed/l.1.partial"), F_OK), 0);
    char *first = content_of("failed/l.1.log"), *second = content_of("failed/l.2.log");
    cr_expect_str_eq(first, "first");
    cr_expect_str_eq(second, "second");
    free(first);
    free(second);
}

Test(sweep, a_launch_that_wrote_nothing_gets_a_record, WITH_FOLDER)
{
    struct archive archive = {0};
    cr_assert_eq(mkdir(path("run"), 0777), 0);
    put("run/l.jsonl", "");
    cr_expect_eq(write_tombstone(folder, "run", "l", "all_reduce", "status 9: \"quoted\" \\"), STATUS_OK);
    put("run/kept.jsonl", "x");
    cr_expect_eq(write_tombstone(folder, "run", "kept", "all_reduce", "y"), STATUS_OK);
    char *kept = content_of("run/kept.jsonl");
    cr_expect_str_eq(kept, "x", "what a launch wrote is not replaced");
    free(kept);
    cr_assert_eq(archive_read(&archive, path("run/l.jsonl")), STATUS_OK);
    cr_assert_eq(archive.count, 1);
    cr_expect_str_eq(archive.launches[0].header.launch, "l");
    cr_expect_str_eq(archive.launches[0].header.driver, "all_reduce");
    cr_expect_eq(archive.launches[0].end.status, END_FAILED);
    cr_expect_str_eq(archive.launches[0].end.error, "status 9: \"quoted\" \\");
    cr_expect_eq(archive.launches[0].case_count, 0);
    archive_free(&archive);
}

Test(sweep, collects_records_from_output, WITH_FOLDER)
{
    put("l.log", "text\n[1,0]<stdout>:{\"record\":\"launch\",\"run\":\"r\"}\n{\"record\":\"case\",\"k\":1\n"
                 "{\"record\":\"other\",\"k\":1}\nn0: {\"record\":\"end\",\"status\":\"complete\"}\n");
    cr_expect_eq(collect_records(folder, "l"), STATUS_OK);
    char *records = content_of("l.jsonl");
    cr_expect_str_eq(records,
                     "{\"record\":\"launch\",\"run\":\"r\"}\n{\"record\":\"end\",\"status\":\"complete\"}\n");
    free(records);
    cr_expect(launch_is_complete(path("l.jsonl")));
    put("l.jsonl", "{\"record\":\"end\",\"status\":\"complete\"}");
    cr_expect_not(launch_is_complete(path("l.jsonl")), "a line that is cut off");
    put("m.log", "nothing\n");
    cr_expect_eq(collect_records(folder, "m"), STATUS_OK);
    cr_expect_neq(access(path("m.jsonl"), F_OK), 0);
}

Test(sweep, finds_wrong_data, WITH_FOLDER)
{
    put("a.jsonl", "{\"status\":\"ok\",\"label\":\"\\\"status\\\":\\\"wrong\\\"\"}\n");
    put("b.log", "\"status\":\"wrong\"\n");
    cr_expect_not(has_wrong_data(folder));
    /* across the blocks in which files are read */
    struct text text = {0};
    for (int i = 0; i < 65536 - 8; i++) text_add_bytes(&text, " ", 1);
    text_add(&text, "\"status\":\"wrong\"}\n");
    put("c.jsonl", text_get(&text));
    text_free(&text);
    cr_expect(has_wrong_data(folder));
}

Test(sweep, continues_the_newest_run_of_the_same_flags, WITH_FOLDER)
{
    static const char *const runs[] = {"2026-01-01", "2026-01-03", "2026-01-02", "2026-01-09"};
    struct arena arena = {0};
    char name[64];
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(mkdir(path(runs[i]), 0777), 0);
        snprintf(name, sizeof name, "%s/.unfinished", runs[i]);
        put(name, i == 3 ? "other\n" : "mark\n");
    }
    cr_expect_str_eq(unfinished_run(folder, "mark", &arena), "2026-01-03");
    cr_expect_null(unfinished_run(folder, "mar", &arena));
    arena_free(&arena);
}

Test(sweep, a_budget_that_is_too_short_is_told_before_the_start)
{
    struct plan_row rows[] = {{.driver = "all_reduce", .args = "-b 8 -e 8", .estimate_s = 20},
                              {.driver = "matmul", .args = "--shapes 64,128", .estimate_s = 95},
                              {.driver = "matmul", .args = "--shapes 64,128", .estimate_s = 95},
                              {.driver = "step", .args = "", .estimate_s = 900, .state = LAUNCH_DONE}};
    const struct plan plan = {.rows = rows, .count = 4};
    struct text enough = {0}, short_of = {0};
    shortage_text(&plan, 3, 300, 2, &enough); /* (300 - 3 x 2) / 3 = 98 s */
    cr_expect_str_eq(text_get(&enough), "");
    shortage_text(&plan, 3, 150, 2, &short_of); /* 48 s */
    cr_expect(
        strstr(text_get(&short_of), "matmul 1 min 35 s, but the budget gives each launch about 48 s:") ==
        text_get(&short_of));
    cr_expect(strstr(text_get(&short_of), "none remains: at full length matmul from 128x128x128 on"));
    text_free(&enough);
    text_free(&short_of);
}

Test(sweep, cases_beyond_the_budget_are_named_before_the_start)
{
    const struct {
        struct plan_row row;
        double share;
        const char *text;
    } expected[] = {
        {{.driver = "all_reduce", .args = "--collectives all_reduce,all_gather -b 8 -e 2048 -f 4 -d float"},
         0.5,
         "all_reduce, all_gather from 128 B on"}, /* half of 8, 32, 128, 512, 2048 is 2.5 sizes */
        {{.driver = "all_gather", .args = "--sizes 1M,64M,16M"}, 0.7, "all_gather from 64 MiB on"},
        {{.driver = "all_gather", .args = "--sizes 1M,64M,16M"}, 0, "all_gather from 1 MiB on"},
        {{.driver = "alltoallv", .args = "--sizes=matrix"}, 0.5, "the last cases of alltoallv"},
        {{.driver = "broadcast", .args = "-b 8"}, 0.5, "the last cases of broadcast"},
        {{.driver = "matmul", .args = "--shapes 64x64x128,64,512"}, 0.4, "matmul from 64x64x128 on"},
        {{.driver = "matmul", .args = ""}, 0.4, "the last cases of matmul"},
        {{.driver = "overlap", .args = "--sizes 1M"}, 0.4, "the last cases of overlap"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct text text = {0};
        beyond_text(&expected[i].row, expected[i].share, &text);
        cr_expect_str_eq(text_get(&text), expected[i].text);
        text_free(&text);
    }
}
