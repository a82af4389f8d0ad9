/* Starting the ranks from the driver itself, for a user who types `all_reduce -g 8` without mpirun. */
#ifndef BUSBAR_START_H
#define BUSBAR_START_H

#include "base/options.h"

#include <stdint.h>

/* -t and -g as nccl-tests means them: threads * gpus ranks, one for each GPU. */
struct start_settings {
    int64_t threads;
    int64_t gpus; /* 0: all that are visible; START_NOT_ASKED: -g was not given */
};
enum { START_NOT_ASKED = -1 };

/* Returns in a process that is a rank already: STATUS_OK where nothing is to be started, else one line and a
   status. Otherwise replaces this process by the launcher (scripts/launchers/mpirun, which the build embeds)
   with the same command line less -t and -g, and does not return. visible: GPUs that this process sees. */
enum status start_ranks(const struct command *, int argc, char **argv, const struct start_settings *,
                        int visible);

#endif
