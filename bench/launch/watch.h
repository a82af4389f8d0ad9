/* The watchdog: a thread of each process beside the measurement. It ends a launch that hangs, and names the
   ranks to blame.

   - Before MPI_Init has returned: a deadline for it. After half of the time, a process that waits in MPI_Init
     leaves a note in a shared folder, so that the ranks that have not arrived can be named.
   - After that: the progress board. Every process reports its progress to rank 0's thread over TCP, outside
     MPI. If no rank makes progress for the time allowed, rank 0 names the ranks that are silent, have ended,
     or are behind. Rank 0 answers each report, so that the others notice if it dies.
   - Always: SIGINT, SIGTERM and SIGHUP end the process cleanly: rank 0 ends its record first. */
#ifndef BUSBAR_WATCH_H
#define BUSBAR_WATCH_H

#include "backend/backend.h"

#include <stdatomic.h>

/* This process's progress; the measurement writes it, the watchdog's thread reads it. */
struct pulse {
    atomic_ulong steps; /* grows with progress */
    atomic_int stage;   /* enum stage */
};

/* Counts a step of progress, and sets what this rank does now. */
static inline void pulse_step(struct pulse *pulse, enum stage stage)
{
    atomic_fetch_add_explicit(&pulse->steps, 1, memory_order_relaxed);
    atomic_store_explicit(&pulse->stage, stage, memory_order_relaxed);
}

struct watch;

struct watch_settings {
    double timeout_s;   /* 0: no deadlines, signals only */
    const char *folder; /* shared by all processes, for notes of arrival; NULL: see arrival_find() */
    /* Writes the end of the record. The watchdog's thread calls it on rank 0, or on every rank if ranks are
       not known yet; perhaps more than once. The process ends soon after. */
    void (*at_end)(void *state, enum end_status);
    void (*abort)(void *state); /* ends hanging device operations; may be NULL */
    void *state;
};

/* Before MPI_Init. Never fails; warns if the watchdog cannot start. */
struct watch *watch_open(const struct watch_settings *);

/* Call it immediately before MPI_Init. A process that misses the deadline before this call hangs in choosing
   its GPU; after it, in waiting for other ranks. */
void watch_arrive(struct watch *);

/* Collective over world->comm, after world_open. The world must live until watch_close. */
void watch_join(struct watch *, const struct world *);

struct pulse *watch_pulse(struct watch *);

/* Sets what is being measured, for the line that a hang prints: "all_reduce 1 KiB float". */
void watch_say(struct watch *, const char *what);

/* On rank 0: from now on these ranks are apart (struct seen in board.h). NULL: the list
   is about to be freed. */
void watch_apart(struct watch *, const bool *apart);

/* Call it before this launch uses NCCL: the lines about a hang then include what NCCL's RAS tells (ras.h). */
void watch_asks_ras(struct watch *);

/* Call it when this rank has printed its error and is about to call MPI_Abort: the other ranks then print no
   diagnosis of their own. */
void watch_fail(struct watch *);

/* Call it when all ranks have agreed on the exit status and its error has been printed. If the status is not
   0, a signal from then on ends the process silently with it: some launchers end all ranks as soon as one has
   ended with such a status. */
void watch_conclude(struct watch *, enum status);

/* Ends the thread, after MPI_Finalize. NULL is allowed. */
void watch_close(struct watch *);

#endif
