/* The command busbar history. */
#include "analysis/common/subcommand.h"
#include "analysis/history/history_output.h"
#include "base/units.h"
#include "record/flags.h"

#include <string.h>

struct settings {
    const char *delta, *acknowledged, *plots;
    enum format format;
    double alpha;
    int strict, wide;
};

#define AT(member) offsetof(struct settings, member)

static const struct option options[] = {
    {.kind = OPTION_TEXT,
     .name = "acknowledged",
     .argument = "FILE",
     .at = AT(acknowledged),
     .group = "Gate",
     .help = "changes that are known and accepted: lines of CASE NIGHT REASON; CASE is a key, a pattern of\n"
             "keys or \"common\", NIGHT the date or the run of the change"},
    FLAG_DELTA(.at = AT(delta), .help = "the tolerance: slower by less is no regression; 3% or 0.03"),
    FLAG_ALPHA(.at = AT(alpha), .initial = "0.05",
               .help = "the chance of any false change in 30 nights, over all cases"),
    FLAG_STRICT(.at = AT(strict),
                .help = "also fail a newest night that is far off, before it is known to last"),
    FLAG_FORMAT("text|markdown|junit|json", .at = AT(format), .initial = "text", .group = "Output",
                .help = "how to print"),
    {.kind = OPTION_FLAG, .name = "wide", .at = AT(wide), .help = "all cases, in lines of any length"},
    FLAG_PLOTS(.at = AT(plots), .help = "also draw the series that changed, as SVG and PNG, into DIR"),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar history",
    .summary = "many nights: what became slower for good, since when; exit status 1 for a regression",
    .synopsis = "[flags] RUN...",
    .description =
        "RUN are folders of results, one a night, or a folder of such folders. A night is a run; where a "
        "run\n"
        "has several allocations, each of them. A case is slower when its times have risen by more than the\n"
        "tolerance and stayed there: three nights at least, so one bad night is no regression. Slow drifts\n"
        "are found too. What all cases of a night have in common is taken off first, and watched as one "
        "more\n"
        "series. Exit status 1: a regression that is not acknowledged, a case that the newest run lacks or\n"
        "got wrong, or a launch of the newest run that did not complete.\n",
    .examples =
        "busbar history results/nightly-*\n    what became slower, since when, and what changed then\n"
        "busbar history --acknowledged known.txt --format junit results/nightly-* >history.xml\n    in CI\n",
    .options = options,
};

static enum status show(const struct settings *settings, const struct history_rules *rules, char **paths,
                        int count)
{
    struct history history;
    struct text out = {0};
    enum status status = history_read(&history, paths, count, rules);
    if (status) return status;
    if (settings->format == FORMAT_JSON)
        history_json(&history, rules, settings->strict, &out);
    else if (settings->format == FORMAT_JUNIT)
        history_junit(&history, settings->strict, &out);
    else
        history_print(
            &history, rules,
            &(struct history_choice){settings->format == FORMAT_MARKDOWN, settings->wide, settings->strict},
            &out);
    fputs(text_get(&out), stdout);
    if (settings->plots) status = history_plot(&history, settings->plots);
    if (!status) status = history_status(&history, settings->strict);
    text_free(&out);
    history_free(&history);
    return status;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    struct acknowledgements known = {0};
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (status) return status;
    struct history_rules rules = {.alpha = settings.alpha};
    if (first == argc)
        status = fail(STATUS_USAGE,
                      "which nights? Name their folders, or one that holds them (busbar history results)");
    if (!status && parse_share(settings.delta, &rules.delta))
        status = fail(STATUS_USAGE, "--delta: '%s' is not a share such as 3%% or 0.03", settings.delta);
    if (!status && settings.acknowledged) {
        status = acknowledgements_read(&known, settings.acknowledged);
        rules.acknowledgements = &known;
    }
    if (!status) status = show(&settings, &rules, argv + first, argc - first);
    acknowledgements_free(&known);
    options_free(&command, &settings);
    return status;
}

const struct subcommand history_subcommand = {&command, run};
