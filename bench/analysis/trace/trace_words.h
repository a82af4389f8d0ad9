/* PyTorch's names of operations, collectives and types, and the shapes of its operations. */
#ifndef BUSBAR_TRACE_WORDS_H
#define BUSBAR_TRACE_WORDS_H

#include "analysis/trace/trace.h"

/* Is this the name of a step's annotation, "ProfilerStep#7"? */
bool trace_is_step(const char *name);
/* Returns TRACE_COLLECTIVE, TRACE_WORKER, TRACE_MATMUL or TRACE_OPERATION. */
enum trace_kind trace_kind_of(const char *name);
bool trace_is_wait(const char *name); /* the collective only waits for others, and sends nothing */
/* Does an operation of this name compute nothing itself? Such operations allocate tensors or change their
   shape; or they are autograd's, which call other operations. */
bool trace_computes_nothing(const char *name);
/* Sets in, out and type of a collective from its inputs, unless the facts have them already. */
void trace_count_elements(const char *name, struct trace_facts *);

/* Each sets members of the operation and returns NULL; or returns why the operation cannot be a row. `ranks`
   is the size of the collective's group, or NO_NUMBER. */
const char *trace_read_matmul(const char *name, const struct trace_facts *, struct trace_operation *);
const char *trace_read_collective(const char *name, const struct trace_facts *, int64_t ranks,
                                  struct trace_operation *);

#endif
