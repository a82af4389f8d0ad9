/* Reads the nodes of PyTorch's ExecutionTraceObserver (schema 1.0.1, and Chakra's schemas 1.x). A node has a
   number, which ascends in the order of start, and the number of its parent. It has no times. */
#include "analysis/trace/trace_read.h"
#include "analysis/trace/trace_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Returns the value of a node's attribute; NULL: missing. */
static json_t *attribute(const json_t *node, const char *name)
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

/* Reads the process groups of the job. The node's only input is a string that contains them as JSON. */
static void read_groups(struct trace *trace, const json_t *node)
{
    const char *list =
        json_string_value(json_array_get(json_object_get(json_object_get(node, "inputs"), "values"), 0));
    json_t *groups = list ? json_loads(list, JSON_DECODE_INT_AS_REAL, NULL) : NULL;
    if (!json_is_array(groups)) trace->broken++;
    trace_process_groups(trace, groups);
    json_decref(groups);
}

/* Returns a list with an entry for each input: its shape, type or value. NULL: missing. */
static const json_t *inputs_of(const json_t *node, const char *what, const char *old_name)
{
    json_t *inputs = json_object_get(node, "inputs"), *found = json_object_get(inputs, what);
    return found ? found : json_object_get(node, old_name);
}

/* Returns the name of a collective; NULL: missing. Before schema 1.0.3 it is an input, the only one that is a
   string. */
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
    enum trace_kind kind = trace_is_step(name) ? TRACE_STEP : trace_kind_of(name);
    if (kind == TRACE_OPERATION && trace_integer(attribute(node, "scope")) == USER_SCOPE) return;
    struct trace_event *event = trace_add_event(trace, kind, name);
    event->start = event->end = number;
    event->link =
        trace_number(json_object_get(node, json_object_get(node, "attrs") ? "ctrl_deps" : "parent"));
    event->id = trace_number(attribute(node, "rf_id"));
    if (isnan(event->id)) event->id = number;
    if (kind != TRACE_OPERATION && kind != TRACE_STEP)
        trace_read_facts(trace, event,
                         &(struct trace_arguments){.chakra = true,
                                                   .object = node,
                                                   .get = attribute,
                                                   .collective = name_of_collective(node),
                                                   .shapes = inputs_of(node, "shapes", "input_shapes"),
                                                   .types = inputs_of(node, "types", "input_types"),
                                                   .values = inputs_of(node, "values", "inputs")});
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
