/* What the readers of the two formats share. */
#ifndef BUSBAR_TRACE_READ_H
#define BUSBAR_TRACE_READ_H

#include "analysis/trace/trace.h"

struct trace_event *trace_add(struct trace *, enum trace_kind, const char *name);
double trace_number(const json_t *);                      /* NAN: none; also from a string */
int64_t trace_integer(const json_t *);                    /* 0 to 2^53, or NO_NUMBER; also from a string */
const char *trace_string(struct trace *, const json_t *); /* NULL: none */

struct trace_facts *trace_new_facts(struct trace *);
/* Reads the first inputs from lists of shapes and of types. */
void trace_inputs(struct trace *, struct trace_facts *, const json_t *shapes, const json_t *types);
/* Whether the parts of an all-to-all, a list of numbers or a string with one, differ. */
bool trace_parts_differ(const json_t *);
/* Reads a list of process groups: objects with pg_name, pg_desc, ranks (none: all of the job), and pg_size or
   group_size. */
void trace_process_groups(struct trace *, const json_t *list);

/* One format each: an element of the document's list, a member of the document, and, after the last, the
   parents of all events. */
void trace_chrome_event(struct trace *, const json_t *);
void trace_chrome_member(struct trace *, const char *name, const json_t *);
void trace_chrome_parents(struct trace *);
void trace_chakra_node(struct trace *, const json_t *);
void trace_chakra_parents(struct trace *);

#endif
