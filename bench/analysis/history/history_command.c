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
     .help = "file with known and accepted changes, one a line: CASE NIGHT REASON. CASE is a key, a pattern "
             "of keys, "
             "or \"common\"; NIGHT is the date or run of the change"},
    FLAG_DELTA(.at = AT(delta), .help = "tolerance: a smaller slowdown is no regression; 3% or 0.03"),
    FLAG_ALPHA(.at = AT(alpha), .initial = USUAL_ALPHA,
               .help = "probability of any false change in 30 nights, over all cases"),
    FLAG_STRICT(.at = AT(strict),
                .help =
                    "also fail if only the newest night is far off, before it is known whether that lasts"),
    FLAG_FORMAT("text|markdown|junit|json", .at = AT(format), .initial = "text", .group = "Output",
                .help = "output format"),
    {.kind = OPTION_FLAG, .name = "wide", .at = AT(wide), .help = "print all cases, in lines of any length"},
    FLAG_PLOTS(.at = AT(plots), .help = "also draw the cases that changed, as SVG and PNG, into DIR"),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar history",
    .summary = "find lasting slowdowns over many nights, and when they began; exit status 1: a regression",
    .synopsis = "[flags] RUN...",
    .description =
        "RUN is a folder of results of one night, or a folder of such folders. A run counts as "
        "one night; if it has "
        "several allocations, each counts as one. A regression means that the times of a case "
        "rose by more than the "
        "tolerance and stayed there for at least three nights, so one bad night is none. Slow "
        "drifts are found, too. "
        "Changes that all cases of a night have in common are subtracted first, and are tested as "
        "a series named "
        "\"common\".\n"
        "Exit status 1: a regression that is not acknowledged, a case that some launch of the newest "
        "run lacks or has wrong data for, a launch of the newest run that did not complete, or the "
        "folder of a later night that has no records.\n",
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
