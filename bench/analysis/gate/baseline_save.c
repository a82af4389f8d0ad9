#include "analysis/common/table.h"
#include "analysis/gate/baseline_save.h"
#include "analysis/compare/aggregate.h"
#include "analysis/compare/overlap_cases.h"
#include "analysis/compare/ranking.h"
#include "analysis/gate/outliers.h"
#include "analysis/gate/thin.h"
#include "base/paths.h"
#include "record/files.h"
#include "record/overlap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Provenances that need an --allow flag: with a baseline that is not a real measurement, a comparison can
   pass although performance regressed. In the order of struct baseline_settings.allow. */
static const enum provenance artificial[] = {PROVENANCE_FAULTED, PROVENANCE_EMULATED, PROVENANCE_SIMULATED};

static enum status check_launch(const struct launch *launch, const struct baseline_settings *settings)
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
    for (size_t i = 0; i < launch->overlap_count; i++)
        if (overlap_is_wrong(&launch->overlaps[i]))
            return fail(STATUS_WRONG, "%s: wrong data in %s: no baseline", launch->path,
                        launch->overlaps[i].key ? launch->overlaps[i].key : "a line of overlap");
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
        for (size_t l = 0; l < run->launch_count; l++)
            for (size_t o = 0; o < run->launches[l]->overlap_count; o++)
                figures += run->launches[l]->overlaps[o].both_us.count > 0;
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

/* A copy of the launches in which lines of overlap are cases, as in a comparison. The texts are the
   archive's. */
static struct archive judged_copy(struct archive *archive)
{
    struct archive copy = {.launches = allocate(archive->count, sizeof *copy.launches),
                           .count = archive->count,
                           .arena = archive->arena};
    for (size_t i = 0; i < archive->count; i++) {
        const struct launch *launch = &archive->launches[i];
        copy.launches[i] = *launch;
        copy.launches[i].cases = allocate(launch->case_count, sizeof *launch->cases);
        if (launch->case_count)
            memcpy(copy.launches[i].cases, launch->cases, launch->case_count * sizeof *launch->cases);
    }
    add_overlap_cases(&copy);
    archive->arena = copy.arena;
    return copy;
}

/* Refuses a case of which only some launches have a figure: every comparison with the baseline would find it
   missing. */
static enum status check_turnout(struct archive *archive)
{
    struct archive copy = judged_copy(archive);
    const struct launch **launches = allocate(copy.count, sizeof *launches);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < copy.count; i++) launches[i] = &copy.launches[i];
    struct repetitions repetitions = repetitions_of(launches, copy.count);
    for (size_t i = 0; i < copy.count; i++)
        for (size_t c = 0; !status && c < copy.launches[i].case_count; c++) {
            const struct case_row *row = &copy.launches[i].cases[c];
            struct turnout turnout =
                row_has_figure(row) ? repetitions_turnout(&repetitions, row->key) : (struct turnout){0};
            if (turnout.without)
                status = fail(STATUS_GATE,
                              "%s has no figure in %zu of %zu launches (skipped, or not in their plan): a "
                              "baseline takes only cases that all launches have",
                              row->key, turnout.without, turnout.launches);
        }
    repetitions_free(&repetitions);
    free(launches);
    for (size_t i = 0; i < copy.count; i++) free(copy.launches[i].cases);
    free(copy.launches);
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
    for (size_t i = 0; !status && i < launch->overlap_count; i++)
        status = record_overlap(&writer, &launch->overlaps[i]);
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
        print_plain("%s: %zu launch%s kept", place.data, archive->count, archive->count == 1 ? "" : "es");
    text_free(&part);
    text_free(&finished);
    text_free(&place);
    return status;
}

enum status baseline_save(const struct baseline_settings *settings, int count, char **operands)
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
    if (!status) status = check_turnout(&archive);
    if (!status) name_outliers(&archive);
    for (size_t i = 0; !status && settings->thin && i < archive.count; i++)
        thin_launch(&archive.launches[i], &archive.arena);
    if (!status)
        status = write_baseline(&archive, settings->dir, operands[0], operands[1], settings->replace);
    archive_free(&archive);
    return status;
}
