/* What a launch of collectives knows; shared by collectives.c and case_buffers.c only. */
#ifndef BUSBAR_LAUNCH_STATE_H
#define BUSBAR_LAUNCH_STATE_H

#include "launch/driver.h"
#include "measure/beside.h"
#include "measure/cases.h"
#include "measure/distance.h"
#include "measure/sampler.h"
#include "measure/window.h"

struct launch_state {
    struct driver driver; /* must be first: driver_main() passes a pointer to it */
    const char *summary;
    struct settings settings;
    const struct backend *backend;
    struct comm *comm;
    _Atomic(struct comm *) endable; /* same as comm; the launch or the watchdog takes it and ends it */
    struct sampler *sampler;
    struct splits splits;
    struct beside beside; /* --beside; else empty */
    struct window window;
    struct distance distance;
    struct cases cases;
    size_t filled_group; /* split, type and operation for which the buffers were last filled */
};

#endif
