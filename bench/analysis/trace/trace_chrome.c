/* The events of PyTorch's profiler (kineto), in Chrome's format. Which operation called which is told only by
   the threads and times: the operation that runs on the same thread when another one begins has called it. */
#include "analysis/trace/trace_read.h"
#include "analysis/trace/trace_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void trace_chrome_member(struct trace *trace, const char *name, const json_t *value)
{
    if (strcmp(name, "distributedInfo") != 0) return;
    trace->rank = trace_integer(json_object_get(value, "rank"));
    trace->ranks = trace_integer(json_object_get(value, "world_size"));
    if (trace->ranks == 0) trace->ranks = NO_NUMBER;
    trace_process_groups(trace, json_object_get(value, "pg_config"));
}

/* What NCCL's process group tells of a collective. */
static void read_comms(struct trace *trace, struct trace_facts *facts, const json_t *args)
{
    struct trace_group *group = &facts->group;
    facts->collective = trace_string(trace, json_object_get(args, "Collective name"));
    facts->type = trace_string(trace, json_object_get(args, "dtype"));
    facts->in = trace_integer(json_object_get(args, "In msg nelems"));
    facts->out = trace_integer(json_object_get(args, "Out msg nelems"));
    facts->uneven = trace_parts_differ(json_object_get(args, "In split size")) ||
                    trace_parts_differ(json_object_get(args, "Out split size"));
    group->name = trace_string(trace, json_object_get(args, "Process Group Name"));
    group->description = trace_string(trace, json_object_get(args, "Process Group Description"));
    group->size = trace_integer(json_object_get(args, "Group size"));
    group->start = trace_integer(json_object_get(args, "Global rank start"));
    group->stride = trace_integer(json_object_get(args, "Global rank stride"));
}

static void read_operation(struct trace *trace, struct trace_event *event, const json_t *args)
{
    if (event->kind == TRACE_OPERATION) return;
    event->facts = trace_new_facts(trace);
    if (strcmp(event->name, "record_param_comms") == 0) read_comms(trace, event->facts, args);
    trace_inputs(trace, event->facts, json_object_get(args, "Input Dims"),
                 json_object_get(args, "Input type"));
    if (event->kind != TRACE_MATMUL) trace_count_elements(event->name, event->facts);
    json_t *values =
        json_object_get(args, "Concrete Inputs"); /* of an all-to-all: output, input, group, parts of both */
    if (strcmp(event->name, "c10d::alltoall_base_") == 0)
        event->facts->uneven =
            trace_parts_differ(json_array_get(values, 3)) || trace_parts_differ(json_array_get(values, 4));
}

/* Whether busbar needs events of this category and name, and as what. */
static bool choose_kind(const char *category, const char *name, enum trace_kind *kind)
{
    *kind = trace_kind_of(name);
    if (strcmp(category, "cpu_op") == 0) return true;
    if (strcmp(category, "user_annotation") == 0) {
        if (strncmp(name, "ProfilerStep#", 13) == 0) *kind = TRACE_STEP;
        return *kind == TRACE_STEP || *kind == TRACE_COLLECTIVE || *kind == TRACE_WORKER;
    }
    if (strcmp(category, "kernel") == 0)
        *kind = TRACE_KERNEL;
    else if (strcmp(category, "cuda_runtime") == 0 || strcmp(category, "cuda_driver") == 0)
        *kind = TRACE_LAUNCH;
    else
        return false;
    return true;
}

void trace_chrome_event(struct trace *trace, const json_t *object)
{
    const char *phase = json_string_value(json_object_get(object, "ph")),
               *category = json_string_value(json_object_get(object, "cat")),
               *name = json_string_value(json_object_get(object, "name"));
    json_t *args = json_object_get(object, "args");
    enum trace_kind kind;
    if (!phase) trace->broken++;
    if (!phase || strcmp(phase, "X") != 0 || !category || !name || !choose_kind(category, name, &kind))
        return;
    double start = trace_number(json_object_get(object, "ts")),
           length = trace_number(json_object_get(object, "dur")),
           thread = trace_number(json_object_get(object, "tid")),
           process = trace_number(json_object_get(object, "pid"));
    if (!isfinite(start) || !(length >= 0) || isnan(thread) || isnan(process)) {
        trace->broken++;
        return;
    }
    if (kind < TRACE_STEP && isnan(trace->process)) trace->process = process;
    trace->processes |= kind < TRACE_STEP && process != trace->process;
    trace->has_kernels |= kind == TRACE_KERNEL;
    struct trace_event *event = trace_add(trace, kind, name);
    event->start = start, event->end = start + length, event->thread = thread;
    event->id = trace_number(json_object_get(args, "Record function id"));
    if (isnan(event->id)) event->id = trace_number(json_object_get(args, "External id"));
    event->link = trace_number(json_object_get(args, "correlation"));
    if (kind < TRACE_STEP) read_operation(trace, event, args);
}

/* ---- parents ---- */

static int by_thread_and_start(const void *a, const void *b)
{
    const struct trace_event *x = a, *y = b;
    if (x->thread != y->thread) return x->thread < y->thread ? -1 : 1;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->end != y->end) return x->end > y->end ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static bool is_called(enum trace_kind kind)
{
    return kind == TRACE_OPERATION || kind == TRACE_COLLECTIVE || kind == TRACE_MATMUL ||
           kind == TRACE_LAUNCH;
}

static void find_parents(struct trace *trace)
{
    size_t *stack = allocate(trace->count, sizeof *stack), depth = 0;
    for (size_t i = 0; i < trace->count; i++) {
        struct trace_event *event = &trace->events[i];
        if (!is_called(event->kind)) continue;
        while (depth && (trace->events[stack[depth - 1]].thread != event->thread ||
                         trace->events[stack[depth - 1]].end <= event->start))
            depth--;
        if (depth) event->parent = stack[depth - 1];
        if (event->kind != TRACE_LAUNCH) stack[depth++] = i;
    }
    free(stack);
}

static const struct trace_event *sorted_events;

static int by_link(const void *a, const void *b)
{
    const struct trace_event *x = &sorted_events[*(const size_t *)a], *y = &sorted_events[*(const size_t *)b];
    return (x->link > y->link) - (x->link < y->link);
}

/* A kernel's parent is that of the call that launched it. */
static void find_launches(struct trace *trace)
{
    size_t *launches = allocate(trace->count, sizeof *launches), count = 0;
    for (size_t i = 0; i < trace->count; i++)
        if (trace->events[i].kind == TRACE_LAUNCH && !isnan(trace->events[i].link)) launches[count++] = i;
    sorted_events = trace->events;
    qsort(launches, count, sizeof *launches, by_link);
    for (size_t i = 0; i < trace->count; i++) {
        if (trace->events[i].kind != TRACE_KERNEL || isnan(trace->events[i].link)) continue;
        const size_t *launch = bsearch(&i, launches, count, sizeof *launches, by_link);
        if (launch) trace->events[i].parent = trace->events[*launch].parent;
    }
    free(launches);
}

void trace_chrome_parents(struct trace *trace)
{
    for (size_t i = 0; i < trace->count; i++)
        if (isnan(trace->events[i].id)) trace->events[i].id = 0;
    qsort(trace->events, trace->count, sizeof *trace->events, by_thread_and_start);
    find_parents(trace);
    find_launches(trace);
}
