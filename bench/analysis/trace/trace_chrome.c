/* Reads the events of PyTorch's profiler (kineto), in Chrome's format. The events do not name their callers:
   the caller of an operation is the one that runs on the same thread when the operation begins. */
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

/* Sets the kind of an event. Returns false if busbar does not need events of this category and name. */
static bool choose_kind(const char *category, const char *name, enum trace_kind *kind)
{
    *kind = trace_kind_of(name);
    if (strcmp(category, "cpu_op") == 0) return true;
    if (strcmp(category, "user_annotation") == 0) {
        if (trace_is_step(name)) *kind = TRACE_STEP;
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
    if (phase && strcmp(phase, "X") != 0) return; /* not an event with a duration */
    if (!phase || !category || !name) {
        trace->broken++;
        return;
    }
    if (!choose_kind(category, name, &kind)) return;
    double start = trace_number(json_object_get(object, "ts")),
           length = trace_number(json_object_get(object, "dur")),
           thread = trace_number(json_object_get(object, "tid")),
           process = trace_number(json_object_get(object, "pid"));
    if (!isfinite(start) || !(length >= 0) || isnan(thread) || isnan(process)) {
        trace->broken++;
        return;
    }
    if (kind < TRACE_STEP && isnan(trace->process)) trace->process = process;
    trace->several_processes |= kind < TRACE_STEP && process != trace->process;
    trace->has_kernels |= kind == TRACE_KERNEL;
    struct trace_event *event = trace_add_event(trace, kind, name);
    event->start = start, event->end = start + length, event->thread = thread;
    event->id = trace_number(json_object_get(args, "Record function id"));
    if (isnan(event->id)) event->id = trace_number(json_object_get(args, "External id"));
    event->link = trace_number(json_object_get(args, "correlation"));
    if (kind < TRACE_STEP && kind != TRACE_OPERATION)
        trace_read_facts(trace, event,
                         &(struct trace_arguments){.object = args,
                                                   .get = json_object_get,
                                                   .collective = json_object_get(args, "Collective name"),
                                                   .shapes = json_object_get(args, "Input Dims"),
                                                   .types = json_object_get(args, "Input type"),
                                                   .values = json_object_get(args, "Concrete Inputs")});
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

/* Does an operation call events of this kind? */
static bool is_called(enum trace_kind kind)
{
    return kind == TRACE_OPERATION || kind == TRACE_COLLECTIVE || kind == TRACE_MATMUL ||
           kind == TRACE_LAUNCH;
}

static void find_parents(struct trace *trace)
{
    size_t *stack = allocate(trace->count, sizeof *stack), depth = 0; /* operations that are running */
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

static int by_link(const void *a, const void *b)
{
    const struct trace_event *x = *(struct trace_event *const *)a, *y = *(struct trace_event *const *)b;
    return (x->link > y->link) - (x->link < y->link);
}

/* Sets the parent of each kernel to the operation that launched it. */
static void find_kernel_parents(struct trace *trace)
{
    struct trace_event **launches = allocate(trace->count, sizeof *launches), *event;
    size_t count = 0;
    for (event = trace->events; event < trace->events + trace->count; event++)
        if (event->kind == TRACE_LAUNCH && !isnan(event->link)) launches[count++] = event;
    qsort(launches, count, sizeof *launches, by_link);
    for (event = trace->events; event < trace->events + trace->count; event++) {
        if (event->kind != TRACE_KERNEL || isnan(event->link)) continue;
        struct trace_event **launch = bsearch(&event, launches, count, sizeof *launches, by_link);
        if (launch) event->parent = (*launch)->parent;
    }
    free(launches);
}

void trace_chrome_parents(struct trace *trace)
{
    for (size_t i = 0; i < trace->count; i++)
        if (isnan(trace->events[i].id)) trace->events[i].id = 0;
    qsort(trace->events, trace->count, sizeof *trace->events, by_thread_and_start);
    find_parents(trace);
    find_kernel_parents(trace);
}
