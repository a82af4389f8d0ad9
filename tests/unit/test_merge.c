#include "record/record.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* Three alternating passes over two cases, one of which failed; two rows without passes, and two without a
   key. */
static const char launch[] =
    "{\"record\":\"launch\",\"schema\":1,\"run\":\"r\",\"launch\":\"l\"}\n"
    "{\"record\":\"case\",\"key\":\"a\",\"pass\":0,\"collective\":\"all_reduce\",\"mode\":\"isolated\","
    "\"bytes\":8,\"ranks\":2,\"status\":\"ok\",\"wrong\":0,\"samples_us\":[5,4]}\n"
    "{\"record\":\"case\",\"key\":\"b\",\"pass\":0,\"collective\":\"all_reduce\",\"bytes\":8,\"ranks\":2,"
    "\"status\":\"ok\",\"wrong\":null,\"samples_us\":[9]}\n"
    "{\"record\":\"case\",\"key\":\"c\",\"collective\":\"all_reduce\",\"bytes\":8,\"ranks\":2,\"status\":"
    "\"ok\",\"samples_us\":[7]}\n"
    "{\"record\":\"case\",\"key\":\"b\",\"pass\":1,\"collective\":\"all_reduce\",\"bytes\":8,\"ranks\":2,"
    "\"status\":\"timeout\",\"error\":\"late\"}\n"
    "{\"record\":\"case\",\"key\":\"a\",\"pass\":1,\"collective\":\"all_reduce\",\"mode\":\"isolated\","
    "\"bytes\":8,\"ranks\":2,\"status\":\"ok\",\"wrong\":2,\"samples_us\":[1]}\n"
    "{\"record\":\"case\",\"key\":\"c\",\"collective\":\"all_reduce\",\"bytes\":8,\"ranks\":2,\"status\":"
    "\"ok\",\"samples_us\":[8]}\n"
    "{\"record\":\"case\",\"key\":\"a\",\"pass\":2,\"collective\":\"all_reduce\",\"mode\":\"isolated\","
    "\"bytes\":8,\"ranks\":2,\"status\":\"ok\",\"wrong\":1,\"samples_us\":[2,3]}\n"
    "{\"record\":\"case\",\"pass\":0,\"collective\":\"all_gather\",\"bytes\":8,\"status\":\"ok\",\"time_us\":"
    "3,\"statistic\":\"mean\"}\n"
    "{\"record\":\"case\",\"pass\":1,\"collective\":\"all_gather\",\"bytes\":8,\"status\":\"ok\",\"time_us\":"
    "6,\"statistic\":\"mean\"}\n"
    "{\"record\":\"case\",\"collective\":\"all_gather\",\"bytes\":8,\"status\":\"ok\",\"time_us\":9,"
    "\"statistic\":\"mean\"}\n"
    "{\"record\":\"end\",\"status\":\"complete\",\"cases\":10,\"elapsed_s\":1}\n";

Test(merge, passes_in_measured_order)
{
    char path[] = "/tmp/busbar-merge-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, launch, sizeof launch - 1) == (ssize_t)sizeof launch - 1);
    close(fd);
    struct archive archive = {0};
    cr_assert_eq(archive_read(&archive, path), STATUS_OK);
    unlink(path);
    archive_merge_passes(&archive);
    cr_assert_eq(archive.launches[0].case_count, 4); /* one row per case, with or without pass numbers */
    const struct case_row *a = &archive.launches[0].cases[0], *b = &archive.launches[0].cases[1];
    static const double expected[] = {5, 4, 1, 2, 3};
    cr_assert_eq(a->samples_us.count, 5);
    for (int i = 0; i < 5; i++) cr_expect_eq(a->samples_us.us[i], expected[i]);
    cr_expect(a->median_us == 3 && a->min_us == 1 && a->max_us == 5 && a->wrong == 3 && a->pass == ABSENT);
    cr_expect(a->busbw_gbps > 0.00266 && a->busbw_gbps < 0.00267); /* 8 bytes in 3 us, 2 ranks: factor 1 */
    cr_expect(b->samples_us.count == 1 && b->wrong == ABSENT);
    const struct case_row *c = &archive.launches[0].cases[2], *d = &archive.launches[0].cases[3];
    cr_expect(c->samples_us.count == 2 && c->median_us == 7.5);
    cr_expect_float_eq(d->time_us, 6, 1e-12); /* the mean of 3, 6 and 9 */
    cr_expect_not_null(d->key);               /* from its content */
    cr_expect_eq(b->status, CASE_TIMEOUT);
    cr_expect_str_eq(b->error, "late");
    archive_free(&archive);
}

#define ROW(key, pass, kept, preempted, samples, more)                                                       \
    "{\"record\":\"case\",\"key\":\"" key "\",\"pass\":" pass                                                \
    ",\"collective\":\"all_reduce\",\"mode\":\"isolated\",\"bytes\":8,\"ranks\":2,\"status\":\"ok\","        \
    "\"kept\":"                                                                                              \
    "\"" kept "\",\"preempted\":" preempted more ",\"samples_us\":[" samples "]}\n"

static struct archive read_rows(const char *rows, size_t length)
{
    char path[] = "/tmp/busbar-merge-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, rows, length) == (ssize_t)length);
    close(fd);
    struct archive archive = {0};
    cr_assert_eq(archive_read(&archive, path), STATUS_OK);
    unlink(path);
    archive_merge_passes(&archive);
    return archive;
}

/* An undisturbed pass replaces disturbed ones, whichever comes first; if there is none, they are merged. */
Test(merge, disturbed_samples_count_only_alone)
{
    static const char rows[] = "{\"record\":\"launch\",\"schema\":1,\"run\":\"r\",\"launch\":\"l\"}\n" ROW(
        "a", "0", "disturbed", "2", "90,91", ",\"line_ns\":80,\"drift\":0.5")
        ROW("b", "0", "disturbed", "1", "92", "")
            ROW("a", "1", "undisturbed", "1", "4,5", ",\"line_ns\":320,\"drift\":1.2")
                ROW("b", "1", "disturbed", "1", "94", "")
                    ROW("a", "2", "disturbed", "1", "93", ",\"line_ns\":90")
                        ROW("a", "3", "undisturbed", "0", "6",
                            "") "{\"record\":\"end\",\"status\":\"complete\",\"cases\":6,\"elapsed_s\":1}\n";
    struct archive archive = read_rows(rows, sizeof rows - 1);
    const struct case_row *a = &archive.launches[0].cases[0], *b = &archive.launches[0].cases[1];
    cr_assert(a->samples_us.count == 3 && a->median_us == 5 && a->max_us == 6 && a->preempted == 4);
    cr_assert_eq(a->kept, KEPT_UNDISTURBED);
    cr_assert(a->line_ns == 320 && a->drift == 0.5, "the farthest, and the largest drift");
    cr_assert(b->samples_us.count == 2 && b->median_us == 93 && b->preempted == 2);
    cr_assert_eq(b->kept, KEPT_DISTURBED);
    archive_free(&archive);
}

#define RANKS(median) ",\"rank_wait_us\":{\"min\":1,\"median\":" median ",\"max\":99}"

/* The median of the passes' medians over ranks: 3 of 2, 3 and 7; of those that count, if some are
   disturbed. */
Test(merge, median_over_ranks)
{
    static const char rows[] = "{\"record\":\"launch\",\"schema\":1,\"run\":\"r\",\"launch\":\"l\"}\n" ROW(
        "a", "0", "undisturbed", "0", "9", RANKS("7")) ROW("a", "1", "undisturbed", "0", "9", RANKS("2"))
        ROW("b", "0", "disturbed", "1", "90", RANKS("80")) ROW("c", "0", "disturbed", "1", "90", RANKS("80"))
            ROW("a", "2", "undisturbed", "0", "9", RANKS("3"))
                ROW("b", "1", "undisturbed", "0", "9", RANKS("5"))
                    ROW("b", "2", "disturbed", "1", "90", RANKS("81"))
                        ROW("d", "0", "undisturbed", "0", "9", "");
    struct archive archive = read_rows(rows, sizeof rows - 1);
    const struct case_row *cases = archive.launches[0].cases;
    cr_assert_eq(archive.launches[0].case_count, 4);
    cr_expect(cases[0].rank_median_us == 3 && cases[1].rank_median_us == 5 && cases[2].rank_median_us == 80);
    cr_expect(isnan(cases[3].rank_median_us), "not measured");
    archive_free(&archive);
}

/* If the user gave the number of samples, all samples count, and the case remains marked. */
Test(merge, filled_passes_keep_all)
{
    static const char rows[] = "{\"record\":\"launch\",\"schema\":1,\"run\":\"r\",\"launch\":\"l\"}\n" ROW(
        "a", "0", "undisturbed", "0", "4,5", "") ROW("a", "1", "filled", "9", "90,6", "")
        ROW("a", "2", "undisturbed", "0", "4,5",
            "") "{\"record\":\"end\",\"status\":\"complete\",\"cases\":3,\"elapsed_s\":1}\n";
    struct archive archive = read_rows(rows, sizeof rows - 1);
    const struct case_row *a = &archive.launches[0].cases[0];
    cr_assert(a->samples_us.count == 6 && a->median_us == 5 && a->max_us == 90 && a->preempted == 9);
    cr_assert_eq(a->kept, KEPT_FILLED);
    archive_free(&archive);
}

/* Two passes over a case idle and beside a load, and a loaded case without its idle one. */
static const char besides[] =
    "{\"record\":\"launch\",\"schema\":1,\"run\":\"r\",\"launch\":\"l\"}\n"
    "{\"record\":\"case\",\"collective\":\"all_reduce\",\"bytes\":8,\"group\":\"beside\",\"status\":\"ok\","
    "\"samples_us\":[2,2]}\n"
    "{\"record\":\"case\",\"collective\":\"all_reduce\",\"bytes\":8,\"group\":\"beside\",\"status\":\"ok\","
    "\"beside\":\"alltoall:1M\",\"samples_us\":[6,6,6],\"load\":{\"operations\":30,\"share\":0.75,\"us\":10,"
    "\"wrong\":2},\"slowdown\":3}\n"
    "{\"record\":\"case\",\"collective\":\"all_reduce\",\"bytes\":8,\"group\":\"beside\",\"status\":\"ok\","
    "\"samples_us\":[4,4,4]}\n"
    "{\"record\":\"case\",\"collective\":\"all_reduce\",\"bytes\":8,\"group\":\"beside\",\"status\":\"ok\","
    "\"beside\":\"alltoall:1M\",\"samples_us\":[8,8,8],\"load\":{\"operations\":10,\"share\":0.5,\"us\":30},"
    "\"slowdown\":2}\n"
    "{\"record\":\"case\",\"collective\":\"all_reduce\",\"bytes\":8,\"group\":\"beside\",\"status\":\"ok\","
    "\"dtype\":\"half\",\"beside\":\"alltoall:1M\",\"samples_us\":[8]}\n";

Test(merge, a_load_is_judged_by_all_passes)
{
    char path[] = "/tmp/busbar-merge-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, besides, sizeof besides - 1) == (ssize_t)sizeof besides - 1);
    close(fd);
    struct archive archive = {0};
    cr_assert_eq(archive_read(&archive, path), STATUS_OK);
    unlink(path);
    archive_merge_passes(&archive);
    cr_assert_eq(archive.launches[0].case_count, 3);
    const struct case_row *rows = archive.launches[0].cases, *loaded = &rows[1];
    cr_expect(isnan(rows[0].slowdown) && rows[0].load.operations == ABSENT && isnan(rows[0].load.share));
    cr_expect_float_eq(loaded->slowdown, 7 / 4.0,
                       1e-12); /* the median of 6 6 6 8 8 8 over that of 2 2 4 4 4 */
    cr_expect(isnan(loaded->slowdown_lo) && isnan(loaded->p99_slowdown), "too few samples idle");
    cr_expect(loaded->load.operations == 40 && loaded->load.wrong == 2 && loaded->load.share == 0.5);
    cr_expect_float_eq(loaded->load.us, 15, 1e-12); /* (30 x 10 + 10 x 30) / 40 */
    cr_expect(isnan(rows[2].slowdown), "it was not measured idle");
    archive_free(&archive);
}
