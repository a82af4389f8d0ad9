#include "backend/mpi_status.h"
#include "base/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*before_the_end)(void *state);
static void *state_of_the_end;

void mpi_return_errors(void (*last_words)(void *state), void *state)
{
    before_the_end = last_words;
    state_of_the_end = state;
    mpi_must(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    mpi_must(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
}

static _Noreturn void end_launch(int error, const char *call)
{
    char words[MPI_MAX_ERROR_STRING] = "", host[HOST_NAME_MAX + 1], where[32] = "a rank";
    int rank, length = 0;
    host_name(host);
    if (MPI_Comm_rank(MPI_COMM_WORLD, &rank) == MPI_SUCCESS) snprintf(where, sizeof where, "rank %d", rank);
    if (MPI_Error_string(error, words, &length)) snprintf(words, sizeof words, "MPI error %d", error);
    silence(0);
    enum status status = fail(STATUS_ENVIRONMENT, "%.*s failed on %s of host %s: %s", (int)strcspn(call, "("),
                              call, where, host, words);
    if (before_the_end) before_the_end(state_of_the_end);
    MPI_Abort(MPI_COMM_WORLD, (int)status);
    exit((int)status);
}

void mpi_require(int error, const char *call)
{
    if (error) end_launch(error, call);
}
