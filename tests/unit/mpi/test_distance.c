#include "base/clock.h"
#include "measure/distance.h"

#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void expect_words(double least_ns, double most_ns, const char *words)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    cr_assert(out);
    distance_print(&(struct distance){.least_ns = least_ns, .most_ns = most_ns}, out);
    cr_assert_eq(fclose(out), 0);
    cr_expect(strstr(text, words), "%g to %g ns: %s", least_ns, most_ns, text);
    char *rest = text;
    for (const char *line_of_text; (line_of_text = strsep(&rest, "\n"));)
        cr_expect_leq(strlen(line_of_text), 80, "%s", line_of_text);
    free(text);
}

Test(distance, in_words)
{
    expect_words(81, 97, "neighbouring ranks: 89 ns");
    expect_words(81, 358, "the processors moved");
    expect_words(54, 363, "the processors moved");
    expect_words(78, 12198412, "other work took the processors");
    expect_words(NAN, NAN, "");
}
