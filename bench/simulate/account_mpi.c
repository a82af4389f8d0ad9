/* The MPI functions that let other ranks run: rank 0's own time and memory do not grow meanwhile. */
#include "simulate/account.h"

#include <mpi.h>
#include <simgrid/actor.h>
#include <time.h>

/* Calls the function itself, as the linker names it. */
#define WRAPPED(name, calls, parameters, arguments)                                                          \
    int __real_##name parameters;                                                                            \
    int __wrap_##name parameters;                                                                            \
    int __wrap_##name parameters                                                                             \
    {                                                                                                        \
        account_pause(calls);                                                                                \
        int error = __real_##name arguments;                                                                 \
        account_resume();                                                                                    \
        return error;                                                                                        \
    }

typedef const void *from;
typedef void *into;
typedef MPI_Datatype type;
typedef MPI_Comm comm;

WRAPPED(MPI_Barrier, 1, (comm c), (c))
WRAPPED(MPI_Bcast, 1, (into b, int n, type t, int root, comm c), (b, n, t, root, c))
WRAPPED(MPI_Allreduce, 1, (from s, into r, int n, type t, MPI_Op op, comm c), (s, r, n, t, op, c))
WRAPPED(MPI_Reduce, 1, (from s, into r, int n, type t, MPI_Op op, int root, comm c),
        (s, r, n, t, op, root, c))
WRAPPED(MPI_Gather, 1, (from s, int n, type t, into r, int m, type u, int root, comm c),
        (s, n, t, r, m, u, root, c))
WRAPPED(MPI_Allgather, 1, (from s, int n, type t, into r, int m, type u, comm c), (s, n, t, r, m, u, c))
WRAPPED(MPI_Send, 1, (from s, int n, type t, int to, int tag, comm c), (s, n, t, to, tag, c))
WRAPPED(MPI_Recv, 1, (into r, int n, type t, int of, int tag, comm c, MPI_Status *status),
        (r, n, t, of, tag, c, status))
WRAPPED(MPI_Sendrecv, 1,
        (from s, int n, type t, int to, int tag, into r, int m, type u, int of, int tag2, comm c,
         MPI_Status *status),
        (s, n, t, to, tag, r, m, u, of, tag2, c, status))
WRAPPED(MPI_Isend, 1, (from s, int n, type t, int to, int tag, comm c, MPI_Request *q),
        (s, n, t, to, tag, c, q))
WRAPPED(MPI_Irecv, 1, (into r, int n, type t, int of, int tag, comm c, MPI_Request *q),
        (r, n, t, of, tag, c, q))
WRAPPED(MPI_Waitany, 0, (int n, MPI_Request *q, int *done, MPI_Status *status), (n, q, done, status))
WRAPPED(MPI_Comm_dup, 1, (comm c, comm *new), (c, new))
WRAPPED(MPI_Comm_split, 1, (comm c, int color, int key, comm *new), (c, color, key, new))
WRAPPED(MPI_Comm_split_type, 1, (comm c, int kind, int key, MPI_Info info, comm *new),
        (c, kind, key, info, new))
WRAPPED(MPI_Comm_free, 1, (comm * c), (c))

int __real_MPI_Init(int *argc, char ***argv);
int __wrap_MPI_Init(int *argc, char ***argv);
int __wrap_MPI_Init(int *argc, char ***argv)
{
    int error = __real_MPI_Init(argc, argv);
    if (!error) account_begin();
    return error;
}

int __real_MPI_Finalize(void);
int __wrap_MPI_Finalize(void);
int __wrap_MPI_Finalize(void)
{
    account_end();
    return __real_MPI_Finalize();
}

/* The simulated clock stands still while a rank really sleeps. */
int __wrap_nanosleep(const struct timespec *request, struct timespec *remain);
int __wrap_nanosleep(const struct timespec *request, struct timespec *remain)
{
    (void)remain;
    account_pause(0);
    sg_actor_sleep_for((double)request->tv_sec + (double)request->tv_nsec * 1e-9);
    account_resume();
    return 0;
}

void __real_sg_actor_sleep_until(double wakeup_s);
void __wrap_sg_actor_sleep_until(double wakeup_s);
void __wrap_sg_actor_sleep_until(double wakeup_s)
{
    account_pause(0);
    __real_sg_actor_sleep_until(wakeup_s);
    account_resume();
}
