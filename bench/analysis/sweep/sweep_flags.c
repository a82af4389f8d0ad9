/* The flags of scripts/sweep. Flags that are not in this table go to `busbar plan`. */
#include "analysis/sweep/sweep.h"
#include "base/options.h"
#include "base/paths.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct sweep_settings, member)

static const struct option options[] = {
    {.kind = OPTION_TEXT,
     .name = "run",
     .argument = "NAME",
     .at = AT(run),
     .group = "Output",
     .help = "name of the run: its folder below --results. Default: the newest unfinished run with the same "
             "flags, else the "
             "time"},
    {.kind = OPTION_TEXT,
     .name = "results",
     .argument = "DIR",
     .at = AT(results),
     .initial = "results",
     .help = "folder of the runs"},
    {.kind = OPTION_TEXT,
     .name = "build",
     .argument = "DIR",
     .at = AT(build),
     .initial = "build",
     .help = "folder of the programs"},
    {.kind = OPTION_TEXT,
     .name = "plan",
     .argument = "FILE",
     .at = AT(plan_file),
     .help = "instead of flags of busbar plan: a file that `busbar plan --format tsv` printed"},
    {.kind = OPTION_TEXT,
     .name = "matrix",
     .argument = "FILE",
     .at = AT(matrix),
     .help = "file of --matrix for the collectives (alltoallv --help), the same on all hosts. A plan with\n"
             "--imbalance matrix:HASH demands the file that has this hash"},
    {.kind = OPTION_FLAG, .name = "dry-run", .at = AT(dry_run), .help = "print every launch, but start none"},
    {.kind = OPTION_TEXT,
     .name = "print-estimate",
     .argument = "FILE",
     .at = AT(print_estimate),
     .help =
         "with --dry-run: append a line to FILE with the launches, hosts, seconds, seconds of the budget, "
         "and "
         "USD an hour"},
    {.kind = OPTION_TEXT,
     .name = "label",
     .argument = "TEXT",
     .at = AT(label),
     .help = "name for plots and reports, in each record"},
    {.kind = OPTION_TEXT,
     .name = "print-folder",
     .argument = "FILE",
     .at = AT(print_folder),
     .help = "write the name of the run's folder to FILE"},

    {.kind = OPTION_TEXT,
     .name = "hostfile",
     .argument = "FILE",
     .at = AT(hostfile),
     .group = "Where to run",
     .help = "the hosts, in lines \"name slots=4 gpus=4 domain=rack1\". Default: those of Slurm, PBS or the "
             "MPI operator, "
             "else this machine"},
    {.kind = OPTION_INTEGER,
     .name = "hosts-per-domain",
     .argument = "N",
     .at = AT(hosts_per_domain),
     .least = 0,
     .most = 999999999,
     .help = "number of hosts in an NVLink domain, for --domains, if the host file does not say"},
    {.kind = OPTION_TEXT,
     .name = "launcher",
     .argument = "NAME",
     .at = AT(launcher),
     .help = "mpirun, srun, another program in scripts/launchers, or a path. Default: srun inside Slurm, "
             "else mpirun"},
    {.kind = OPTION_TEXT,
     .name = "launcher-args",
     .argument = "WORDS",
     .at = AT(launcher_args),
     .help = "more arguments for the launcher, separated by spaces"},
    {.kind = OPTION_TEXT,
     .name = "instance",
     .argument = "NAME",
     .at = AT(instance),
     .help = "instance type, as in results/clouds.tsv, for prices and labels"},
    {.kind = OPTION_TEXT,
     .name = "preset",
     .argument = "NAME",
     .at = AT(preset),
     .initial = "auto",
     .help = "NCCL's environment on a cloud (scripts/preset): auto, none, aws, azure, gcp, oci, …"},
    {.kind = OPTION_FLAG,
     .name = "up-to-memory",
     .at = AT(up_to_memory),
     .help = "on GPUs: sizes up to the largest that fits into the memory of every GPU, at most 16 GiB; a "
             "short launch finds "
             "it first"},
    {.kind = OPTION_FLAG,
     .name = "no-preflight",
     .at = AT(no_preflight),
     .help = "do not compare the hosts before the first launch"},
    {.kind = OPTION_FLAG,
     .name = "collect",
     .at = AT(collect),
     .help = "get the records through the launcher's output, if the first host does not share the results "
             "folder"},

    {.kind = OPTION_SECONDS,
     .name = "time-budget",
     .argument = "TIME",
     .at = AT(time_budget_s),
     .least = 0.1,
     .most = 1e9,
     .group = "Limits",
     .help = "time for the whole sweep, e.g. 20m or 2h; each launch gets an equal share. With "
             "--repeat-every: for "
             "each round; with --against: for both sides together"},
    {.kind = OPTION_TEXT,
     .name = "cost-limit",
     .argument = "MONEY",
     .at = AT(cost_limit),
     .help = "money for the same, e.g. 50usd, at --usd-per-gpu-hour or the instance's list price"},
    {.kind = OPTION_REAL,
     .name = "usd-per-gpu-hour",
     .argument = "X",
     .at = AT(usd_per_gpu_hour),
     .least = 0,
     .most = 1e6,
     .help = "price of one GPU for one hour; all GPUs of the allocation count"},
    {.kind = OPTION_SECONDS,
     .name = "deadline",
     .argument = "TIME",
     .at = AT(deadline_s),
     .least = 0.1,
     .most = 1e9,
     .help = "time after which a launch is killed. Default: twice its estimate, plus a minute"},
    {.kind = OPTION_INTEGER,
     .name = "max-failures",
     .argument = "N",
     .at = AT(max_failures),
     .initial = "10",
     .least = 0,
     .most = 999999999,
     .help = "end the sweep after this number of failed launches"},
    {.kind = OPTION_SECONDS,
     .name = "repeat-every",
     .argument = "TIME",
     .at = AT(repeat_every_s),
     .least = 0.1,
     .most = 1e9,
     .help = "run the plan again after this time, each time as a new run"},
    {.kind = OPTION_SECONDS,
     .name = "for",
     .argument = "TIME",
     .at = AT(for_s),
     .least = 0.1,
     .most = 1e9,
     .help = "total time of --repeat-every"},
    {.kind = OPTION_END},
};

/* scripts/sweep itself handles this flag and then calls scripts/against. It is here only for --help. */
static const struct option other_options[] = {
    {.kind = OPTION_TEXT,
     .name = "against",
     .argument = "WHAT",
     .at = AT(against),
     .help = "compare with another build (its folder), the environment of an earlier run (its folder), or "
             "preset:NAME: "
             "launches of both sides take turns on the same hosts, in random order within each of 8 (or "
             "--launches) pairs. "
             "busbar compare then reads the runs NAME-base and NAME-new"},
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "scripts/sweep",
    .summary = "run the launches of a plan; skip those that are complete, and go on after failures",
    .synopsis = "[flags] [flags of `busbar plan`: --drivers --nodes --sizes -b -e -f --launches "
                "--ranks-per-node ...]",
    .description = "The same command again continues the sweep: it measures only what is missing. Files of "
                   "failed launches are kept. "
                   "Exit status 0: all launches are complete, or as many as the budget allowed; 3: wrong "
                   "data; 4: a launch hung; 5: a "
                   "launch failed or a host was lost; 130 and 143: ended by SIGINT and SIGTERM.",
    .options = options,
    .more = other_options,
};

/* The option that a word "--name" or "--name=value" names; NULL: the sweep has no such flag. */
static const struct option *find_row(const char *word)
{
    size_t length = strncmp(word, "--", 2) ? 0 : strcspn(word + 2, "=");
    EACH_OPTION(&command, row)
    if (length && strlen(row->name) == length && strncmp(row->name, word + 2, length) == 0) return row;
    return NULL;
}

static bool is_answered(const char *word)
{
    return same(word, "--help") || same(word, "-h") || same(word, "--man") || same(word, "--completion") ||
           same(word, "--version");
}

/* Is `word` "--into" or "--into=x", for the flag "--into"? */
static bool is_flag(const char *word, const char *flag)
{
    size_t length = strlen(flag);
    return strncmp(word, flag, length) == 0 && (!word[length] || word[length] == '=');
}

/* Refuses control characters: arguments go to terminals, files and command lines. Line breaks and tabs are
   allowed, because --launcher-args may be the content of a file. */
static enum status check_word(const char *word)
{
    for (const char *c = word; *c; c++)
        if (((unsigned char)*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f)
            return fail(STATUS_USAGE, "an argument contains a control character");
    return STATUS_OK;
}

/* Divides the command line: the sweep's flags go to `own` (which has room for all), the others to
   plan_words. */
static enum status divide(int argc, char **argv, struct sweep_settings *settings, char **own, int *own_count)
{
    settings->plan_words.values = allocate((size_t)argc + 1, sizeof *settings->plan_words.values);
    for (int i = 1; i < argc; i++) {
        const struct option *row = find_row(argv[i]);
        bool is_word_list = same(argv[i], "--driver-arg") || same(argv[i], "--matmul-arg") ||
                            same(argv[i], "--overlap-arg") || same(argv[i], "--step-arg");
        bool takes_next = is_word_list || (row && row->kind != OPTION_FLAG && !strchr(argv[i], '='));
        if (check_word(argv[i])) return STATUS_USAGE;
        for (const char *const *flag = (const char *const[]){"--into", "--format", "--available", NULL};
             *flag; flag++)
            if (is_flag(argv[i], *flag))
                return fail(STATUS_USAGE, "%s belongs to busbar plan alone: the sweep sets it itself", *flag);
        if (takes_next && i + 1 >= argc) return fail(STATUS_USAGE, "%s needs a value", argv[i]);
        for (int last = i + takes_next; i <= last; i++) {
            if (check_word(argv[i])) return STATUS_USAGE;
            if (row || is_answered(argv[i]))
                own[(*own_count)++] = argv[i];
            else
                settings->plan_words.values[settings->plan_words.count++] = argv[i];
        }
        i--;
    }
    return STATUS_OK;
}

/* "50" or "50usd" */
static enum status read_money(const char *text, double *usd)
{
    char copy[64];
    size_t length = strlen(text);
    if (length > 3 && same(text + length - 3, "usd")) length -= 3;
    snprintf(copy, sizeof copy, "%.*s", (int)(length < 60 ? length : 60), text);
    if (length >= 60 || parse_real(copy, usd) || *usd < 0 || *usd > 1e9)
        return fail(STATUS_USAGE, "--cost-limit: '%s' is not an amount such as 50 or 50usd", text);
    return STATUS_OK;
}

static enum status check(struct sweep_settings *s)
{
    if (s->run && !is_plain_name(s->run))
        return fail(STATUS_USAGE, "--run: '%s' is not a plain file name", s->run);
    if (s->repeat_every_s > 0 && !(s->for_s > 0))
        return fail(STATUS_USAGE, "--repeat-every needs --for: how long?");
    if (s->for_s > 0 && !(s->repeat_every_s > 0))
        return fail(STATUS_USAGE, "--for needs --repeat-every: how often?");
    if (s->plan_file && s->plan_words.count)
        return fail(STATUS_USAGE, "%s: not with --plan, which already has the launches",
                    s->plan_words.values[0]);
    for (const char *const *text = (const char *const[]){s->results, s->build, s->label ? s->label : "",
                                                         s->instance ? s->instance : "", NULL};
         *text; text++)
        if (strpbrk(*text, "\n\t")) return fail(STATUS_USAGE, "an argument contains a line break or a tab");
    return s->cost_limit ? read_money(s->cost_limit, &s->cost_limit_usd) : STATUS_OK;
}

/* Times are whole seconds, at least one where given. */
static double whole_seconds(double s)
{
    return s > 0 && s < 1 ? 1 : floor(s);
}

enum status sweep_parse(int argc, char **argv, struct sweep_settings *settings)
{
    char **own = allocate((size_t)argc + 1, sizeof *own);
    int own_count = 1, operand;
    *settings = (struct sweep_settings){.usd_per_gpu_hour = NAN, .cost_limit_usd = NAN};
    own[0] = argv[0];
    enum status status = divide(argc, argv, settings, own, &own_count);
    if (!status) status = options_parse(&command, own_count, own, settings, &operand);
    if (!status) status = check(settings);
    free(own);
    settings->time_budget_s = whole_seconds(settings->time_budget_s);
    settings->deadline_s = whole_seconds(settings->deadline_s);
    settings->repeat_every_s = whole_seconds(settings->repeat_every_s);
    settings->for_s = whole_seconds(settings->for_s);
    return status;
}

void sweep_settings_free(struct sweep_settings *settings)
{
    free(settings->plan_words.values);
    *settings = (struct sweep_settings){0};
}
