/* The nodes of PyTorch's ExecutionTraceObserver (schema 1.0.1 and Chakra's 1.x). A node has a number, which
   ascends in the order of start, and the number of its parent; it has no time. */
#include "analysis/trace/trace_read.h"
#include "analysis/trace/trace_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const json_t *attribute(const json_t *node, const char *name)
{
    json_t *attributes = json_object_get(node, "attrs");
    if (!attributes) return json_object_get(node, name); /* schema 1.0.1 */
    for (size_t i = 0; i < json_array_size(attributes); i++) {
        json_t *item = json_array_get(attributes, i);
        const char *other = json_string_value(json_object_get(item, "name"));
        if (other && strcmp(other, name) == 0) return json_object_get(item, "value");
    }
    return NULL;
}

/* The process groups of the job: JSON in a string, the node's only input. */
static void read_groups(struct trace *trace, const json_t *node)
{
    const char *list =
        json_string_value(json_array_get(json_object_get(json_object_get(node, "inputs"), "values"), 0));
    json_t *groups = list ? json_loads(list, JSON_DECODE_INT_AS_REAL, NULL) : NULL;
    trace_process_groups(trace, groups);
    json_decref(groups);
}

/* The shapes or types of the inputs. */
static const json_t *inputs_of(const json_t *node, const char *what, const char *old_name)
{
    json_t *inputs = json_object_get(node, "inputs"), *found = json_object_get(inputs, what);
    return found ? found : json_object_get(node, old_name);
}

/* The collective's name, which before schema 1.0.3 only the inputs tell: it is the only string among them. */
static const json_t *name_of_collective(const json_t *node)
{
    const json_t *name = attribute(node, "collective_name"), *types = inputs_of(node, "types", "input_types"),
                 *values = inputs_of(node, "values", "inputs");
    for (size_t i = 0; !name && i < json_array_size(types); i++) {
        const char *type = json_string_value(json_array_get(types, i));
        if (type && strcmp(type, "String") == 0) name = json_array_get(values, i);
    }
    return name;
}

static void read_comms(struct trace *trace, struct trace_facts *facts, const json_t *node)
{
    struct trace_group *group = &facts->group;
    facts->collective = trace_string(trace, name_of_collective(node));
    facts->type = trace_string(trace, attribute(node, "dtype"));
    facts->in = trace_integer(attribute(node, "in_msg_nelems"));
    facts->out = trace_integer(attribute(node, "out_msg_nelems"));
    facts->uneven = trace_parts_differ(attribute(node, "in_split_size")) ||
                    trace_parts_differ(attribute(node, "out_split_size"));
    group->name = trace_string(trace, attribute(node, "pg_name"));
    group->description = trace_string(trace, attribute(node, "pg_desc"));
    group->size = trace_integer(attribute(node, "pg_size"));
    group->start = trace_integer(attribute(node, "global_rank_start"));
    group->stride = trace_integer(attribute(node, "global_rank_stride"));
}

void trace_chakra_node(struct trace *trace, const json_t *node)
{
    enum { USER_SCOPE = 7 }; /* annotations */
    const char *name = json_string_value(json_object_get(node, "name"));
    double number = trace_number(json_object_get(node, "id"));
    if (!name || isnan(number)) {
        trace->broken++;
        return;
    }
    if (strcmp(name, "## process_group:init ##") == 0) read_groups(trace, node);
    enum trace_kind kind = strncmp(name, "ProfilerStep#", 13) == 0 ? TRACE_STEP : trace_kind_of(name);
    if (kind == TRACE_OPERATION && trace_integer(attribute(node, "scope")) == USER_SCOPE) return;
    struct trace_event *event = trace_add(trace, kind, name);
    event->start = event->end = number;
    event->link =
        trace_number(json_object_get(node, json_object_get(node, "attrs") ? "ctrl_deps" : "parent"));
    event->id = trace_number(attribute(node, "rf_id"));
    if (isnan(event->id)) event->id = number;
    if (kind == TRACE_OPERATION || kind == TRACE_STEP) return;
    event->facts = trace_new_facts(trace);
    if (strcmp(name, "record_param_comms") == 0) read_comms(trace, event->facts, node);
    trace_inputs(trace, event->facts, inputs_of(node, "shapes", "input_shapes"),
                 inputs_of(node, "types", "input_types"));
    if (kind != TRACE_MATMUL) trace_count_elements(name, event->facts);
    const json_t *values =
        inputs_of(node, "values", "inputs"); /* of an all-to-all: output, input, group, parts of both */
    if (strcmp(name, "c10d::alltoall_base_") == 0)
        event->facts->uneven =
            trace_parts_differ(json_array_get(values, 3)) || trace_parts_differ(json_array_get(values, 4));
}

static int by_number(const void *a, const void *b)
{
    const struct trace_event *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

void trace_chakra_parents(struct trace *trace)
{
    qsort(trace->events, trace->count, sizeof *trace->events, by_number);
    for (size_t i = 0; i < trace->count; i++) {
        struct trace_event key = {.start = trace->events[i].link};
        struct trace_event *parent =
            isnan(key.start) ? NULL
                             : bsearch(&key, trace->events, trace->count, sizeof *trace->events, by_number);
        if (parent && parent < &trace->events[i] && parent->kind < TRACE_STEP &&
            trace->events[i].kind != TRACE_WORKER)
            trace->events[i].parent = (size_t)(parent - trace->events);
    }
}
