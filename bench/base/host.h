/* The name of this host. */
#ifndef BUSBAR_HOST_H
#define BUSBAR_HOST_H

#include <limits.h>
#include <stdbool.h>

/* Sets `name` to $BUSBAR_HOST and returns true; without that variable (tests and emulated clusters set it),
   to the system's host name, or "unknown", and returns false. The rest of the array is zero, so that arrays
   can be compared and sent as a whole. */
bool host_name(char name[HOST_NAME_MAX + 1]);

#endif
