/* What a process tells the launcher that started it. */
#include "launch/launcher.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Sets PMI_FD, as Hydra and Slurm do, and MPI_LOCALNRANKS, as only Hydra does. */
static void start_by(bool hydra, int descriptor)
{
    char number[16];
    snprintf(number, sizeof number, "%d", descriptor);
    setenv("PMI_FD", number, 1);
    if (hydra)
        setenv("MPI_LOCALNRANKS", "2", 1);
    else
        unsetenv("MPI_LOCALNRANKS");
}

Test(launcher, hydra_gets_the_status_of_an_aborted_launch)
{
    int ends[2];
    char message[64] = "";
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    start_by(true, ends[1]);
    launcher_abort(4);
    cr_assert_gt(recv(ends[0], message, sizeof message - 1, MSG_DONTWAIT), 0);
    /* as MPICH writes it in PMI_Abort */
    cr_assert_str_eq(message, "cmd=abort exitcode=4\n");
}

Test(launcher, other_launchers_get_nothing)
{
    int ends[2];
    char message[64];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    start_by(false, ends[1]);
    launcher_abort(4);
    unsetenv("PMI_FD");
    setenv("MPI_LOCALNRANKS", "2", 1);
    launcher_abort(4);
    cr_assert_lt(recv(ends[0], message, sizeof message, MSG_DONTWAIT), 0);
}

Test(launcher, a_stale_number_harms_no_file)
{
    FILE *file = tmpfile();
    cr_assert_not_null(file);
    start_by(true, fileno(file));
    launcher_abort(4);
    cr_assert_eq(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
}
