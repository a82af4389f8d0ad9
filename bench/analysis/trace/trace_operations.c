/* Selects the operations of one step from the events. Several nested events describe one operation: a call of
   torch.distributed contains that of its process group, linear() contains mm(). The outermost is the
   operation, the others add what they know about it. */
#include "analysis/trace/trace.h"
#include "analysis/trace/trace_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the other events imply about an event. An owner is an event that is its own owner. */
struct event_info {
    size_t owner; /* index of the outermost collective or matmul that contains it, or is it; else NO_EVENT */
    size_t shape; /* of an owner that is a matmul: index of its innermost matmul, which has the shapes */
    bool calls;   /* it calls operations that may compute */
    double us;    /* time of the kernels that it launched itself */
    double from, to; /* of an owner: when it ran, in µs; NAN: unknown */
};

static bool is_owner(const struct event_info *info, size_t i)
{
    return info[i].owner == i;
}

/* ---- owners ---- */

/* Is this a collective that transfers data? */
static bool is_collective(const struct trace_event *event)
{
    return event->kind == TRACE_COLLECTIVE &&
           !trace_is_wait(event->facts->collective ? event->facts->collective : event->name);
}

static void set_owners(const struct trace *trace, struct event_info *info)
{
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        size_t parent = event->parent;
        info[i] = (struct event_info){.owner = NO_EVENT, .shape = i, .from = NAN, .to = NAN};
        if (event->kind >= TRACE_STEP) continue;
        if (parent != NO_EVENT) info[i].owner = info[parent].owner;
        if (parent != NO_EVENT && !trace_computes_nothing(event->name)) info[parent].calls = true;
        if (info[i].owner == NO_EVENT && (event->kind == TRACE_COLLECTIVE || event->kind == TRACE_MATMUL))
            info[i].owner = i;
        if (event->kind == TRACE_MATMUL) info[info[i].owner].shape = i;
    }
}

static void set_if_missing(int64_t *to, int64_t from)
{
    if (*to == NO_NUMBER) *to = from;
}

/* Sets what `to` lacks. */
static void merge_facts(struct trace_facts *to, const struct trace_facts *from)
{
    if (!to->type) to->type = from->type;
    if (!to->group.name) to->group.name = from->group.name;
    if (!to->group.description) to->group.description = from->group.description;
    set_if_missing(&to->in, from->in);
    set_if_missing(&to->out, from->out);
    set_if_missing(&to->group.size, from->group.size);
    set_if_missing(&to->group.start, from->group.start);
    set_if_missing(&to->group.stride, from->group.stride);
    to->uneven |= from->uneven;
}

/* Adds to each collective the facts of the collectives that it called. */
static void merge_calls(const struct trace *trace, const struct event_info *info)
{
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (event->kind != TRACE_COLLECTIVE || info[i].owner == NO_EVENT || is_owner(info, i)) continue;
        const struct trace_event *owner = &trace->events[info[i].owner];
        if (owner->kind == TRACE_COLLECTIVE) merge_facts(owner->facts, event->facts);
    }
}

static int compare(double a, double b)
{
    return (a > b) - (a < b);
}

/* Workers precede calls with the same id. */
static int by_id(const void *a, const void *b)
{
    const struct trace_event *x = *(struct trace_event *const *)a, *y = *(struct trace_event *const *)b;
    int order = compare(x->id, y->id);
    if (!order) order = (x->kind != TRACE_WORKER) - (y->kind != TRACE_WORKER);
    return order ? order : (x > y) - (x < y);
}

/* Steps precede operations that start at the same time. */
static int by_start(const void *a, const void *b)
{
    const struct trace_event *x = *(struct trace_event *const *)a, *y = *(struct trace_event *const *)b;
    int order = compare(x->start, y->start);
    if (!order) order = (x->kind != TRACE_STEP) - (y->kind != TRACE_STEP);
    if (!order) order = compare(x->id, y->id);
    return order ? order : (x > y) - (x < y);
}

/* Pointers to events, sorted. */
struct sorted {
    const struct trace_event **events;
    size_t count;
};

/* Sorts all owners and all events of one other kind. The caller frees the pointers. */
static struct sorted sort_events(const struct trace *trace, const struct event_info *info,
                                 enum trace_kind kind, int (*order)(const void *, const void *))
{
    struct sorted sorted = {.events = allocate(trace->count, sizeof *sorted.events)};
    for (size_t i = 0; i < trace->count; i++)
        if (trace->events[i].kind == kind || is_owner(info, i))
            sorted.events[sorted.count++] = &trace->events[i];
    qsort(sorted.events, sorted.count, sizeof *sorted.events, order);
    return sorted;
}

static void join_worker(const struct trace_event *worker, const struct trace_event *call,
                        struct event_info *call_info)
{
    struct trace_facts *facts = call->facts;
    call_info->from = fmin(call_info->from, worker->start);
    call_info->to = fmax(call_info->to, worker->end);
    if (!facts->type) facts->type = worker->facts->type;
    if (facts->in == NO_NUMBER && facts->out == NO_NUMBER) facts->in = worker->facts->in;
}

/* Joins each worker of gloo to the collective that it carries out: the last one that was called before the
   worker got its id. Their names may differ, because gloo's reduce-scatter uses an all-reduce. Only the
   worker says when the collective ran and, for a list of tensors, which type they have. */
static void join_workers(const struct trace *trace, struct event_info *info)
{
    struct sorted sorted = sort_events(trace, info, TRACE_WORKER, by_id);
    const struct trace_event *call = NULL;
    for (size_t i = 0; i < sorted.count; i++) {
        const struct trace_event *event = sorted.events[i];
        if (is_collective(event)) call = event;
        if (event->kind == TRACE_WORKER && call) join_worker(event, call, &info[call - trace->events]);
    }
    free(sorted.events);
}

/* Sets when the owners ran: while their kernels ran if the trace has kernels; else while their workers ran,
   or else their calls. Also adds up the time of the kernels of each operation. */
static void set_times(const struct trace *trace, struct event_info *info)
{
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (event->kind == TRACE_KERNEL && event->parent != NO_EVENT) {
            struct event_info *parent = &info[event->parent];
            parent->us += event->end - event->start;
            if (parent->owner == NO_EVENT) continue;
            struct event_info *owner = &info[parent->owner];
            owner->from = fmin(owner->from, event->start), owner->to = fmax(owner->to, event->end);
        }
        if (trace->timed && !trace->has_kernels && is_owner(info, i) && isnan(info[i].from))
            info[i].from = event->start, info[i].to = event->end;
    }
}

/* ---- steps ---- */

struct step_window {
    int64_t number;
    double start, end; /* in the units of the events' start */
    size_t operations; /* owners that start in it */
};

/* Returns the steps in the order of their start. The caller frees them. */
static struct step_window *find_steps(const struct trace *trace, const struct sorted *sorted, size_t *count)
{
    struct step_window *steps = NULL;
    *count = 0;
    for (size_t i = 0; i < sorted->count; i++) {
        const struct trace_event *event = sorted->events[i];
        struct step_window *last = *count ? &steps[*count - 1] : NULL;
        if (event->kind != TRACE_STEP) {
            if (last && event->start < last->end) last->operations++;
            continue;
        }
        if (last && !trace->timed) last->end = event->start;
        steps = reallocate(steps, *count + 1, sizeof *steps);
        steps[(*count)++] = (struct step_window){strtoll(strchr(event->name, '#') + 1, NULL, 10),
                                                 event->start, trace->timed ? event->end : INFINITY, 0};
    }
    return steps;
}

/* Returns the index of the last whole step; `count` if all steps are empty. That is the last step with
   operations, or the one before if that has more: the profiler may stop in the middle of a step. */
static size_t last_whole_step(const struct step_window *steps, size_t count, bool *later_short)
{
    size_t last = count;
    while (last && !steps[last - 1].operations) last--;
    if (!last--) return count;
    *later_short = last && steps[last].operations < steps[last - 1].operations;
    return *later_short ? last - 1 : last;
}

/* Sets *window to the step with this number or, if it is NO_NUMBER, to the last whole one. A trace without
   steps is one step. */
static enum status choose_step(const struct trace *trace, const struct step_window *steps, size_t count,
                               int64_t number, struct trace_step *step, struct step_window *window)
{
    *window = (struct step_window){NO_NUMBER, -INFINITY, INFINITY, 0};
    step->steps = count;
    step->number = NO_NUMBER;
    if (!count && number == NO_NUMBER) return STATUS_OK;
    if (!count)
        return fail(STATUS_ENVIRONMENT, "%s: --step: the trace has no steps (ProfilerStep#)", trace->path);
    size_t chosen = count;
    if (number == NO_NUMBER) chosen = last_whole_step(steps, count, &step->later_short);
    for (size_t s = 0; number != NO_NUMBER && s < count; s++)
        if (steps[s].number == number) chosen = s;
    if (chosen == count && number == NO_NUMBER)
        return fail(STATUS_ENVIRONMENT, "%s: the steps have neither collectives nor matmuls", trace->path);
    if (chosen == count)
        return fail(STATUS_ENVIRONMENT, "%s: --step %lld: the trace has the steps %lld to %lld", trace->path,
                    (long long)number, (long long)steps[0].number, (long long)steps[count - 1].number);
    *window = steps[chosen];
    step->number = window->number;
    return STATUS_OK;
}

/* ---- operations ---- */

/* Adds an operation to the step, or to those left out. `event` has its facts, `info` when it ran. */
static void add_operation(const struct trace *trace, const struct trace_event *event,
                          const struct event_info *info, struct trace_step *step)
{
    bool is_record = strcmp(event->name, "record_param_comms") == 0 && event->facts->collective;
    struct trace_operation operation = {
        .source = is_record ? event->facts->collective : event->name, .from = info->from, .to = info->to};
    double us = isnan(info->from) ? 0 : info->to - info->from;
    const char *why;
    if (event->kind == TRACE_MATMUL) {
        why = trace_read_matmul(event->name, event->facts, &operation);
    } else {
        int64_t ranks = trace_resolve_group(trace, step->ranks, event->facts, &operation);
        why = trace_read_collective(event->name, event->facts, ranks, &operation);
        if (!why && ranks == 1) why = "its group has one rank";
    }
    if (why) {
        trace_leave_out(step, operation.source, why, event->kind == TRACE_MATMUL ? us : 0);
        return;
    }
    if (!operation.collective) step->us += us;
    step->operations = reallocate(step->operations, step->count + 1, sizeof *step->operations);
    step->operations[step->count++] = operation;
}

/* Is this an operation that computes, outside of collectives and matmuls? With kernels in the trace, it has
   launched some; without, it is an innermost operation. */
static bool is_left_out(const struct trace *trace, size_t i, const struct event_info *info)
{
    if (trace->events[i].kind != TRACE_OPERATION || info[i].owner != NO_EVENT) return false;
    return trace->has_kernels ? info[i].us > 0
                              : !info[i].calls && !trace_computes_nothing(trace->events[i].name);
}

static bool is_in(const struct step_window *window, const struct trace_event *event)
{
    return event->start >= window->start && event->start < window->end;
}

static void add_operations(const struct trace *trace, const struct event_info *info,
                           const struct sorted *sorted, const struct step_window *window,
                           struct trace_step *step)
{
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (is_in(window, event) && is_left_out(trace, i, info))
            trace_leave_out(step, event->name, NULL,
                            trace->has_kernels ? info[i].us : event->end - event->start);
    }
    for (size_t i = 0; i < sorted->count; i++) {
        const struct trace_event *event = sorted->events[i];
        const struct event_info *event_info = &info[event - trace->events];
        if (!is_in(window, event)) continue;
        if (event->kind == TRACE_MATMUL)
            add_operation(trace, &trace->events[event_info->shape], event_info, step);
        else if (is_collective(event))
            add_operation(trace, event, event_info, step);
    }
}

/* Sets the number of ranks in the job: from the user or the trace, else that of the largest group. */
static enum status find_ranks(const struct trace *trace, int64_t ranks, struct trace_step *step)
{
    step->ranks = ranks != NO_NUMBER ? ranks : trace->ranks;
    if (ranks != NO_NUMBER && trace->ranks != NO_NUMBER && ranks != trace->ranks)
        return fail(STATUS_ENVIRONMENT, "%s: --ranks %lld: the trace is from a job of %lld ranks",
                    trace->path, (long long)ranks, (long long)trace->ranks);
    if (step->ranks != NO_NUMBER) return STATUS_OK;
    for (size_t i = 0; i < trace->group_count; i++)
        if (trace->groups[i].size > step->ranks) step->ranks = trace->groups[i].size;
    for (size_t i = 0; i < trace->count; i++)
        if (trace->events[i].kind == TRACE_COLLECTIVE && trace->events[i].facts->group.size > step->ranks)
            step->ranks = trace->events[i].facts->group.size;
    return STATUS_OK;
}

enum status trace_select_step(struct trace *trace, int64_t number, int64_t ranks, struct trace_step *step)
{
    *step = (struct trace_step){.ranks = NO_NUMBER};
    struct event_info *info = allocate(trace->count, sizeof *info);
    set_owners(trace, info);
    merge_calls(trace, info);
    join_workers(trace, info);
    set_times(trace, info);
    size_t count;
    struct sorted sorted = sort_events(trace, info, TRACE_STEP, by_start);
    struct step_window *steps = find_steps(trace, &sorted, &count), window;
    enum status status = choose_step(trace, steps, count, number, step, &window);
    if (!status) status = find_ranks(trace, ranks, step);
    if (!status) {
        add_operations(trace, info, &sorted, &window, step);
        trace_assign_axes(step);
        trace_merge_left_out(step);
    }
    free(steps);
    free(sorted.events);
    free(info);
    return status;
}

void trace_step_free(struct trace_step *step)
{
    free(step->operations);
    free(step->left_out);
    *step = (struct trace_step){0};
}

/* ---- operations without a row ---- */

void trace_leave_out(struct trace_step *step, const char *name, const char *why, double us)
{
    size_t n = step->left_out_count;
    if ((n & (n - 1)) == 0)
        step->left_out = reallocate(step->left_out, n ? n * 2 : 1, sizeof *step->left_out);
    step->left_out[step->left_out_count++] = (struct trace_left_out){name, why, 1, us};
}

static int by_name(const void *a, const void *b)
{
    const struct trace_left_out *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->why ? x->why : "", y->why ? y->why : "");
}

/* Collectives and matmuls come first, because a workload should have them. Then time and count decide. */
static int by_weight(const void *a, const void *b)
{
    const struct trace_left_out *x = a, *y = b;
    if (!x->why != !y->why) return x->why ? -1 : 1;
    if (x->us != y->us) return x->us > y->us ? -1 : 1;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return by_name(a, b);
}

void trace_merge_left_out(struct trace_step *step)
{
    size_t kept = 0;
    if (step->left_out_count) qsort(step->left_out, step->left_out_count, sizeof *step->left_out, by_name);
    for (size_t i = 0; i < step->left_out_count; i++) {
        struct trace_left_out *to = kept ? &step->left_out[kept - 1] : NULL;
        if (to && by_name(to, &step->left_out[i]) == 0)
            to->count++, to->us += step->left_out[i].us;
        else
            step->left_out[kept++] = step->left_out[i];
    }
    step->left_out_count = kept;
    if (kept) qsort(step->left_out, kept, sizeof *step->left_out, by_weight);
}
