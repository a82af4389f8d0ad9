/* Replaces base/host.c where ranks are simulated. */
#include "base/host.h"
#include "simulate/platform.h"

#include <stdio.h>
#include <string.h>

bool host_name(char name[HOST_NAME_MAX + 1])
{
    memset(name, 0, HOST_NAME_MAX + 1);
    snprintf(name, HOST_NAME_MAX + 1, "%s", platform_gpu("host"));
    return false;
}
