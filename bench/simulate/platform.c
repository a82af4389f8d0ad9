#include "simulate/platform.h"
#include "base/status.h"

#include <simgrid/host.h>
#include <simgrid/zone.h>
#include <stdlib.h>

static const char *or_end(const char *value, const char *property)
{
    if (value) return value;
    exit((int)fail(STATUS_ENVIRONMENT, "the platform file has no property '%s': use scripts/simulate",
                   property));
}

const char *platform_machine(const char *property)
{
    sg_netzone_t machine = sg_zone_get_by_name("machine");
    return or_end(machine ? sg_zone_get_property_value(machine, property) : NULL, property);
}

const char *platform_gpu(const char *property)
{
    return or_end(sg_host_get_property_value(sg_host_self(), property), property);
}
