/* What the readers of the two formats share. */
#ifndef BUSBAR_TRACE_READ_H
#define BUSBAR_TRACE_READ_H

#include "analysis/trace/trace.h"

struct trace_event *trace_add(struct trace *, enum trace_kind, const char *name);
double trace_number(const json_t *);                      /* NAN: none; also from a string */
int64_t trace_integer(const json_t *);                    /* 0 to 2^53, or NO_NUMBER; also from a string */
const char *trace_string(struct trace *, const json_t *); /* NULL: none */

/* Where an event of one format stores its arguments. */
struct trace_arguments {
    bool chakra;
    const json_t *object;                                   /* contains the arguments */
    json_t *(*get)(const json_t *object, const char *name); /* NULL: missing */
    const json_t *collective;                               /* the collective's name */
    const json_t *shapes, *types, *values;                  /* lists with an entry for each input */
};

/* Sets the facts of a collective, worker or matmul. */
void trace_read_facts(struct trace *, struct trace_event *, const struct trace_arguments *);
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
