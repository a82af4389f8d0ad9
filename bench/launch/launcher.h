/* What the launcher (mpirun, srun) tells each process through environment variables; known before
   MPI_Init. */
#ifndef BUSBAR_LAUNCHER_H
#define BUSBAR_LAUNCHER_H

/* This process's rank; 0 if no launcher set one. Lets one rank print an error that all meet. */
int early_rank(void);

/* This process's rank among those of its host; -1 if no launcher set one. */
int early_local_rank(void);

/* The number of processes that were started together, and the variable that gave it; 0 if no launcher set
   one. */
int early_ranks(const char **variable);
/* The command that starts ranks with the launcher of that variable, up to their number: "mpirun -np". */
const char *launcher_command(const char *variable);

/* Tells Hydra, the launcher of MPICH and Intel MPI, that the launch ends with `status`. Sends what MPI_Abort
   sends, "cmd=abort" of the PMI-1 protocol, but does not call MPI: any thread may call it at any time.
   Without it, Hydra kills the other ranks when one ends, and returns a status of its own. Does nothing under
   other launchers. */
void launcher_abort(int status);

#endif
