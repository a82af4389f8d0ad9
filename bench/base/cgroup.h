/* What the control groups that this process is in, and all above them, leave it: schedulers and containers
   limit by them, and what the rest of the machine has is then of no use. Versions 1 and 2. */
#ifndef BUSBAR_CGROUP_H
#define BUSBAR_CGROUP_H

#include <stddef.h>

/* `root` is put before every path: "" on a real machine, a recorded copy in tests. */

/* Bytes that may be taken yet; file pages that the kernel would give back count as free. SIZE_MAX: no limit.
 */
size_t cgroup_memory(const char *root);

/* Bytes that could be taken now on this host without swapping: the kernel's MemAvailable, or what the control
   groups leave where that is less. */
size_t memory_available(const char *root);

/* Processors' worth of time, such as 1.5. INFINITY: no quota. */
double cgroup_processors(const char *root);

#endif
