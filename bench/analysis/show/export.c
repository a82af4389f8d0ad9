/* busbar export: writes records in the formats of other tools. */
#include "analysis/common/table.h"
#include "analysis/common/subcommand.h"
#include "analysis/compare/launches.h"
#include "analysis/show/openmetrics.h"
#include "base/outfile.h"
#include "record/flags.h"
#include "record/word_sets.h"
#include "record/nccl_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct settings {
    const char *output, *collective, *verdicts, *catalog;
    enum format format;
};

#define AT(member) offsetof(struct settings, member)
static const struct option options[] = {
    FLAG_FORMAT("nccl-tests|nccl-tests-json|openmetrics", .at = AT(format), .initial = "nccl-tests",
                .group = "output",
                .help = "nccl-tests: the text that nccl-tests 2.19 prints; nccl-tests-json: its JSON, "
                        "version 3, without the environment; openmetrics: the newest figure of each case, "
                        "for Prometheus"),
    FLAG_OUTPUT(.argument = "PATH", .at = AT(output),
                .help = "a folder, which gets a file for each launch, collective and mode; openmetrics: a "
                        "file, which is "
                        "replaced as a whole. Default: standard output"),
    FLAG_COLLECTIVE(.at = AT(collective), .help = "export only this collective (not with openmetrics)"),
    {.kind = OPTION_TEXT,
     .name = "verdicts",
     .argument = "FILE",
     .at = AT(verdicts),
     .help =
         "openmetrics: add the verdicts that busbar compare or busbar history printed with --format json"},
    FLAG_CATALOG(.at = AT(catalog)),
    FLAG_LETTER_GONE('o', "output"),
    {.kind = OPTION_END},
};

static const struct command command = {
    "busbar export",
    "convert records to nccl-tests' text or JSON, or to metrics for Prometheus",
    "[flags] RUN…",
    "For tools that read the output of nccl-tests. Times in that output are means, so they are the means of "
    "the "
    "samples here; medians and intervals are only in the records. Imported figures are printed as they were "
    "in their "
    "file. A JSON document holds one test, so several tests need --output.\n\nopenmetrics is for "
    "node_exporter's "
    "textfile collector or a push gateway. It has the time, bandwidth, share of the bound, number of "
    "launches, wrong "
    "elements and date of each case, from the newest run that has the case.",
    "busbar export results/first\n    every test of the run as text\n"
    "busbar export --format nccl-tests-json --output json results/first\n    a JSON file for each\n"
    "busbar export --format openmetrics --output /var/lib/node_exporter/busbar.prom results\n    for the "
    "textfile collector\n",
    options,
    NULL,
    NULL};

/* One test of a launch: a table of nccl-tests. */
struct test {
    const struct launch *launch;
    const struct nccl_table *table;
    size_t number; /* in the launch, from 0 */
};

static bool is_plain_mode(enum mode mode)
{
    return mode == MODE_ISOLATED || mode == MODE_PIPELINED || mode == MODE_NCCL_TESTS;
}

static enum status open_file(const struct settings *settings, const struct test *test, struct outfile *out)
{
    struct text path = {0};
    const char *launch = test->launch->header.launch ? test->launch->header.launch : "launch";
    text_add(&path, "%s/", settings->output);
    for (const char *c = launch; *c && path.length < 3000; c++)
        text_add(&path, "%c", *c == '/' || (unsigned char)*c < ' ' ? '_' : *c);
    text_add(&path, "-%s%s%s-%zu.%s", test->table->collective->name, test->table->mode ? "-" : "",
             is_plain_mode(test->table->mode) ? mode_name(test->table->mode) : "", test->number,
             settings->format == FORMAT_NCCL_TESTS ? "txt" : "json");
    enum status status = STATUS_OK;
    if (mkdir(settings->output, 0777) && errno != EEXIST)
        status = fail(STATUS_ENVIRONMENT, "cannot make the folder %s: %s", settings->output, strerror(errno));
    if (!status) status = outfile_open(out, path.data, OUTFILE_NEW);
    if (!status) print_plain("%s", path.data);
    text_free(&path);
    return status;
}

static enum status write_test(const struct settings *settings, const struct test *test)
{
    const struct launch_header *header = &test->launch->header;
    struct nccl_device *devices;
    struct outfile file = {.file = stdout};
    enum status status = settings->output ? open_file(settings, test, &file) : STATUS_OK;
    if (status) return status;
    FILE *out = file.file;
    json_t *nccl = json_object_get(header->facts, "nccl");
    struct nccl_run run = {.backend = header->backend,
                           .started = header->started,
                           .args = header->args,
                           .nccl_version = json_string_value(json_object_get(nccl, "version"))};
    run.device_count = nccl_devices(header, &devices);
    run.devices = devices;
    if (settings->format == FORMAT_NCCL_TESTS) {
        nccl_text_print(out, &run, test->table);
    } else {
        json_t *document = nccl_json(&run, test->table);
        if (!document || json_dumpf(document, out, JSON_COMPACT | JSON_REAL_PRECISION(12)))
            status = fail(STATUS_ENVIRONMENT, "%s: cannot be written as JSON", test->launch->path);
        fputc('\n', out);
        json_decref(document);
    }
    free(devices);
    return settings->output ? outfile_close(&file, status) : status;
}

/* Is this a plain collective, as nccl-tests measures them? Other imported tests (point to point,
   non-blocking, unequal parts) would be exported under a wrong name: leaves them out with a warning. */
static bool is_plain(const struct launch *launch, const struct nccl_table *table)
{
    bool plain = !table->mode || is_plain_mode(table->mode);
    if (!plain)
        warn("%s: %s, %s: left out: nccl-tests has no such test", launch->path, table->collective->name,
             mode_name(table->mode));
    return plain;
}

static enum status export_launches(const struct settings *settings, const struct archive *archive)
{
    struct test *tests = NULL;
    struct nccl_table **tables = allocate(archive->count, sizeof *tables);
    size_t *counts = allocate(archive->count, sizeof *counts), count = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < archive->count; i++) {
        counts[i] = nccl_tables(archive->launches[i].cases, archive->launches[i].case_count, &tables[i]);
        for (size_t t = 0; t < counts[i]; t++) {
            if (settings->collective &&
                collective_words.find(settings->collective) != (int)tables[i][t].collective->id)
                continue;
            if (!is_plain(&archive->launches[i], &tables[i][t])) continue;
            tests = reallocate(tests, count + 1, sizeof *tests);
            tests[count++] = (struct test){&archive->launches[i], &tables[i][t], t};
        }
    }
    if (count == 0) status = fail(STATUS_ENVIRONMENT, "no collective to export in it");
    if (count > 1 && settings->format == FORMAT_NCCL_TESTS_JSON && !settings->output)
        status = fail(STATUS_USAGE,
                      "%zu tests, but a JSON document holds one: give --output DIR for a file of each, or "
                      "--collective and a launch of one mode",
                      count);
    for (size_t i = 0; !status && i < count; i++) status = write_test(settings, &tests[i]);
    for (size_t i = 0; i < archive->count; i++) nccl_tables_free(tables[i], counts[i]);
    free(tables);
    free(counts);
    free(tests);
    return status;
}

static size_t count_overlaps(const struct study *study)
{
    size_t count = 0;
    for (size_t r = 0; r < study->aggregate.count; r++)
        for (size_t l = 0; l < study->aggregate.runs[r].launch_count; l++)
            count += study->aggregate.runs[r].launches[l]->overlap_count;
    return count;
}

static enum status export_metrics(const struct settings *settings, char **paths, int count)
{
    struct study study;
    json_t *verdicts = NULL;
    struct text out = {0};
    struct outfile file = {.file = stdout};
    enum status status = settings->verdicts ? verdicts_read(&verdicts, settings->verdicts) : STATUS_OK;
    if (!status) status = study_read(&study, paths, count, settings->catalog, STUDY_PLAIN);
    if (!status) {
        size_t cases = openmetrics_print(&study, verdicts, &out), overlaps = count_overlaps(&study);
        study_free(&study);
        if (overlaps)
            warn("%zu rows of overlap are left out: metrics are of operations alone (busbar show has them)",
                 overlaps);
        if (!cases) status = fail(STATUS_ENVIRONMENT, "no case with a figure to export");
    }
    if (!status) {
        if (settings->output) status = outfile_open(&file, settings->output, OUTFILE_REPLACE);
        if (!status)
            (void)fwrite(text_get(&out), 1, out.length, file.file); /* outfile_close() reports errors */
        if (!status && settings->output) status = outfile_close(&file, STATUS_OK);
    }
    json_decref(verdicts);
    text_free(&out);
    return status;
}

static enum status check_flags(const struct settings *settings)
{
    bool metrics = settings->format == FORMAT_OPENMETRICS;
    if (metrics && settings->collective)
        return fail(STATUS_USAGE, "--collective: not with --format openmetrics, which has all cases");
    if (!metrics && settings->verdicts)
        return fail(STATUS_USAGE, "--verdicts: only with --format openmetrics");
    int index;
    return settings->collective ? word_read("collective", settings->collective, &collective_words, &index)
                                : STATUS_OK;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    struct archive archive = {0};
    int operand;
    enum status status = options_parse(&command, argc, argv, &settings, &operand);
    if (!status && operand == argc) status = fail(STATUS_USAGE, "export needs records: busbar export RUN…");
    if (!status) status = check_flags(&settings);
    bool metrics = settings.format == FORMAT_OPENMETRICS;
    if (!status && metrics) status = export_metrics(&settings, argv + operand, argc - operand);
    for (int i = operand; !status && !metrics && i < argc; i++) status = archive_read(&archive, argv[i]);
    if (!status && !metrics) {
        const char *twins = archive_make_comparable(&archive);
        if (twins) warn("%s", twins);
        status = export_launches(&settings, &archive);
    }
    archive_free(&archive);
    options_free(&command, &settings);
    return status;
}

const struct subcommand export_subcommand = {&command, run};
