/* The command busbar compare. See comparison.h for the decisions and compare_output.h for the output. */
#include "analysis/common/subcommand.h"
#include "analysis/common/table.h"
#include "analysis/compare/ranking.h"
#include "analysis/gate/baseline.h"
#include "analysis/gate/compare_output.h"
#include "base/units.h"
#include "record/flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct names pairing_names = NAMES("auto", "yes", "no");

enum shown { SHOW_ABSENT, SHOW_TIME, SHOW_BANDWIDTH };
static const struct names shown_names = NAMES("time", "bandwidth");

struct settings {
    struct option_list base, fresh;
    const char *delta, *gate;
    enum pairing pairing;
    enum format format;
    enum shown show;
    double alpha;
    int strict, allow_different, wide;
};

#define AT(member) offsetof(struct settings, member)

static const struct option options[] = {
    {.kind = OPTION_LIST,
     .name = "base",
     .argument = "PATH",
     .at = AT(base),
     .group = "Sides",
     .help = "instead of BASE: a file or folder of the base; may be repeated"},
    {.kind = OPTION_LIST,
     .name = "new",
     .argument = "PATH",
     .at = AT(fresh),
     .help = "instead of NEW: a file or folder of the new side; may be repeated"},
    {.kind = OPTION_FLAG,
     .name = "allow-different",
     .at = AT(allow_different),
     .help = "compare even if GPU models or instances differ"},
    FLAG_DELTA(.at = AT(delta), .group = "Gate",
               .help = "tolerance: a smaller slowdown is no regression; 3% or 0.03"),
    FLAG_ALPHA(.at = AT(alpha), .initial = USUAL_ALPHA,
               .help = "probability of any false regression over all cases; also the error rate of each end "
                       "of an interval"),
    FLAG_GATE(.at = AT(gate),
              .help =
                  "file with tolerances and absolute limits for patterns of cases (busbar contract --help)"),
    FLAG_STRICT(.at = AT(strict), .help = "also fail inconclusive cases, and sides with fewer than four "
                                          "allocations unless their launches "
                                          "took turns on the same hosts"),
    {.kind = OPTION_CHOICE,
     .name = "paired",
     .at = AT(pairing),
     .initial = "auto",
     .choices = "auto|yes|no",
     .names = &pairing_names,
     .help = "pair launches that took turns on the same hosts; auto: if there are 7 pairs or more"},
    FLAG_FORMAT("text|markdown|junit|json|csv", .at = AT(format), .initial = "text", .group = "Output",
                .help = "output format"),
    FLAG_WIDE(.at = AT(wide), .help = ALL_COLUMNS),
    {.kind = OPTION_CHOICE,
     .name = "show",
     .at = AT(show),
     .initial = "time",
     .choices = "time|bandwidth",
     .names = &shown_names,
     .help = "print times per operation, or bus bandwidth and TFLOP/s (text and markdown)"},
    FLAG_LETTER_GONE('d', "delta"),
    FLAG_LETTER_GONE('g', "gate"),
    FLAG_LETTER_GONE('f', "format"),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar compare",
    .summary = "test whether NEW is slower than BASE: a verdict for each case; exit status 1: a regression",
    .synopsis = "[flags] BASE NEW",
    .description =
        "BASE and NEW are files or folders of results, or names of baselines (busbar baseline). The "
        "statistical unit is "
        "the launch (six or more on each side), or the allocation if allocations have several launches (four "
        "or more "
        "on each side; 3 + 1 or 2 + 2 find large regressions, fewer end with exit status 1).\n"
        "Verdicts:\n"
        " regression      the median or the 95th percentile is slower by more than\n"
        "                 the tolerance\n"
        " improvement     it is faster by more than the tolerance\n"
        " same            the interval of the ratio is within the tolerance, no new\n"
        "                 launch stands apart beyond it, and the tail is not slower;\n"
        "                 fewer than 5 % of operations do not move the 95th\n"
        "                 percentile, however slow they are\n"
        " ~ inconclusive  none of these can be shown\n"
        " missing         NEW lacks the case, or some of its launches do\n"
        " wrong           NEW has wrong data\n"
        " not comparable  the sides have different statistics, or launches chose\n"
        "                 another BLAS for a matmul; never fails\n"
        "A regression, a missing case, wrong data or a launch that did not complete gives exit status 1.\n",
    .examples = "busbar compare results/monday results/tuesday\n    a row per case and a summary\n"
                "busbar compare --format junit --gate ci.gate good results/now >junit.xml\n"
                "    in CI, against the baseline 'good'\n",
    .options = options,
};

/* Prints the other failures of the gate as warnings, because CSV output has rows for cases only. */
static void warn_of_failures(const struct comparison *comparison, const struct contract *contract)
{
    for (size_t i = 0; i < comparison->failure_count; i++) warn("%s", comparison->failures[i]);
    if (contract->failed)
        warn("%zu of %zu limits of the gate file failed: busbar contract lists them", contract->failed,
             contract->count);
}

/* Adds a failure for each run with a figure above its physical bound: such a figure is a measurement error,
   neither an improvement nor a valid base. */
static void fail_impossible(struct comparison *comparison)
{
    struct study study;
    study_of(&study, &comparison->archive, NULL, STUDY_PLAIN);
    for (size_t r = 0; r < study.aggregate.count; r++) {
        const struct run_summary *run = &study.aggregate.runs[r];
        for (size_t c = 0; c < run->case_count; c++) {
            const struct case_summary *line = &run->cases[c];
            if (!is_impossible(line)) continue;
            comparison_failure(comparison, "%s: %s is impossible: %.0f %% of its %s", run->label, line->key,
                               line->bound_percent.point, line->row->gemm ? "peak" : "bound");
            break; /* one failure per run is enough */
        }
    }
    study_free(&study);
}

/* Prints, for a comment in a pull request, why there is no verdict. The caller prints the error on stderr. */
static void say_no_base(const struct settings *settings)
{
    struct text path = {0};
    for (size_t i = 0; settings->format == FORMAT_MARKDOWN && i < settings->base.count; i++) {
        if (access(settings->base.values[i], F_OK) == 0) continue;
        text_clear(&path);
        line_text(&path, settings->base.values[i], 200, true);
        printf("**busbar: no verdict, because there is no baseline %s.** Measure the main branch, then "
               "`busbar baseline "
               "save NAME RUN` and commit results/baselines/NAME.\n",
               text_get(&path));
        break;
    }
    text_free(&path);
}

static enum status compare(const struct settings *settings, const struct comparison_rules *rules)
{
    struct comparison comparison;
    struct contract contract = {0};
    struct text out = {0};
    struct output_choice choice = {settings->format, settings->show == SHOW_BANDWIDTH,
                                   settings->strict, settings->wide,
                                   rules->alpha,     rules->delta,
                                   settings->gate};
    bool has_limits = false;
    for (size_t i = 0; rules->gate && i < rules->gate->count; i++)
        has_limits |= rules->gate->rules[i].requirement_count > 0;
    say_no_base(settings);
    enum status status = compare_runs(&comparison, &settings->base, &settings->fresh, rules);
    if (!status) fail_impossible(&comparison);
    if (!status && has_limits) {
        struct archive fresh = {.launches = comparison.archive.launches + comparison.first_fresh,
                                .count = comparison.archive.count - comparison.first_fresh};
        struct archive base = {.launches = comparison.archive.launches, .count = comparison.first_fresh};
        struct study study, reference;
        study_of(&study, &fresh, NULL, STUDY_PLAIN);
        study_of(&reference, &base, NULL, STUDY_PLAIN);
        contract = contract_of(rules->gate, &study.aggregate, &reference.aggregate, settings->strict);
        comparison_print(&comparison, &contract, &choice, &out);
        study_free(&reference);
        study_free(&study);
    } else if (!status) {
        comparison_print(&comparison, NULL, &choice, &out);
    }
    fputs(text_get(&out), stdout);
    if (!status && settings->format == FORMAT_CSV) warn_of_failures(&comparison, &contract);
    if (!status) status = comparison_status(&comparison, settings->strict);
    if (!status && has_limits) status = contract_status(&contract);
    text_free(&out);
    contract_free(&contract);
    comparison_free(&comparison);
    return status;
}

/* Adds the operands BASE and NEW to the lists, and replaces names of baselines by their paths. */
static enum status take_operands(struct settings *settings, int argc, char **argv, int first,
                                 struct arena *arena)
{
    struct option_list *sides[] = {&settings->base, &settings->fresh};
    for (int s = 0; s < 2 && first < argc; s++) {
        if (sides[s]->count) continue;
        sides[s]->values = reallocate(sides[s]->values, 1, sizeof *sides[s]->values);
        sides[s]->values[sides[s]->count++] = argv[first++];
    }
    if (first < argc)
        return fail(STATUS_USAGE,
                    "'%s' is one path too many: busbar compare BASE NEW, or --base PATH and --new PATH "
                    "several times each",
                    argv[first]);
    if (!settings->base.count || !settings->fresh.count)
        return fail(STATUS_USAGE, "two sides are needed: busbar compare BASE NEW");
    for (int s = 0; s < 2; s++)
        for (size_t i = 0; i < sides[s]->count; i++)
            sides[s]->values[i] = baseline_path(arena, sides[s]->values[i]);
    return STATUS_OK;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    struct gate gate = {0};
    struct arena arena = {0};
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (!status) status = take_operands(&settings, argc, argv, first, &arena);
    struct comparison_rules rules = {.alpha = settings.alpha,
                                     .pairing = settings.pairing,
                                     .strict = settings.strict,
                                     .allow_different = settings.allow_different};
    if (!status && parse_share(settings.delta, &rules.delta))
        status = fail(STATUS_USAGE, "--delta: '%s' is not a share such as 3%% or 0.03", settings.delta);
    if (!status && settings.gate) {
        status = gate_read(&gate, settings.gate);
        rules.gate = &gate;
    }
    if (!status) status = compare(&settings, &rules);
    gate_free(&gate);
    arena_free(&arena);
    options_free(&command, &settings);
    return status;
}

const struct subcommand compare_subcommand = {&command, run};
