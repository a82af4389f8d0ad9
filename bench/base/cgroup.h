/* The memory and CPU time that Linux control groups (v1 and v2) allow this process. Schedulers and containers
   set these limits; the strictest limit of the process's group and of all groups above it applies. */
#ifndef BUSBAR_CGROUP_H
#define BUSBAR_CGROUP_H

#include <stddef.h>

/* `root` is prefixed to every path that is read: "" on a real machine; tests pass a recorded copy of one. */

/* Bytes that the process may still allocate within its limits. File cache that the kernel can drop counts as
   free. SIZE_MAX: no limit. */
size_t cgroup_memory(const char *root);

/* Bytes that can be allocated on this host now without swapping: the smaller of the kernel's MemAvailable and
   cgroup_memory(). */
size_t memory_available(const char *root);

/* The CPU quota in processors, such as 1.5. INFINITY: no quota. */
double cgroup_processors(const char *root);

#endif
