/* Replaces launch/machine.c where ranks are simulated: hwloc would describe the machine that runs the
   simulation, not the simulated one. */
#include "launch/machine.h"

#include <limits.h>
#include <math.h>

enum status machine_read(struct host_machine *machine)
{
    *machine = (struct host_machine){.bound_pus = INT_MAX};
    return STATUS_OK;
}

void machine_facts(const struct host_machine *machine, json_t *facts)
{
    (void)machine;
    (void)facts;
}

/* A simulated rank has its processor for itself, whatever control group the simulator runs in. */
double __wrap_cgroup_processors(const char *root);
double __wrap_cgroup_processors(const char *root)
{
    (void)root;
    return INFINITY;
}
