/* The decisions before the first launch: hosts, price, budget, sizes, and the name of the run. */
#include "analysis/sweep/preflight.h"
#include "analysis/sweep/sweep_verbs.h"
#include "base/hash.h"
#include "base/units.h"
#include "catalog/catalog.h"
#include "record/record.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void tell_text(const char *name, const char *value)
{
    tell(name, "%s", value ? value : "");
}

enum status verb_flags(struct sweep *sweep)
{
    const struct sweep_settings *s = &sweep->settings;
    tell_text("results", s->results);
    tell_text("print_folder", s->print_folder);
    tell_text("hostfile", s->hostfile);
    tell_text("launcher_args", s->launcher_args);
    tell_text("instance", s->instance);
    tell_text("preset", s->preset);
    tell("dry_run", "%d", s->dry_run);
    tell("up_to_memory", "%d", s->up_to_memory && !s->plan_file && !s->dry_run);
    tell("preflight", "%d", !s->no_preflight);
    tell("repeats", "%d", s->repeat_every_s > 0);
    return STATUS_OK;
}

void set_price(struct sweep *sweep)
{
    sweep->state.usd_per_hour = price_per_hour(sweep->state.usd_per_gpu_hour, total_gpus(sweep));
}

static enum status read_instance(struct sweep *sweep)
{
    struct sweep_settings *s = &sweep->settings;
    struct sweep_state *state = &sweep->state;
    struct catalog catalog;
    struct text source = {0};
    if (!s->instance || !*s->instance) return STATUS_OK;
    enum status status = catalog_read(&catalog, NULL);
    if (status) return status;
    const struct instance *instance = catalog_instance(&catalog, s->instance);
    if (!instance) {
        sweep_say("sweep: --instance: '%s' is not in results/clouds.tsv: no price and no bound are known",
                  s->instance);
    } else {
        state->provider = arena_string(&state->arena, instance->provider);
        if (!state->gpus_per_node && instance->gpus_per_vm > 0) state->gpus_per_node = instance->gpus_per_vm;
        if (!isfinite(s->usd_per_gpu_hour)) {
            state->usd_per_gpu_hour = instance->usd_per_gpu_hour;
            text_add(&source, "list price of %s, results/clouds.tsv", s->instance);
            state->price_source = arena_string(&state->arena, text_get(&source));
        }
    }
    text_free(&source);
    catalog_free(&catalog);
    return STATUS_OK;
}

/* The budget counts every GPU of the allocation, used or not. */
static enum status set_budget(struct sweep *sweep)
{
    const struct sweep_settings *s = &sweep->settings;
    struct sweep_state *state = &sweep->state;
    state->budget_s = (int64_t)s->time_budget_s;
    state->usd_per_gpu_hour = s->usd_per_gpu_hour;
    state->price_source = "--usd-per-gpu-hour";
    enum status status = read_instance(sweep);
    if (status) return status;
    set_price(sweep);
    if (!s->cost_limit) return STATUS_OK;
    if (!isfinite(state->usd_per_gpu_hour))
        return fail(STATUS_USAGE,
                    "--cost-limit needs a price: --usd-per-gpu-hour, or --instance with a price in "
                    "results/clouds.tsv");
    if (total_gpus(sweep) < 1)
        return fail(STATUS_USAGE,
                    "--cost-limit: the number of GPUs is unknown; give gpus=N in the host file, or "
                    "--instance");
    state->budget_s = affordable_seconds(s->cost_limit_usd, state->usd_per_hour, state->budget_s);
    if (state->budget_s < 1)
        return fail(STATUS_USAGE, "--cost-limit: %g USD pay for less than a second at %.6g USD an hour",
                    s->cost_limit_usd, state->usd_per_hour);
    return STATUS_OK;
}

static int64_t usable_cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) ? sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);
}

/* The hosts have the GPUs of --instance, unless they say otherwise. This machine is asked, so that its answer
   counts; with --dry-run it may stand for another. */
static void use_instance(const struct sweep *sweep, struct sweep_hosts *hosts)
{
    const bool is_asked = same(hosts->origin, "this machine") && !sweep->settings.dry_run;
    if (sweep->state.gpus_per_node > 0 && !is_asked) hosts_assume_gpus(hosts, sweep->state.gpus_per_node);
}

enum status verb_hosts(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    struct sweep_hosts hosts;
    enum status status = hosts_read(scratch_path(sweep, "allocation"), &hosts);
    if (status) return status;
    if (!hosts.count) status = fail(STATUS_ENVIRONMENT, "the allocation has no host");
    hosts_divide(&hosts, sweep->settings.hosts_per_domain);
    state->host_count = (int64_t)hosts.count;
    state->gpus_per_node = hosts_least_gpus(&hosts);
    state->launcher = strncmp(hosts.origin, "Slurm", 5) == 0 ? "srun" : "mpirun";
    if (!status) status = set_budget(sweep);
    use_instance(sweep, &hosts);
    state->has_gpus = hosts_least_gpus(&hosts) > 0;
    state->ranks_per_node = hosts_ranks_per_node(&hosts, usable_cores());
    if (!status) status = hosts_write(&hosts, NULL, hosts.count, scratch_path(sweep, "all_hosts"));
    hosts_free(&hosts);
    tell_text("launcher", launcher_of(sweep));
    tell("host_count", "%lld", (long long)state->host_count);
    return status;
}

/* ---- the run ---- */

/* A hash of the plan's flags and the host names. A sweep continues an unfinished run that has the same
   hash. */
static enum status fingerprint(struct sweep *sweep, char text[40])
{
    struct text all = {0};
    struct sweep_hosts hosts;
    enum status status = sweep_hosts(sweep, &hosts);
    if (status) return status;
    for (size_t i = 0; i < sweep->settings.plan_words.count; i++)
        text_add(&all, "%s\n", sweep->settings.plan_words.values[i]);
    text_add(&all, "largest %lld\nplan %s\n", (long long)sweep->state.largest,
             sweep->settings.plan_file ? sweep->settings.plan_file : "");
    for (size_t i = 0; i < hosts.count; i++) text_add(&all, "%s\n", hosts.list[i].name);
    snprintf(text, 40, "%016llx", (unsigned long long)hash_bytes(text_get(&all), all.length));
    hosts_free(&hosts);
    text_free(&all);
    return STATUS_OK;
}

static const char *named_after_now(struct sweep *sweep, const char *before)
{
    char text[64], stamp[40];
    time_t now = time(NULL);
    struct tm parts;
    strftime(stamp, sizeof stamp, "%Y-%m-%d-%H%M%S", gmtime_r(&now, &parts));
    snprintf(text, sizeof text, "%s%s", before, stamp);
    return arena_string(&sweep->state.arena, text);
}

static void forget_last_sweep(struct sweep_state *state, int64_t now_s)
{
    state->run = state->folder = state->ended_by = state->lost = NULL;
    state->alike_told = state->alike_drivers = state->first_failed = NULL;
    state->total = state->cursor = state->left = state->estimate_left_s = state->measured = state->spent_s =
        0;
    state->wrong = state->hung = state->failed = state->alike = state->told_s = 0;
    state->launch_begun_s = state->limit_s = state->share_s = 0;
    state->overhead_s = 3; /* a guess until the first launch has been timed */
    state->begun_s = now_s;
}

/* Makes the plan before it writes anything, so that a refused sweep leaves no folder. Prints folder. */
enum status verb_begin(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    struct text folder = {0};
    struct plan plan;
    char mark[40];
    forget_last_sweep(state, sweep->now_s);
    enum status status = sweep_plan(sweep, NULL, &plan);
    if (status) return status;
    plan_free(&plan);
    status = fingerprint(sweep, mark);
    if (status) return status;
    state->run = sweep->settings.run;
    if (!state->run) state->run = unfinished_run(sweep->settings.results, mark, &state->arena);
    if (!state->run) state->run = named_after_now(sweep, "");
    text_add(&folder, "%s/%s", sweep->settings.results, state->run);
    state->folder = arena_string(&state->arena, text_get(&folder));
    text_free(&folder);
    tell("folder", "%s", state->folder);
    return STATUS_OK;
}

static enum status write_into(const struct sweep_state *state, const char *name, const char *content)
{
    struct text path = {0};
    text_add(&path, "%s/%s", state->folder, name);
    enum status status = replace_file(text_get(&path), content);
    text_free(&path);
    return status;
}

static enum status write_hosts_tsv(struct sweep *sweep)
{
    struct text content = {0};
    enum status status = text_add_file(&content, scratch_path(sweep, "allocation"), 64 << 20);
    const char *environment = scratch_path(sweep, "environment");
    struct text lines = {0};
    if (!status && access(environment, F_OK) == 0) status = text_add_file(&lines, environment, 1 << 20);
    for (char *rest = lines.data, *line; rest && (line = strsep(&rest, "\n"));)
        if (*line) text_add(&content, "# environment: %s\n", line);
    if (!status) status = write_into(&sweep->state, "hosts.tsv", text_get(&content));
    text_free(&content);
    text_free(&lines);
    return status;
}

static enum status write_folder(struct sweep *sweep)
{
    const struct sweep_state *state = &sweep->state;
    struct text plan = {0}, path = {0};
    char mark[40];
    enum status status = fingerprint(sweep, mark);
    strcat(mark, "\n");
    if (!status) status = write_into(state, ".unfinished", mark);
    text_add(&path, "%s/sweep.tsv", state->folder);
    if (!status && access(text_get(&path), F_OK))
        status =
            write_into(state, "sweep.tsv", "ended\tlaunch\toutcome\tstatus\tseconds\tnodes\tusd\treason\n");
    if (!status) status = text_add_file(&plan, scratch_path(sweep, "plan"), SIZE_MAX / 2);
    if (!status) status = write_into(state, "plan.tsv", text_get(&plan));
    if (!status) status = write_hosts_tsv(sweep);
    text_free(&plan);
    text_free(&path);
    return status;
}

static void count_todo(struct sweep_state *state, const struct plan *plan)
{
    struct text drivers = {0};
    double estimate = 0;
    state->total = (int64_t)plan->count;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_row *row = &plan->rows[i];
        if (row->state == LAUNCH_DONE) continue;
        state->left++;
        estimate += fmin(row->estimate_s, 1e9);
        if (!has_name(text_get(&drivers), row->driver)) text_add(&drivers, "%s ", row->driver);
    }
    state->estimate_left_s = (int64_t)fmin(estimate, 1e12);
    state->driver_count = names_in(text_get(&drivers));
    text_free(&drivers);
}

static void say_environment(const char *line, void *data)
{
    (void)data;
    sweep_say("sweep: environment: %s", line);
}

/* With a budget, the estimate is the whole budget: launches may use all of it to become more precise. */
static void say_estimate(struct sweep *sweep, const struct plan *plan)
{
    struct text shortage = {0};
    struct sweep_state *state = &sweep->state;
    char duration[64], cost[64];
    int64_t s = state->budget_s ? state->budget_s : state->estimate_left_s;
    if (!state->left) return;
    state->told_s = s;
    sweep_say("sweep: at most about %s%s", duration_text(s, duration),
              cost_text(s, state->usd_per_hour, cost));
    if (state->budget_s) shortage_text(plan, state->left, state->budget_s, state->overhead_s, &shortage);
    if (shortage.length) sweep_say("sweep: at full length: %s", text_get(&shortage));
    text_free(&shortage);
    if (state->has_gpus && !isfinite(state->usd_per_hour))
        sweep_say("sweep: the price is not known: --usd-per-gpu-hour, or --instance with a price in "
                  "results/clouds.tsv");
}

/* Called once the run's folder exists and is locked. Writes its first files; prints left, and driver: that of
   the first launch to do. */
enum status verb_open(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    struct plan plan;
    const char *driver = "";
    enum status status = sweep_plan(sweep, state->folder, &plan);
    if (status) return status;
    count_todo(state, &plan);
    for (size_t i = plan.count; i-- > 0;)
        if (plan.rows[i].state != LAUNCH_DONE) driver = plan.rows[i].driver;
    status = save_plan(sweep, &plan);
    if (!status) status = write_folder(sweep);
    if (!status) {
        const int64_t hosts = state->host_count, ranks = plan.rows[0].ranks_per_node;
        sweep_say("sweep: %lld launch%s into %s, %lld complete already; %lld host%s, %lld rank%s each, %s",
                  (long long)state->total, state->total == 1 ? "" : "es", state->folder,
                  (long long)(state->total - state->left), (long long)hosts, hosts == 1 ? "" : "s",
                  (long long)ranks, ranks == 1 ? "" : "s", launcher_of(sweep));
        say_estimate(sweep, &plan);
        status = each_line(sweep, "environment", say_environment, NULL);
    }
    tell("left", "%lld", (long long)state->left);
    struct text path = {0};
    add_driver(sweep, driver, &path);
    tell("driver", "%s", text_get(&path));
    text_free(&path);
    plan_free(&plan);
    return status;
}

/* --repeat-every: runs the plan once per round, each round in a separate run. Prints more (0: the last round
   is over), pause in seconds, and run. */
enum status verb_round(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    int64_t every = (int64_t)sweep->settings.repeat_every_s, pause = 0;
    char duration[64];
    if (!state->round) {
        state->first_run = sweep->settings.run ? sweep->settings.run : named_after_now(sweep, "soak-");
        state->rounds_begun_s = sweep->now_s;
    } else if (state->round_begun_s + every > state->rounds_begun_s + (int64_t)sweep->settings.for_s) {
        tell("more", "0");
        return STATUS_OK;
    } else if (state->round_begun_s + every > sweep->now_s) {
        pause = state->round_begun_s + every - sweep->now_s;
        sweep_say("sweep: round %lld in %s", (long long)state->round + 1, duration_text(pause, duration));
    }
    state->round++;
    state->round_begun_s = sweep->now_s + pause;
    tell("more", "1");
    tell("pause", "%lld", (long long)pause);
    tell("run", "%s-%03lld", state->first_run, (long long)state->round);
    return STATUS_OK;
}

/* ---- preflight ---- */

/* Sets the NVLink domain that the hosts report, for those without a domain in the host file. */
static void mark_domain(struct sweep_hosts *hosts, const struct preflight_domain *domain)
{
    for (size_t i = 0; is_domain(domain->name) && i < hosts->count; i++)
        if (same(hosts->list[i].domain, "-") && has_name(domain->hosts, hosts->list[i].name))
            hosts->list[i].domain = arena_string(&hosts->arena, domain->name);
}

static void say_answers(const struct sweep *sweep)
{
    sweep_say("sweep: preflight: %lld of %lld hosts answer",
              (long long)(sweep->state.host_count - names_in(sweep->state.lost)),
              (long long)sweep->state.host_count);
}

static enum status compare_hosts(struct sweep *sweep, struct sweep_hosts *hosts)
{
    const char *path = scratch_path(sweep, "facts");
    struct preflight found;
    FILE *facts = fopen(path, "re");
    if (!facts) return fail(STATUS_ENVIRONMENT, "cannot open %s: %s", path, strerror(errno));
    preflight_compare(hosts, facts, &found);
    fclose(facts);
    enum status verdict = preflight_status(&found), status = STATUS_OK;
    for (size_t i = 0; i < found.difference_count; i++)
        sweep_say("sweep: preflight: %s", found.differences[i]);
    for (size_t i = 0; i < found.domain_count; i++) mark_domain(hosts, &found.domains[i]);
    if (verdict == STATUS_GATE) {
        if (*found.silent) sweep_say("sweep: preflight: no answer from: %s", found.silent);
        status = fail(STATUS_ENVIRONMENT,
                      "preflight: the hosts differ, see above; --no-preflight measures anyway");
    }
    if (!verdict) say_answers(sweep);
    tell("ask", "%d", verdict == STATUS_ENVIRONMENT);
    preflight_free(&found);
    return status;
}

/* Compares what the hosts reported about themselves (SCRATCH/facts). Prints ask=1 if some did not answer, so
   that the script must ask each host separately. */
enum status verb_preflight(struct sweep *sweep)
{
    struct sweep_hosts hosts;
    enum status status = sweep_hosts(sweep, &hosts);
    if (status) return status;
    status = compare_hosts(sweep, &hosts);
    if (!status) status = hosts_write(&hosts, NULL, hosts.count, scratch_path(sweep, "all_hosts"));
    hosts_free(&hosts);
    return status;
}

static void keep_line(const char *line, void *data)
{
    text_clear(data);
    text_add(data, "%.300s", line);
}

/* Called after each host was asked separately: leaves out the hosts that did not answer. */
enum status verb_absent(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    char reason[REASON_BYTES + 1] = "";
    enum status status = read_silent(sweep, &state->lost);
    if (status) return status;
    if (!*state->lost) {
        struct text last = {0};
        each_line(sweep, "facts.err", keep_line, &last);
        fail(STATUS_ENVIRONMENT,
             "preflight: the launcher can run a program on each host, but not on all at once: %s",
             text_get(&last));
        text_free(&last);
        return STATUS_ENVIRONMENT;
    }
    sweep_say("sweep: preflight: no answer from: %s; going on without", state->lost);
    if (names_in(state->lost) >= state->host_count) {
        FILE *log = fopen(scratch_path(sweep, "facts.err"), "re");
        if (log) reason_of(log, reason);
        if (log) fclose(log);
        return fail(STATUS_ENVIRONMENT, "preflight: no host answers: %s", reason);
    }
    say_answers(sweep);
    return STATUS_OK;
}
