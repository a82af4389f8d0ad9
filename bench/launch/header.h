/* A launch's name and the header of its record. */
#ifndef BUSBAR_HEADER_H
#define BUSBAR_HEADER_H

#include "backend/backend.h"
#include "launch/machine.h"
#include "record/facts.h"

/* Names of the run and the launch: those given, else when and what, and the process, so that no two meet. */
enum { LAUNCH_NAME = 256 };
void launch_names(const char *driver, int ranks, const char *given_run, const char *given_launch,
                  char run[LAUNCH_NAME], char launch[LAUNCH_NAME]);

/* Collective, since a backend's facts may be: fills the header from `known` (world, MPI and environment are
   added here), the machine and add_facts(state, header); rank 0 writes it. */
enum status header_write(struct record_writer *, const struct world *, const struct host_machine *,
                         struct launch_description known,
                         void (*add_facts)(void *state, struct launch_header *), void *state);

#endif
