/* What the launcher (mpirun, srun) tells each process, before MPI_Init. */
#ifndef BUSBAR_LAUNCHER_H
#define BUSBAR_LAUNCHER_H

/* This process's rank; 0: no launcher gave one. For errors that are to be printed once. */
int early_rank(void);

/* Which of the processes of this host it is; -1: no launcher said. */
int early_local_rank(void);

/* How many processes were started together, and the variable that says so; 0: no launcher said. */
int early_ranks(const char **variable);

#endif
