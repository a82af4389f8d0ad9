/* distance: prints the round-trip time of a cache line, in ns, between the first two processors that this
   process may use: a launch of two bound ranks runs on these. */
#include "measure/distance.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

static _Atomic uint32_t line;
static cpu_set_t processors[2];

static double take_part(int which)
{
    uint32_t turn = 0;
    if (pthread_setaffinity_np(pthread_self(), sizeof *processors, &processors[which])) return -1;
    return round_trip_ns(&line, which ? DISTANCE_SECOND : DISTANCE_FIRST, &turn);
}

static void *second(void *unused)
{
    (void)unused;
    take_part(1);
    return NULL;
}

int main(void)
{
    cpu_set_t allowed;
    int found = 0;
    if (sched_getaffinity(0, sizeof allowed, &allowed)) return perror("distance: sched_getaffinity"), 5;
    for (int i = 0; i < CPU_SETSIZE && found < 2; i++)
        if (CPU_ISSET(i, &allowed)) CPU_SET(i, &processors[found++]);
    if (found < 2) return fprintf(stderr, "distance: this process may use one processor only\n"), 5;
    pthread_t thread;
    if (pthread_create(&thread, NULL, second, NULL)) return fprintf(stderr, "distance: no thread\n"), 5;
    printf("%.1f\n", take_part(0));
    return pthread_join(thread, NULL) ? 5 : 0;
}
