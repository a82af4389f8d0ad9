/* Replaces launch/watch.c where ranks are simulated: there is no watchdog. All ranks are in one process, and
   the simulator itself ends a launch in which no rank can go on ("deadlock"). */
#include "launch/watch.h"

#include <stdlib.h>

struct watch {
    struct pulse pulse;
};

struct watch *watch_open(const struct watch_settings *settings)
{
    (void)settings;
    return allocate(1, sizeof(struct watch));
}

void watch_arrive(struct watch *w)
{
    (void)w;
}

void watch_join(struct watch *w, const struct world *world)
{
    (void)w;
    (void)world;
}

struct pulse *watch_pulse(struct watch *w)
{
    return &w->pulse;
}

void watch_say(struct watch *w, const char *what)
{
    (void)w;
    (void)what;
}

void watch_apart(struct watch *w, const bool *apart)
{
    (void)w;
    (void)apart;
}

void watch_asks_ras(struct watch *w)
{
    (void)w;
}

void watch_fail(struct watch *w)
{
    (void)w;
}

void watch_conclude(struct watch *w, enum status status)
{
    (void)w;
    (void)status;
}

void watch_close(struct watch *w)
{
    free(w);
}
