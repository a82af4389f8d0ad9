/* busbar sweep VERB FOLDER [NUMBERS] -- FLAGS: the decisions of scripts/sweep, which calls it before and
   after each step. Prints its answers as lines NAME=VALUE on standard output, and messages for people on
   standard error. */
#include "analysis/common/subcommand.h"
#include "analysis/common/table.h"
#include "analysis/sweep/preflight.h"
#include "analysis/sweep/sweep_verbs.h"
#include "base/clock.h"
#include "base/units.h"
#include "record/files.h"
#include "record/record.h"
#include "record/word_sets.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST_LINE = 1 << 16 };

void tell(const char *name, const char *format, ...)
{
    struct text value = {0};
    char *line = NULL;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&line, format, values);
    va_end(values);
    if (length < 0) exit((int)fail(STATUS_ENVIRONMENT, "out of memory for an answer"));
    for (char *c = line; *c; c++) /* --launcher-args may contain line breaks */
        if (*c == '\n' || *c == '\t') *c = ' ';
    text_add(&value, "%s=%s\n", name, line);
    fputs(text_get(&value), stdout);
    text_free(&value);
    free(line);
}

const char *scratch_path(struct sweep *sweep, const char *name)
{
    struct text path = {0};
    text_add(&path, "%s/%s", sweep->scratch, name);
    const char *kept = arena_string(&sweep->state.arena, text_get(&path));
    text_free(&path);
    return kept;
}

enum status sweep_hosts(struct sweep *sweep, struct sweep_hosts *hosts)
{
    return hosts_read(scratch_path(sweep, "all_hosts"), hosts);
}

const char *launcher_of(const struct sweep *sweep)
{
    return sweep->settings.launcher ? sweep->settings.launcher : sweep->state.launcher;
}

int64_t total_gpus(const struct sweep *sweep)
{
    return sweep->state.host_count * sweep->state.gpus_per_node;
}

bool has_own_sizes(const struct sweep_settings *settings)
{
    for (size_t i = 0; i < settings->plan_words.count; i++) {
        const char *word = settings->plan_words.values[i];
        if (!strncmp(word, "--sizes", 7) || !strncmp(word, "--end", 5) || !strncmp(word, "-e", 2))
            return true;
    }
    return false;
}

/* Refuses arguments with bytes other than printable ASCII: they go from the plan file into command lines and,
   with --dry-run, to the terminal. Frees the plan if it refuses one. */
static enum status check_args(struct plan *plan)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < plan->count; i++)
        for (const char *c = plan->rows[i].args; !status && *c; c++)
            if (*c < ' ' || *c > '~')
                status = fail(STATUS_ENVIRONMENT,
                              "%s: an argument in the plan contains a control character or is not ASCII",
                              plan->rows[i].launch);
    if (status) plan_free(plan);
    return status;
}

/* Does the row need the file of --matrix? */
static bool needs_matrix(const struct plan_row *row)
{
    struct text value = {0};
    bool needs = plan_args_value(row->args, "--imbalance", &value) &&
                 (same(text_get(&value), "matrix") || strncmp(text_get(&value), "matrix:", 7) == 0);
    text_free(&value);
    return needs;
}

/* Only alltoallv has an imbalance. */
static bool measures_alltoallv(const struct plan_row *row)
{
    struct text names = {0};
    int indices[COLLECTIVE_COUNT], count = 0;
    bool measures = plan_driver(row->driver) == ALL_TO_ALL_V;
    if (plan_args_value(row->args, "--collectives", &names) &&
        word_list_read("collectives", text_get(&names), &collective_words, indices, &count) == STATUS_OK) {
        measures = false;
        for (int i = 0; i < count; i++) measures |= indices[i] == ALL_TO_ALL_V;
    }
    text_free(&names);
    return measures;
}

/* Frees the plan if a file is missing, or given for nothing. */
static enum status check_matrix(const struct sweep_settings *s, struct plan *plan)
{
    bool is_used = false;
    for (size_t i = 0; i < plan->count; i++) {
        is_used |= needs_matrix(&plan->rows[i]) && measures_alltoallv(&plan->rows[i]);
        if (s->matrix || !needs_matrix(&plan->rows[i])) continue;
        enum status status = fail(STATUS_USAGE,
                                  "%s: alltoallv is planned with the file of a --matrix: give it by --matrix "
                                  "FILE (check-regression: MATRIX=FILE); its arguments: %s",
                                  plan->rows[i].launch, plan->rows[i].args);
        plan_free(plan);
        return status;
    }
    if (!s->matrix || is_used) return STATUS_OK;
    plan_free(plan);
    return fail(STATUS_USAGE,
                "--matrix (check-regression: MATRIX): no launch of the plan measures alltoallv by a matrix");
}

/* The user's flags follow ours and so override them. The size that fits into memory comes last. */
enum status sweep_plan(struct sweep *sweep, const char *folder, struct plan *plan)
{
    const struct sweep_settings *s = &sweep->settings;
    const struct sweep_state *state = &sweep->state;
    char hosts[24], ranks[24], end[24];
    char **words = allocate(s->plan_words.count + 16, sizeof *words);
    int n = 0;
#define ADD(word) (words[n++] = (char *)(uintptr_t)(word))
    snprintf(hosts, sizeof hosts, "%lld", (long long)state->host_count);
    snprintf(ranks, sizeof ranks, "%lld", (long long)state->ranks_per_node);
    snprintf(end, sizeof end, "%lld", (long long)state->largest);
    ADD("plan");
    if (s->plan_file) {
        ADD("--read"), ADD(s->plan_file);
    } else {
        ADD("--available"), ADD(hosts), ADD("--ranks-per-node"), ADD(ranks);
        if (state->has_gpus) ADD("--gpus");
        for (size_t i = 0; i < s->plan_words.count; i++) ADD(s->plan_words.values[i]);
        if (s->matrix) ADD("--driver-arg"), ADD("--imbalance=matrix");
        if (state->largest && !has_own_sizes(s)) ADD("--end"), ADD(end);
    }
    if (folder) ADD("--into"), ADD(folder);
#undef ADD
    enum status status = plan_of_words(n, words, plan);
    free(words);
    if (!status) status = check_args(plan);
    if (!status) status = check_matrix(s, plan);
    return status;
}

enum status save_plan(struct sweep *sweep, const struct plan *plan)
{
    const char *path = scratch_path(sweep, "plan");
    FILE *file = fopen(path, "we");
    if (file) plan_print_tsv(plan, file);
    bool written = file && all_written(file);
    if ((file && fclose(file)) || !written)
        return fail(STATUS_ENVIRONMENT, "cannot write %s: %s", path, strerror(errno));
    return STATUS_OK;
}

enum status saved_plan(struct sweep *sweep, struct plan *plan)
{
    enum status status = plan_read(scratch_path(sweep, "plan"), plan);
    if (!status && sweep->state.folder) {
        size_t cursor = (size_t)sweep->state.cursor;
        struct plan rest = *plan;
        if (cursor > plan->count) cursor = plan->count;
        rest.rows += cursor;
        rest.count -= cursor;
        plan_read_states(&rest, sweep->state.folder);
    }
    return status;
}

static void add_words(const char *args, struct text *words)
{
    char *copy = duplicate(args), *rest = copy, *word;
    while ((word = strsep(&rest, " ")))
        if (*word) text_add(words, "%s\n", word);
    free(copy);
}

/* All launches of a driver in a run use the BLAS library and kernels of its first one that is complete.
   Libraries and kernels of nearly equal speed would otherwise take turns. */
static enum status add_blas(struct sweep *sweep, const struct plan_row *row, struct text *words)
{
    struct plan plan;
    struct archive archive = {0};
    struct text path = {0}, args = {0};
    enum status status = saved_plan(sweep, &plan);
    if (status) return status;
    for (size_t i = 0; !archive.count && i < plan.count; i++) {
        text_clear(&path);
        text_add(&path, "%s/%s.jsonl", sweep->state.folder, plan.rows[i].launch);
        if (same(plan.rows[i].driver, row->driver) && launch_is_complete(text_get(&path)))
            archive_read(&archive, text_get(&path)); /* if it cannot be read, it decides nothing */
    }
    if (archive.count) plan_add_blas(&archive.launches[0], row->args, &args);
    add_words(text_get(&args), words);
    text_free(&path);
    text_free(&args);
    archive_free(&archive);
    plan_free(&plan);
    return STATUS_OK;
}

static void add_measuring(const struct sweep *sweep, const struct plan_row *row, int64_t share_s,
                          struct text *words)
{
    const struct sweep_settings *s = &sweep->settings;
    const char *run = sweep->state.run ? sweep->state.run : s->run ? s->run : "RUN";
    if (s->collect)
        text_add(words, "--output\nnone\n--format\njson\n");
    else
        text_add(words, "--output\n%s\n", s->results);
    text_add(words, "--run\n%s\n--launch\n%s\n", run, row->launch);
    if (share_s) text_add(words, "--time-budget\n%lld\n", (long long)share_s);
    text_add(words, "--expect-hosts\n%lld\n--expect-ranks\n%lld\n", (long long)row->nodes,
             (long long)(row->nodes * row->ranks_per_node));
    if (s->instance) text_add(words, "--instance\n%s\n", s->instance);
    if (sweep->state.provider) text_add(words, "--cloud\n%s\n", sweep->state.provider);
    if (s->label && *s->label) text_add(words, "--label\n%s\n", s->label);
}

void add_driver(const struct sweep *sweep, const char *driver, struct text *path)
{
    struct text installed = {0};
    text_add(&installed, "%s/busbar-%s", sweep->settings.build, driver);
    if (access(text_get(&installed), F_OK) == 0)
        text_add(path, "%s", text_get(&installed));
    else
        text_add(path, "%s/%s", sweep->settings.build, driver);
    text_free(&installed);
}

enum status write_command(struct sweep *sweep, const struct plan_row *row, bool measures, int64_t share_s)
{
    struct text words = {0};
    add_driver(sweep, row->driver, &words);
    text_add(&words, "\n");
    add_words(row->args, &words);
    if (needs_matrix(row)) text_add(&words, "--matrix\n%s\n", sweep->settings.matrix);
    enum status status = STATUS_OK;
    if (measures && sweep->state.folder && multiplies(row->driver)) status = add_blas(sweep, row, &words);
    if (measures)
        add_measuring(sweep, row, share_s, &words);
    else
        text_add(&words, "--largest\n");
    if (!status) status = replace_file(scratch_path(sweep, "command"), text_get(&words));
    text_free(&words);
    return status;
}

enum status each_line(struct sweep *sweep, const char *name, void (*each)(const char *line, void *data),
                      void *data)
{
    const char *path = scratch_path(sweep, name);
    struct line_reader reader;
    if (access(path, F_OK)) return STATUS_OK;
    enum status status = line_reader_open(&reader, path);
    if (status) return status;
    while (line_reader_next(&reader)) each(reader.line, data);
    line_reader_close(&reader);
    return STATUS_OK;
}

static void add_name(const char *line, void *data)
{
    text_add(data, "%s ", line);
}

enum status read_silent(struct sweep *sweep, const char **names)
{
    struct text said = {0}, list = {0};
    struct sweep_hosts hosts = {0};
    enum status status = each_line(sweep, "silent", add_name, &said);
    if (!status) status = sweep_hosts(sweep, &hosts);
    for (size_t i = 0; i < hosts.count; i++)
        if (has_name(text_get(&said), hosts.list[i].name))
            text_add(&list, "%s%s", list.length ? " " : "", hosts.list[i].name);
    *names = arena_string(&sweep->state.arena, text_get(&list));
    hosts_free(&hosts);
    text_free(&said);
    text_free(&list);
    return status;
}

/* busbar sweep allocation: summarises the lines of scripts/allocation on standard input. */
static enum status look_at_allocation(void)
{
    struct sweep_hosts hosts;
    enum status status = hosts_read("/dev/stdin", &hosts);
    if (status) return status;
    tell("origin", "%s", hosts.origin);
    tell("hosts", "%zu", hosts.count);
    tell("gpus", "%lld", (long long)hosts_total_gpus(&hosts));
    hosts_free(&hosts);
    return STATUS_OK;
}

static void print_line(const char *kind, const char *first, const char *second)
{
    struct text line = {0};
    plain_text(&line, first, LONGEST_LINE);
    printf("%s\t%s", kind, text_get(&line));
    text_clear(&line);
    plain_text(&line, second ? second : "", LONGEST_LINE);
    printf("%s%s\n", second ? "\t" : "", text_get(&line));
    text_free(&line);
}

/* busbar sweep facts, for scripts/preflight: compares the facts on standard input. */
static enum status compare_hosts(const char *path)
{
    struct sweep_hosts hosts;
    struct preflight found;
    enum status status = hosts_read(path, &hosts);
    if (status) return status;
    preflight_compare(&hosts, stdin, &found);
    for (size_t i = 0; i < hosts.count; i++)
        if (has_name(found.silent, hosts.list[i].name)) print_line("silent", hosts.list[i].name, NULL);
    for (size_t i = 0; i < found.difference_count; i++) print_line("different", found.differences[i], NULL);
    for (size_t i = 0; i < found.domain_count; i++)
        print_line("domain", found.domains[i].name, found.domains[i].hosts);
    status = preflight_status(&found);
    preflight_free(&found);
    hosts_free(&hosts);
    return status;
}

/* busbar sweep total: the sum of the lines that --print-estimate wrote, as --dry-run prints it. */
static enum status print_total(const char *path)
{
    struct sweep_estimate sum;
    struct text said = {0};
    enum status status = estimates_sum(path, &sum);
    estimate_text(&sum, &said);
    if (!status) puts(text_get(&said));
    text_free(&said);
    return status;
}

/* Prints the cache setting (warm or cold) of a run's collectives if it is the same for all of them. */
static enum status tell_cache(const char *folder)
{
    struct archive archive = {0};
    enum cache cache = CACHE_ABSENT;
    bool one = true;
    enum status status = archive_read(&archive, folder);
    for (size_t i = 0; i < archive.count; i++)
        for (size_t k = 0; k < archive.launches[i].case_count; k++) {
            const struct case_row *row = &archive.launches[i].cases[k];
            if (!row->collective || !row->cache) continue;
            if (cache && cache != row->cache) one = false;
            cache = row->cache;
        }
    if (!status && one && (cache == CACHE_WARM || cache == CACHE_COLD)) puts(cache_name(cache));
    archive_free(&archive);
    return status;
}

static const struct verb {
    const char *name;
    sweep_verb *act;
    bool needs_state, keeps_state;
    int numbers; /* how many numeric arguments follow the folder */
} verbs[] = {
    {"flags", verb_flags, false, false, 0},
    {"hosts", verb_hosts, false, true, 0},
    {"probe", verb_probe, true, true, 0},
    {"begin", verb_begin, true, true, 0},
    {"open", verb_open, true, true, 0},
    {"round", verb_round, true, true, 0},
    {"preflight", verb_preflight, true, false, 0},
    {"absent", verb_absent, true, true, 0},
    {"dry", verb_dry, true, true, 0},
    {"next", verb_next, true, true, 0},
    {"judge", verb_judge, true, true, 2},
    {"remaining", verb_remaining, true, false, 0},
    {"lost", verb_lost, true, true, 0},
    {"finish", verb_finish, true, true, 1},
    {"cost", verb_cost, true, false, 0},
};

static const char description[] =
    "scripts/sweep starts, waits and kills; before and after each step it asks this command what to do. "
    "FOLDER is "
    "the sweep's temporary folder, which keeps the state between the calls. Answers are lines NAME=VALUE.\n"
    " busbar sweep allocation         summarises what scripts/allocation printed (on standard input)\n"
    " busbar sweep cache RUN          prints warm or cold, if all collectives of the run have the same\n"
    " busbar sweep facts HOSTS        compares what scripts/hostfacts printed (on standard input)\n"
    " busbar sweep total FILE         sums what --print-estimate wrote\n"
    " busbar sweep VERB FOLDER ...    flags, hosts, probe, begin, open, round, preflight, absent, dry, "
    "next,\n"
    "                                 judge, remaining, lost, finish, cost; FLAGS are those of scripts/sweep";

static const struct option no_options[] = {{.kind = OPTION_END}};
static const struct command command = {
    .name = "busbar sweep",
    .summary = "decide what scripts/sweep does next",
    .synopsis = "VERB FOLDER [NUMBERS] -- FLAGS",
    .description = description,
    .options = no_options,
};

static enum status act(const struct verb *verb, int argc, char **argv)
{
    struct sweep sweep = {.scratch = argv[2], .now_s = clock_boot_s()};
    enum status status = STATUS_OK;
    for (int i = 0; i < verb->numbers && !status; i++)
        if (parse_integer(argv[3 + i], &sweep.number[i]))
            status = fail(STATUS_USAGE, "sweep %s: '%s' is not a whole number", verb->name, argv[3 + i]);
    if (!status) status = sweep_parse(argc - 3 - verb->numbers, argv + 3 + verb->numbers, &sweep.settings);
    if (!status && verb->needs_state) status = state_read(sweep.scratch, &sweep.state);
    if (!status) status = verb->act(&sweep);
    if (!status && verb->keeps_state) status = state_write(sweep.scratch, &sweep.state);
    state_free(&sweep.state);
    sweep_settings_free(&sweep.settings);
    return status;
}

static enum status run(int argc, char **argv)
{
    int operand;
    name_program("sweep");
    if (argc == 2 && same(argv[1], "allocation")) return look_at_allocation();
    if (argc == 3 && same(argv[1], "facts")) return compare_hosts(argv[2]);
    if (argc == 3 && same(argv[1], "total")) return print_total(argv[2]);
    if (argc == 3 && same(argv[1], "cache")) return tell_cache(argv[2]);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        const struct verb *verb = &verbs[i];
        if (argc > 1 && same(argv[1], verb->name) && argc >= 4 + verb->numbers &&
            same(argv[3 + verb->numbers], "--"))
            return act(verb, argc, argv);
    }
    enum status status = options_parse(&command, argc, argv, NULL, &operand);
    return status
               ? status
               : fail(STATUS_USAGE, "a verb, a folder, its numbers and -- are needed (busbar sweep --help)");
}

const struct subcommand sweep_subcommand = {&command, run};
