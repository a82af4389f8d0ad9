#include "launch/refusal.h"
#include "launch/launcher.h"

#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What launchers print after ranks have exited with a status other than 0:
   - Open MPI 4: a block of five lines or more (orte_print_aborted_job() in orte_quit.c), but nothing if a
     rank has called MPI_Abort. MPI_Abort has a message of its own, which orte_execute_quiet in the rank's
     environment turns off. So a refused launch starts MPI and aborts.
   - Open MPI 5: a block in both cases (print_aborted_job() in PRRTE's prte_quit.c), which only flags of
     mpirun turn off.
   - Hydra (MPICH): nothing (pmiserv_cb.c: only if a signal ended a rank). If only some ranks are refused, it
     leaves the others in MPI_Init, until their watchdogs end them. */
#if defined OMPI_MAJOR_VERSION && OMPI_MAJOR_VERSION < 5

#define QUIET "OMPI_MCA_orte_execute_quiet"
enum { PATIENCE_S = 20 };

static int late_status;
static bool has_quiet; /* MPI_Init has read QUIET, under mpirun */

static void give_up(int signal)
{
    (void)signal;
    _exit(late_status);
}

/* From now on this process ends with the status by itself if nothing else ends it. */
static void set_deadline(enum status status)
{
    late_status = (int)status;
    signal(SIGALRM, give_up);
    signal(SIGTERM, give_up);
    alarm(PATIENCE_S);
}

static void end_quietly(enum status status, int rank)
{
    fflush(NULL);
    if (rank == 0) {
        usleep(100000); /* the launcher reads what was printed before it learns of the end */
        MPI_Abort(MPI_COMM_WORLD, (int)status);
    }
    for (;;) pause(); /* rank 0 ends the launch */
}

enum status end_refused(enum status status)
{
    if (!getenv("OMPI_COMM_WORLD_SIZE")) return status;
    set_deadline(status); /* MPI_Init waits for all ranks, but some may run another program */
    setenv(QUIET, "1", 1);
    if (MPI_Init(NULL, NULL)) return status;
    end_quietly(status, early_rank());
    return status;
}

int quiet_init(int (*init)(void *state), void *state)
{
    has_quiet = getenv("OMPI_COMM_WORLD_SIZE") && !getenv(QUIET);
    if (has_quiet) setenv(QUIET, "1", 1);
    const int error = init(state);
    if (has_quiet) unsetenv(QUIET); /* the record has the user's environment */
    return error;
}

bool ends_quietly(void)
{
    return has_quiet;
}

void end_agreed(enum status status)
{
    int rank = 0;
    set_deadline(status);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Barrier(MPI_COMM_WORLD);
    end_quietly(status, rank);
}

#else

enum status end_refused(enum status status)
{
    return status;
}

int quiet_init(int (*init)(void *state), void *state)
{
    return init(state);
}

bool ends_quietly(void)
{
    return false;
}

void end_agreed(enum status status)
{
    (void)status;
}

#endif
