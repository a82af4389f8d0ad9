/* The watchdog: a thread of each process beside the measurement. It ends a launch that hangs, and names who
   is to blame.

   - Before MPI_Init has returned: a deadline for arriving. When half of the time is over, a process that waits
     in MPI_Init leaves a note in a folder that all share, so that those who have not come can be named.
   - After: the progress board. Every process reports over TCP to rank 0's thread, outside MPI, how far it is.
     When nobody moves for the time allowed, rank 0 names the ranks that give no sign of life, have ended, or
     lag behind. Rank 0 answers, so that the others see its death.
   - Always: SIGINT, SIGTERM and SIGHUP end the process in order: rank 0 closes its record first. */
#ifndef BUSBAR_WATCH_H
#define BUSBAR_WATCH_H

#include "backend/backend.h"

#include <stdatomic.h>

/* How far this process is; written by the measurement, read by the thread. */
struct pulse {
    atomic_ulong steps; /* grows with everything that is done */
    atomic_int stage;   /* enum stage */
};

struct watch;

struct watch_settings {
    double timeout_s;   /* 0: no deadlines, signals only */
    const char *folder; /* shared by all processes, for notes of arrival; NULL: see arrival_find() */
    /* Writes the end of the record. The watchdog's thread calls it on rank 0, or on every rank if ranks are
       not known yet; perhaps more than once. The process ends soon after. */
    void (*at_end)(void *state, enum end_status);
    void (*abort)(void *state); /* ends what hangs on devices; may be NULL */
    void *state;
};

/* Before MPI_Init. Never fails; warns if the watchdog cannot start. */
struct watch *watch_open(const struct watch_settings *);

/* This process calls MPI_Init next. Until then it is choosing its GPU, which may hang; afterwards it waits
   for others. */
void watch_arrive(struct watch *);

/* Collective over world->comm, after world_open. The world must live until watch_close. */
void watch_join(struct watch *, const struct world *);

struct pulse *watch_pulse(struct watch *);

/* What is being measured, for the line that a hang prints: "all_reduce 1 KiB float". */
void watch_say(struct watch *, const char *what);

/* This rank has printed its error and is about to call MPI_Abort: no other rank must diagnose again. */
void watch_fail(struct watch *);

/* All ranks have agreed on the exit status, and it has been said: a launcher that ends them early at the
   first status other than 0 is no news. */
void watch_conclude(struct watch *, enum status);

/* In order, after MPI_Finalize: the thread ends. NULL is fine. */
void watch_close(struct watch *);

#endif
