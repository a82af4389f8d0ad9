#include "launch/launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The number in the first of the variables that is set; `otherwise` if none is. */
static int first_number(const char *const *names, int otherwise)
{
    for (int i = 0; names[i]; i++)
        if (getenv(names[i])) return atoi(getenv(names[i]));
    return otherwise;
}

int early_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID",
                                        NULL};
    return first_number(names, 0);
}

int early_local_rank(void)
{
    static const char *const names[] = {
        "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "MV2_COMM_WORLD_LOCAL_RANK",
        "PALS_LOCAL_RANKID",          "SLURM_LOCALID",   NULL};
    return first_number(names, -1);
}

int early_ranks(const char **variable)
{
    static const char *const names[] = {
        "OMPI_COMM_WORLD_SIZE", "PMI_SIZE",  "PMIX_SIZE", "MV2_COMM_WORLD_SIZE",
        "SLURM_STEP_NUM_TASKS", "PALS_SIZE", NULL};
    int most = 0;
    for (int i = 0; names[i]; i++) {
        const char *value = getenv(names[i]);
        long ranks = value ? strtol(value, NULL, 10) : 0;
        if (ranks <= most || ranks > 1 << 30) continue;
        most = (int)ranks;
        *variable = names[i];
    }
    return most;
}

const char *launcher_command(const char *variable)
{
    return strncmp(variable, "SLURM_", 6) == 0 ? "srun -n" : "mpirun -np";
}

void launcher_abort(int status)
{
    /* Slurm sets PMI_FD, too, but speaks another protocol. Only Hydra sets MPI_LOCALNRANKS. */
    const char *descriptor = getenv("PMI_FD");
    if (!descriptor || !getenv("MPI_LOCALNRANKS")) return;
    char message[64];
    const int length = snprintf(message, sizeof message, "cmd=abort exitcode=%d\n", status);
    /* send() works on sockets only. If the number is stale and now that of a file, nothing is written to it.
       An error needs no handling: Hydra notices that this process ends. */
    (void)!send(atoi(descriptor), message, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
}
