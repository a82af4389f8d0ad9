/* Makes the launches from the settings. The repeats form blocks: each block has every launch once, in a
   seeded random order. A sweep that stops early thus has equal numbers of launches of all cases (within one),
   and drift does not look like an effect. */
#include "analysis/plan/plan.h"
#include "base/hash.h"
#include "base/paths.h"
#include "base/units.h"
#include "base/word_list.h"
#include "collective/collective.h"
#include "collective/dtype.h"
#include "record/gemm_type.h"
#include "record/grid.h"
#include "record/group_names.h"
#include "record/record.h"
#include "record/shapes.h"
#include "record/word_sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct names domains_names = NAMES("packed", "spread", "both");

enum { MAX_LAUNCHES = 1000000 };

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static enum status one_count(const char *word, int64_t available, int64_t *count)
{
    if (same(word, "all")) {
        *count = available;
        return STATUS_OK;
    }
    if (parse_integer(word, count) || *count < 1)
        return fail(STATUS_USAGE, "--nodes: '%s' is neither a number of nodes nor all nor auto", word);
    if (*count > available)
        return fail(STATUS_USAGE, "--nodes: %lld nodes were requested, but the allocation has %lld",
                    (long long)*count, (long long)available);
    return STATUS_OK;
}

enum status plan_nodes(const char *text, int64_t available, int64_t **counts, size_t *n)
{
    enum status status = STATUS_OK;
    char *copy = duplicate(text), *rest = copy, *word;
    int64_t *list = allocate(strlen(text) + 80, sizeof *list);
    size_t used = 0, kept = 0;
    if (same(text, "auto")) {
        for (int64_t p = 1; p < available; p *= 2) list[used++] = p;
        list[used++] = available;
        rest = NULL;
    }
    while (!status && rest && (word = strsep(&rest, ","))) status = one_count(word, available, &list[used++]);
    free(copy);
    if (status) {
        free(list);
        return status;
    }
    qsort(list, used, sizeof *list, ascending);
    for (size_t i = 0; i < used; i++)
        if (!kept || list[kept - 1] != list[i]) list[kept++] = list[i];
    *counts = list;
    *n = kept;
    return STATUS_OK;
}

/* splitmix64 (Steele, Lea, Flood 2014), so that a seed gives the same order on every machine. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void shuffle(struct plan_row *rows, size_t n, uint64_t *state)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)(next_random(state) % i);
        struct plan_row other = rows[j];
        rows[j] = rows[i - 1];
        rows[i - 1] = other;
    }
}

static size_t words_in(const char *list)
{
    size_t n = list && *list ? 1 : 0;
    for (const char *c = list; c && *c; c++) n += *c == ',';
    return n;
}

/* Adds the words of --driver-arg or --matmul-arg. A value may hold several, separated by spaces: "-n 20 -w
   5". */
static enum status add_words(struct text *args, const struct option_list *list, const char *flag)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *value = list->values[i];
        /* A plan is a line of words that no shell reads: quotes would become a part of the word. */
        if (value[strcspn(value, " \t\n")] && strpbrk(value, "'\"\\"))
            return fail(STATUS_USAGE, "--%s: %s: a plan cannot hold quotes, or a word with a space", flag,
                        value);
        for (const char *word = value; *(word += strspn(word, " \t\n")); word += strcspn(word, " \t\n")) {
            int length = (int)strcspn(word, " \t\n");
            for (int c = 0; c < length; c++)
                if ((unsigned char)word[c] < ' ' || word[c] == 0x7f)
                    return fail(STATUS_USAGE, "--%s: '%s' contains a control character", flag, value);
            text_add(args, " %.*s", length, word);
        }
    }
    struct text refused = {0};
    enum status status = STATUS_OK;
    if (!plan_args_measure(text_get(args), &refused))
        status = fail(STATUS_USAGE,
                      "--%s: a plan cannot hold %s, only flags that choose what to measure; give it "
                      "directly to the driver",
                      flag, text_get(&refused));
    text_free(&refused);
    return status;
}

/* From DRIVER_MATMUL on. */
static const char *const other_drivers[DRIVER_COUNT - COLLECTIVE_COUNT] = {"matmul", "overlap", "step"};

const char *plan_driver_word(size_t i)
{
    return i < COLLECTIVE_COUNT ? collective_word(i)
           : i < DRIVER_COUNT   ? other_drivers[i - COLLECTIVE_COUNT]
                                : NULL;
}

int plan_driver(const char *word)
{
    const struct collective *collective = collective_find(word);
    if (collective) return (int)collective->id;
    for (int i = COLLECTIVE_COUNT; i < DRIVER_COUNT; i++)
        if (same(word, plan_driver_word((size_t)i))) return i;
    return -1;
}

bool multiplies(const char *driver)
{
    return plan_driver(driver) >= DRIVER_MATMUL;
}

static const struct word_set driver_words = {plan_driver_word, plan_driver};

/* A kind of launch: the driver and its arguments, the number of cases, and the longest time of a case in
   seconds. */
struct job {
    const char *driver, *args;
    int64_t cases;
    double case_seconds;
};

struct jobs {
    struct job *list;
    size_t count;
};

static void add_job(struct jobs *jobs, struct job job)
{
    jobs->list = reallocate(jobs->list, jobs->count + 1, sizeof *jobs->list);
    jobs->list[jobs->count++] = job;
}

void plan_set_defaults(struct plan_settings *s)
{
    const bool gpus = s->gpus;
    if (!gpus && !s->workloads) s->workloads = "gpt2-ddp";
    if (!s->end) s->end = gpus ? (size_t)16 << 30 : (size_t)64 << 20;
    if (!s->factor) s->factor = gpus ? 2 : 4;
    if (s->case_seconds == 0) s->case_seconds = gpus ? 0.25 : 0.5;
    if (s->start_seconds == 0) s->start_seconds = gpus ? 10 : 3;
    if (!gpus) return;
    if (!s->shapes) s->shapes = "8192";
    if (!s->workloads) s->workloads = "llama-70b-fsdp";
    if (!s->matmul_types) s->matmul_types = "bfloat16,fp8_e4m3,nvfp4";
    if (s->sustain_s == 0) s->sustain_s = 30;
}

/* Adds the flags for the driver's sizes; *count: the number of sizes. */
static enum status size_args(const struct plan_settings *settings, struct text *args, size_t *count)
{
    const struct size_grid grid = {settings->sizes, settings->begin, settings->end, (size_t)settings->factor,
                                   0};
    size_t *sizes;
    enum status status = size_grid_read(&grid, &sizes, count);
    if (status) return status;
    if (settings->sizes)
        for (size_t i = 0; i < *count; i++) text_add(args, i ? ",%zu" : " --sizes %zu", sizes[i]);
    else
        text_add(args, " -b %zu -e %zu -f %lld", grid.begin, grid.end, (long long)settings->factor);
    free(sizes);
    return STATUS_OK;
}

static enum status collective_job(const struct plan_settings *settings, const char *names,
                                  struct arena *arena, struct jobs *jobs)
{
    struct text args = {0};
    size_t sizes = 0,
           modes = (settings->mode == MODE_BOTH ? 2 : 1) * (settings->placement == PLACEMENT_BOTH ? 2 : 1);
    const char *comma = strchr(names, ',');
    if (comma) text_add(&args, " --collectives %s", names);
    enum status status = size_args(settings, &args, &sizes);
    if (settings->datatypes) text_add(&args, " -d %s", settings->datatypes);
    if (settings->ops) text_add(&args, " -o %s", settings->ops);
    if (settings->placement) text_add(&args, " --placement %s", placement_name(settings->placement));
    if (settings->mode) text_add(&args, " --mode %s", mode_name(settings->mode));
    if (settings->cache) text_add(&args, " --cache %s", cache_name(settings->cache));
    if (settings->case_seconds > 0) text_add(&args, " --max-seconds %.9g", settings->case_seconds);
    if (!status) status = add_words(&args, &settings->driver_args, "driver-arg");
    int types = 1, ops = 1, of_types[DTYPE_COUNT], of_ops[OP_COUNT];
    if (!status && settings->datatypes)
        status = word_list_read("datatype", settings->datatypes, &dtype_words, of_types, &types);
    if (!status && settings->ops) status = word_list_read("op", settings->ops, &op_words, of_ops, &ops);
    char *first = duplicate(names);
    if (comma) first[comma - names] = 0;
    add_job(jobs,
            (struct job){arena_string(arena, first), arena_string(arena, text_get(&args) + (args.length > 0)),
                         (int64_t)(words_in(names) * sizes * (size_t)types * (size_t)ops * modes),
                         settings->case_seconds});
    free(first);
    text_free(&args);
    return status;
}

/* Assumes matmul's defaults for the estimate: three shapes; double and float, 1 s sustained (on a CPU); at
   most 1 s for a burst. */
static enum status matmul_job(const struct plan_settings *settings, struct arena *arena, struct job *job)
{
    struct text args = {0};
    const double burst_s = 1, sustain_s = settings->sustain_s > 0 ? settings->sustain_s : 1;
    if (settings->shapes) text_add(&args, " --shapes %s", settings->shapes);
    if (settings->matmul_types) text_add(&args, " --datatype %s", settings->matmul_types);
    if (settings->sustain_s > 0) text_add(&args, " --sustain %.9g", settings->sustain_s);
    enum status status = add_words(&args, &settings->matmul_args, "matmul-arg");
    size_t shapes = 3, types = 0;
    enum gemm_type known[GEMM_TYPE_COUNT];
    struct shape *list = NULL;
    if (!status) status = gemm_types_parse("matmul-datatype", settings->matmul_types, known, &types);
    if (types == 0) types = 2;
    if (!status && settings->shapes) status = shapes_parse(settings->shapes, &list, &shapes);
    free(list);
    *job = (struct job){plan_driver_word(DRIVER_MATMUL),
                        arena_string(arena, text_get(&args) + (args.length > 0)),
                        (int64_t)(shapes * types) * 2, (burst_s + sustain_s) / 2};
    text_free(&args);
    return status;
}

/* How many values a list flag has in the arguments; `usual` if it is not there. all: what the word all
   means. */
static int64_t values_of(const char *args, const char *flag, int64_t usual, int64_t all)
{
    struct text value = {0};
    int64_t count = usual;
    if (plan_args_value(args, flag, &value))
        count = same(text_get(&value), "all") ? all : (int64_t)words_in(text_get(&value));
    text_free(&value);
    return count;
}

/* Seconds for a case: --max-seconds, or the driver's default. */
static double seconds_of(const char *args, double usual)
{
    struct text value = {0};
    double seconds = usual;
    if (plan_args_value(args, "--max-seconds", &value) && parse_seconds(text_get(&value), &seconds))
        seconds = usual; /* the driver will refuse it */
    text_free(&value);
    return seconds;
}

/* Assumes overlap's defaults for the estimate: one collective, one size, one policy, five ratios, 3 s for
   each. */
static enum status overlap_job(const struct plan_settings *settings, struct arena *arena, struct jobs *jobs)
{
    struct text text = {0};
    enum status status = add_words(&text, &settings->overlap_args, "overlap-arg");
    const char *args = arena_string(arena, text_get(&text) + (text.length > 0));
    const int64_t cases = values_of(args, "--collectives", 1, COLLECTIVE_COUNT) *
                          values_of(args, "--sizes", 1, 1) * values_of(args, "--cta", 1, 1) *
                          values_of(args, "--ratio", 5, 5);
    if (!status)
        add_job(jobs, (struct job){plan_driver_word(DRIVER_OVERLAP), args, cases, seconds_of(args, 3)});
    text_free(&text);
    return status;
}

static enum status step_job(const struct plan_settings *settings, const char *workload, struct arena *arena,
                            struct jobs *jobs)
{
    struct text text = {0};
    if (!is_plain_name(workload))
        return fail(STATUS_USAGE, "--workload: '%s' is not the name of a workload", workload);
    text_add(&text, " --workload %s", workload);
    enum status status = add_words(&text, &settings->step_args, "step-arg");
    const char *args = arena_string(arena, text_get(&text) + 1);
    for (size_t i = 0; !status && i < jobs->count; i++)
        if (same(jobs->list[i].args, args) && plan_driver(jobs->list[i].driver) == DRIVER_STEP)
            status = fail(STATUS_USAGE, "--workload: '%s' lists %s twice", settings->workloads, workload);
    if (!status) add_job(jobs, (struct job){plan_driver_word(DRIVER_STEP), args, 1, seconds_of(args, 60)});
    text_free(&text);
    return status;
}

static enum status step_jobs(const struct plan_settings *settings, struct arena *arena, struct jobs *jobs)
{
    enum status status = STATUS_OK;
    char *copy = duplicate(settings->workloads ? settings->workloads : ""), *rest = copy, *word;
    while (!status && (word = strsep(&rest, ","))) status = step_job(settings, word, arena, jobs);
    free(copy);
    return status;
}

static void add_row(struct plan *plan, const struct plan_settings *settings, const struct job *job,
                    const char *group, enum domains domains, int64_t nodes)
{
    struct text content = {0}, name = {0};
    int64_t ranks = nodes * settings->ranks_per_node;
    bool world = is_world(group);
    const char *args = job->args;
    if (!world) {
        text_add(&content, "%s%s--group %s", args, *args ? " " : "", group);
        args = arena_string(&plan->arena, text_get(&content));
        text_clear(&content);
    }
    text_add(&content, "%s %s nodes=%lld ranks=%lld domains=%s", job->driver, args, (long long)nodes,
             (long long)ranks, name_of(&domains_names, (int)domains));
    text_add(&name, "%016llx", (unsigned long long)hash_bytes(content.data, content.length));
    const char *key = arena_string(&plan->arena, text_get(&name));
    bool several = !multiplies(job->driver) && strstr(args, "--collectives ");
    for (int64_t repeat = 1; repeat <= settings->launches; repeat++) {
        text_clear(&name);
        text_add(&name, "%s-%lldn%lldr%s%s-%.10s-%lld", several ? "collectives" : job->driver,
                 (long long)nodes, (long long)ranks, world ? "" : "-groups",
                 domains == DOMAINS_PACKED ? "" : "-spread", key, (long long)repeat);
        if ((plan->count & (plan->count + 1)) == 0)
            plan->rows = reallocate(plan->rows, 2 * plan->count + 2, sizeof *plan->rows);
        plan->rows[plan->count++] = (struct plan_row){
            .launch = arena_string(&plan->arena, text_get(&name)),
            .key = key,
            .driver = job->driver,
            .args = args,
            .group = group,
            .domains = domains,
            .nodes = nodes,
            .ranks_per_node = settings->ranks_per_node,
            .repeat = repeat,
            .cases = job->cases * (int64_t)words_in(group),
            .estimate_s = settings->start_seconds +
                          (double)(job->cases * (int64_t)words_in(group)) * job->case_seconds};
    }
    text_free(&content);
    text_free(&name);
}

/* Adds one launch on all nodes, whose groups have the ranks of the node counts that divide the largest: such
   groups run at the same time. Other node counts get a launch each. */
static void add_concurrent(struct plan *plan, const struct plan_settings *settings, const struct job *job,
                           enum domains domains, const int64_t *nodes, size_t n)
{
    struct text groups = {0};
    int64_t all = nodes[n - 1];
    for (size_t i = 0; i + 1 < n; i++) {
        if (all % nodes[i])
            add_row(plan, settings, job, "world", domains, nodes[i]);
        else if (nodes[i] * settings->ranks_per_node > 1) /* a group of one rank does not communicate */
            text_add(&groups, "%lld,", (long long)(nodes[i] * settings->ranks_per_node));
    }
    text_add(&groups, "world");
    add_row(plan, settings, job, arena_string(&plan->arena, text_get(&groups)), domains, all);
    text_free(&groups);
}

/* Adds the launches of a job that communicates. Those of overlap and step have no groups of ranks from the
   plan. */
static void add_rows(struct plan *plan, const struct plan_settings *settings, const struct job *job,
                     enum domains domains, const int64_t *nodes, size_t n)
{
    const bool splits = !multiplies(job->driver);
    if (splits && settings->concurrent) {
        add_concurrent(plan, settings, job, domains, nodes, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (nodes[i] * settings->ranks_per_node > 1 || nodes[n - 1] * settings->ranks_per_node == 1)
            add_row(plan, settings, job, splits ? settings->groups : "world", domains, nodes[i]);
}

/* Makes jobs from the drivers: one for all collectives, or with --apart one for each; one for overlap; one
   for each workload of step. *matmul: matmul is among the drivers. */
static enum status make_jobs(const struct plan_settings *settings, struct arena *arena, struct jobs *jobs,
                             bool *matmul)
{
    struct text together = {0};
    int drivers[DRIVER_COUNT], driver_count;
    bool wanted[DRIVER_COUNT] = {false};
    enum status status = word_list_read("drivers", settings->drivers, &driver_words, drivers, &driver_count);
    if (!status && !same(settings->drivers, "all") && words_in(settings->drivers) > (size_t)driver_count)
        status = fail(STATUS_USAGE, "--drivers: '%s' lists a driver twice", settings->drivers);
    for (int i = 0; !status && i < driver_count; i++) {
        const char *word = plan_driver_word((size_t)drivers[i]);
        wanted[drivers[i]] = true;
        if (drivers[i] >= DRIVER_MATMUL) continue;
        if (settings->apart)
            status = collective_job(settings, word, arena, jobs);
        else
            text_add(&together, "%s%s", together.length ? "," : "", word);
    }
    if (!status && together.length) status = collective_job(settings, text_get(&together), arena, jobs);
    if (!status && wanted[DRIVER_OVERLAP]) status = overlap_job(settings, arena, jobs);
    if (!status && wanted[DRIVER_STEP]) status = step_jobs(settings, arena, jobs);
    *matmul = wanted[DRIVER_MATMUL];
    text_free(&together);
    return status;
}

static enum status check_settings(const struct plan_settings *settings)
{
    if (settings->concurrent && !is_world(settings->groups))
        return fail(STATUS_USAGE,
                    "--concurrent makes its own groups: leave out --group, or leave out --concurrent");
    return splits_check(settings->groups);
}

enum status plan_build(const struct plan_settings *settings, struct plan *plan)
{
    struct jobs jobs = {0};
    struct job gemm;
    size_t n;
    int64_t *nodes;
    bool matmul;
    *plan = (struct plan){0};
    enum status status = check_settings(settings);
    if (!status) status = make_jobs(settings, &plan->arena, &jobs, &matmul);
    if (!status && matmul) status = matmul_job(settings, &plan->arena, &gemm);
    if (!status) status = plan_nodes(settings->nodes, settings->available, &nodes, &n);
    if (status) {
        free(jobs.list);
        plan_free(plan);
        return status;
    }
    const char *group = arena_string(&plan->arena, settings->groups);
    struct plan_settings own = *settings;
    own.groups = group;
    for (enum domains domains = DOMAINS_PACKED; domains <= DOMAINS_SPREAD; domains++) {
        if (settings->domains != DOMAINS_BOTH && settings->domains != domains) continue;
        for (size_t i = 0; i < jobs.count; i++) add_rows(plan, &own, &jobs.list[i], domains, nodes, n);
    }
    free(jobs.list);
    /* In matmul, each rank multiplies on its own: more nodes measure more hosts, not another case. Only the
       largest count is needed. */
    if (matmul) add_row(plan, &own, &gemm, "world", DOMAINS_PACKED, nodes[n - 1]);
    free(nodes);
    if (plan->count > MAX_LAUNCHES) {
        size_t count = plan->count;
        plan_free(plan);
        return fail(STATUS_USAGE, "%zu launches are more than %d: fewer --launches or --nodes", count,
                    MAX_LAUNCHES);
    }
    /* add_row() puts the repeats of a launch next to each other: distribute them over the blocks, then
       shuffle each. */
    size_t repeats = (size_t)settings->launches, block = repeats ? plan->count / repeats : 0;
    struct plan_row *dealt = allocate(plan->count, sizeof *dealt);
    uint64_t state = (uint64_t)settings->seed;
    for (size_t i = 0; i < plan->count; i++) dealt[(i % repeats) * block + i / repeats] = plan->rows[i];
    for (size_t r = 0; r < repeats; r++) shuffle(dealt + r * block, block, &state);
    free(plan->rows);
    plan->rows = dealt;
    return STATUS_OK;
}

void plan_free(struct plan *plan)
{
    free(plan->rows);
    arena_free(&plan->arena);
    *plan = (struct plan){0};
}
