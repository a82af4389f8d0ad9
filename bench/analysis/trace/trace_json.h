/* Finds the elements of the large list of a trace's JSON document, so that only one of them is in memory as a
   tree. */
#ifndef BUSBAR_TRACE_JSON_H
#define BUSBAR_TRACE_JSON_H

#include "base/status.h"

#include <jansson.h>

struct trace_reader {
    const char *const *lists;   /* the members of the document to read element by element; NULL-terminated */
    const char *const *members; /* the members to read whole; NULL-terminated. All others are skipped. */
    /* value NULL: the element is not JSON. Numbers are reals. A document that is a list is the list "". */
    void (*element)(void *context, const char *list, const json_t *value);
    void (*member)(void *context, const char *name, const json_t *value);
    void *context;
};

/* STATUS_ENVIRONMENT after one line if the document is cut off or is not JSON outside the elements. */
enum status trace_json_read(const struct trace_reader *, const char *path, const char *data, size_t length);

#endif
