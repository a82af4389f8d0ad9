/* Reads a trace's JSON document and parses the elements of its large list one by one, so that the tree of
   only one element is in memory. */
#ifndef BUSBAR_TRACE_JSON_H
#define BUSBAR_TRACE_JSON_H

#include "base/status.h"

#include <jansson.h>

struct trace_reader {
    /* Names of the document's members: the lists to read element by element, and the members to read whole.
       Both end with NULL. All other members are skipped. A document that is itself a list has the name "". */
    const char *const *lists, *const *members;
    /* Called for each element and member. All numbers are reals. value NULL: the element is not valid JSON.
       The value is valid until the function returns. */
    void (*element)(void *context, const char *list, const json_t *value);
    void (*member)(void *context, const char *name, const json_t *value);
    void *context;
};

/* Returns STATUS_ENVIRONMENT after printing one line with the path and the line number if the document is cut
   off, or is not valid JSON outside the elements. */
enum status trace_json_read(const struct trace_reader *, const char *path, const char *data, size_t length);

#endif
