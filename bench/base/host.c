#include "base/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool host_name(char name[HOST_NAME_MAX + 1])
{
    const char *given = getenv("BUSBAR_HOST");
    bool renamed = given && *given;
    memset(name, 0, HOST_NAME_MAX + 1);
    if (renamed)
        snprintf(name, HOST_NAME_MAX + 1, "%s", given);
    else if (gethostname(name, HOST_NAME_MAX))
        snprintf(name, HOST_NAME_MAX + 1, "unknown");
    return renamed;
}
