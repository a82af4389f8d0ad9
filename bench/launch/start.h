/* Lets a driver start its own ranks, for users who type `all_reduce -g 8` without mpirun. */
#ifndef BUSBAR_START_H
#define BUSBAR_START_H

#include "base/options.h"

#include <stdint.h>

/* -t and -g as in nccl-tests: threads * gpus ranks, one per GPU. */
struct start_settings {
    int64_t threads;
    int64_t gpus; /* 0: all that are visible; START_NOT_ASKED: -g was not given */
};
enum { START_NOT_ASKED = -1 };

/* Returns STATUS_OK if this process is to be the only rank, or was started as a rank; on error prints one
   line and returns its status. Otherwise replaces this process by the launcher (scripts/launchers/mpirun,
   which the build embeds) with the same command line without -t and -g. visible: number of GPUs that this
   process sees. */
enum status start_ranks(const struct command *, int argc, char **argv, const struct start_settings *,
                        int visible);

#endif
