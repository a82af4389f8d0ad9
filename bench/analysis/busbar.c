/* busbar: analyses results on any machine, without MPI or a GPU. */
#include "analysis/common/subcommand.h"
#include "base/units.h"
#include "base/text.h"
#include "base/version.h"
#include "base/wrap.h"

#include <stdio.h>
#include <string.h>

/* Subcommands that the help does not list must come last. */
const struct subcommand *const subcommands[] = {
    &import_subcommand,   &export_subcommand,
    &limits_subcommand,   &show_subcommand,
    &plan_subcommand,     &scan_subcommand,
    &plot_subcommand,     &compare_subcommand,
    &contract_subcommand, &baseline_subcommand,
    &history_subcommand,  &report_subcommand,
    &sweep_subcommand,    NULL,
};

/* Does the help list it? Not those that only scripts call. */
static bool is_listed(const struct subcommand *subcommand)
{
    return subcommand && subcommand != &sweep_subcommand;
}

static const char *word_of(const struct subcommand *subcommand)
{
    return strrchr(subcommand->command->name, ' ') + 1;
}

static void help(FILE *out)
{
    enum { SUMMARY = 13 }; /* column of the summaries */
    struct text lines = {0}, wrapped = {0};
    text_add(&lines, "busbar - plan, read, compare and report collective and matmul benchmarks\n\n"
                     "usage: busbar COMMAND [flags] [FILES]      busbar COMMAND --help\n\ncommands:\n");
    for (size_t i = 0; is_listed(subcommands[i]); i++)
        text_add(&lines, "  %-*s%s\n", SUMMARY - 2, word_of(subcommands[i]),
                 subcommands[i]->command->summary);
    text_add_wrapped(&wrapped, text_get(&lines), TERMINAL_COLUMNS, SUMMARY);
    fputs(text_get(&wrapped), out);
    text_free(&lines);
    text_free(&wrapped);
}

static void man(FILE *out)
{
    fprintf(out,
            ".TH BUSBAR 1 \"\" \"busbar %s\" \"busbar\"\n.SH NAME\nbusbar \\- plan, read, compare and report "
            "collective and "
            "matmul benchmarks\n.SH SYNOPSIS\n\\fBbusbar\\fR \\fICOMMAND\\fR [flags] [FILES]\n.SH COMMANDS\n",
            BUSBAR_VERSION);
    for (size_t i = 0; is_listed(subcommands[i]); i++)
        fprintf(out, ".TP\n\\fBbusbar\\-%s\\fR(1)\n%s\n", word_of(subcommands[i]),
                subcommands[i]->command->summary);
}

/* Handles the options of busbar itself, such as --help. false: `word` is not one of them. */
static bool answer(const char *word)
{
    if (same(word, "--help") || same(word, "-h") || same(word, "help"))
        help(stdout);
    else if (same(word, "--version"))
        puts(BUSBAR_VERSION);
    else if (same(word, "--man"))
        man(stdout);
    else if (same(word, "--completion"))
        for (size_t i = 0; is_listed(subcommands[i]); i++) puts(word_of(subcommands[i]));
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    use_decimal_point();
    for (size_t i = 0; subcommands[i]; i++)
        if (same(word, word_of(subcommands[i]))) {
            enum status status = subcommands[i]->run(argc - 1, argv + 1);
            if (!all_written(stdout) && !status) status = fail(STATUS_ENVIRONMENT, "cannot write the output");
            return (int)status;
        }
    if (answer(word))
        return all_written(stdout) ? STATUS_OK : (int)fail(STATUS_ENVIRONMENT, "cannot write the output");
    const char *words[64];
    size_t n = 0;
    for (; is_listed(subcommands[n]) && n < 63; n++) words[n] = word_of(subcommands[n]);
    words[n] = NULL;
    const char *near = *word ? nearest(word, words) : NULL;
    if (!*word) return (int)fail(STATUS_USAGE, "a command is needed (busbar --help lists them)");
    if (near) return (int)fail(STATUS_USAGE, "unknown command '%s'; did you mean '%s'?", word, near);
    return (int)fail(STATUS_USAGE, "unknown command '%s' (busbar --help lists them)", word);
}
