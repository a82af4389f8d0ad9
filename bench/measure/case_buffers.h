/* The buffers of cases: how many slots, whether they fit, what fills them. */
#ifndef BUSBAR_CASE_BUFFERS_H
#define BUSBAR_CASE_BUFFERS_H

#include "measure/launch_state.h"

/* Collective. Must precede case_buffers_give(). Opens the case's split if it is not open. If buffers are
   registered (-R), also registers those of the split's largest case that fits, once each time it is
   opened: the backend keeps its memory from case to case and would have to grow it for a larger one, and
   NCCL has known problems with windows that are registered after others. */
enum status case_buffers_open(struct launch_state *l, const struct measured *m);

/* Collective. Allocates the buffers of a case. If the case is unsupported or does not fit, sets its status
   and reason, leaves call.buffers NULL and returns STATUS_OK. */
enum status case_buffers_give(struct launch_state *l, struct measured *m, struct buffers *buffers);

/* Fills all slots with data of the case's type: data of another type may be denormal floats, which are
   slow. */
enum status case_buffers_fill(struct launch_state *l, struct measured *m);

/* For --largest: sets the status of the cases that do not fit. Measures nothing. */
enum status case_buffers_ask(struct launch_state *l);

#endif
