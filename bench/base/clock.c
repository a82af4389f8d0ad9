#include "base/clock.h"

#include <math.h>
#include <sys/resource.h>
#include <time.h>

double clock_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double clock_cost_s(void)
{
    enum { BLOCKS = 20, READS = 100 };
    double least = 1;
    for (int block = 0; block < BLOCKS; block++) {
        double start = clock_s(), end = start;
        for (int i = 0; i < READS; i++) end = clock_s();
        if ((end - start) / READS < least) least = (end - start) / READS;
    }
    return least;
}

void sleep_s(double seconds)
{
    if (!(seconds > 0)) return;
    nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)}, NULL);
}

long involuntary_switches(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) ? 0 : usage.ru_nivcsw;
}

int64_t clock_boot_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec;
}
