#include "record/overlap.h"
#include "tests/unit/folder.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void start(void)
{
    make_folder();
    unsetenv("LC_ALL");
}
TestSuite(record, .init = start, .fini = remove_folder);

/* Sets every member to a different value, derived from its place in the table. */
static void fill_all(const struct field *fields, void *record, struct arena *arena)
{
    for (const struct field *field = fields; field->kind; field++) {
        void *place = (char *)record + field->offset;
        double number = 1.25 + (double)(field - fields);
        char text[32];
        snprintf(text, sizeof text, "\"%td\\ é\n", field - fields);
        switch (field->kind) {
        case FIELD_STRING:
            *(const char **)place = arena_string(arena, text);
            break;
        case FIELD_WORD: /* alternately a word that this version knows and one that it does not know */
            *(int *)place = (field - fields) % 2 ? 1 : value_of_word(field->names, text);
            break;
        case FIELD_INTEGER:
        case FIELD_COUNT:
        case FIELD_NULLABLE:
            *(int64_t *)place = INT64_C(5000000000) + (field - fields);
            break;
        case FIELD_BOOL:
            *(int64_t *)place = 1;
            break;
        case FIELD_REAL:
            *(double *)place = number;
            break;
        case FIELD_SAMPLES:
            *(struct samples *)place = (struct samples){arena_memory(arena, 3 * sizeof(double)), 3};
            for (int i = 0; i < 3; i++) ((struct samples *)place)->us[i] = number + i;
            break;
        case FIELD_SPREAD:
            *(struct spread *)place = (struct spread){number, number + 1, number + 2, 7, 3, "host7"};
            break;
        case FIELD_JSON:
            *(json_t **)place = json_pack("{s:f}", "x", number);
            break;
        case FIELD_END:
            break;
        }
    }
}

static void expect_equal(const struct field *fields, const void *a, const void *b)
{
    for (const struct field *field = fields; field->kind; field++) {
        const void *x = (const char *)a + field->offset, *y = (const char *)b + field->offset;
        switch (field->kind) {
        case FIELD_WORD:
            cr_expect_eq(*(const int *)x, *(const int *)y, "%s", field->key);
            cr_expect_str_eq(name_of(field->names, *(const int *)x), name_of(field->names, *(const int *)y));
            break;
        case FIELD_STRING:
            cr_expect_str_eq(*(char *const *)x, *(char *const *)y, "%s", field->key);
            break;
        case FIELD_INTEGER:
        case FIELD_COUNT:
        case FIELD_NULLABLE:
        case FIELD_BOOL:
            cr_expect_eq(*(const int64_t *)x, *(const int64_t *)y, "%s", field->key);
            break;
        case FIELD_REAL:
            cr_expect_eq(*(const double *)x, *(const double *)y, "%s", field->key);
            break;
        case FIELD_SAMPLES: {
            const struct samples *p = x, *q = y;
            cr_expect_eq(p->count, q->count, "%s", field->key);
            for (size_t i = 0; i < p->count && i < q->count; i++)
                cr_expect_eq(p->us[i], q->us[i], "%s", field->key);
            break;
        }
        case FIELD_SPREAD: {
            const struct spread *p = x, *q = y;
            cr_expect(p->min == q->min && p->median == q->median && p->max == q->max && p->rank == q->rank &&
                          p->device == q->device && same(p->host, q->host),
                      "%s", field->key);
            break;
        }
        case FIELD_JSON:
            cr_expect(json_equal(*(json_t *const *)x, *(json_t *const *)y), "%s", field->key);
            break;
        case FIELD_END:
            break;
        }
    }
}

Test(record, every_member_survives_writing_and_reading)
{
    struct arena arena = {0};
    struct launch_header header = launch_header_absent();
    struct case_row row = case_row_absent();
    fill_all(launch_fields, &header, &arena);
    fill_all(case_fields, &row, &arena);
    struct overlap_row overlap = overlap_row_absent();
    fill_all(overlap_fields, &overlap, &arena);
    header.schema = RECORD_SCHEMA;
    struct world_host hosts[] = {{"a", 4, 4, "rack1"}, {"b", 4, ABSENT, NULL}};
    header.hosts = hosts;
    header.host_count = 2;

    struct record_writer writer;
    cr_assert_eq(record_open(&writer, path("deep/results"), "run", "launch", NULL), STATUS_OK);
    cr_assert_eq(record_launch(&writer, &header), STATUS_OK);
    cr_assert_eq(record_case(&writer, &row), STATUS_OK);
    cr_assert_eq(record_overlap(&writer, &overlap), STATUS_OK);
    cr_assert_eq(record_end(&writer, END_COMPLETE, 12.5), STATUS_OK);
    cr_assert_eq(record_close(&writer), STATUS_OK);

    struct archive archive = {0};
    cr_assert_eq(archive_read(&archive, path("deep/results/run/launch.jsonl")), STATUS_OK);
    cr_assert(archive.count == 1 && archive.launches[0].case_count == 1 &&
              archive.launches[0].overlap_count == 1);
    const struct launch *launch = &archive.launches[0];
    expect_equal(launch_fields, &header, &launch->header);
    expect_equal(case_fields, &row, &launch->cases[0]);
    expect_equal(overlap_fields, &overlap, &launch->overlaps[0]);
    cr_assert_eq(launch->header.host_count, 2);
    cr_expect(same(launch->header.hosts[0].domain, "rack1") && launch->header.hosts[0].gpus == 4);
    cr_expect(launch->header.hosts[1].gpus == ABSENT && !launch->header.hosts[1].domain);
    cr_expect(launch->end.status == END_COMPLETE && launch->end.cases == 2 && launch->end.elapsed_s == 12.5);
    cr_expect_eq(launch->broken_lines, 0);
    archive_free(&archive);
    for (const struct field *field = launch_fields; field->kind; field++)
        if (field->kind == FIELD_JSON) json_decref(*(json_t **)((char *)&header + field->offset));
    json_decref(row.telemetry);
    json_decref(row.groups);
    arena_free(&arena);
}

/* The keys as results/README.md gives them, by hand. */
Test(record, the_keys_are_the_documented_ones)
{
    struct case_row row = case_row_absent();
    double us[] = {10.5, 11};
    row.key = "k";
    row.pass = 2;
    row.collective = "all_reduce";
    row.bytes = 1048576;
    row.samples_us = (struct samples){us, 2};
    row.median_us = 10.75;
    row.rank_wait_us = (struct spread){1, 2, 3, 5, ABSENT, "h"};
    row.includes_launch = 0;
    row.status = CASE_OK;
    struct text line = {0};
    case_line(&row, &line);
    json_t *got = json_loads(text_get(&line), 0, NULL);
    json_t *wanted = json_loads(
        "{\"record\":\"case\",\"key\":\"k\",\"pass\":2,\"collective\":\"all_reduce\",\"bytes\":1048576,"
        "\"samples_us\":[10.5,11.0],\"median_us\":10.75,\"wrong\":null,\"includes_launch\":false,"
        "\"rank_wait_us\":{\"min\":1.0,\"median\":2.0,\"max\":3.0,\"longest\":{\"rank\":5,\"host\":\"h\"}},"
        "\"status\":\"ok\"}",
        0, NULL);
    json_t *samples = json_object_get(got, "samples_us"); /* %.7g prints 11 for 11.0 */
    json_array_set_new(samples, 1, json_real(json_number_value(json_array_get(samples, 1))));
    cr_expect(json_equal(got, wanted), "%s", text_get(&line));
    json_decref(got);
    json_decref(wanted);
    text_free(&line);
}

Test(record, what_was_not_measured_is_left_out)
{
    struct case_row row = case_row_absent();
    row.median_us = INFINITY;
    struct text line = {0};
    case_line(&row, &line);
    cr_expect_str_eq(text_get(&line), "{\"record\":\"case\",\"wrong\":null}");
    text_free(&line);
}

static const char header_line[] = "{\"record\":\"launch\",\"schema\":1,\"run\":\"r\",\"launch\":\"l\"}\n";
static const char case_text[] =
    "{\"record\":\"case\",\"collective\":\"all_gather\",\"status\":\"ok\",\"median_us\":7}\n";

Test(record, broken_lines_are_counted_and_skipped)
{
    static const char zero[] = "{\"record\":\"case\",\"co\0llective\":1}\n";
    struct text text = {0};
    text_add(&text, "%s%s", header_line, case_text);
    text_add(&text, "{\"record\":\"case\",\"collective\":\"all_re\n"); /* 1: cut */
    text_add(&text, "[1,2]\n\"x\"\n17\n");                             /* 2, 3, 4: not objects */
    text_add(&text, "{\"record\":\"case\",\"status\":\"ok\"}\n");      /* 5: neither collective nor gemm */
    text_add_bytes(&text, zero, sizeof zero - 1);                      /* 6 */
    text_add(&text, "\xff\xfe{}\n");                                   /* 7: not UTF-8 */
    text_add(&text,
             "{\"record\":\"future\",\"x\":1}\n\n\r\n"); /* no error: a newer kind of record; empty lines */
    text_add(&text, "{\"record\":\"case\",\"collective\":5,\"gemm\":\"gemm\",\"status\":\"ok\",\"bytes\":"
                    "\"many\",\"samples_us\":[1,-1],"
                    "\"rank_wait_us\":7,\"later\":{}}\n");         /* values of wrong types are absent */
    text_add(&text, "%.*s", (int)sizeof case_text / 2, case_text); /* 8: the last line of a killed launch */
    put_bytes("broken.jsonl", text.data, text.length);
    cr_redirect_stderr();
    struct archive archive = {0};
    cr_assert_eq(archive_read(&archive, path("broken.jsonl")), STATUS_OK);
    cr_assert_eq(archive.count, 1);
    cr_expect_eq(archive.launches[0].broken_lines, 8);
    cr_assert_eq(archive.launches[0].case_count, 2);
    cr_expect_eq(archive.launches[0].cases[0].median_us, 7);
    const struct case_row *odd = &archive.launches[0].cases[1];
    cr_expect(!odd->collective && same(odd->gemm, "gemm") && odd->bytes == ABSENT &&
              odd->samples_us.count == 0);
    cr_expect(isnan(odd->rank_wait_us.max) && odd->rank_wait_us.rank == ABSENT);
    cr_expect_eq(archive.launches[0].end.status, END_ABSENT, "no end line: the launch died");
    archive_free(&archive);
    text_free(&text);
}

/* A count that is none must not pass as "not checked", which is what an absent one means. */
Test(record, a_count_that_is_none_breaks_its_line)
{
    static const char *const none[] = {"-1", "-9223372036854775808", "0.5", "1.0", "\"7\"", "true", "[]",
                                       "{}"},
                             *const counts[] = {"null", "0", "9223372036854775807"};
    static const char *const rows[] = {
        "{\"record\":\"case\",\"collective\":\"all_reduce\",\"status\":\"ok\",\"wrong\":%s}\n",
        "{\"record\":\"case\",\"collective\":\"all_reduce\",\"status\":\"ok\",\"load\":{\"wrong\":%s}}\n",
        "{\"record\":\"case\",\"collective\":\"all_reduce\",\"status\":\"ok\",\"load\":{\"operations\":%s}}"
        "\n",
        "{\"record\":\"case\",\"collective\":\"all_reduce\",\"status\":\"ok\",\"preempted\":%s}\n",
        "{\"record\":\"overlap\",\"collective\":\"all_reduce\",\"status\":\"ok\",\"wrong\":%s}\n",
        "{\"record\":\"overlap\",\"collective\":\"all_reduce\",\"status\":\"ok\",\"gemm_wrong\":%s}\n",
        "{\"record\":\"end\",\"status\":\"complete\",\"cases\":%s}\n"};
    cr_redirect_stderr();
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t i = 0; i < sizeof none / sizeof *none + sizeof counts / sizeof *counts; i++) {
            const bool is_count = i >= sizeof none / sizeof *none;
            const char *value = is_count ? counts[i - sizeof none / sizeof *none] : none[i];
            struct archive archive = {0};
            struct text text = {0};
            text_add(&text, "%s", header_line);
            text_add(&text, rows[r], value);
            put_bytes("counts.jsonl", text.data, text.length);
            cr_assert_eq(archive_read(&archive, path("counts.jsonl")), STATUS_OK);
            const struct launch *launch = &archive.launches[0];
            const size_t kept =
                launch->case_count + launch->overlap_count + (launch->end.status != END_ABSENT);
            cr_expect_eq(kept, is_count, "%s", text.data);
            cr_expect_eq(launch->broken_lines, !is_count, "%s", text.data);
            archive_free(&archive);
            text_free(&text);
        }
}

/* Words that only a newer busbar knows are kept, and written again. Such a word equals itself only. */
Test(record, unknown_words_survive)
{
    static const char lines[] =
        "{\"record\":\"launch\",\"schema\":1}\n"
        "{\"record\":\"case\",\"collective\":\"all_reduce\",\"mode\":\"overlapped\",\"status\":\"odd\"}\n"
        "{\"record\":\"case\",\"collective\":\"all_reduce\",\"mode\":\"overlapped\",\"status\":\"ok\"}\n"
        "{\"record\":\"case\",\"collective\":\"all_reduce\",\"mode\":\"chained\",\"status\":\"ok\"}\n"
        "{\"record\":\"end\",\"status\":\"paused\"}\n";
    struct archive archive = {0};
    struct text line = {0};
    put_bytes("words.jsonl", lines, strlen(lines));
    cr_assert_eq(archive_read(&archive, path("words.jsonl")), STATUS_OK);
    const struct case_row *rows = archive.launches[0].cases;
    cr_assert_eq(archive.launches[0].case_count, 3);
    cr_expect_str_eq(mode_name(rows[0].mode), "overlapped");
    cr_expect_str_eq(case_status_name(rows[0].status), "odd");
    cr_expect_str_eq(end_status_name(archive.launches[0].end.status), "paused");
    cr_expect(rows[0].mode == rows[1].mode && rows[1].mode != rows[2].mode);
    cr_expect(rows[2].mode != MODE_ISOLATED && rows[2].mode != MODE_PIPELINED && rows[2].mode != MODE_ABSENT);
    cr_expect_eq(case_severity(rows[0].status), CASE_ERROR, "as bad as an error");
    case_line(&rows[0], &line);
    cr_expect(strstr(line.data, "\"mode\":\"overlapped\"") && strstr(line.data, "\"status\":\"odd\""));
    text_free(&line);
    archive_free(&archive);
}

/* Messages quote commands and addresses. Keys must stay as they are. */
Test(record, secrets_in_errors_are_masked)
{
    struct record_writer writer;
    struct case_row row;
    struct overlap_row overlap;
    set_absent(case_fields, &row);
    set_absent(overlap_fields, &overlap);
    row.key = "token=abc";
    row.error = "cannot open https://bob:sw0rd@h/x?sig=cafe";
    overlap.error = "sshpass -p hunter2 failed";
    cr_assert_eq(record_open(&writer, folder, "run", "launch", NULL), STATUS_OK);
    cr_assert(record_case(&writer, &row) == STATUS_OK && record_overlap(&writer, &overlap) == STATUS_OK);
    cr_assert_eq(record_failure(&writer, 1, "proxy said: Authorization: Bearer eyJhbGciOi"), STATUS_OK);
    record_close(&writer);
    struct text text = {0};
    cr_assert_eq(text_add_file(&text, path("run/launch.jsonl"), 1 << 20), STATUS_OK);
    static const char *const kept[] = {"\"key\":\"token=abc\"", "https://(masked)@h/x?sig=(masked)\"",
                                       "\"sshpass -p (masked) failed\"", "Bearer (masked)\""};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        cr_expect(strstr(text_get(&text), kept[i]), "%s in %s", kept[i], text_get(&text));
    static const char *const secrets[] = {"sw0rd", "cafe", "hunter2", "eyJhbGciOi"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        cr_expect(!strstr(text_get(&text), secrets[i]), "%s", secrets[i]);
    text_free(&text);
}

Test(record, a_newer_schema_is_refused)
{
    static const char text[] = "{\"record\":\"launch\",\"schema\":2,\"run\":\"r\"}\n";
    put_bytes("newer.jsonl", text, sizeof text - 1);
    cr_redirect_stderr();
    name_program("busbar");
    struct archive archive = {0};
    cr_expect_eq(archive_read(&archive, path("newer.jsonl")), STATUS_ENVIRONMENT);
    char line[256];
    snprintf(line, sizeof line,
             "busbar: %s/newer.jsonl:1: schema 2 is newer than this busbar's 1: update busbar\n", folder);
    fflush(stderr);
    cr_expect_stderr_eq_str(line);
    archive_free(&archive);
}

Test(record, no_launch_no_file_no_folder)
{
    put_bytes("empty.jsonl", "", 0);
    put_bytes("cases.jsonl", case_text, sizeof case_text - 1);
    cr_assert_eq(mkdir(path("nothing"), 0777), 0);
    cr_redirect_stderr();
    const char *names[] = {"empty.jsonl", "cases.jsonl", "nothing", "absent"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct archive archive = {0};
        cr_expect_eq(archive_read(&archive, path(names[i])), STATUS_ENVIRONMENT, "%s", names[i]);
        cr_expect_eq(archive.count, 0);
        archive_free(&archive);
    }
}

Test(record, a_launch_is_never_overwritten)
{
    struct record_writer first, second;
    cr_assert_eq(record_open(&first, folder, "run", "launch", NULL), STATUS_OK);
    cr_redirect_stderr();
    cr_expect_eq(record_open(&second, folder, "run", "launch", NULL), STATUS_ENVIRONMENT);
    record_close(&second);
    record_close(&first);
}

Test(record, names_are_plain)
{
    const char *bad[] = {"", ".", "..", "a/b", "../x", "/etc", ".hidden"};
    cr_redirect_stderr();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct record_writer writer;
        cr_expect_eq(record_open(&writer, folder, bad[i], "launch", NULL), STATUS_USAGE, "run '%s'", bad[i]);
        record_close(&writer);
        cr_expect_eq(record_open(&writer, folder, "run", bad[i], NULL), STATUS_USAGE, "launch '%s'", bad[i]);
        record_close(&writer);
    }
}

/* A file size limit stands for a full disk: the write that crosses it is short, the next ones fail. */
Test(record, a_full_disk_leaves_whole_lines)
{
    struct launch_header header = launch_header_absent();
    struct case_row row = case_row_absent();
    double us[100];
    for (int i = 0; i < 100; i++) us[i] = 1.0 / (i + 1);
    row.collective = "broadcast";
    row.status = CASE_OK;
    row.samples_us = (struct samples){us, 100};
    header.run = header.launch = "x";
    cr_redirect_stderr();
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {5000, 5000};
    struct record_writer writer;
    cr_assert_eq(record_open(&writer, folder, "run", "full", NULL), STATUS_OK);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(record_launch(&writer, &header), STATUS_OK);
    int written = 0;
    while (written < 100 && record_case(&writer, &row) == STATUS_OK) written++;
    cr_expect(written > 1 && written < 10, "%d rows in 5000 bytes", written);
    cr_expect_eq(record_case(&writer, &row), STATUS_ENVIRONMENT, "and it stays failed");
    cr_expect_eq(record_end(&writer, END_COMPLETE, 1), STATUS_ENVIRONMENT,
                 "no end line claims what is not there");
    cr_expect_eq(record_close(&writer), STATUS_ENVIRONMENT);

    struct archive archive = {0};
    cr_assert_eq(archive_read(&archive, path("run/full.jsonl")), STATUS_OK);
    cr_expect_eq(archive.launches[0].case_count, (size_t)written);
    cr_expect_eq(archive.launches[0].broken_lines, 0);
    cr_expect_eq(archive.launches[0].end.status, END_ABSENT);
    archive_free(&archive);
}

Test(record, a_folder_that_cannot_be_made)
{
    put_bytes("file", "x", 1);
    cr_redirect_stderr();
    struct record_writer writer;
    cr_expect_eq(record_open(&writer, path("file"), "run", "launch", NULL), STATUS_ENVIRONMENT);
    record_close(&writer);
    cr_expect_eq(record_open(&writer, "/proc/nowhere", "run", "launch", NULL), STATUS_ENVIRONMENT);
    record_close(&writer);
}

Test(record, text_that_is_not_utf8_is_kept_readable)
{
    struct launch_header header = launch_header_absent();
    struct text line = {0};
    header.cloud_label = "caf\xe9";
    launch_line(&header, &line);
    cr_expect_str_eq(text_get(&line), "{\"record\":\"launch\",\"schema\":1,\"cloud\":{\"label\":\"caf?\"}}");
    text_free(&line);
}

Test(record, mode_nccl_tests_has_means)
{
    double us[] = {10, 20, 60}; /* mean 30, median 20 */
    struct case_row row = case_row_absent();
    row.collective = "all_reduce", row.mode = MODE_NCCL_TESTS, row.ranks = 4, row.bytes = 30000;
    row.samples_us = (struct samples){us, 3};
    case_row_summarise(&row);
    cr_expect(row.time_us == 30 && row.median_us == 20);
    cr_expect(sampled_statistic(&row) == STATISTIC_MEAN && sampled_time_us(&row) == 30);
    cr_expect(fabs(row.algbw_gbps - 1) < 1e-12 && fabs(row.busbw_gbps - 1.5) < 1e-12); /* 2 (n - 1) / n */
    row.mode = MODE_PIPELINED;
    case_row_summarise(&row);
    cr_expect(sampled_statistic(&row) == STATISTIC_MEDIAN && sampled_time_us(&row) == 20);
    cr_expect(fabs(row.algbw_gbps - 1.5) < 1e-12);
}

/* Equal content gives equal keys, different content different keys. */
Test(record, keys)
{
    struct case_row row = case_row_absent();
    row.collective = "all_reduce";
    row.dtype = "float";
    row.op = "sum";
    row.requested_bytes = 1048576;
    row.placement = OUT_OF_PLACE;
    row.mode = MODE_ISOLATED;
    row.sync = SYNC_BARRIER;
    row.cache = CACHE_COLD;
    row.memory = MEMORY_HOST;
    row.root = 0;
    row.graph = 0;
    row.registration = REGISTRATION_NONE;
    row.cta = "default";
    row.nodes = 1;
    row.ranks = 4;
    row.group = "world";
    row.pass = 3;
    struct text key = {0}, other = {0};
    case_key(&row, &key);
    cr_expect_str_eq(
        text_get(&key),
        "all_reduce/float/sum/1048576/out_of_place/isolated/barrier/cold/host/nodes=1/ranks=4/group=world");
    row.graph = 20;
    row.registration = REGISTRATION_USER;
    row.imbalance = "1.5:7";
    row.beside = "alltoall:1M";
    case_key(&row, &other);
    cr_expect_str_eq(
        text_get(&other),
        "all_reduce/float/sum/1048576/out_of_place/isolated/barrier/"
        "imbalance=1.5:7/beside=alltoall:1M/cold/host/graph=20/registration=user/nodes=1/ranks=4/"
        "group=world");
    text_free(&key);
    text_free(&other);
}
