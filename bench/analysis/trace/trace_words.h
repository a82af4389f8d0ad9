/* The words of PyTorch's traces: operations, types, shapes. */
#ifndef BUSBAR_TRACE_WORDS_H
#define BUSBAR_TRACE_WORDS_H

#include "analysis/trace/trace.h"

/* TRACE_COLLECTIVE, TRACE_WORKER, TRACE_MATMUL or TRACE_OPERATION. */
enum trace_kind trace_kind_of(const char *name);
/* The collective's name without what varies: of "c10d::_allgather_base_" and of
   "all_gather_into_tensor_coalesced" "allgather". */
const char *trace_plain_name(const char *name, char plain[64]);
bool trace_is_wait(const char *name); /* waits for a collective, and sends nothing itself */
/* Does an operation of this name compute nothing itself? It makes or shapes tensors, or is autograd's call of
   others. */
bool trace_moves_nothing(const char *name);
/* Sets in and out from the shapes, where the arguments of a collective of this name have them. */
void trace_count_elements(const char *name, struct trace_facts *);

/* Fill the operation; return NULL, or why they cannot. ranks: of the collective's group, or NO_NUMBER. */
const char *trace_matmul(const char *name, const struct trace_facts *, struct trace_operation *);
const char *trace_message(const char *name, const struct trace_facts *, int64_t ranks,
                          struct trace_operation *);

#endif
