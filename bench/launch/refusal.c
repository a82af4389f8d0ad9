#include "launch/refusal.h"
#include "launch/launcher.h"

#include <mpi.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* What launchers print after ranks have exited with a status other than 0:
   - Open MPI 4: a block of five lines or more (orte_print_aborted_job() in orte_quit.c), but nothing if a
     rank has called MPI_Abort. MPI_Abort has a message of its own, which orte_execute_quiet in the rank's
     environment turns off. So a refused launch starts MPI and aborts.
   - Open MPI 5: a block in both cases (print_aborted_job() in PRRTE's prte_quit.c), which only flags of
     mpirun turn off.
   - Hydra (MPICH): nothing (pmiserv_cb.c: only if a signal ended a rank). */
#if defined OMPI_MAJOR_VERSION && OMPI_MAJOR_VERSION < 5

static int late_status;

static void give_up(int signal)
{
    (void)signal;
    _exit(late_status);
}

enum status end_refused(enum status status)
{
    enum { PATIENCE_S = 20 }; /* MPI_Init waits for all ranks, but some may run another program */
    if (!getenv("OMPI_COMM_WORLD_SIZE")) return status;
    late_status = (int)status;
    signal(SIGALRM, give_up);
    alarm(PATIENCE_S);
    setenv("OMPI_MCA_orte_execute_quiet", "1", 1);
    if (MPI_Init(NULL, NULL)) return status;
    if (early_rank() == 0) MPI_Abort(MPI_COMM_WORLD, (int)status);
    for (;;) pause(); /* rank 0 ends the launch */
}

#else

enum status end_refused(enum status status)
{
    return status;
}

#endif
