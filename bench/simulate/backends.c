/* Replaces backend/backends.c where ranks are simulated: the only backends are the simulated ones. */
#include "base/text.h"
#include "simulate/simulated.h"

const struct backend *const backends[] = {&backend_simulated, &backend_simulated_host, NULL};

enum status backend_check_name(const char *name)
{
    if (same(name, "auto") || same(name, backend_simulated.name) || same(name, backend_simulated_host.name))
        return STATUS_OK;
    return fail(STATUS_USAGE, "--backend: '%s' cannot be simulated; simulated or simulated-host", name);
}

int backend_devices(const char *name, enum memory memory, int local_rank)
{
    (void)name;
    (void)memory;
    (void)local_rank;
    return 0;
}

const struct backend *backend_find(const char *name)
{
    /* backend_check_name() has checked it */
    return same(name, backend_simulated_host.name) ? &backend_simulated_host : &backend_simulated;
}
