#include "analysis/trace/trace_read.h"
#include "analysis/trace/trace_json.h"
#include "analysis/trace/trace_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes. The whole file is in memory, but only one of its events at a time is parsed into a JSON tree. */
enum { LARGEST_FILE = 1 << 30 };

struct trace_event *trace_add_event(struct trace *trace, enum trace_kind kind, const char *name)
{
    if (trace->count == trace->capacity) {
        trace->capacity = trace->capacity ? trace->capacity * 2 : 256;
        trace->events = reallocate(trace->events, trace->capacity, sizeof *trace->events);
    }
    struct trace_event *event = &trace->events[trace->count++];
    *event =
        (struct trace_event){.kind = kind, .name = arena_string(&trace->arena, name), .parent = NO_EVENT};
    return event;
}

/* ---- values ---- */

double trace_number(const json_t *value)
{
    if (json_is_number(value)) return json_number_value(value);
    if (!json_is_string(value)) return NAN;
    char *end;
    double number = strtod(json_string_value(value), &end);
    return end == json_string_value(value) || *end || !isfinite(number) ? NAN : number;
}

int64_t trace_integer(const json_t *value)
{
    double number = trace_number(value);
    return number >= 0 && number <= 0x1p53 && number == floor(number) ? (int64_t)number : NO_NUMBER;
}

const char *trace_string(struct trace *trace, const json_t *value)
{
    return json_is_string(value) ? arena_string(&trace->arena, json_string_value(value)) : NULL;
}

/* ---- facts ---- */

/* Returns the number of elements of a shape: 1024 of "[16, 64]", 3888 of the list "[[3864], [24]]".
   NO_NUMBER: the list is empty or has something else than numbers, or the result does not fit into an
   int64_t. */
static int64_t count_elements(const json_t *shape)
{
    int64_t sum = 0, product = 1;
    if (!json_is_array(shape) || json_array_size(shape) == 0) return NO_NUMBER;
    bool list = json_is_array(json_array_get(shape, 0));
    for (size_t i = 0; i < json_array_size(shape); i++) {
        const json_t *item = json_array_get(shape, i);
        int64_t value = list ? count_elements(item) : trace_integer(item);
        if (value == NO_NUMBER) return NO_NUMBER;
        if (__builtin_add_overflow(sum, value, &sum) ||
            (!list && __builtin_mul_overflow(product, value, &product)))
            return NO_NUMBER;
    }
    return list ? sum : product;
}

/* Reads the first TRACE_TENSORS inputs. */
static void read_inputs(struct trace *trace, struct trace_facts *facts, const struct trace_arguments *from)
{
    for (size_t i = 0; i < TRACE_TENSORS; i++) {
        const json_t *shape = json_array_get(from->shapes, i);
        struct trace_tensor *tensor = &facts->inputs[i];
        tensor->type = trace_string(trace, json_array_get(from->types, i));
        tensor->elements = count_elements(shape);
        size_t count = json_array_size(shape);
        if (tensor->elements == NO_NUMBER || count > TRACE_DIMENSIONS ||
            json_is_array(json_array_get(shape, 0)))
            continue;
        tensor->dimension_count = count;
        for (size_t d = 0; d < count; d++) tensor->dimensions[d] = trace_integer(json_array_get(shape, d));
    }
}

/* Do the sizes of an all-to-all's parts differ? They are a list of numbers, or such a list in a string. */
static bool parts_differ(const json_t *parts)
{
    for (size_t i = 1; i < json_array_size(parts); i++)
        if (!json_equal(json_array_get(parts, i), json_array_get(parts, 0))) return true;
    if (!json_is_string(parts)) return false;
    const char *text = json_string_value(parts);
    double first = NAN;
    while (*(text += strcspn(text, "0123456789"))) {
        char *end;
        double number = strtod(text, &end);
        if (isnan(first)) first = number;
        if (number != first) return true;
        text = end;
    }
    return false;
}

/* Returns the argument that has these names in the two formats; NULL: missing. */
static const json_t *argument(const struct trace_arguments *from, const char *chrome, const char *chakra)
{
    return from->get(from->object, from->chakra ? chakra : chrome);
}

/* Reads the arguments of record_param_comms, with which the process group describes a collective. */
static void read_comms(struct trace *trace, struct trace_facts *facts, const struct trace_arguments *from)
{
    struct trace_group *group = &facts->group;
    facts->collective = trace_string(trace, from->collective);
    facts->type = trace_string(trace, argument(from, "dtype", "dtype"));
    facts->in = trace_integer(argument(from, "In msg nelems", "in_msg_nelems"));
    facts->out = trace_integer(argument(from, "Out msg nelems", "out_msg_nelems"));
    facts->uneven = parts_differ(argument(from, "In split size", "in_split_size")) ||
                    parts_differ(argument(from, "Out split size", "out_split_size"));
    group->name = trace_string(trace, argument(from, "Process Group Name", "pg_name"));
    group->description = trace_string(trace, argument(from, "Process Group Description", "pg_desc"));
    group->size = trace_integer(argument(from, "Group size", "pg_size"));
    group->start = trace_integer(argument(from, "Global rank start", "global_rank_start"));
    group->stride = trace_integer(argument(from, "Global rank stride", "global_rank_stride"));
}

void trace_read_facts(struct trace *trace, struct trace_event *event, const struct trace_arguments *from)
{
    struct trace_facts *facts = event->facts = arena_memory(&trace->arena, sizeof *facts);
    facts->in = facts->out = NO_NUMBER;
    facts->group = (struct trace_group){NULL, NULL, NO_NUMBER, NO_NUMBER, NO_NUMBER};
    if (strcmp(event->name, "record_param_comms") == 0) read_comms(trace, facts, from);
    read_inputs(trace, facts, from);
    if (event->kind != TRACE_MATMUL) trace_count_elements(event->name, facts);
    /* The inputs of this operation: output, input, process group, sizes of the output's and the input's
       parts. */
    if (strcmp(event->name, "c10d::alltoall_base_") == 0)
        facts->uneven =
            parts_differ(json_array_get(from->values, 3)) || parts_differ(json_array_get(from->values, 4));
}

/* ---- process groups ---- */

void trace_process_groups(struct trace *trace, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *object = json_array_get(list, i), *ranks = json_object_get(object, "ranks");
        struct trace_group group = {.name = trace_string(trace, json_object_get(object, "pg_name")),
                                    .description = trace_string(trace, json_object_get(object, "pg_desc")),
                                    .size = trace_integer(json_object_get(object, "pg_size")),
                                    .start = 0,
                                    .stride = 1};
        if (group.size == NO_NUMBER) group.size = trace_integer(json_object_get(object, "group_size"));
        if (group.size < 1) {
            trace->broken++;
            continue;
        }
        size_t listed = json_array_size(ranks);
        if (!listed && trace->ranks == NO_NUMBER) trace->ranks = group.size;
        if (listed) group.start = trace_integer(json_array_get(ranks, 0));
        if (listed > 1) group.stride = trace_integer(json_array_get(ranks, 1)) - group.start;
        for (size_t r = 1; r < listed; r++)
            if (trace_integer(json_array_get(ranks, r)) != group.start + (int64_t)r * group.stride)
                group.stride = NO_NUMBER;
        if (group.stride < 1) group.stride = NO_NUMBER;
        trace->groups = reallocate(trace->groups, trace->group_count + 1, sizeof *trace->groups);
        trace->groups[trace->group_count++] = group;
    }
}

/* ---- the file ---- */

struct reading {
    struct trace *trace;
    bool chrome, chakra; /* the formats whose lists the document has */
};

static void read_element(void *context, const char *list, const json_t *value)
{
    struct reading *reading = context;
    *(strcmp(list, "nodes") == 0 ? &reading->chakra : &reading->chrome) = true;
    if (!json_is_object(value))
        reading->trace->broken++;
    else if (reading->chakra)
        trace_chakra_node(reading->trace, value);
    else
        trace_chrome_event(reading->trace, value);
}

static void read_member(void *context, const char *name, const json_t *value)
{
    struct reading *reading = context;
    if (strcmp(name, "schema") == 0)
        reading->chakra = json_is_string(value) && strstr(json_string_value(value), "chakra");
    else
        trace_chrome_member(reading->trace, name, value);
}

static enum status read_data(struct trace *trace, const char *data, size_t length)
{
    static const char *const lists[] = {"traceEvents", "nodes", NULL}, *const members[] = {"distributedInfo",
                                                                                           "schema", NULL};
    struct reading reading = {.trace = trace};
    struct trace_reader reader = {lists, members, read_element, read_member, &reading};
    if (length >= 2 && (unsigned char)data[0] == 0x1f && (unsigned char)data[1] == 0x8b)
        return fail(STATUS_ENVIRONMENT, "%s: the file is compressed: run gunzip on it first", trace->path);
    enum status status = trace_json_read(&reader, trace->path, data, length);
    if (status) return status;
    if (reading.chrome && reading.chakra)
        return fail(STATUS_ENVIRONMENT,
                    "%s: the document has both traceEvents and nodes: expected one of them", trace->path);
    if (!trace->count)
        return fail(STATUS_ENVIRONMENT,
                    "%s: the file has no operations of PyTorch: expected the JSON of its profiler "
                    "(export_chrome_trace) or of its ExecutionTraceObserver",
                    trace->path);
    if (trace->several_processes)
        return fail(STATUS_ENVIRONMENT,
                    "%s: the trace has operations of several processes: expected the trace of one rank",
                    trace->path);
    trace->timed = reading.chrome;
    if (reading.chakra)
        trace_chakra_parents(trace);
    else
        trace_chrome_parents(trace);
    return STATUS_OK;
}

enum status trace_read(struct trace *trace, const char *path)
{
    *trace = (struct trace){.path = path, .process = NAN, .rank = NO_NUMBER, .ranks = NO_NUMBER};
    struct text data = {0};
    enum status status = text_add_file(&data, path, LARGEST_FILE);
    if (!status) status = read_data(trace, text_get(&data), data.length);
    text_free(&data);
    if (status) trace_free(trace);
    return status;
}

void trace_free(struct trace *trace)
{
    free(trace->events);
    free(trace->groups);
    arena_free(&trace->arena);
    *trace = (struct trace){0};
}
