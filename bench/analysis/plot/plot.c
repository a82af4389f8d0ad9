/* busbar plot: writes the plots of results to files. */
#include "analysis/common/table.h"
#include "analysis/common/subcommand.h"
#include "analysis/plot/charts.h"
#include "record/flags.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct settings {
    const char *folder, *catalog;
    enum plot_files files;
};

#define AT(member) offsetof(struct settings, member)

static const struct option options[] = {
    FLAG_OUTPUT(.argument = "DIR", .at = AT(folder), .initial = "plots", .group = "Output",
                .help = "folder for the plots; created if it does not exist"),
    {.kind = OPTION_CHOICE,
     .name = "format",
     .choices = "svg|png|pdf|svg,png|svg,png,pdf",
     .names = &plot_files_names,
     .at = AT(files),
     .initial = "svg,png",
     .help = "file formats of each plot"},
    FLAG_CATALOG(.at = AT(catalog), .group = "Input"),
    FLAG_LETTER_GONE('o', "output"),
    FLAG_LETTER_GONE('f', "format"),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar plot",
    .summary = "draw results: bandwidth, latency, scaling, matmul, drift",
    .synopsis = "[flags] RESULTS...",
    .description = "RESULTS are files (*.jsonl) or folders of them. Several runs are drawn into the same "
                   "plots, with separate "
                   "plots for one node, one NVLink domain and several domains. One run is drawn with a curve "
                   "for each number of "
                   "ranks. The folder also gets the data of each plot (NAME.tsv), and plots.gp, which draws "
                   "all plots again. "
                   "Bounds are dashed, references dotted; imported figures have hollow points.\n",
    .examples =
        "busbar plot results/first --output results/first/plots\n    plots of a run\nbusbar plot "
        "results/reference "
        "results/mine --format svg,png,pdf --output out\n    several runs, for the web, slides and print\n",
    .options = options,
};

enum status make_folder(const char *path)
{
    struct text part = {0};
    enum status status = STATUS_OK;
    for (const char *c = path; !status && *c; c += *c == '/') {
        size_t length = strcspn(c, "/");
        text_add_bytes(&part, path, (size_t)(c - path) + length);
        if (length && mkdir(part.data, 0777) && errno != EEXIST)
            status = fail(STATUS_ENVIRONMENT, "cannot make the folder %s: %s", part.data, strerror(errno));
        text_clear(&part);
        c += length;
    }
    text_free(&part);
    return status;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    struct study study;
    struct drawings drawings = {0};
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (status) return status;
    if (first == argc)
        return fail(STATUS_USAGE,
                    "plot: which results? Name files or folders (busbar plot results/first --output plots)");
    status = study_read(&study, argv + first, argc - first, settings.catalog, STUDY_PLAIN);
    if (status) return status;
    chart_all(&drawings, &study);
    if (!drawings.count) status = fail(STATUS_ENVIRONMENT, "nothing to draw: no case has a figure");
    if (!status) status = make_folder(settings.folder);
    if (!status) status = drawings_write(&drawings, settings.folder, settings.files);
    if (!status) status = gnuplot_run(settings.folder);
    if (!status) print_plain("%zu plots in %s", drawings.count, settings.folder);
    drawings_free(&drawings);
    study_free(&study);
    options_free(&command, &settings);
    return status;
}

const struct subcommand plot_subcommand = {&command, run};
