/* A launch's name and the header of its record. */
#ifndef BUSBAR_HEADER_H
#define BUSBAR_HEADER_H

#include "backend/backend.h"
#include "launch/machine.h"
#include "record/facts.h"

/* Sets the names of the run and of the launch: the given ones, else names made of driver and time. The
   launch's also has the number of ranks and the process id, so that no two launches get the same. */
enum { LAUNCH_NAME = 256 };
void launch_names(const char *driver, int ranks, const char *given_run, const char *given_launch,
                  char run[LAUNCH_NAME], char launch[LAUNCH_NAME]);

/* Collective, because a backend's facts may be. Fills the header from `known` (to which it adds world, MPI
   and environment), the machine and add_facts(state, header); rank 0 writes it. */
enum status header_write(struct record_writer *, const struct world *, const struct host_machine *,
                         struct launch_description known,
                         void (*add_facts)(void *state, struct launch_header *), void *state);

#endif
