#include "matmul/blasmemory.h"
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Stores the limit in KiB. */
static bool space_is_limited(unsigned long long *kib)
{
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) || space.rlim_cur == RLIM_INFINITY) return false;
    *kib = (unsigned long long)space.rlim_cur / 1024;
    return true;
}

static void leave_threads(int status, void *ignored)
{
    (void)ignored;
    unsigned long long kib;
    if (status != STATUS_ENVIRONMENT && !space_is_limited(&kib)) return;
    fflush(NULL);
    _exit(status);
}

void blas_end_without_destructor(void)
{
    static bool registered;
    if (!registered) registered = on_exit(leave_threads, NULL) == 0;
}

enum { EDGE = 384, LONGEST_S = 20 }; /* large enough for all threads of a library; 4 ms at 30 GFLOP/s */

/* A thread that does not end still uses it, so it is never freed then. */
struct attempt {
    blas_dgemm *dgemm;
    double a[EDGE * EDGE], b[EDGE * EDGE], c[EDGE * EDGE];
};

static void *multiply_once(void *argument)
{
    struct attempt *t = argument;
    const int edge = EDGE;
    t->dgemm("N", "N", &edge, &edge, &edge, &(double){1}, t->a, &edge, t->b, &edge, &(double){0}, t->c, &edge,
             1, 1);
    return NULL;
}

enum status blas_try_memory(blas_dgemm *dgemm, const char *library)
{
    unsigned long long kib;
    if (!space_is_limited(&kib)) return STATUS_OK;
    struct attempt *attempt = allocate(1, sizeof *attempt);
    attempt->dgemm = dgemm;
    pthread_t thread;
    int error = pthread_create(&thread, NULL, multiply_once, attempt);
    if (error) {
        free(attempt);
        return fail(STATUS_ENVIRONMENT, "a thread cannot be started with %llu KiB of address space: %s", kib,
                    strerror(error));
    }
    double end_s = clock_s() + LONGEST_S;
    while ((error = pthread_tryjoin_np(thread, NULL)) == EBUSY && clock_s() < end_s) sleep_s(1e-3);
    if (error)
        return fail(STATUS_ENVIRONMENT,
                    "%s does not get the memory that it needs: it had no result after %d s with %llu KiB of "
                    "address space; raise the limit (ulimit -v)",
                    library, LONGEST_S, kib);
    free(attempt);
    return STATUS_OK;
}
