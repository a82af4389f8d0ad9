/* Maps the process groups of collectives to the axes of the table of workloads. Ranks are numbered along the
   axes, the fastest first (catalog/workloads.h). So the ranks of a group along neighbouring axes are an
   arithmetic sequence. */
#include "analysis/trace/trace.h"
#include "catalog/workloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Does the trace say which ranks the group has? */
static bool is_known(const struct trace_group *group)
{
    return group->size >= 1 && group->start >= 0 && group->stride >= 1;
}

/* Returns the job's group with the name or, without a name, the size of `like`. NULL: the job has no such
   group, or several with different ranks. */
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

/* Derives the size of the group from what one rank sends and receives: in an all-gather or a reduce-scatter,
   one is a multiple of the other. NO_NUMBER: it cannot be derived. */
static int64_t size_from_elements(const struct trace_facts *facts)
{
    int64_t more = facts->in > facts->out ? facts->in : facts->out,
            less = facts->in > facts->out ? facts->out : facts->in;
    return less > 0 && more > less && more % less == 0 ? more / less : NO_NUMBER;
}

int64_t trace_resolve_group(const struct trace *trace, int64_t ranks, const struct trace_facts *facts,
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
    const struct trace_group *listed = is_known(group) ? NULL : look_up(trace, group);
    if (listed) *group = *listed;
    operation->group_unknown = group->size == NO_NUMBER;
    return group->size;
}

/* ---- axes ---- */

enum { MOST_SPLITS = AXES + 1 };

/* Where one axis ends and the next begins. Ranks along axis i are at[i] apart, and at[i + 1] / at[i] of them
   are along it. at[0] is 1, the last one is the number of all ranks, and each divides the next. */
struct splits {
    int64_t at[MOST_SPLITS];
    size_t count;
    bool used[MOST_SPLITS]; /* used[i]: a group extends along axis i */
};

/* Splits an axis at `at`. Returns false if there are too many axes, or if the new split and its neighbours
   do not divide each other; then *splits is invalid. */
static bool add_split(struct splits *splits, int64_t at)
{
    size_t i = 0;
    while (i < splits->count && splits->at[i] < at) i++;
    if (i < splits->count && splits->at[i] == at) return true;
    if (splits->count == MOST_SPLITS) return false;
    for (size_t j = splits->count++; j > i; j--)
        splits->at[j] = splits->at[j - 1], splits->used[j] = splits->used[j - 1];
    splits->at[i] = at;
    splits->used[i] = i && splits->used[i - 1]; /* a group that used the axis uses both halves */
    for (size_t j = 1; j < splits->count; j++)
        if (splits->at[j] % splits->at[j - 1]) return false;
    return true;
}

/* Chooses the table's axis for each axis. The table gives no number of ranks for data, so
   an axis that no group uses must be data. Returns false if there is no such choice. */
static bool choose_axes(const struct splits *splits, int axes[MOST_SPLITS])
{
    static const int choices[][AXES] = {{PARALLEL_DATA},
                                        {PARALLEL_TENSOR, PARALLEL_DATA},
                                        {PARALLEL_DATA, PARALLEL_PIPELINE},
                                        {PARALLEL_TENSOR, PARALLEL_DATA, PARALLEL_PIPELINE},
                                        {PARALLEL_TENSOR, PARALLEL_EXPERT, PARALLEL_DATA},
                                        {PARALLEL_TENSOR, PARALLEL_EXPERT, PARALLEL_DATA, PARALLEL_PIPELINE}};
    static const size_t lengths[] = {1, 2, 2, 3, 3, 4};
    for (size_t c = 0; c < sizeof lengths / sizeof *lengths; c++) {
        bool good = lengths[c] == splits->count - 1;
        for (size_t i = 0; good && i < lengths[c]; i++) {
            axes[i] = choices[c][i];
            good = splits->used[i] || axes[i] == PARALLEL_DATA;
        }
        if (good) return true;
    }
    return false;
}

/* Is this a matmul, or a collective of all ranks? A group of unknown size is taken as all ranks. */
static bool is_all(const struct trace_operation *operation, int64_t ranks)
{
    return !operation->collective || operation->group.size == ranks || operation->group.size == NO_NUMBER;
}

/* Splits the axes so that the group extends along whole axes. Returns false, and changes nothing, if that is
   impossible. */
static bool add_group(struct splits *splits, const struct trace_group *group, int64_t ranks)
{
    struct splits with = *splits;
    int axes[MOST_SPLITS];
    int64_t end;
    if (!is_known(group) || ranks > 1 << 20 || __builtin_mul_overflow(group->stride, group->size, &end) ||
        end > ranks)
        return false;
    if (group->start % end >= group->stride || !add_split(&with, group->stride) || !add_split(&with, end))
        return false;
    for (size_t i = 0; i + 1 < with.count; i++)
        with.used[i] |= with.at[i] >= group->stride && with.at[i + 1] <= end;
    if (!choose_axes(&with, axes)) return false;
    *splits = with;
    return true;
}

static void write_axes(const struct splits *splits, const int *axes, struct trace_operation *operation)
{
    const struct trace_group *group = &operation->group;
    size_t length = 0;
    for (size_t i = 0; i + 1 < splits->count; i++) {
        if (splits->at[i] < group->stride || splits->at[i + 1] > group->stride * group->size) continue;
        length += (size_t)snprintf(operation->axes + length, sizeof operation->axes - length, "%s%s",
                                   length ? "+" : "", axis_names[axes[i]]);
        if (axes[i] != PARALLEL_DATA)
            length += (size_t)snprintf(operation->axes + length, sizeof operation->axes - length, ":%lld",
                                       (long long)(splits->at[i + 1] / splits->at[i]));
    }
}

void trace_assign_axes(struct trace_step *step)
{
    struct splits splits = {{1, step->ranks}, step->ranks > 1 ? 2 : 1, {0}};
    int axes[MOST_SPLITS] = {PARALLEL_DATA};
    bool *fits = allocate(step->count + 1, sizeof *fits), again = true;
    size_t kept = 0;
    /* Add the groups one by one, so that one irregular group does not exclude the others. Repeat this,
       because a group may fit only after another one has been added. */
    while (again) {
        again = false;
        for (size_t i = 0; i < step->count; i++) {
            const struct trace_operation *operation = &step->operations[i];
            if (fits[i]) continue;
            fits[i] = is_all(operation, step->ranks) || add_group(&splits, &operation->group, step->ranks);
            again |= fits[i];
        }
    }
    for (size_t i = 0; i < step->count; i++) {
        struct trace_operation *operation = &step->operations[i];
        if (fits[i])
            step->operations[kept++] = *operation;
        else
            trace_leave_out(step, operation->source,
                            is_known(&operation->group) ? "its group is not along axes of the table"
                                                        : "the trace does not list the ranks of its group",
                            0);
    }
    step->count = kept;
    free(fits);
    if (splits.count > 1) choose_axes(&splits, axes);
    for (size_t i = 0; i < step->count; i++)
        if (!is_all(&step->operations[i], step->ranks)) write_axes(&splits, axes, &step->operations[i]);
}
