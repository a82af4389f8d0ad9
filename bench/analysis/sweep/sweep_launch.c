/* The decisions for each launch: which one is next, what its outcome was, and how the sweep ends. */
#include "analysis/sweep/sweep_verbs.h"
#include "analysis/common/table.h"
#include "base/units.h"
#include "record/record.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

static void end_by(struct sweep_state *state, const char *why)
{
    state->ended_by = arena_string(&state->arena, why);
}

/* "3 min 05 s left, 1.20 USD"; the cost is what the sweep has spent so far. */
static void progress_text(struct sweep *sweep, struct text *out)
{
    struct sweep_state *state = &sweep->state;
    int64_t left = time_left(state, sweep->now_s);
    char duration[64], before[64], cost[64];
    text_add(out, "%s left", duration_text(left, duration));
    if (grew_by_half(state->told_s, left))
        text_add(out, " instead of %s: %s", duration_text(state->told_s, before),
                 state->measured > 1 ? "it took longer than those before" : "it took longer than planned");
    text_add(out, "%s", cost_text(sweep->now_s - state->begun_s, state->usd_per_hour, cost));
    state->told_s = left;
}

static void report_launch(struct sweep *sweep, const char *launch, enum outcome outcome, const char *reason)
{
    const struct sweep_state *state = &sweep->state;
    struct text progress = {0};
    bool again = state->alike > 1; /* the reason was printed already */
    progress_text(sweep, &progress);
    sweep_say("[%lld/%lld] %s: %s%s%s%s (%s)", (long long)(state->total - state->left),
              (long long)state->total, launch, outcome == OUTCOME_COMPLETE ? "done" : outcome_names[outcome],
              again ? " for the same reason" : "", *reason && !again ? ": " : "", again ? "" : reason,
              text_get(&progress));
    text_free(&progress);
}

/* Counts and reports a launch that has ended. Sets ended_by if the sweep must end. */
static void account(struct sweep *sweep, const struct plan_row *row, enum outcome outcome, const char *reason,
                    int64_t took_s)
{
    struct sweep_state *state = &sweep->state;
    char why[PATH_MAX + 256];
    state->left--;
    state->estimate_left_s -= (int64_t)fmin(row->estimate_s, 1e9);
    count_alike(state, row->launch, row->driver, outcome, reason, took_s);
    report_launch(sweep, row->launch, outcome, reason);
    state->wrong += outcome == OUTCOME_WRONG;
    state->hung += outcome == OUTCOME_HUNG;
    state->failed += outcome == OUTCOME_FAILED;
    *why = 0;
    if (state->left > 0 && all_fail_alike(state))
        snprintf(why, sizeof why,
                 "the first %lld launches failed at once and for the same reason, so the others were not "
                 "tried; see "
                 "%s/%s.log",
                 (long long)state->alike, state->folder, state->first_failed);
    else if (state->hung + state->failed >= sweep->settings.max_failures)
        snprintf(why, sizeof why, "%lld launch%s failed: --max-failures",
                 (long long)(state->hung + state->failed), state->hung + state->failed == 1 ? "" : "es");
    if (*why) end_by(state, why);
}

/* Records a launch as failed without starting it, because it needs more hosts than are left. */
static enum status fail_for_hosts(struct sweep *sweep, const struct plan_row *row)
{
    struct sweep_state *state = &sweep->state;
    struct text reason = {0};
    text_add(&reason, "needs %lld host%s; lost: %s", (long long)row->nodes, row->nodes == 1 ? "" : "s",
             state->lost ? state->lost : "");
    enum status status = set_aside(state->folder, row->launch);
    if (!status)
        status =
            write_tombstone(sweep->settings.results, state->run, row->launch, row->driver, text_get(&reason));
    if (!status)
        status = note_outcome(state->folder, row->launch, OUTCOME_FAILED, STATUS_ENVIRONMENT, 0, row->nodes,
                              state->usd_per_hour, text_get(&reason));
    if (!status) account(sweep, row, OUTCOME_FAILED, text_get(&reason), 0);
    text_free(&reason);
    return status;
}

static void tell_launch(struct sweep *sweep, const struct plan_row *row)
{
    const struct sweep_state *state = &sweep->state;
    struct text progress = {0};
    char duration[64], cost[64];
    text_add(&progress, "[%lld/%lld] %s, %s left%s", (long long)(state->total - state->left + 1),
             (long long)state->total, row->launch, duration_text(time_left(state, sweep->now_s), duration),
             cost_text(sweep->now_s - state->begun_s, state->usd_per_hour, cost));
    tell("launch", "%s", row->launch);
    tell("placement", "%s", name_of(&domains_names, (int)row->domains));
    tell("nodes", "%lld", (long long)row->nodes);
    tell("ranks", "%lld", (long long)(row->nodes * row->ranks_per_node));
    tell("ranks_per_node", "%lld", (long long)row->ranks_per_node);
    tell("limit", "%lld", (long long)state->limit_s);
    tell("progress", "%s", text_get(&progress));
    text_free(&progress);
}

/* Writes the hosts and the command of the row that runs next, and sets its deadline. */
static enum status prepare(struct sweep *sweep, const struct plan_row *row, const struct sweep_hosts *hosts,
                           const size_t *picked)
{
    struct sweep_state *state = &sweep->state;
    state->share_s = 0;
    if (state->budget_s && state->folder)
        state->share_s =
            share_of_budget(state->begun_s + state->budget_s - sweep->now_s, state->left, state->overhead_s);
    state->limit_s = launch_deadline(sweep->settings.deadline_s, row->estimate_s, state->share_s);
    state->launch_begun_s = sweep->now_s;
    enum status status = hosts_write(hosts, picked, (size_t)row->nodes, scratch_path(sweep, "hosts"));
    if (!status) status = write_command(sweep, row, true, state->share_s);
    if (!status && state->folder) status = set_aside(state->folder, row->launch);
    if (!status) tell_launch(sweep, row);
    return status;
}

/* Examines the row at the cursor: sets *found if it must be started, else moves the cursor on. */
static enum status try_row(struct sweep *sweep, const struct plan_row *row, const struct sweep_hosts *hosts,
                           bool *found)
{
    struct sweep_state *state = &sweep->state;
    enum status status;
    if (state->folder && row->state == LAUNCH_DONE) {
        state->cursor++;
        return STATUS_OK;
    }
    size_t *picked = allocate(hosts->count, sizeof *picked);
    if (hosts_pick(hosts, row->nodes, row->domains == DOMAINS_SPREAD, state->lost, picked)) {
        *found = true;
        status = prepare(sweep, row, hosts, picked);
    } else if (!state->folder) {
        status = fail(STATUS_USAGE, "%s needs %lld host%s", row->launch, (long long)row->nodes,
                      row->nodes == 1 ? "" : "s");
    } else {
        status = fail_for_hosts(sweep, row);
        state->cursor++;
    }
    free(picked);
    return status;
}

/* Prints more=1 and the launch to start, or more=0. */
enum status verb_next(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    struct plan plan;
    struct sweep_hosts hosts;
    bool found = false;
    enum status status = saved_plan(sweep, &plan);
    if (status) return status;
    status = sweep_hosts(sweep, &hosts);
    while (!status && !found && !state->ended_by && (size_t)state->cursor < plan.count) {
        if (state->budget_s && state->folder && sweep->now_s >= state->begun_s + state->budget_s) {
            if (state->left > 0) end_by(state, "the budget is spent");
            break;
        }
        status = try_row(sweep, &plan.rows[state->cursor], &hosts, &found);
    }
    if (!state->folder && found) state->cursor++; /* --dry-run: verb_judge() is not called */
    tell("more", "%d", found);
    hosts_free(&hosts);
    plan_free(&plan);
    return status;
}

static enum status look_at_log(const struct sweep_state *state, const struct plan_row *row,
                               struct ending *ending, char reason[REASON_BYTES + 1])
{
    struct text path = {0};
    text_add(&path, "%s/%s.jsonl", state->folder, row->launch);
    ending->complete = launch_is_complete(text_get(&path));
    text_clear(&path);
    text_add(&path, "%s/%s.log", state->folder, row->launch);
    FILE *log = fopen(text_get(&path), "re");
    *reason = 0;
    if (log) reason_of(log, reason);
    if (log) fclose(log);
    ending->log_says = reason;
    text_free(&path);
    return STATUS_OK;
}

/* number: the exit status of the launch and the signal that the sweep received (0: none). Prints ask=1 if
   hosts may be lost. */
enum status verb_judge(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    struct plan plan;
    struct text reason = {0};
    char log_says[REASON_BYTES + 1];
    enum status status = saved_plan(sweep, &plan);
    if (status) return status;
    if ((size_t)state->cursor >= plan.count) {
        plan_free(&plan);
        return fail(STATUS_USAGE, "judge: no launch was started");
    }
    const struct plan_row *row = &plan.rows[state->cursor++];
    if (sweep->settings.collect) status = collect_records(state->folder, row->launch);
    struct ending ending = {.status = (int)sweep->number[0],
                            .signal = (int)sweep->number[1],
                            .took_s = sweep->now_s - state->launch_begun_s,
                            .limit_s = state->limit_s};
    if (!status) status = look_at_log(state, row, &ending, log_says);
    enum outcome outcome = OUTCOME_FAILED;
    if (!status) {
        outcome = judge(&ending, &reason);
        if (outcome != OUTCOME_COMPLETE && outcome != OUTCOME_INTERRUPTED)
            status = write_tombstone(sweep->settings.results, state->run, row->launch, row->driver,
                                     text_get(&reason));
    }
    if (!status)
        status = note_outcome(state->folder, row->launch, outcome, ending.status, ending.took_s, row->nodes,
                              state->usd_per_hour, text_get(&reason));
    state->measured++;
    state->spent_s += ending.took_s;
    if (state->share_s && outcome == OUTCOME_COMPLETE)
        state->overhead_s = ending.took_s > state->share_s ? ending.took_s - state->share_s : 0;
    if (!status && outcome != OUTCOME_INTERRUPTED)
        account(sweep, row, outcome, text_get(&reason), ending.took_s);
    bool may_be_lost = outcome == OUTCOME_FAILED || outcome == OUTCOME_HUNG;
    tell("ask", "%d", may_be_lost && state->host_count > 1);
    text_free(&reason);
    plan_free(&plan);
    return status;
}

/* Writes the hosts that are not lost to SCRATCH/asked. */
enum status verb_remaining(struct sweep *sweep)
{
    struct sweep_hosts hosts;
    enum status status = sweep_hosts(sweep, &hosts);
    if (status) return status;
    size_t *picked = allocate(hosts.count, sizeof *picked), n = 0;
    for (size_t i = 0; i < hosts.count; i++)
        if (!has_name(sweep->state.lost, hosts.list[i].name)) picked[n++] = i;
    status = hosts_write(&hosts, picked, n, scratch_path(sweep, "asked"));
    tell("asked", "%zu", n);
    free(picked);
    hosts_free(&hosts);
    return status;
}

/* Marks the hosts in SCRATCH/silent as lost: later launches do without them. */
enum status verb_lost(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    struct plan plan;
    struct text all = {0};
    const char *lost;
    enum status status = read_silent(sweep, &lost);
    if (status || !*lost) return status;
    status = saved_plan(sweep, &plan);
    if (status) return status;
    size_t last = state->cursor > 0 ? (size_t)state->cursor - 1 : 0;
    sweep_say("sweep: no answer from: %s (after %s); going on without", lost,
              last < plan.count ? plan.rows[last].launch : "?");
    text_add(&all, "%s%s%s", state->lost ? state->lost : "", state->lost && *state->lost ? " " : "", lost);
    state->lost = arena_string(&state->arena, text_get(&all));
    text_free(&all);
    plan_free(&plan);
    return STATUS_OK;
}

/* The exit status of the sweep: the worst outcome. Wrong data from an earlier sweep into the same run counts
   too. */
static int final_status(const struct sweep_state *state, int64_t done, int signal)
{
    if (signal) return 128 + signal;
    if (state->wrong || has_wrong_data(state->folder)) return STATUS_WRONG;
    if (state->hung) return STATUS_TIMEOUT;
    if (state->failed || (done < state->total && !state->ended_by)) return STATUS_ENVIRONMENT;
    return STATUS_OK;
}

static void say_result(struct sweep *sweep, int64_t done)
{
    const struct sweep_state *state = &sweep->state;
    char duration[64], cost[64];
    int64_t took = sweep->now_s - state->begun_s;
    sweep_say("sweep: %lld of %lld launches complete in %s after %s%s%s%s%s", (long long)done,
              (long long)state->total, state->folder, duration_text(took, duration),
              cost_text(took, state->usd_per_hour, cost), state->ended_by ? " (" : "",
              state->ended_by ? state->ended_by : "", state->ended_by ? ")" : "");
    if (isfinite(state->usd_per_hour))
        sweep_say("sweep: %lld GPUs at %.6g USD an hour (%s)", (long long)total_gpus(sweep),
                  state->usd_per_gpu_hour, state->price_source);
    if (state->failed || state->hung)
        sweep_say("sweep: %lld failed, %lld hung: see %s/sweep.tsv; the same command runs them again",
                  (long long)state->failed, (long long)state->hung, state->folder);
}

/* number[0]: the signal that the sweep received (0: none). Prints all_complete and status. */
enum status verb_finish(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    struct plan plan;
    char why[64];
    int64_t done = 0;
    state->cursor = 0; /* so that saved_plan() updates the states of all rows */
    enum status status = saved_plan(sweep, &plan);
    if (status) return status;
    for (size_t i = 0; i < plan.count; i++) done += plan.rows[i].state == LAUNCH_DONE;
    snprintf(why, sizeof why, "stopped by signal %lld", (long long)sweep->number[0]);
    if (sweep->number[0]) end_by(state, why);
    say_result(sweep, done);
    say_left_out(state, &plan);
    plan_free(&plan);
    tell("all_complete", "%d", done == state->total);
    tell("status", "%d", final_status(state, done, (int)sweep->number[0]));
    return STATUS_OK;
}

/* --dry-run: saves the whole plan; there is no run folder. */
enum status verb_dry(struct sweep *sweep)
{
    struct plan plan;
    enum status status = sweep_plan(sweep, NULL, &plan);
    if (status) return status;
    status = save_plan(sweep, &plan);
    plan_free(&plan);
    return status;
}

static void print_environment(const char *line, void *data)
{
    (void)data;
    print_plain("# environment: %s", line);
}

/* Prints the last lines of --dry-run: environment, number of launches, estimate. */
enum status verb_cost(struct sweep *sweep)
{
    const struct sweep_state *state = &sweep->state;
    struct plan plan;
    struct sweep_estimate estimate = {
        .hosts = state->host_count, .usd_per_hour = state->usd_per_hour, .budget_s = state->budget_s};
    struct text said = {0}, shortage = {0};
    enum status status = saved_plan(sweep, &plan);
    if (status) return status;
    status = each_line(sweep, "environment", print_environment, NULL);
    estimate.launches = (int64_t)plan.count;
    for (size_t i = 0; i < plan.count; i++) estimate.seconds += fmin(plan.rows[i].estimate_s, 1e9);
    estimate_text(&estimate, &said);
    printf("# %s\n", text_get(&said));
    if (!status && sweep->settings.print_estimate)
        status = estimate_append(sweep->settings.print_estimate, &estimate);
    text_free(&said);
    if (state->budget_s)
        shortage_text(&plan, (int64_t)plan.count, state->budget_s, state->overhead_s, &shortage);
    if (shortage.length) printf("# at full length: %s\n", text_get(&shortage));
    text_free(&shortage);
    plan_free(&plan);
    return status;
}
