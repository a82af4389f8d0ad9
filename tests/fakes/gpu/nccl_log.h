/* What the emulated NCCL prints with NCCL_DEBUG=INFO. */
#ifndef FAKE_NCCL_LOG_H
#define FAKE_NCCL_LOG_H

#include "move.h"

void log_facts(struct ncclComm *, int version); /* of a new communicator; all its ranks call this */
void log_connections(const struct ncclComm *);  /* at its first operation */
/* What rank 0 prints for each call with NCCL_DEBUG_SUBSYS=TUNING, in the format of this version. */
void log_choice(const struct move *, size_t bytes, int version);
void log_anew(void); /* reads the settings again, as ncclResetDebugInit() does */

#endif
