#include "analysis/compare/overlap.h"
#include "tests/unit/folder.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

TestSuite(overlap, WITH_FOLDER);

static void near(double value, double expected)
{
    cr_expect(fabs(value - expected) <= 1e-12 * fmax(1, fabs(expected)), "%.17g, expected %.17g", value,
              expected);
}

Test(overlap, hidden_share)
{
    near(hidden_share(30, 50, 80), 0);   /* one after the other */
    near(hidden_share(30, 50, 50), 1);   /* both take as long as the longer one alone */
    near(hidden_share(50, 30, 50), 1);   /* the longer one is the first */
    near(hidden_share(30, 50, 65), 0.5); /* 15 of 30 are hidden */
    near(hidden_share(30, 50, 95), -0.5);
    near(hidden_share(30, 50, 44), 1.2); /* not clamped: faster together, as beside a warmer cache */
    cr_expect(isnan(hidden_share(0, 50, 50)));
}

/* A side that was not checked is never counted as right. */
Test(overlap, wrong_elements_of_both_sides)
{
    static const struct {
        int64_t wrong, gemm_wrong, both;
        enum case_status status;
        bool is_wrong;
    } rows[] = {{0, 0, 0, CASE_OK, false},
                {2, 3, 5, CASE_OK, true},
                {ABSENT, 3, 3, CASE_OK, true},
                {2, ABSENT, 2, CASE_OK, true},
                {ABSENT, 0, ABSENT, CASE_OK, false},
                {0, ABSENT, ABSENT, CASE_OK, false},
                {ABSENT, ABSENT, ABSENT, CASE_WRONG, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct overlap_row row = overlap_row_absent();
        row.wrong = rows[i].wrong, row.gemm_wrong = rows[i].gemm_wrong, row.status = rows[i].status;
        cr_expect(overlap_wrong(&row) == rows[i].both, "row %zu", i);
        cr_expect(overlap_is_wrong(&row) == rows[i].is_wrong, "row %zu", i);
    }
}

enum { ROUNDS = 9 };

/* Round i takes (i + 1) times as long as the first one in each part: every ratio is the same in all
   rounds. */
struct sides {
    double communication[ROUNDS], computation[ROUNDS], both[ROUNDS], communication_beside[ROUNDS],
        computation_beside[ROUNDS];
};

static struct overlap_row row_of(struct sides *s, size_t rounds)
{
    struct overlap_row row = overlap_row_absent();
    for (int i = 0; i < ROUNDS; i++) {
        s->communication[i] = 40 * (i + 1), s->computation[i] = 60 * (i + 1), s->both[i] = 70 * (i + 1);
        s->communication_beside[i] = 70 * (i + 1), s->computation_beside[i] = 66 * (i + 1);
    }
    row.collective = "all_reduce", row.dtype = "float", row.op = "sum", row.requested_bytes = 1 << 20;
    row.gemm_dtype = "float", row.layout = "NN", row.m = 64, row.n = 32, row.k = 16;
    row.ratio = 1.5, row.progress = OVERLAP_THREAD, row.nodes = 1, row.ranks = 2, row.status = CASE_OK;
    row.cache = CACHE_WARM, row.memory = MEMORY_HOST, row.wrong = row.gemm_wrong = 0;
    row.communication_us = (struct samples){s->communication, rounds};
    row.computation_us = (struct samples){s->computation, rounds};
    row.both_us = (struct samples){s->both, rounds};
    row.communication_beside_us = (struct samples){s->communication_beside, rounds};
    row.computation_beside_us = (struct samples){s->computation_beside, rounds};
    return row;
}

/* A drift that slows all parts of a round alike moves no ratio. */
Test(overlap, figures_are_medians_over_rounds)
{
    struct sides sides;
    struct overlap_row row = row_of(&sides, ROUNDS);
    overlap_row_summarise(&row);
    near(row.communication_time_us, 200); /* the fifth of nine */
    near(row.computation_time_us, 300);
    near(row.both_time_us, 350);
    near(row.hidden_share, 0.75); /* (40 + 60 - 70) / 40 */
    near(row.communication_slowdown, 1.75);
    near(row.computation_slowdown, 1.1);
    near(row.hidden_lo, 0.75);
    near(row.hidden_hi, 0.75);
    near(row.computation_slowdown_lo, 1.1);
}

Test(overlap, few_rounds_have_no_interval)
{
    struct sides sides;
    struct overlap_row row = row_of(&sides, 5);
    overlap_row_summarise(&row);
    near(row.hidden_share, 0.75);
    cr_expect(isnan(row.hidden_lo) && isnan(row.hidden_hi) && isnan(row.communication_slowdown_lo));
}

Test(overlap, no_figure_without_all_samples)
{
    struct sides sides;
    struct overlap_row row = row_of(&sides, ROUNDS);
    row.computation_us.count--;
    overlap_row_summarise(&row);
    cr_expect(isnan(row.hidden_share) && isnan(row.both_time_us) && isnan(row.computation_slowdown));
    row = row_of(&sides, ROUNDS);
    for (int i = 0; i < ROUNDS; i++) sides.communication[i] = 0; /* took no time: nothing to divide by */
    overlap_row_summarise(&row);
    cr_expect(isnan(row.hidden_share) && isnan(row.communication_slowdown));
    near(row.computation_slowdown, 1.1);
}

static char *key_of(const struct overlap_row *row)
{
    struct text key = {0};
    overlap_key(row, &key);
    return key.data;
}

Test(overlap, every_request_has_a_key_of_its_own)
{
    struct sides sides;
    struct overlap_row row = row_of(&sides, ROUNDS),
                       other[] = {row, row, row, row, row, row, row, row, row, row};
    char *own = key_of(&row);
    cr_expect_str_eq(own,
                     "overlap/all_reduce/float/sum/1048576/float/64x32x16/NN/ratio=1.5/progress=thread/warm/"
                     "host/nodes=1/ranks=2");
    other[0].collective = "all_gather", other[1].requested_bytes = 8, other[2].k = 17, other[3].ratio = 1.51;
    other[4].progress = OVERLAP_NONE, other[5].cache = CACHE_COLD, other[6].cta = "4-8", other[7].ranks = 4;
    other[8].gemm_dtype = "double", other[9].registration = REGISTRATION_USER;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        char *key = key_of(&other[i]);
        cr_expect(!same(key, own), "%zu: %s", i, key);
        free(key);
    }
    other[0] = row;
    other[0].cta = "default", other[0].registration = REGISTRATION_NONE;
    other[0].operations = 7, other[0].matmuls = 8, other[0].hidden_share = 9;
    char *key = key_of(&other[0]);
    cr_expect_str_eq(key, own);
    free(key);
    free(own);
}

/* Three launches: the second's computation does not overlap (both: 100 for 40 and 60), the third's data is
   wrong; the first one also measured another progress, and the collective alone. */
static const char launches[] = "{\"record\":\"launch\",\"schema\":1,\"run\":\"r\",\"launch\":\"%s\","
                               "\"driver\":\"overlap\",\"started\":\"%s\","
                               "\"world\":{\"nodes\":1,\"ranks\":2}}\n";
static const char rows[] = "{\"record\":\"overlap\",\"collective\":\"all_reduce\",\"dtype\":\"float\",\"op\":"
                           "\"sum\",\"requested_bytes\":8,"
                           "\"bytes\":8,\"m\":1,\"n\":1,\"k\":1,\"ratio\":1.5,\"progress\":\"%s\",\"memory\":"
                           "\"host\",\"nodes\":1,\"ranks\":2,"
                           "\"wrong\":%d,\"gemm_wrong\":%d,\"status\":\"%s\",\"communication_us\":[40],"
                           "\"computation_us\":[60],\"both_us\":[%d],"
                           "\"communication_beside_us\":[44],\"computation_beside_us\":[90]}\n";
static const char end[] = "{\"record\":\"end\",\"status\":\"complete\",\"cases\":1,\"elapsed_s\":1}\n";

static void put_launch(const char *name, const char *started, const char *progress, int wrong, int gemm_wrong,
                       int both, const char *more)
{
    struct text text = {0};
    char file[32];
    snprintf(file, sizeof file, "%s.jsonl", name);
    text_add(&text, launches, name, started);
    text_add(&text, rows, progress, wrong, gemm_wrong, wrong || gemm_wrong ? "wrong" : "ok", both);
    text_add(&text, "%s%s", more, end);
    put(file, text_get(&text));
    text_free(&text);
}

Test(overlap, launches_are_combined_and_nothing_else_is)
{
    struct text more = {0};
    text_add(&more, rows, "none", 0, 0, "ok", 100);
    text_add(&more,
             "{\"record\":\"case\",\"collective\":\"all_reduce\",\"dtype\":\"float\",\"requested_bytes\":8,"
             "\"bytes\":8,\"nodes\":1,\"ranks\":2,\"status\":\"ok\",\"samples_us\":[7]}\n"
             "{\"record\":\"overlap\",\"status\":\"ok\"}\n"); /* without a collective: broken */
    put_launch("a", "2026-11-01T00:00:00Z", "thread", 0, 0, 70, text_get(&more));
    put_launch("b", "2026-11-01T00:01:00Z", "thread", 0, 0, 100, "");
    put_launch("c", "2026-11-01T00:02:00Z", "thread", 3, 4, 70, "");
    text_free(&more);
    struct archive archive = {0};
    cr_assert_eq(archive_read(&archive, folder), STATUS_OK);
    cr_expect_eq(archive.launches[0].broken_lines, 1);
    archive_make_comparable(&archive);
    struct aggregate aggregate = aggregate_archive(&archive, false);
    cr_assert_eq(aggregate.count, 1);
    cr_assert_eq(aggregate.runs[0].case_count, 1); /* the collective alone */
    near(aggregate.runs[0].cases[0].time_us.point, 7);
    struct overlaps overlaps = overlaps_of(&aggregate.runs[0]);
    cr_assert_eq(overlaps.count, 2);
    const struct overlap_summary *none = &overlaps.list[0], *thread = &overlaps.list[1];
    cr_expect(none->row->progress == OVERLAP_NONE && none->launches == 1 && none->curve != thread->curve);
    near(none->hidden_share.point, 0);
    cr_expect(none->hidden_share.kind == INTERVAL_NONE);
    cr_expect(thread->launches == 2 && thread->attempts == 3 && thread->status == CASE_WRONG);
    cr_expect_eq(thread->wrong, 7);
    near(thread->hidden_share.point, 0.375); /* of 0.75 and 0 */
    near(thread->hidden_share.lo, 0);
    near(thread->hidden_share.hi, 0.75);
    cr_expect(thread->hidden_share.kind == INTERVAL_RANGE);
    near(thread->both_us.point, 85);
    near(thread->communication_slowdown.point, 1.1);
    near(thread->computation_slowdown.point, 1.5);
    overlaps_free(&overlaps);
    aggregate_free(&aggregate);
    archive_free(&archive);
}
