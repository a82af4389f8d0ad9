/* The account of a simulated launch: what each of its phases costs rank 0 (scripts/simulate --account). The
   linker puts the functions of account_phases.c and account_mpi.c around those of the drivers and of MPI
   (--wrap), so the drivers' own sources do not know of it.

   Messages: all that SimGrid sends from or to rank 0, also those inside collective calls. Time: that of the
   simulated clock. CPU time and memory: what rank 0's own code takes on the machine that simulates, without
   SimGrid's; sampling and verification include the simulated operation itself. */
#ifndef BUSBAR_ACCOUNT_H
#define BUSBAR_ACCOUNT_H

/* Every moment of rank 0 from MPI_Init to MPI_Finalize belongs to one phase. */
enum account_phase {
    IN_START, /* from MPI_Init to the first case, without the phases below */
    IN_NAMES,
    IN_CROWDING,
    IN_BACKEND,
    IN_HEADER,
    IN_FIRST_CLOCKS, /* --sync window: once in a launch */
    IN_CLOCKS,       /* for each case and pass */
    IN_BUFFERS,
    IN_WARM_UP,
    IN_SAMPLING,
    IN_MEDIANS,
    IN_VERIFICATION,
    IN_WRITING,
    IN_BETWEEN, /* the rest of measuring: which case is next, and agreement that it went well */
    IN_END,
    ACCOUNT_PHASES
};

/* Begins the account if the platform file asks for one, and ends it. All ranks call these. */
void account_begin(void);
void account_end(void);

/* Ends the current phase and begins another. Returns the phase that ended, so that a caller can go back.
   Only calls by rank 0 count. */
enum account_phase account_enter(enum account_phase);

/* Around everything that lets other ranks run meanwhile. `calls`: 1 counts it as an MPI call; else 0. */
void account_pause(int calls);
void account_resume(void);

/* The code that runs now has allocated these bytes; negative: freed. Only rank 0's count. */
void account_memory(double bytes);

#endif
