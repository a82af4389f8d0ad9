#include "base/clock.h"
#include "measure/distance.h"

#include <criterion/criterion.h>
#include <pthread.h>

static _Atomic uint32_t line;

static void *second(void *turn)
{
    round_trip_ns(&line, DISTANCE_SECOND, turn);
    return NULL;
}

/* Both threads count the same turns, so that another measurement can follow; the time is that of one round
   trip. */
Test(distance, two_threads_take_turns, .timeout = 60)
{
    uint32_t first = 0xffffff00u, other = first; /* the count wraps around */
    atomic_store(&line, first);
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        double start = clock_s();
        cr_assert_eq(pthread_create(&thread, NULL, second, &other), 0);
        double ns = round_trip_ns(&line, DISTANCE_FIRST, &first), all_ns = (clock_s() - start) * 1e9;
        cr_assert_eq(pthread_join(thread, NULL), 0);
        cr_assert_eq(first, other);
        cr_assert_eq(atomic_load(&line), first);
        cr_assert(ns > 1 && ns * 100 < all_ns, "%g ns a round trip, %g ns for all 300", ns, all_ns);
    }
}
