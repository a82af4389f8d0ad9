#include "analysis/trace/trace_read.h"
#include "analysis/trace/trace_json.h"
#include "analysis/trace/trace_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The file is in memory as a whole; of its events only one at a time as JSON. */
enum { LARGEST_FILE = 1 << 30 };

struct trace_event *trace_add(struct trace *trace, enum trace_kind kind, const char *name)
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

struct trace_facts *trace_new_facts(struct trace *trace)
{
    struct trace_facts *facts = arena_memory(&trace->arena, sizeof *facts);
    facts->in = facts->out = NO_NUMBER;
    facts->group = (struct trace_group){NULL, NULL, NO_NUMBER, NO_NUMBER, NO_NUMBER};
    for (size_t i = 0; i < TRACE_TENSORS; i++) facts->inputs[i].elements = NO_NUMBER;
    return facts;
}

/* ---- shapes ---- */

/* The elements of "[16, 64]", or of all in "[[3864], [24]]". NO_NUMBER: an empty list or none of numbers. */
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

void trace_inputs(struct trace *trace, struct trace_facts *facts, const json_t *shapes, const json_t *types)
{
    for (size_t i = 0; i < TRACE_TENSORS; i++) {
        const json_t *shape = json_array_get(shapes, i);
        struct trace_tensor *tensor = &facts->inputs[i];
        tensor->type = trace_string(trace, json_array_get(types, i));
        tensor->elements = count_elements(shape);
        size_t rank = json_array_size(shape);
        if (tensor->elements == NO_NUMBER || rank > TRACE_EDGES || json_is_array(json_array_get(shape, 0)))
            continue;
        for (tensor->rank = 0; tensor->rank < rank; tensor->rank++)
            tensor->edges[tensor->rank] = trace_integer(json_array_get(shape, tensor->rank));
    }
}

bool trace_parts_differ(const json_t *parts)
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
        if (group.size < 1) continue;
        size_t told = json_array_size(ranks);
        if (!told && trace->ranks == NO_NUMBER) trace->ranks = group.size;
        if (told) group.start = trace_integer(json_array_get(ranks, 0));
        if (told > 1) group.stride = trace_integer(json_array_get(ranks, 1)) - group.start;
        for (size_t r = 1; r < told; r++)
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
    bool chrome, chakra; /* which lists the document has */
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
        return fail(STATUS_ENVIRONMENT, "%s: is compressed: gunzip it first", trace->path);
    enum status status = trace_json_read(&reader, trace->path, data, length);
    if (status) return status;
    if (reading.chrome && reading.chakra)
        return fail(STATUS_ENVIRONMENT, "%s: has both traceEvents and nodes: neither format has",
                    trace->path);
    if (!trace->count)
        return fail(STATUS_ENVIRONMENT,
                    "%s: has no operations of PyTorch: expected the JSON of its profiler "
                    "(export_chrome_trace) or of its "
                    "ExecutionTraceObserver",
                    trace->path);
    if (trace->processes)
        return fail(STATUS_ENVIRONMENT,
                    "%s: has operations of several processes: expected the trace of one rank", trace->path);
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
