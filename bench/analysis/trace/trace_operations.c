/* Takes the operations of one step from the events. An operation is the outermost event that tells of it: the
   collective of torch.distributed around what its process group says, linear() around mm(). */
#include "analysis/trace/trace.h"
#include "analysis/trace/trace_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is found out about each event. */
struct place {
    size_t owner; /* the outermost collective or matmul that it is part of, itself included; NO_EVENT: none */
    size_t shape; /* of a matmul: the event that tells its matrices, which is the innermost */
    bool calls;   /* operations that compute */
    double us;    /* of the kernels that it launched itself */
    double from, to; /* of owners: when it ran; NAN: not known */
};

static bool is_owner(const struct place *places, size_t i)
{
    return places[i].owner == i;
}

/* ---- owners ---- */

static bool is_collective(const struct trace_event *event)
{
    return event->kind == TRACE_COLLECTIVE &&
           !trace_is_wait(event->facts->collective ? event->facts->collective : event->name);
}

static void set_owners(const struct trace *trace, struct place *places)
{
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        size_t parent = event->parent;
        places[i] = (struct place){.owner = NO_EVENT, .shape = i, .from = NAN, .to = NAN};
        if (event->kind >= TRACE_STEP) continue;
        if (parent != NO_EVENT) places[i].owner = places[parent].owner;
        if (parent != NO_EVENT && !trace_moves_nothing(event->name)) places[parent].calls = true;
        if (places[i].owner == NO_EVENT && (event->kind == TRACE_COLLECTIVE || event->kind == TRACE_MATMUL))
            places[i].owner = i;
        if (event->kind == TRACE_MATMUL) places[places[i].owner].shape = i;
    }
}

static void fill(int64_t *to, int64_t from)
{
    if (*to == NO_NUMBER) *to = from;
}

static void merge_facts(struct trace_facts *to, const struct trace_facts *from)
{
    if (!to->type) to->type = from->type;
    if (!to->group.name) to->group.name = from->group.name;
    if (!to->group.description) to->group.description = from->group.description;
    fill(&to->in, from->in);
    fill(&to->out, from->out);
    fill(&to->group.size, from->group.size);
    fill(&to->group.start, from->group.start);
    fill(&to->group.stride, from->group.stride);
    to->uneven |= from->uneven;
}

static const struct trace_event *sorted_events;

static int by_id(const void *a, const void *b)
{
    const struct trace_event *x = &sorted_events[*(const size_t *)a], *y = &sorted_events[*(const size_t *)b];
    return (x->id > y->id) - (x->id < y->id);
}

/* A worker of gloo carries out the collective that was called last before its own number was given. It tells
   the type of a list of tensors. Its name may differ: gloo's reduce-scatter is an all-reduce inside. */
static void join_workers(const struct trace *trace, struct place *places)
{
    size_t *calls = allocate(trace->count, sizeof *calls), count = 0;
    for (size_t i = 0; i < trace->count; i++)
        if (is_owner(places, i) && is_collective(&trace->events[i])) calls[count++] = i;
    sorted_events = trace->events;
    qsort(calls, count, sizeof *calls, by_id);
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event *worker = &trace->events[i];
        if (worker->kind != TRACE_WORKER) continue;
        size_t low = 0, high = count; /* the first call with a number that is not below the worker's */
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (trace->events[calls[middle]].id < worker->id)
                low = middle + 1;
            else
                high = middle;
        }
        if (!low) continue;
        struct place *place = &places[calls[low - 1]];
        struct trace_facts *facts = trace->events[calls[low - 1]].facts;
        place->from = fmin(place->from, worker->start), place->to = fmax(place->to, worker->end);
        if (!facts->type) facts->type = worker->facts->type;
        if (facts->in == NO_NUMBER && facts->out == NO_NUMBER) facts->in = worker->facts->in;
    }
    free(calls);
}

/* When the owners ran: on the GPU, if the trace has its kernels; else while their call lasted, or gloo's
   worker. */
static void set_times(const struct trace *trace, struct place *places)
{
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (event->kind == TRACE_KERNEL && event->parent != NO_EVENT) {
            struct place *parent = &places[event->parent];
            parent->us += event->end - event->start;
            if (parent->owner == NO_EVENT) continue;
            struct place *owner = &places[parent->owner];
            owner->from = fmin(owner->from, event->start), owner->to = fmax(owner->to, event->end);
        }
        if (trace->timed && !trace->has_kernels && is_owner(places, i) && isnan(places[i].from))
            places[i].from = event->start, places[i].to = event->end;
    }
}

/* ---- steps ---- */

struct step_window {
    int64_t number;
    double start, end;
    size_t operations;
};

static int by_step_start(const void *a, const void *b)
{
    const struct step_window *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static struct step_window *find_steps(const struct trace *trace, const struct place *places, size_t *count)
{
    struct step_window *steps = NULL;
    size_t capacity = 0;
    *count = 0;
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (event->kind != TRACE_STEP) continue;
        if (*count == capacity) steps = reallocate(steps, capacity = capacity * 2 + 16, sizeof *steps);
        const char *hash = strchr(event->name, '#');
        steps[(*count)++] =
            (struct step_window){hash ? strtoll(hash + 1, NULL, 10) : 0, event->start, event->end, 0};
    }
    if (*count) qsort(steps, *count, sizeof *steps, by_step_start);
    for (size_t s = 0; s < *count && !trace->timed; s++)
        steps[s].end = s + 1 < *count ? steps[s + 1].start : INFINITY;
    for (size_t i = 0; i < trace->count && *count; i++) {
        if (!is_owner(places, i)) continue;
        size_t low = 0, high = *count;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (steps[middle].start <= trace->events[i].start)
                low = middle + 1;
            else
                high = middle;
        }
        if (low && trace->events[i].start < steps[low - 1].end) steps[low - 1].operations++;
    }
    return steps;
}

/* The last step with operations, or the one before if the last is shorter: a profiler that ends within a step
   cuts it. */
static enum status choose_step(const struct trace *trace, const struct step_window *steps, size_t count,
                               int64_t number, struct trace_step *step, struct step_window *window)
{
    *window = (struct step_window){NO_NUMBER, -INFINITY, INFINITY, 0};
    step->steps = count;
    step->number = NO_NUMBER;
    if (!count && number == NO_NUMBER) return STATUS_OK;
    size_t last = count, chosen = count;
    for (size_t s = 0; s < count; s++) {
        if (steps[s].operations) last = s;
        if (steps[s].number == number) chosen = s;
    }
    if (number == NO_NUMBER && last < count) {
        chosen = last;
        if (last && steps[last].operations < steps[last - 1].operations) chosen--, step->later_short = true;
    }
    if (chosen == count && !count)
        return fail(STATUS_ENVIRONMENT, "%s: --step: the trace has no steps (ProfilerStep#)", trace->path);
    if (chosen == count && number == NO_NUMBER)
        return fail(STATUS_ENVIRONMENT, "%s: its steps have neither collectives nor matmuls", trace->path);
    if (chosen == count)
        return fail(STATUS_ENVIRONMENT, "%s: --step %lld: the trace has the steps %lld to %lld", trace->path,
                    (long long)number, (long long)steps[0].number, (long long)steps[count - 1].number);
    *window = steps[chosen];
    step->number = window->number;
    return STATUS_OK;
}

/* ---- operations ---- */

static int by_start(const void *a, const void *b)
{
    const struct trace_event *x = &sorted_events[*(const size_t *)a], *y = &sorted_events[*(const size_t *)b];
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static void take_operation(const struct trace *trace, const struct trace_event *event,
                           const struct place *place, struct trace_step *step)
{
    bool is_record = strcmp(event->name, "record_param_comms") == 0 && event->facts->collective;
    struct trace_operation operation = {
        .source = is_record ? event->facts->collective : event->name, .from = place->from, .to = place->to};
    double us = isnan(place->from) ? 0 : place->to - place->from;
    const char *why;
    if (event->kind == TRACE_MATMUL) {
        why = trace_matmul(event->name, event->facts, &operation);
    } else {
        int64_t ranks = trace_find_group(trace, step->ranks, event->facts, &operation);
        why = trace_message(event->name, event->facts, ranks, &operation);
        if (!why && ranks == 1) why = "in a group of one rank";
    }
    if (why) {
        trace_leave_out(step, operation.source, why, event->kind == TRACE_MATMUL ? us : 0);
        return;
    }
    if (!operation.collective) step->us += us;
    step->operations = reallocate(step->operations, step->count + 1, sizeof *step->operations);
    step->operations[step->count++] = operation;
}

/* What is no part of a collective or matmul, and either computed on the GPU or, if that is not in the trace,
   called nothing. */
static bool is_left_out(const struct trace *trace, size_t i, const struct place *places)
{
    if (trace->events[i].kind != TRACE_OPERATION || places[i].owner != NO_EVENT) return false;
    return trace->has_kernels ? places[i].us > 0
                              : !places[i].calls && !trace_moves_nothing(trace->events[i].name);
}

static void take_operations(const struct trace *trace, const struct place *places,
                            const struct step_window *window, struct trace_step *step)
{
    size_t *taken = allocate(trace->count, sizeof *taken), count = 0;
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (event->start < window->start || event->start >= window->end) continue;
        if (is_owner(places, i) && (event->kind == TRACE_MATMUL || is_collective(event))) taken[count++] = i;
        if (is_left_out(trace, i, places))
            trace_leave_out(step, event->name, NULL,
                            trace->has_kernels ? places[i].us
                            : trace->timed     ? event->end - event->start
                                               : 0);
    }
    sorted_events = trace->events;
    qsort(taken, count, sizeof *taken, by_start);
    for (size_t i = 0; i < count; i++) {
        const struct place *place = &places[taken[i]];
        const struct trace_event *event = &trace->events[taken[i]];
        take_operation(trace, event->kind == TRACE_MATMUL ? &trace->events[place->shape] : event, place,
                       step);
    }
    free(taken);
}

static enum status find_ranks(const struct trace *trace, int64_t ranks, struct trace_step *step)
{
    step->ranks = trace->ranks;
    if (ranks != NO_NUMBER && trace->ranks != NO_NUMBER && ranks != trace->ranks)
        return fail(STATUS_ENVIRONMENT, "%s: --ranks %lld: the trace is of a job of %lld ranks", trace->path,
                    (long long)ranks, (long long)trace->ranks);
    if (ranks != NO_NUMBER) step->ranks = ranks;
    for (size_t i = 0; i < trace->count && step->ranks == NO_NUMBER; i++) /* the largest group */
        if (trace->events[i].kind == TRACE_COLLECTIVE && trace->events[i].facts->group.size > step->ranks)
            step->ranks = trace->events[i].facts->group.size;
    return STATUS_OK;
}

enum status trace_take_step(struct trace *trace, int64_t number, int64_t ranks, struct trace_step *step)
{
    *step = (struct trace_step){.ranks = NO_NUMBER};
    struct place *places = allocate(trace->count, sizeof *places);
    set_owners(trace, places);
    for (size_t i = 0; i < trace->count; i++)
        if (places[i].owner != NO_EVENT && !is_owner(places, i) &&
            trace->events[i].kind == TRACE_COLLECTIVE &&
            trace->events[places[i].owner].kind == TRACE_COLLECTIVE)
            merge_facts(trace->events[places[i].owner].facts, trace->events[i].facts);
    join_workers(trace, places);
    set_times(trace, places);
    size_t count;
    struct step_window *steps = find_steps(trace, places, &count), window;
    enum status status = choose_step(trace, steps, count, number, step, &window);
    if (!status) status = find_ranks(trace, ranks, step);
    if (!status) {
        take_operations(trace, places, &window, step);
        trace_find_axes(step);
        trace_merge_left_out(step);
    }
    free(steps);
    free(places);
    return status;
}

void trace_step_free(struct trace_step *step)
{
    free(step->operations);
    free(step->left_out);
    *step = (struct trace_step){0};
}

/* ---- what is left out ---- */

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

/* What was meant for the workload first, then what took most time. */
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
