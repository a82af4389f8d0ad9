/* busbar baseline: saves runs in results/baselines, to commit them and to compare with them later. A baseline
   is a folder of launches in the usual record format, written in a form that suits version control: passes
   merged, cases in reading order, one line per case, samples with seven digits. */
#include "analysis/gate/baseline.h"
#include "analysis/common/subcommand.h"
#include "analysis/common/terminal.h"
#include "analysis/compare/aggregate.h"
#include "analysis/compare/ranking.h"
#include "analysis/gate/outliers.h"
#include "analysis/gate/thin.h"
#include "base/paths.h"
#include "record/flags.h"
#include "record/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BASELINES "results/baselines"

struct settings {
    const char *dir;
    int replace, thin, wide, allow[3]; /* allow: in the order of `artificial` */
};

/* Provenances that need an --allow flag: with a baseline that is not a real measurement, a comparison can
   pass although performance regressed. */
static const enum provenance artificial[] = {PROVENANCE_FAULTED, PROVENANCE_EMULATED, PROVENANCE_SIMULATED};

#define AT(member) offsetof(struct settings, member)

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
        "With launches from three allocations or more, compare --strict can tell a regression from a change "
        "of "
        "hosts.\n",
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

/* ---- save ---- */

static enum status check_launch(const struct launch *launch, const struct settings *settings)
{
    bool known = launch_has_provenance(&launch->header, PROVENANCE_MEASURED) ||
                 launch_has_provenance(&launch->header, PROVENANCE_IMPORTED) ||
                 artificial_provenance(&launch->header);
    if (!known)
        return fail(STATUS_USAGE, "%s does not say that it was measured or imported: no baseline",
                    launch->path);
    for (size_t i = 0; i < sizeof artificial / sizeof *artificial; i++)
        if (launch_has_provenance(&launch->header, artificial[i]) && !settings->allow[i])
            return fail(STATUS_USAGE, "%s is %s: no baseline, unless --allow-%s", launch->path,
                        provenance_name(artificial[i]), provenance_name(artificial[i]));
    if (launch->end.status != END_COMPLETE)
        return fail(STATUS_GATE, "%s did not complete (%s): a baseline takes only complete launches",
                    launch->path, launch->end.status ? end_status_name(launch->end.status) : "no end line");
    if (launch->broken_lines)
        return fail(STATUS_GATE, "%s has %zu broken lines: a baseline takes only complete launches",
                    launch->path, launch->broken_lines);
    for (size_t i = 0; i < launch->case_count; i++)
        if (launch->cases[i].status == CASE_WRONG || launch->cases[i].wrong > 0)
            return fail(STATUS_WRONG, "%s: wrong data in %s: no baseline", launch->path,
                        launch->cases[i].key ? launch->cases[i].key : "a case");
    return STATUS_OK;
}

/* Refuses launches that are of no use as a base: no figures, different GPUs or instances, or figures above
   the bound. */
static enum status check_figures(const struct archive *archive)
{
    struct study study;
    enum status status = STATUS_OK;
    size_t figures = 0;
    study_of(&study, archive, NULL, STUDY_PLAIN);
    for (size_t r = 0; !status && r < study.aggregate.count; r++) {
        const struct run_summary *run = &study.aggregate.runs[r], *first = &study.aggregate.runs[0];
        if (!same(run->gpu, first->gpu) || !same(run->instance, first->instance))
            status =
                fail(STATUS_USAGE, "the launches ran on different GPUs or instances (%s, %s): no baseline",
                     first->gpu        ? first->gpu
                     : first->instance ? first->instance
                                       : "none named",
                     run->gpu        ? run->gpu
                     : run->instance ? run->instance
                                     : "none named");
        for (size_t c = 0; !status && c < run->case_count; c++) {
            const struct case_summary *line = &run->cases[c];
            figures += line->launches > 0;
            if (is_impossible(line))
                status = fail(STATUS_GATE, "%s is impossible, %.0f %% of its %s: no baseline", line->key,
                              line->bound_percent.point, line->row->gemm ? "peak" : "bound");
        }
    }
    if (!status && !figures) status = fail(STATUS_GATE, "no launch has a figure: no baseline");
    study_free(&study);
    return status;
}

/* Refuses a run that lacks planned launches: no later comparison with the baseline could notice that. */
static enum status check_plan(struct archive *archive)
{
    const struct launch **launches = allocate(archive->count, sizeof *launches);
    for (size_t i = 0; i < archive->count; i++) launches[i] = &archive->launches[i];
    struct shortfall shortfall = launches_missing(launches, archive->count, &archive->arena);
    free(launches);
    if (shortfall.unknown)
        return fail(STATUS_ENVIRONMENT, "%s cannot be read: it is not known whether launches are missing",
                    shortfall.unknown);
    if (shortfall.missing)
        return fail(STATUS_GATE,
                    "%zu of %zu planned launches are missing (%s): a baseline takes only complete runs",
                    shortfall.missing, shortfall.planned, shortfall.names);
    return STATUS_OK;
}

static void say_outlier(void *context, const char *line)
{
    (void)context;
    warn("%s", line);
}

/* Warns of outlying launches, so that users can measure them again: in a baseline they affect every
   comparison. */
static void name_outliers(const struct archive *archive)
{
    const struct launch **launches = allocate(archive->count, sizeof *launches);
    for (size_t i = 0; i < archive->count; i++) launches[i] = &archive->launches[i];
    if (describe_outliers(launches, archive->count, say_outlier, NULL))
        warn("to measure such a launch again: remove its file, start the sweep again with the same --run (it "
             "measures what is "
             "missing), and save again with --replace");
    free(launches);
}

static int by_case(const void *a, const void *b)
{
    const struct case_row *x = a, *y = b;
    int order = case_order(x, y);
    return order ? order : strcmp(x->key ? x->key : "", y->key ? y->key : "");
}

/* A file name "run.launch" in `folder`; replaces characters that are not plain by '_'. Runs from different
   folders may have equal names: the second file becomes "run.launch-2". */
static void file_name(const struct launch *launch, const char *folder, struct text *name)
{
    text_add(name, "%s.%s", launch->header.run ? launch->header.run : "run",
             launch->header.launch ? launch->header.launch : "launch");
    if (name->length > 180) name->data[name->length = 180] = 0;
    for (char *c = name->data; *c; c++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-", *c)) *c = '_';
    if (*name->data == '.') *name->data = '_';
    size_t length = name->length;
    struct text path = {0};
    for (int n = 2;; n++) {
        text_clear(&path);
        text_add(&path, "%s/%s.jsonl", folder, text_get(name));
        if (access(path.data, F_OK)) break;
        name->length = length;
        text_add(name, "-%d", n);
    }
    text_free(&path);
}

static enum status write_launch(struct launch *launch, const char *dir, const char *run)
{
    struct record_writer writer;
    struct text name = {0}, folder = {0};
    text_add(&folder, "%s/%s", dir, run);
    file_name(launch, folder.data, &name);
    text_free(&folder);
    if (launch->case_count) qsort(launch->cases, launch->case_count, sizeof *launch->cases, by_case);
    enum status status = record_open(&writer, dir, run, text_get(&name), NULL);
    if (!status) status = record_launch(&writer, &launch->header);
    for (size_t i = 0; !status && i < launch->case_count; i++)
        status = record_case(&writer, &launch->cases[i]);
    if (!status) status = record_end(&writer, launch->end.status, launch->end.elapsed_s);
    enum status closed = record_close(&writer);
    text_free(&name);
    return status ? status : closed;
}

/* Removes a folder of plain files. */
static void remove_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, NULL);
    for (int i = 0; i < count; i++) {
        struct text file = {0};
        text_add(&file, "%s/%s", path, entries[i]->d_name);
        if (!same(entries[i]->d_name, ".") && !same(entries[i]->d_name, "..") && unlink(file.data))
            warn("cannot remove %s: %s", file.data, strerror(errno));
        text_free(&file);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    if (count >= 0 && rmdir(path)) warn("cannot remove %s: %s", path, strerror(errno));
}

/* Moves the finished folder to its place atomically. With `replace`, exchanges it with the old one, then
   removes that. Not atomic on file systems without these operations. */
static enum status put_in_place(const char *finished, const char *place, int replace)
{
    if (renameat2(AT_FDCWD, finished, AT_FDCWD, place, RENAME_NOREPLACE) == 0) return STATUS_OK;
    if (errno == EINVAL && access(place, F_OK) && rename(finished, place) == 0)
        return STATUS_OK; /* a file system without that flag */
    if (access(place, F_OK)) return fail(STATUS_ENVIRONMENT, "cannot make %s: %s", place, strerror(errno));
    if (!replace) return fail(STATUS_USAGE, "%s exists: give another name, or --replace", place);
    if (renameat2(AT_FDCWD, finished, AT_FDCWD, place, RENAME_EXCHANGE) == 0) {
        remove_folder(finished);
        return STATUS_OK;
    }
    struct text old = {0};
    text_add(&old, "%s.old", finished);
    enum status status = STATUS_OK;
    if (rename(place, old.data) || rename(finished, place))
        status = fail(STATUS_ENVIRONMENT, "cannot replace %s: %s", place, strerror(errno));
    else
        remove_folder(old.data);
    text_free(&old);
    return status;
}

/* Copies the plan that the sweep wrote into the run's folder, so that the same launches can be measured
   again. Does nothing if there is no plan. */
static enum status keep_plan(const char *run, const char *folder)
{
    enum { LARGEST_PLAN = 64 << 20 };
    struct text from = {0}, to = {0}, content = {0};
    enum status status = STATUS_OK;
    text_add(&from, "%s/plan.tsv", run);
    text_add(&to, "%s/plan.tsv", folder);
    bool has_plan = access(from.data, F_OK) == 0;
    if (has_plan) status = text_add_file(&content, from.data, LARGEST_PLAN);
    if (has_plan && !status) {
        FILE *out = fopen(to.data, "wxe");
        bool bad = !out || fwrite(text_get(&content), 1, content.length, out) != content.length;
        if ((out && fclose(out)) || bad)
            status = fail(STATUS_ENVIRONMENT, "cannot write %s: %s", to.data, strerror(errno));
    }
    text_free(&from);
    text_free(&to);
    text_free(&content);
    return status;
}

static enum status write_baseline(struct archive *archive, const char *dir, const char *name,
                                  const char *first_run, int replace)
{
    struct text part = {0}, finished = {0}, place = {0};
    text_add(&part, "%s/.new-%ld", dir, (long)getpid());
    text_add(&finished, "%s/%s", part.data, name);
    text_add(&place, "%s/%s", dir, name);
    enum status status = STATUS_OK;
    if (!replace && access(place.data, F_OK) == 0)
        status = fail(STATUS_USAGE, "%s exists: give another name, or --replace", place.data);
    bool written = !status;
    for (size_t i = 0; !status && i < archive->count; i++)
        status = write_launch(&archive->launches[i], part.data, name);
    if (!status) status = keep_plan(first_run, finished.data);
    if (!status) status = put_in_place(finished.data, place.data, replace);
    if (written && status && access(finished.data, F_OK) == 0) remove_folder(finished.data);
    if (written && rmdir(part.data) && errno != ENOENT)
        warn("cannot remove %s: %s", part.data, strerror(errno));
    if (!status)
        printf("%s: %zu launch%s kept\n", place.data, archive->count, archive->count == 1 ? "" : "es");
    text_free(&part);
    text_free(&finished);
    text_free(&place);
    return status;
}

static enum status save(const struct settings *settings, int count, char **operands)
{
    if (count < 2) return fail(STATUS_USAGE, "save needs a name and a run: busbar baseline save NAME RUN...");
    if (!is_plain_name(operands[0]))
        return fail(STATUS_USAGE,
                    "'%s' is not a valid name for a baseline: letters, digits and . _ + - only, not starting "
                    "with a dot",
                    operands[0]);
    struct archive archive = {0};
    enum status status = STATUS_OK;
    for (int i = 1; !status && i < count; i++) status = archive_read(&archive, operands[i]);
    if (!status) {
        archive_merge_passes(&archive);
        const char *twins = archive_drop_twins(&archive);
        if (twins) warn("%s", twins);
        status = check_plan(&archive);
    }
    for (size_t i = 0; !status && i < archive.count; i++)
        status = check_launch(&archive.launches[i], settings);
    if (!status) status = check_figures(&archive);
    if (!status) name_outliers(&archive);
    for (size_t i = 0; !status && settings->thin && i < archive.count; i++)
        thin_launch(&archive.launches[i], &archive.arena);
    if (!status)
        status = write_baseline(&archive, settings->dir, operands[0], operands[1], settings->replace);
    archive_free(&archive);
    return status;
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

static enum status list(const struct settings *settings)
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
        printf("no baseline in %s (busbar baseline save NAME RUN...)\n", settings->dir);
    if (!status && table_rows(&table))
        print_table(&table, settings->wide);
    else
        table_free(&table);
    return status;
}

static void show_row(struct table *table, const struct launch *launch)
{
    const struct launch_header *header = &launch->header;
    size_t samples = 0;
    for (size_t i = 0; i < launch->case_count; i++) samples += launch->cases[i].samples_us.count;
    table_cell(table, "%s", header->run ? header->run : "");
    table_cell(table, "%s", header->launch ? header->launch : "");
    table_cell(table, "%s", header->started ? header->started : "");
    table_cell(table, "%s",
               header->allocation_id           ? header->allocation_id
               : header->allocation_hosts_hash ? header->allocation_hosts_hash
                                               : "");
    table_cell(table, "%s", header->cloud_instance ? header->cloud_instance : "");
    table_integer(table, header->ranks);
    table_cell(table, "%zu", launch->case_count);
    table_cell(table, "%zu", samples);
    const char *version = json_string_value(json_object_get(header->facts, "busbar"));
    table_cell(table, "%s", version ? version : "");
}

static enum status show(const struct settings *settings, const char *name)
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
        for (size_t i = 0; i < archive.count; i++) show_row(&table, &archive.launches[i]);
        print_table(&table, settings->wide);
        printf("busbar show %s prints its figures\n", path.data);
    }
    archive_free(&archive);
    text_free(&path);
    return status;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (status) return status;
    const char *action = first < argc ? argv[first] : "";
    int count = argc - first - 1;
    static const char *const actions[] = {"save", "list", "show", NULL};
    if (same(action, "save")) return save(&settings, count, argv + first + 1);
    if (same(action, "list") && count == 0) return list(&settings);
    if (same(action, "show") && count == 1) return show(&settings, argv[first + 1]);
    const char *near = *action ? nearest(action, actions) : NULL;
    if (near && !same(near, action))
        return fail(STATUS_USAGE, "unknown action '%s'; did you mean '%s'?", action, near);
    return fail(STATUS_USAGE, "an action is needed: busbar baseline save NAME RUN... | list | show NAME");
}

const struct subcommand baseline_subcommand = {&command, run};
