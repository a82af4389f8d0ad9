/* What this host is called. */
#ifndef BUSBAR_HOST_H
#define BUSBAR_HOST_H

#include <limits.h>
#include <stdbool.h>

/* The value of BUSBAR_HOST where it is set (tests, emulated clusters), and true; else the system's name, or
   "unknown". Zeros follow up to the end, so that names can be compared and sent whole. */
bool host_name(char name[HOST_NAME_MAX + 1]);

#endif
