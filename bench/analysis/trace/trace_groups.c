/* The groups of a job's collectives, as the axes of the table of workloads. Ranks are numbered along the
   axes, the fastest first (catalog/workloads.h), so a group along some axes is an arithmetic sequence of
   ranks. */
#include "analysis/trace/trace.h"
#include "catalog/workloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_known(const struct trace_group *group)
{
    return group->size >= 1 && group->start >= 0 && group->stride >= 1;
}

/* The job's only group of this name or, without a name, of this size. NULL: none, or several that differ. */
static const struct trace_group *look_up(const struct trace *trace, const struct trace_group *like)
{
    const struct trace_group *found = NULL;
    for (size_t i = 0; i < trace->group_count; i++) {
        const struct trace_group *group = &trace->groups[i];
        if (like->name ? !same(group->name, like->name) : group->size != like->size) continue;
        if (found && (found->start != group->start || found->stride != group->stride)) return NULL;
        found = group;
    }
    return found;
}

static bool has_subgroups(const struct trace *trace, int64_t ranks)
{
    for (size_t i = 0; i < trace->group_count; i++)
        if (trace->groups[i].size != ranks) return true;
    return false;
}

/* The size of the group that follows from what one rank sends and receives. */
static int64_t size_from_elements(const struct trace_facts *facts)
{
    int64_t more = facts->in > facts->out ? facts->in : facts->out,
            less = facts->in > facts->out ? facts->out : facts->in;
    return less > 0 && more > less && more % less == 0 ? more / less : NO_NUMBER;
}

int64_t trace_find_group(const struct trace *trace, int64_t ranks, const struct trace_facts *facts,
                         struct trace_operation *operation)
{
    struct trace_group *group = &operation->group;
    *group = facts->group;
    if (group->size == NO_NUMBER) group->size = size_from_elements(facts);
    if (group->size == NO_NUMBER && !group->name) {
        operation->group_unknown = has_subgroups(trace, ranks);
        group->size = ranks;
        return ranks;
    }
    const struct trace_group *told = is_known(group) ? NULL : look_up(trace, group);
    if (told) *group = *told;
    return group->size;
}

/* ---- axes ---- */

enum { MOST_CUTS = AXES + 1 };

/* The numbers of ranks at which one axis ends and the next begins: 1 to all ranks; each divides the next. */
struct level_cuts {
    int64_t at[MOST_CUTS + 2];
    size_t count;
    bool used[MOST_CUTS + 2]; /* the axis that begins here is one of some group */
};

static bool add_cut(struct level_cuts *cuts, int64_t at)
{
    size_t i = 0;
    while (i < cuts->count && cuts->at[i] < at) i++;
    if (i < cuts->count && cuts->at[i] == at) return true;
    if (cuts->count == MOST_CUTS) return false;
    for (size_t j = cuts->count++; j > i; j--)
        cuts->at[j] = cuts->at[j - 1], cuts->used[j] = cuts->used[j - 1];
    cuts->at[i] = at;
    cuts->used[i] = i && cuts->used[i - 1]; /* both halves of an axis that a group used */
    for (size_t j = 1; j < cuts->count; j++)
        if (cuts->at[j] % cuts->at[j - 1]) return false;
    return true;
}

/* Chooses an axis for each piece between two cuts, in the order of the table. An axis that no group has is
   data, whose number of ranks the table does not say. */
static bool choose_axes(const struct level_cuts *cuts, int axes[MOST_CUTS])
{
    static const int choices[][AXES] = {{PARALLEL_DATA},
                                        {PARALLEL_TENSOR, PARALLEL_DATA},
                                        {PARALLEL_DATA, PARALLEL_PIPELINE},
                                        {PARALLEL_TENSOR, PARALLEL_DATA, PARALLEL_PIPELINE},
                                        {PARALLEL_TENSOR, PARALLEL_EXPERT, PARALLEL_DATA},
                                        {PARALLEL_TENSOR, PARALLEL_EXPERT, PARALLEL_DATA, PARALLEL_PIPELINE}};
    static const size_t lengths[] = {1, 2, 2, 3, 3, 4};
    for (size_t c = 0; c < sizeof lengths / sizeof *lengths; c++) {
        bool good = lengths[c] == cuts->count - 1;
        for (size_t i = 0; good && i < lengths[c]; i++) {
            axes[i] = choices[c][i];
            good = cuts->used[i] || axes[i] == PARALLEL_DATA;
        }
        if (good) return true;
    }
    return false;
}

static bool is_all(const struct trace_operation *operation, int64_t ranks)
{
    return !operation->collective || operation->group.size == ranks || operation->group.size == NO_NUMBER;
}

/* Adds a group's axes to the cuts; false, and no change: they do not fit. */
static bool add_group(struct level_cuts *cuts, const struct trace_group *group, int64_t ranks)
{
    struct level_cuts with = *cuts;
    int axes[MOST_CUTS];
    int64_t end;
    if (!is_known(group) || ranks > 1 << 20 || __builtin_mul_overflow(group->stride, group->size, &end) ||
        end > ranks)
        return false;
    if (group->start % end >= group->stride || !add_cut(&with, group->stride) || !add_cut(&with, end))
        return false;
    for (size_t i = 0; i + 1 < with.count; i++)
        with.used[i] |= with.at[i] >= group->stride && with.at[i + 1] <= end;
    if (!choose_axes(&with, axes)) return false;
    *cuts = with;
    return true;
}

static void write_axes(const struct level_cuts *cuts, const int *axes, struct trace_operation *operation)
{
    const struct trace_group *group = &operation->group;
    size_t length = 0;
    for (size_t i = 0; i + 1 < cuts->count; i++) {
        if (cuts->at[i] < group->stride || cuts->at[i + 1] > group->stride * group->size) continue;
        length += (size_t)snprintf(operation->axes + length, sizeof operation->axes - length, "%s%s",
                                   length ? "+" : "", axis_names[axes[i]]);
        if (axes[i] != PARALLEL_DATA)
            length += (size_t)snprintf(operation->axes + length, sizeof operation->axes - length, ":%lld",
                                       (long long)(cuts->at[i + 1] / cuts->at[i]));
    }
}

void trace_find_axes(struct trace_step *step)
{
    struct level_cuts cuts = {{1, step->ranks}, step->ranks > 1 ? 2 : 1, {0}};
    int axes[MOST_CUTS] = {PARALLEL_DATA};
    bool *fits = allocate(step->count + 1, sizeof *fits), again = true;
    size_t kept = 0;
    /* One by one, so that an odd group does not lose the others; again, since a group may fit only beside
       another. */
    while (again) {
        again = false;
        for (size_t i = 0; i < step->count; i++) {
            const struct trace_operation *operation = &step->operations[i];
            if (fits[i]) continue;
            fits[i] = is_all(operation, step->ranks) || add_group(&cuts, &operation->group, step->ranks);
            again |= fits[i];
        }
    }
    for (size_t i = 0; i < step->count; i++) {
        struct trace_operation *operation = &step->operations[i];
        if (fits[i])
            step->operations[kept++] = *operation;
        else
            trace_leave_out(step, operation->source,
                            is_known(&operation->group) ? "in a group that is no axis of the table"
                                                        : "the ranks of its group are not told",
                            0);
    }
    step->count = kept;
    free(fits);
    if (cuts.count > 1) choose_axes(&cuts, axes);
    for (size_t i = 0; i < step->count; i++)
        if (!is_all(&step->operations[i], step->ranks)) write_axes(&cuts, axes, &step->operations[i]);
}
