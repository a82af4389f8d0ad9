/* Functions that the readers of both formats share, and the readers. */
#ifndef BUSBAR_TRACE_READ_H
#define BUSBAR_TRACE_READ_H

#include "analysis/trace/trace.h"

/* The pointer is valid until the next event is added. */
struct trace_event *trace_add_event(struct trace *, enum trace_kind, const char *name);

/* These accept NULL. Numbers may also be strings with a number. */
double trace_number(const json_t *);                      /* NAN: not a number */
int64_t trace_integer(const json_t *);                    /* 0 to 2^53; NO_NUMBER: anything else */
const char *trace_string(struct trace *, const json_t *); /* NULL: not a string */

/* Where an event of one format stores its arguments. */
struct trace_arguments {
    bool chakra;
    const json_t *object;                                   /* contains the arguments */
    json_t *(*get)(const json_t *object, const char *name); /* returns NULL if an argument is missing */
    const json_t *collective;                               /* the collective's name */
    const json_t *shapes, *types, *values;                  /* lists with an entry for each input */
};

/* Sets the facts of a collective, worker or matmul. The trace owns them. */
void trace_read_facts(struct trace *, struct trace_event *, const struct trace_arguments *);
/* Adds a list of process groups: objects with pg_name, pg_desc, pg_size or group_size, and ranks (an empty
   list stands for all ranks of the job). */
void trace_process_groups(struct trace *, const json_t *list);

/* Each format has functions for an element of the document's list, for a member of the document (Chrome
   only), and for the parents of all events, which is called once after the last element. */
void trace_chrome_event(struct trace *, const json_t *);
void trace_chrome_member(struct trace *, const char *name, const json_t *);
void trace_chrome_parents(struct trace *);
void trace_chakra_node(struct trace *, const json_t *);
void trace_chakra_parents(struct trace *);

#endif
