/* busbar baseline: saves runs in results/baselines (baseline_save.c), to commit them and to compare with
   them later; lists and shows them. */
#include "analysis/gate/baseline.h"
#include "analysis/common/subcommand.h"
#include "analysis/common/terminal.h"
#include "analysis/compare/aggregate.h"
#include "analysis/gate/baseline_save.h"
#include "base/paths.h"
#include "record/flags.h"
#include "record/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BASELINES "results/baselines"

#define AT(member) offsetof(struct baseline_settings, member)

static const struct option options[] = {
    {.kind = OPTION_TEXT,
     .name = "dir",
     .argument = "DIR",
     .at = AT(dir),
     .initial = BASELINES,
     .group = "Baselines",
     .help = "folder of the baselines"},
    {.kind = OPTION_FLAG,
     .name = "replace",
     .at = AT(replace),
     .help = "save: replace the baseline if it exists"},
    {.kind = OPTION_FLAG,
     .name = "thin",
     .at = AT(thin),
     .help = "save: keep only what comparisons need, less than a kilobyte per case and launch: 20 samples "
             "with the same "
             "median and 95th percentile as all samples, no telemetry, no times of single ranks"},
    {.kind = OPTION_FLAG,
     .name = "allow-faulted",
     .at = AT(allow[0]),
     .help = "save: accept launches with an injected fault; the baseline stays marked"},
    {.kind = OPTION_FLAG,
     .name = "allow-emulated",
     .at = AT(allow[1]),
     .help = "save: accept launches of an emulated device; the baseline stays marked"},
    {.kind = OPTION_FLAG,
     .name = "allow-simulated",
     .at = AT(allow[2]),
     .help = "save: accept simulated launches; the baseline stays marked"},
    FLAG_WIDE(.at = AT(wide), .help = ALL_COLUMNS),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar baseline",
    .summary = "save runs as baselines to compare with, list them, show them",
    .synopsis = "[flags] save NAME RUN... | list | show NAME",
    .description =
        "save copies the launches of the runs (files or folders), with their facts and samples, into "
        "results/baselines/NAME; commit this folder. It also copies plan.tsv of the first run: make "
        "check-regression "
        "BASELINE=NAME measures that plan again and compares. busbar compare NAME NEW finds the baseline by "
        "its name.\n"
        "save refuses launches that did not complete, plans of which launches are missing, wrong data, and "
        "launches "
        "that were not really measured.\n"
        "With launches from three allocations or more, compare can tell a regression from a change of hosts, "
        "also if the new launches come from a single allocation; compare --strict wants four on each "
        "side.\n",
    .examples = "busbar baseline save h200 results/monday results/tuesday results/friday\n    one baseline "
                "of three allocations\n"
                "busbar compare h200 results/now\n    compare with it\n",
    .options = options,
};

const char *baseline_path(struct arena *arena, const char *path)
{
    struct stat facts;
    struct text kept = {0};
    text_add(&kept, BASELINES "/%s", path);
    bool named = stat(path, &facts) && !strchr(path, '/') && *path != '.' && stat(kept.data, &facts) == 0;
    const char *result = arena_string(arena, named ? kept.data : path);
    text_free(&kept);
    return result;
}

/* ---- list, show ---- */

static int visible(const struct dirent *entry)
{
    return is_plain_name(entry->d_name);
}

static void list_row(struct table *table, const char *name, const struct archive *archive)
{
    struct aggregate aggregate = aggregate_archive((struct archive *)archive, false);
    size_t cases = 0, allocations = 0;
    const char *first = NULL, *last = NULL, *label = aggregate.count ? aggregate.runs[0].label : "";
    for (size_t i = 0; i < aggregate.count; i++) {
        cases = aggregate.runs[i].case_count > cases ? aggregate.runs[i].case_count : cases;
        allocations += aggregate.runs[i].allocations;
    }
    for (size_t i = 0; i < archive->count; i++) {
        const char *started = archive->launches[i].header.started;
        if (started && (!first || strcmp(started, first) < 0)) first = started;
        if (started && (!last || strcmp(started, last) > 0)) last = started;
    }
    table_cell(table, "%s", name);
    table_cell(table, "%zu", archive->count);
    table_cell(table, "%zu", cases);
    table_integer(table, allocations ? (int64_t)allocations : ABSENT);
    table_cell(table, "%s", first ? first : "");
    table_cell(table, "%s", last ? last : "");
    table_cell(table, "%s", label);
    aggregate_free(&aggregate);
}

static void print_table(struct table *table, bool wide)
{
    struct text out = {0};
    terminal_table(table, wide, &out);
    fputs(text_get(&out), stdout);
    text_free(&out);
    table_free(table);
}

static enum status list(const struct baseline_settings *settings)
{
    struct dirent **entries;
    int count = scandir(settings->dir, &entries, visible, alphasort);
    if (count < 0 && errno == ENOENT) count = 0, entries = NULL;
    if (count < 0) return fail(STATUS_ENVIRONMENT, "cannot read %s: %s", settings->dir, strerror(errno));
    enum status status = STATUS_OK;
    struct table table = {0};
    static const char *const names[] = {"<baseline", "launches", "cases",   "allocations",
                                        "<first",    "<last",    "+<label", NULL};
    table_columns(&table, names);
    for (int i = 0; i < count; i++) {
        struct text path = {0};
        struct archive archive = {0};
        struct stat facts;
        text_add(&path, "%s/%s", settings->dir, entries[i]->d_name);
        if (!status && stat(path.data, &facts) == 0 && S_ISDIR(facts.st_mode) &&
            !(status = archive_read(&archive, path.data))) {
            archive_merge_passes(&archive);
            list_row(&table, entries[i]->d_name, &archive);
        }
        archive_free(&archive);
        text_free(&path);
        free(entries[i]);
    }
    free(entries);
    if (!status && !table_rows(&table))
        print_plain("no baseline in %s (busbar baseline save NAME RUN...)", settings->dir);
    if (!status && table_rows(&table))
        print_table(&table, settings->wide);
    else
        table_free(&table);
    return status;
}

static void show_row(struct table *table, const struct launch *launch, struct arena *arena)
{
    const struct launch_header *header = &launch->header;
    const char *allocation = launch_allocation(header, arena);
    size_t samples = 0;
    for (size_t i = 0; i < launch->case_count; i++) samples += launch->cases[i].samples_us.count;
    table_cell(table, "%s", header->run ? header->run : "");
    table_cell(table, "%s", header->launch ? header->launch : "");
    table_cell(table, "%s", header->started ? header->started : "");
    table_cell(table, "%s", allocation ? allocation : "");
    table_cell(table, "%s", header->cloud_instance ? header->cloud_instance : "");
    table_integer(table, header->ranks);
    table_cell(table, "%zu", launch->case_count);
    table_cell(table, "%zu", samples);
    const char *version = json_string_value(json_object_get(header->facts, "busbar"));
    table_cell(table, "%s", version ? version : "");
}

static enum status show(const struct baseline_settings *settings, const char *name)
{
    struct text path = {0};
    struct archive archive = {0};
    text_add(&path, "%s/%s", settings->dir, name);
    enum status status = is_plain_name(name)
                             ? archive_read(&archive, path.data)
                             : fail(STATUS_USAGE, "'%s' is not a valid name of a baseline", name);
    if (!status) {
        struct table table = {0};
        static const char *const names[] = {"=<run", "<launch", "<started", "=<allocation", "=<instance",
                                            "ranks", "cases",   "samples",  "=<busbar",     NULL};
        archive_merge_passes(&archive);
        table_columns(&table, names);
        for (size_t i = 0; i < archive.count; i++) show_row(&table, &archive.launches[i], &archive.arena);
        print_table(&table, settings->wide);
        print_plain("busbar show %s prints its figures", path.data);
    }
    archive_free(&archive);
    text_free(&path);
    return status;
}

static enum status run(int argc, char **argv)
{
    struct baseline_settings settings = {0};
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (status) return status;
    const char *action = first < argc ? argv[first] : "";
    int count = argc - first - 1;
    static const char *const actions[] = {"save", "list", "show", NULL};
    if (same(action, "save")) return baseline_save(&settings, count, argv + first + 1);
    if (same(action, "list") && count == 0) return list(&settings);
    if (same(action, "show") && count == 1) return show(&settings, argv[first + 1]);
    const char *near = *action ? nearest(action, actions) : NULL;
    if (near && !same(near, action))
        return fail(STATUS_USAGE, "unknown action '%s'; did you mean '%s'?", action, near);
    return fail(STATUS_USAGE, "an action is needed: busbar baseline save NAME RUN... | list | show NAME");
}

const struct subcommand baseline_subcommand = {&command, run};
