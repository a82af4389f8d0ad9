/* What the driver tells of a GPU, through NVML: found by dlopen, declared here (nvml.h is not in every
   toolkit). Clocks, power, temperature, why clocks were low, error counters, and the NVLink fabric. */
#ifndef BUSBAR_NVML_H
#define BUSBAR_NVML_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct nvml; /* one device; watched by a thread of its own */

/* By UUID, else by PCI bus id. NULL without a word when the library or the device is not to be had. */
struct nvml *nvml_open(const char *uuid, const char *pci);
void nvml_close(struct nvml *); /* NULL is fine */

/* The driver's version; "" when unknown. */
const char *nvml_driver(const struct nvml *);

/* The NVLink domain, "CLUSTER-UUID.CLIQUE", when the fabric manager has completed its work and the cluster
   has a UUID. All-zero UUIDs stand on machines whose NVLink ends at the host: they must not merge hosts into
   one domain, so they are none. */
enum { DOMAIN_TEXT = 96 };
bool nvml_domain(struct nvml *, char domain[DOMAIN_TEXT]);

/* What happened to the device from watch_start to watch_stop. All are doubles, so that ranks can reduce them;
 * NAN: not known. */
struct nvml_window {
    double sm_mhz, sm_mhz_min, memory_mhz; /* means; the lowest seen */
    double power_w, power_w_max, temperature_c;
    double power_cap_ms, thermal_ms,
        board_ms;   /* how long clocks were held down, by the driver's cumulative counters */
    double reasons; /* nvml_reason bits, or-ed over all looks */
    double xid, ecc_corrected, ecc_uncorrected,
        nvlink_errors; /* counted in the window; xid: the last one's number, 0: none */
    double looks;
};

/* A look costs the driver a lock, some µs to ms: both take one outside the timed region, the thread takes
 * others in between. */
void nvml_watch_start(struct nvml *);
void nvml_watch_stop(struct nvml *, struct nvml_window *);

/* {"sm_mhz", "sm_mhz_min", "memory_mhz", "power_w", "power_w_max", "temperature_c", "throttle": [words],
   "power_cap_ms", "thermal_ms", …} without what is not known. "slowed" is true where clocks were held down by
   heat or hardware: power capping is normal under load, and stands apart in "throttle" as "power_cap". */
json_t *nvml_window_json(const struct nvml_window *);

/* The worst of both: lowest clocks, highest temperature and power, all reasons, all errors. */
void nvml_window_worse(struct nvml_window *, const struct nvml_window *other);

#endif
