/* --up-to-memory: finds the largest size that fits into the memory of every GPU. The ranks run the same
   program with the same arguments as the later measurement. Their answer also shows whether the hosts have
   GPUs, which a head node without GPUs cannot know. */
#include "analysis/sweep/sweep_verbs.h"
#include "base/units.h"
#include "record/record.h"

#include <stdlib.h>
#include <string.h>

struct answer {
    bool is_there, of_device;
    int64_t bytes;
};

static void read_answer(const char *line, void *data)
{
    struct answer *answer = data;
    const char *found = strstr(line, "largest: ");
    long long bytes;
    char memory[8];
    if (!found || sscanf(found, "largest: %lld bytes in %6s memory", &bytes, memory) != 2 || bytes < 0)
        return;
    enum memory kind = (enum memory)value_named(&memory_names, memory);
    if (kind) *answer = (struct answer){true, kind == MEMORY_DEVICE, bytes};
}

static void say_unknown(struct sweep *sweep)
{
    char reason[REASON_BYTES + 1] = "";
    FILE *log = fopen(scratch_path(sweep, "largest"), "re");
    if (log) reason_of(log, reason);
    if (log) fclose(log);
    sweep_say("sweep: the ranks do not report which size fits into memory (%s): sizes that do not fit will "
              "be left out",
              reason);
}

/* Writes the number of GPUs into the list of hosts: launchers do not bind ranks to cores on such hosts. */
static enum status write_gpus(struct sweep *sweep)
{
    struct sweep_hosts hosts;
    enum status status = sweep_hosts(sweep, &hosts);
    if (status) return status;
    hosts_assume_gpus(&hosts, sweep->state.ranks_per_node);
    status = hosts_write(&hosts, NULL, hosts.count, scratch_path(sweep, "all_hosts"));
    hosts_free(&hosts);
    return status;
}

/* Called when all drivers have reported device memory; state->largest is the smallest of their answers. */
static enum status take_largest(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    char number[64];
    if (state->largest < 1)
        return fail(STATUS_ENVIRONMENT,
                    "--up-to-memory: not even the smallest size fits into the memory of every GPU");
    state->has_gpus = 1;
    if (!state->gpus_per_node) {
        state->gpus_per_node = state->ranks_per_node;
        set_price(sweep);
    }
    enum status status = write_gpus(sweep);
    if (status || has_own_sizes(&sweep->settings)) return status;
    format_size((size_t)state->largest, number);
    for (char *c = number; *c; c++)
        if (*c == ' ') memmove(c, c + 1, strlen(c));
    sweep_say("sweep: sizes up to %s, which fit into the memory of every GPU", number);
    return STATUS_OK;
}

/* A plan that starts each driver once, on all hosts. */
static enum status probing_plan(struct sweep *sweep, struct plan *plan)
{
    static const char *const words[] = {"--nodes", "all", "--group", "world", "--launches", "1"};
    enum { EXTRA = sizeof words / sizeof *words };
    struct sweep probing = *sweep;
    struct option_list *list = &probing.settings.plan_words;
    list->values = allocate(list->count + EXTRA, sizeof *list->values);
    for (size_t i = 0; i < list->count; i++) list->values[i] = sweep->settings.plan_words.values[i];
    for (size_t i = 0; i < EXTRA; i++) list->values[list->count++] = words[i];
    probing.state.has_gpus = 1;
    probing.state.largest = 0;
    enum status status = sweep_plan(&probing, NULL, plan);
    free(list->values);
    return status;
}

/* Reads the answer of the last probe from SCRATCH/largest and prepares the next one. Prints more=1 and the
   launch to start, or more=0. */
enum status verb_probe(struct sweep *sweep)
{
    struct sweep_state *state = &sweep->state;
    struct plan plan;
    if (state->probe > 0) {
        struct answer answer = {0};
        enum status status = each_line(sweep, "largest", read_answer, &answer);
        bool is_last = !answer.is_there || !answer.of_device;
        if (is_last) state->largest = 0;
        if (!status && !answer.is_there) say_unknown(sweep);
        if (answer.is_there && !answer.of_device) state->has_gpus = 0;
        if (status || is_last) {
            tell("more", "0");
            return status;
        }
        if (state->largest == ABSENT || answer.bytes < state->largest) state->largest = answer.bytes;
    } else {
        state->largest = ABSENT;
    }
    enum status status = probing_plan(sweep, &plan);
    if (status) return status;
    size_t row = (size_t)state->probe;
    while (row < plan.count && multiplies(plan.rows[row].driver)) row++;
    state->probe = (int64_t)row + 1;
    tell("more", "%d", row < plan.count);
    if (row < plan.count) {
        status = write_command(sweep, &plan.rows[row], false, 0);
        tell("nodes", "%lld", (long long)plan.rows[row].nodes);
        tell("ranks", "%lld", (long long)(plan.rows[row].nodes * plan.rows[row].ranks_per_node));
        tell("ranks_per_node", "%lld", (long long)plan.rows[row].ranks_per_node);
    } else if (state->largest == ABSENT) {
        state->largest = 0; /* the plan has no collective */
    } else {
        status = take_largest(sweep);
    }
    plan_free(&plan);
    return status;
}
